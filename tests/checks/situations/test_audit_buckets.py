"""Audit buckets: which records are locked as promised, at any size, and which are hidden."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Status, Verdict, unverified
from checks.retention import version_listing
from checks.retention.delete_markers import hidden_records, no_record_is_hidden
from checks.retention.lock_default import DefaultLock, LockMode, new_versions_are_locked
from checks.retention.lock_versions import versions_are_locked
from checks.retention.lock_versions_facts import version_locks
from tests.checks.retention.audit_bucket import AuditWire, Inventoried
from tests.checks.situations.situation import Situation, each
from tests.checks.verdicts import NOW
from tests.wire import looking_signed_in

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
WRITTEN = datetime(2026, 2, 1, tzinfo=UTC)
UNTIL = WRITTEN.replace(year=2033)
DAY = timedelta(days=1)
SMALL = [f"audit/{number:05}" for number in range(60)]


def dated(count: int) -> list[str]:
    """Keys in dated folders, ten a folder, over about seven years for 25,000."""
    start = datetime(2019, 2, 1, tzinfo=UTC)
    return [f"audit/{start + DAY * (number // 10):%Y/%m/%d}/{number % 10}.json" for number in range(count)]


def flat(count: int) -> list[str]:
    """Keys without folders, by a number that grows."""
    return [f"event-{number * 37:09}.json" for number in range(count)]


DATED, FLAT = dated(3_000), flat(3_000)
UUIDS = [f"{uuid.UUID(int=number * 7919**9 % 2**128)}.json" for number in range(3_000)]


def _bucket(promise: str) -> AuditBucket:
    return AuditBucket.model_validate({"name": "audit", "object_lock": {"retention": promise}})


def versions(
    keys: Sequence[str],
    *,
    promise: str = "7y",
    written: datetime = WRITTEN,
    until: datetime = UNTIL,
    check: Any = (version_locks, versions_are_locked),
    **more: Any,
) -> Callable[[], Iterable[Verdict]]:
    """The verdict on the locks of these records, or by another check."""

    def judged() -> Iterable[Verdict]:
        observe, judge = check
        bucket, wire = _bucket(promise), AuditWire(keys, written=written, until=until, **more)
        try:
            return tuple(judge.judge(observe(looking_signed_in(wire), bucket), bucket, NOW))
        except ObservationError as error:
            return (unverified(error.reason, error.detail),)

    return judged


def markers(keys: Sequence[str], hidden: dict[str, datetime], **more: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on the delete markers over these records."""
    return versions(keys, hidden=hidden, check=(hidden_records, no_record_is_hidden), **more)


def rule(promise: str, **lock: Any) -> Callable[[], Iterable[Verdict]]:
    """The verdict on this default retention in COMPLIANCE mode."""
    default = DefaultLock(enabled=True, mode=LockMode.COMPLIANCE, **lock)
    return lambda: new_versions_are_locked.judge(default, _bucket(promise), NOW)


def short(promise: str, days: float, status: Status, number: str, why: str) -> Situation:
    """Records that are locked for that many days under a promise."""
    until = WRITTEN + timedelta(days=days)
    what = f"locked for {days:g} days under {promise}"
    return Situation(
        number=number, what=what, right=(status,), why=why, judged=versions(SMALL, promise=promise, until=until)
    )


SITUATIONS = (
    short("7y", 2555, FAIL, "V6", "two days are missing"),
    short("7y", 2556, FAIL, "V6-leap", "2028 and 2032 have leap days"),
    short("7y", 2557, PASS, "V6-whole", "it is seven years to the day"),
    short("30d", 28, FAIL, "V7", "two days are missing"),
    short("30d", 30, PASS, "V7-whole", "it is thirty days"),
    short("1d", 1 / 24, FAIL, "V8", "it is an hour"),
    short("2557d", 2557, PASS, "V8-days", "a promise in days is met in days"),
    short("1y", 364, FAIL, "V8-year", "a year has 365 days"),
    short("1y", 365, PASS, "V8-year-whole", "no leap day lies between"),
    short("52w", 363, FAIL, "V8-weeks", "a day is missing"),
    Situation(
        number="V3",
        what="every record under a delete marker",
        right=(PASS,),
        why="the locked versions are there",
        judged=versions(SMALL, hidden=dict.fromkeys(SMALL, NOW)),
    ),
    Situation(
        number="V3-markers",
        what="the same, by the check of delete markers",
        right=(FAIL,),
        why="a reader finds no record",
        judged=markers(SMALL, dict.fromkeys(SMALL, NOW)),
        says="60 records",
    ),
    Situation(
        number="V3-one",
        what="one record of 990 under a delete marker",
        right=(FAIL,),
        why="all of them are listed",
        judged=markers(DATED[:990], {DATED[777]: NOW}),
        says="1 records",
    ),
    Situation(
        number="V3-expired",
        what="a lifecycle rule expires a record after seven years",
        right=(PASS,),
        why="its retention had ended",
        judged=markers(SMALL, {SMALL[3]: NOW}, written=NOW.replace(year=2018)),
    ),
    Situation(
        number="V3-none", what="no delete marker", right=(PASS,), why="nothing is hidden", judged=markers(SMALL, {})
    ),
    Situation(
        number="V3-large",
        what="no delete marker among 3,000 records",
        right=(PASS,),
        why="none was seen, and the verdict says what was",
        judged=markers(FLAT, {}),
        says="all over the other keys",
    ),
    Situation(
        number="V4-empty", what="an empty bucket", right=(UNVERIFIED,), why="there is no record", judged=markers([], {})
    ),
    Situation(
        number="V10",
        what="3,000 records in dated folders, all locked",
        right=(PASS,),
        why="a sample over all keys is locked",
        judged=versions(DATED),
        says="draws all over the keys",
    ),
    Situation(
        number="V10-flat",
        what="3,000 records without folders, all locked",
        right=(PASS,),
        why="a sample over all keys is locked",
        judged=versions(FLAT),
        says="draws all over the keys",
    ),
    Situation(
        number="V10-late",
        what="3,000 records in dated folders, the later half unlocked",
        right=(FAIL,),
        why="the sample reaches behind what is listed",
        judged=versions(DATED, unlocked=lambda key: key > DATED[2_000]),
    ),
    Situation(
        number="V10-flat-late",
        what="3,000 records without folders, the later half unlocked",
        right=(FAIL,),
        why="the sample reaches behind what is listed",
        judged=versions(FLAT, unlocked=lambda key: key > f"event-{2_000 * 37:09}"),
    ),
    Situation(
        number="V10-last",
        what="3,000 records in dated folders, those of the last day unlocked",
        right=(FAIL,),
        why="the last folder is always visited",
        judged=versions(DATED, unlocked=lambda key: key >= DATED[-10]),
    ),
    Situation(
        number="V10-tenant",
        what="3,100 records of 31 tenants, those of the last tenant unlocked",
        right=(FAIL,),
        why="the last folder is always visited",
        judged=versions(
            [f"tenant-{tenant:03}/{number:04}" for tenant in range(31) for number in range(100)],
            unlocked=lambda key: key.startswith("tenant-030/"),
        ),
    ),
    Situation(
        number="V10-uuid",
        what="3,000 records named by random ids, those that begin with a letter unlocked",
        right=(FAIL,),
        why="the draws reach letters although the first 1,000 names begin with digits",
        judged=versions(UUIDS, unlocked=lambda key: key >= "a"),
    ),
    Situation(
        number="V10-population",
        what="3,000 records in dated folders, all locked",
        right=(PASS,),
        why="the draws say how many there are, and how sure the verdict is",
        judged=versions(DATED),
        says="of about 3",
    ),
    Situation(
        number="V10-confidence",
        what="3,000 records in dated folders, all locked",
        right=(PASS,),
        why="59 independent draws give 95 % confidence",
        judged=versions(DATED),
        says="the same chance: with 95% confidence, fewer than 5.0% of such draws meet an unlocked version",
    ),
    Situation(
        number="V10-inventory",
        what="3,000 locked records, and an S3 Inventory of yesterday",
        right=(PASS,),
        why="it tells how many there are, and each has the same chance to be drawn",
        judged=versions(FLAT, inventory=Inventoried()),
        says="lists 3000 versions, and shows 0 without the lock; with 95% confidence, fewer than 5.0% of them",
    ),
    Situation(
        number="V10-inventory-one",
        what="one of 3,000 unlocked, which no draw meets, and an S3 Inventory",
        right=(FAIL,),
        why="the inventory shows its lock",
        judged=versions(FLAT, unlocked=lambda key: key == FLAT[2543], inventory=Inventoried()),
        says=FLAT[2543],
    ),
    Situation(
        number="V10-inventory-without-locks",
        what="the later half unlocked, and an S3 Inventory without locks",
        right=(FAIL,),
        why="versions are drawn from all",
        judged=versions(
            FLAT,
            unlocked=lambda key: key > FLAT[1500],
            inventory=Inventoried(columns="Bucket, Key, VersionId, IsLatest, IsDeleteMarker"),
        ),
    ),
    Situation(
        number="V10-inventory-names",
        what="names with spaces, plus signs and percent signs, and an S3 Inventory",
        right=(PASS,),
        why="it encodes them, and they are decoded",
        judged=versions([f"a b+c%20d/ü {number:05}" for number in range(2000)], inventory=Inventoried()),
        says="lists 2000 versions",
    ),
    *(
        Situation(
            number=f"V10-inventory-{number}",
            what=what,
            right=(PASS,),
            why="versions are drawn without it, and the verdict says why",
            judged=versions(FLAT, inventory=inventory),
            says=f"no S3 Inventory is used: {says}",
        )
        for number, what, inventory, says in (
            ("none", "no S3 Inventory", None, "none is configured"),
            ("old", "an S3 Inventory that stopped a month ago", Inventoried(age=30 * DAY), "all has delivered none"),
            ("denied", "nobody may ask for it", Inventoried(denied=True), "s3:GetInventoryConfiguration was denied"),
            ("orc", "an S3 Inventory in ORC", Inventoried(file_format="ORC"), "all is in ORC"),
            ("damaged", "a file of it is cut off", Inventoried(damaged=True), "of/audit/all/data/1.csv.gz cannot"),
            ("columns", "one without version ids", Inventoried(columns="Bucket, Key"), "all lacks the columns"),
        )
    ),
    Situation(
        number="V3-inventory",
        what="one of 3,000 records under a delete marker, and an S3 Inventory",
        right=(FAIL,),
        why="the inventory lists the marker",
        judged=markers(FLAT, {FLAT[2543]: NOW}, inventory=Inventoried()),
        says=FLAT[2543],
    ),
    Situation(
        number="V9",
        what="900 records, all locked",
        right=(PASS,),
        why="all are listed",
        judged=versions(dated(900)),
        says="95% confidence",
    ),
    Situation(
        number="R1", what="2556 days under 7y", right=(FAIL,), why="a leap day is short", judged=rule("7y", days=2556)
    ),
    Situation(
        number="R2",
        what="2557 days under 7y",
        right=(PASS,),
        why="no seven years are longer",
        judged=rule("7y", days=2557),
    ),
    Situation(number="R3", what="6 years under 7y", right=(FAIL,), why="a year is missing", judged=rule("7y", years=6)),
    Situation(
        number="R12", what="366 days under 1y", right=(PASS,), why="no year is longer", judged=rule("1y", days=366)
    ),
    Situation(
        number="R13", what="365 days under 1y", right=(FAIL,), why="leap years are longer", judged=rule("1y", days=365)
    ),
    Situation(
        number="R14", what="7 years under 2557d", right=(FAIL,), why="they can have 2556", judged=rule("2557d", years=7)
    ),
    Situation(number="R15", what="7 years under 7y", right=(PASS,), why="it is the same", judged=rule("7y", years=7)),
    Situation(
        number="R16", what="1 year under 365d", right=(PASS,), why="no year is shorter", judged=rule("365d", years=1)
    ),
)


@pytest.fixture(autouse=True)
def _few_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket of more than 1,000 records is too large to list, so that a large one costs a test little."""
    monkeypatch.setattr(version_listing, "_PAGES", 1)


LARGE = tuple(each for each in SITUATIONS if each.number.startswith(("V10-", "V3-large", "V3-inventory")))


@each([each for each in SITUATIONS if each not in LARGE])
def test_audit_buckets_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()


@pytest.mark.slow
@each(LARGE)
def test_large_audit_buckets_are_judged_rightly(situation: Situation) -> None:
    """The same of buckets that are not listed whole."""
    situation.test()


@pytest.mark.parametrize("keys", [FLAT, DATED], ids=["flat", "dated"])
def test_a_large_bucket_is_judged_in_a_bounded_number_of_calls(keys: list[str]) -> None:
    """However many records there are, a pass asks the same."""
    wire = AuditWire(keys, written=WRITTEN, until=UNTIL)
    version_locks(looking_signed_in(wire), _bucket("7y"))
    assert len(wire.asked) < 300
