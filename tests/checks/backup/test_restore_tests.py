"""The drills of dumps are judged by what they found, and by how long ago that was."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from basewatch.check import AnyCheck
from basewatch.clients import PastPasses
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Reason, Status, Verdict
from basewatch.restore_record import CopyFinding, PastRestores, RestoredTable, RestoreRecord
from checks.backup.restore_content import the_copy_holds_the_database
from checks.backup.restore_duration import objectives_are_met_over_months, restored_in_time
from checks.backup.restore_isolation import the_copy_isolates_tenants
from checks.backup.restore_recency import dumps_are_restored, past_restores
from demo.restores import sound_drill

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
DAY = timedelta(days=1)
DUMPS = DumpBackups.model_validate(
    {
        "name": "main",
        "bucket": "backups",
        "database": "main",
        "every": "1h",
        "stale_after": "2h",
        "restore_drill": {"every": "7d", "within": "4h", "newest_row_within": "1h"},
    }
)
SOUND = sound_drill(NOW)
JUDGES = (
    dumps_are_restored,
    restored_in_time,
    objectives_are_met_over_months,
    the_copy_holds_the_database,
    the_copy_isolates_tenants,
)


def past(*records: RestoreRecord, expected_since: datetime = NOW - DAY) -> PastRestores:
    """The facts with these drills."""
    return PastRestores(expected_since=expected_since, records=records)


def aged(record: RestoreRecord, by: timedelta) -> RestoreRecord:
    """The same drill, made earlier."""
    return replace(record, started=record.started - by, finished=record.finished - by)


def judged(check: AnyCheck, facts: PastRestores, dumps: DumpBackups = DUMPS) -> Verdict:
    """The one verdict of a check."""
    (verdict,) = check.judge(facts, dumps, NOW)
    assert isinstance(verdict, Verdict)
    return verdict


@pytest.mark.parametrize("check", JUDGES, ids=lambda check: check.id)
def test_a_sound_and_recent_drill_passes(check: AnyCheck) -> None:
    """Every check of restores passes on a drill that found nothing."""
    assert judged(check, past(SOUND)).status is Status.PASS


def test_without_a_drill_it_is_unverified_until_the_first_is_overdue_and_failed_then() -> None:
    """A promise of a week is broken after a week, and not known to be kept before."""
    assert judged(dumps_are_restored, past(expected_since=NOW - 6 * DAY)).status is Status.UNVERIFIED
    assert judged(dumps_are_restored, past(expected_since=NOW - 9 * DAY)).status is Status.FAIL


def test_a_drill_may_be_late_by_a_day_and_not_by_two() -> None:
    """A weekly schedule that starts some hours late is kept."""
    assert judged(dumps_are_restored, past(aged(SOUND, 7.5 * DAY))).status is Status.PASS
    assert judged(dumps_are_restored, past(aged(SOUND, 9 * DAY))).status is Status.FAIL


def test_a_drill_that_could_not_be_tried_neither_counts_nor_blames_the_dump() -> None:
    """It says what was missing, and the drill before it still counts."""
    untried = replace(SOUND, outcome="untried", problem="the disk is full", remedy="free disk space")
    after = judged(dumps_are_restored, past(aged(SOUND, DAY), untried))
    assert (after.status, "the disk is full" in after.observed) == (Status.PASS, True)
    alone = judged(dumps_are_restored, past(untried, expected_since=NOW - DAY))
    assert (alone.status, alone.remedy) == (Status.UNVERIFIED, "free disk space")
    never = judged(dumps_are_restored, past(untried, expected_since=NOW - 9 * DAY))
    assert (never.status, never.remedy) == (Status.FAIL, "free disk space")


def test_a_dump_that_failed_is_a_failure_until_one_is_restored() -> None:
    """The newest dump that was tried decides, and nothing else of the copy is judged by it."""
    failed = replace(SOUND, outcome="failed", problem="it is cut off", tables=(), isolation_passed=None)
    assert judged(dumps_are_restored, past(aged(SOUND, DAY), failed)).status is Status.FAIL
    assert judged(the_copy_holds_the_database, past(aged(SOUND, DAY), failed)).status is Status.PASS
    assert judged(dumps_are_restored, past(aged(failed, DAY), SOUND)).status is Status.PASS


@pytest.mark.parametrize("check", JUDGES[1:], ids=lambda check: check.id)
def test_an_old_drill_says_nothing_of_today(check: AnyCheck) -> None:
    """What was restored too long ago is stale, whatever it held."""
    verdict = judged(check, past(aged(SOUND, 20 * DAY)))
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.STALE)


@pytest.mark.parametrize("check", JUDGES, ids=lambda check: check.id)
def test_a_drill_of_the_future_is_no_proof(check: AnyCheck) -> None:
    """A record whose clock was ahead is not believed."""
    assert judged(check, past(aged(SOUND, -DAY))).status is Status.UNVERIFIED


def test_a_restore_that_takes_longer_than_promised_fails() -> None:
    """To the second: four hours are kept, and one second more is not."""
    four_hours = replace(SOUND, started=SOUND.finished - timedelta(hours=4))
    assert judged(restored_in_time, past(four_hours)).status is Status.PASS
    longer = replace(four_hours, started=four_hours.started - timedelta(seconds=1))
    assert judged(restored_in_time, past(longer)).status is Status.FAIL


def test_the_slowest_of_three_months_decides_over_months() -> None:
    """A slow drill last month is not hidden by a fast one today; one of last year is over."""
    slow = replace(SOUND, started=SOUND.finished - timedelta(hours=5))
    drills = [aged(SOUND, 7 * DAY * n) for n in (3, 2, 1, 0)]
    assert judged(objectives_are_met_over_months, past(aged(slow, 28 * DAY), *drills)).status is Status.FAIL
    assert judged(objectives_are_met_over_months, past(aged(slow, 300 * DAY), *drills)).status is Status.PASS


def test_too_few_drills_prove_nothing_over_months() -> None:
    """One drill in a quarter of weekly ones is not a measurement."""
    verdict = judged(objectives_are_met_over_months, past(SOUND, expected_since=NOW - 80 * DAY))
    assert verdict.status is Status.UNVERIFIED
    assert "1 of 11" in verdict.summary


ROWS = (RestoredTable(name="public.big", rows=10_000, live_rows=10_000), RestoredTable(name="public.few", rows=3))
BROKEN: dict[str, dict[str, Any]] = {
    "a table that is empty and is not live": {"tables": (replace(ROWS[0], rows=0), ROWS[1])},
    "a table with less than half of its rows": {"tables": (replace(ROWS[0], rows=4_000), ROWS[1])},
    "no row at all": {"tables": (RestoredTable(name="public.big", rows=0, live_rows=None),)},
    "no table at all": {"tables": ()},
    "statements that failed": {"error_count": 2, "errors": ("ERROR: no such role",)},
    "a policy that differs from the live database, which did not change": {
        "differences": ("the policy p differs",),
        "live_unchanged_since": SOUND.started - DAY,
    },
    "a newest row that is two hours older than the dump": {"newest_row": SOUND.started - timedelta(hours=3)},
}
UNCLEAR: dict[str, dict[str, Any]] = {
    "statements that may need an extension": {"error_count": 1, "errors": ("x",), "left_out": ("extension postgis",)},
    "objects that differ, and a live database that may have changed": {"differences": ("the copy lacks the table t",)},
    "objects that differ, and a migration after the dump": {
        "differences": ("the copy lacks the table t",),
        "live_unchanged_since": SOUND.started,
    },
    "nothing to compare with": {"live_schema_digest": "", "tables": (RestoredTable(name="public.big", rows=5),)},
    "no row with a time": {"newest_row": None},
}
SOUND_COPIES: dict[str, dict[str, Any]] = {
    "a table that is empty live too": {"tables": (*ROWS, RestoredTable(name="public.outbox", rows=0, live_rows=0))},
    "a table of which nothing is known": {"tables": (*ROWS, RestoredTable(name="public.new", rows=0))},
    "a small table that shrank": {"tables": (*ROWS, RestoredTable(name="public.queue", rows=1, live_rows=90))},
    "a large table with an estimate that is a third too high": {"tables": (replace(ROWS[0], rows=7_000), ROWS[1])},
    "rows newer than the date of the dump": {"newest_row": SOUND.finished},
    "an extension that no statement missed": {"left_out": ("extension aws_s3",)},
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_copy_without_what_the_database_has_fails(what: str) -> None:
    """Each loss is a FAIL."""
    assert judged(the_copy_holds_the_database, past(replace(SOUND, **BROKEN[what]))).status is Status.FAIL


@pytest.mark.parametrize("what", UNCLEAR)
def test_a_copy_that_cannot_be_compared_is_unverified(what: str) -> None:
    """What is not known is neither a PASS nor a FAIL."""
    assert judged(the_copy_holds_the_database, past(replace(SOUND, **UNCLEAR[what]))).status is Status.UNVERIFIED


@pytest.mark.parametrize("what", SOUND_COPIES)
def test_a_copy_that_differs_as_sound_ones_do_passes(what: str) -> None:
    """Estimates, queues and new tables raise no alarm."""
    assert judged(the_copy_holds_the_database, past(replace(SOUND, **SOUND_COPIES[what]))).status is Status.PASS


def test_without_the_live_database_a_copy_is_compared_with_the_one_before() -> None:
    """A table that had rows and has none, or is gone, is named; one that may be empty is not."""
    tables = (RestoredTable(name="public.a", rows=5), RestoredTable(name="public.b", rows=7))
    before = replace(aged(SOUND, DAY), tables=tables, live_schema_digest="")
    last = replace(SOUND, live_schema_digest="", tables=(replace(tables[0], rows=0), tables[1]))
    assert "public.a is empty" in judged(the_copy_holds_the_database, past(before, last)).observed
    gone = replace(last, tables=tables[1:])
    assert "public.a is gone" in judged(the_copy_holds_the_database, past(before, gone)).observed
    allowed = DUMPS.model_dump(mode="json")
    allowed["restore_drill"]["may_be_empty"] = ["a"]
    declared = DumpBackups.model_validate(allowed)
    assert judged(the_copy_holds_the_database, past(before, last), declared).status is Status.PASS


LOST = CopyFinding(check="tenancy.rls.coverage", subject="t", status=Status.FAIL, summary="not forced")


def test_isolation_of_the_copy_is_as_its_own_checks_say() -> None:
    """A FAIL on the copy is a FAIL, one that could not look is UNVERIFIED, and so is none at all."""
    cases = {
        Status.FAIL: replace(SOUND, isolation=(replace(LOST, status=Status.UNVERIFIED), LOST)),
        Status.UNVERIFIED: replace(SOUND, isolation=(replace(LOST, status=Status.UNVERIFIED),)),
    }
    for status, record in cases.items():
        assert judged(the_copy_isolates_tenants, past(record)).status is status
    for nothing in (None, 0):
        made = replace(SOUND, isolation_passed=nothing)
        assert judged(the_copy_isolates_tenants, past(made)).status is Status.UNVERIFIED


def test_a_history_that_was_not_read_is_no_history_without_drills() -> None:
    """The observation raises, so every check of restores is UNVERIFIED."""
    with pytest.raises(ObservationError, match="was not read"):
        past_restores(PastPasses(previous_end=None, known_ids={}), DUMPS)
