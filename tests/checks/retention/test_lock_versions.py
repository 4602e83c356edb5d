"""One unlocked version among many is a FAIL, and a lock that could not be read never counts as a lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Reason, Status
from checks.retention.lock_default import LockMode
from checks.retention.lock_versions import versions_are_locked
from checks.retention.lock_versions_facts import LockReadError, VersionLock, VersionLocks, version_locks
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import Wire, answered, looking, refusal

SEVEN_YEARS = NOW.replace(year=NOW.year + 7)
BUCKET = AuditBucket.model_validate({"name": "audit", "object_lock": {"retention": "7y"}})
DENIED = LockReadError(reason=Reason.DENIED, detail="s3:GetObjectRetention was denied", remedy="grant it")


def lock(number: int = 0, **changes: Any) -> VersionLock:
    """A version that is locked as promised, except for the changes."""
    good = VersionLock(
        key=f"audit/{number}",
        version_id=f"v{number}",
        last_modified=NOW,
        mode=LockMode.COMPLIANCE,
        retain_until=SEVEN_YEARS,
    )
    return replace(good, **changes)


def locks(*sampled: VersionLock, listed: int = 73, complete: bool = True) -> VersionLocks:
    """A sample of these versions."""
    return VersionLocks(
        seed="audit 2026-03-01",
        versions_listed=listed,
        listing_complete=complete,
        sampled=sampled,
        by_chance=len(sampled),
    )


UNLOCKED = lock(mode=None, retain_until=None)
UNREAD = lock(mode=None, retain_until=None, read_error=DENIED)
HELD = lock(mode=None, retain_until=None, event_hold=True)


def test_a_pass_states_the_size_of_the_sample() -> None:
    """The summary has the number of sampled versions and of all versions."""
    found = verdict(versions_are_locked, locks(*(lock(number) for number in range(59))), BUCKET)
    assert (found.status, found.summary) == (Status.PASS, "59 of 73 versions sampled, 0 unlocked")


@pytest.mark.parametrize(
    ("weak", "observed"),
    [
        (UNLOCKED, "audit/0 (v0): no lock"),
        (lock(mode=LockMode.GOVERNANCE), "audit/0 (v0): GOVERNANCE for 2557 days"),
        (lock(retain_until=NOW + timedelta(days=30)), "audit/0 (v0): COMPLIANCE for 30 days"),
        (lock(retain_until=NOW + timedelta(days=2554)), "audit/0 (v0): COMPLIANCE for 2554 days"),
    ],
)
def test_one_weak_version_fails_the_bucket_and_is_named(weak: VersionLock, observed: str) -> None:
    """An unlocked, bypassable or short version is named, even when other versions could not be read."""
    found = verdict(versions_are_locked, locks(lock(1), weak, lock(2), UNREAD, complete=False), BUCKET)
    assert (found.status, found.observed) == (Status.FAIL, observed)


@pytest.mark.parametrize(
    ("promise", "written", "until", "status"),
    [
        ("7y", datetime(2026, 3, 1, tzinfo=UTC), datetime(2033, 3, 1, tzinfo=UTC), Status.PASS),
        # 7 x 365 days are two days short of seven years.
        ("7y", datetime(2026, 3, 1, tzinfo=UTC), datetime(2033, 2, 27, tzinfo=UTC), Status.FAIL),
        ("7y", datetime(2028, 2, 29, tzinfo=UTC), datetime(2035, 2, 28, tzinfo=UTC), Status.PASS),
        ("7y", datetime(2028, 2, 29, tzinfo=UTC), datetime(2035, 2, 27, tzinfo=UTC), Status.FAIL),
        ("1y", datetime(2028, 2, 1, tzinfo=UTC), datetime(2029, 1, 31, tzinfo=UTC), Status.FAIL),
        ("30d", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC), Status.PASS),
        ("30d", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), Status.FAIL),
        ("1d", datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 1, tzinfo=UTC), Status.FAIL),
        # A writer that computed the end a minute before S3 dated the version.
        ("1d", datetime(2026, 3, 1, 0, 1, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC), Status.PASS),
    ],
)
def test_a_lock_ends_by_the_calendar(promise: str, written: datetime, until: datetime, status: Status) -> None:
    """Years end on the same day of the year, and no day is tolerated."""
    component = AuditBucket.model_validate({"name": "audit", "object_lock": {"retention": promise}})
    found = verdict(versions_are_locked, locks(lock(last_modified=written, retain_until=until)), component)
    assert found.status is status


def test_many_weak_versions_are_named_in_part() -> None:
    """A finding is short even when every version is unlocked."""
    weak = [lock(number, mode=None, retain_until=None) for number in range(9)]
    found = verdict(versions_are_locked, locks(*weak), BUCKET)
    assert found.summary == "9 of 73 versions sampled, 9 not locked as promised"
    assert found.observed.endswith("audit/4 (v4): no lock; and 4 more")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        (locks(listed=0), Reason.NOT_ENOUGH_DATA),
        (locks(lock(), UNREAD), Reason.DENIED),
        (locks(lock(), HELD), Reason.UNSUPPORTED),
        (locks(lock(), complete=False), Reason.NOT_ENOUGH_DATA),
    ],
)
def test_a_sample_that_proves_nothing_is_unverified(facts: VersionLocks, reason: Reason) -> None:
    """No version, a version that could not be read, an event hold and an incomplete listing are UNVERIFIED."""
    found = verdict(versions_are_locked, facts, BUCKET)
    assert (found.status, found.reason) == (Status.UNVERIFIED, reason)


def test_the_finding_on_an_unread_lock_has_its_remedy() -> None:
    """The finding states which grant is missing."""
    found = verdict(versions_are_locked, locks(lock(), UNREAD), BUCKET)
    assert (found.remedy, found.observed) == (DENIED.remedy, DENIED.detail)
    assert found.summary == "1 of 73 versions sampled, 0 unlocked; 1 could not be read"


samples = st.lists(
    st.builds(
        lock,
        number=st.integers(0, 99),
        mode=st.sampled_from([None, *LockMode]),
        retain_until=st.integers(0, 4000).map(lambda days: NOW + timedelta(days=days)),
        event_hold=st.booleans(),
        read_error=st.sampled_from([None, DENIED, LockReadError(reason=Reason.TIMEOUT, detail="late", remedy="")]),
    ),
    max_size=12,
    unique_by=lambda found: found.key,
)


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_the_versions_does_not_matter(sampled: list[VersionLock], random: Any) -> None:
    """The verdict is the same in any order of the listing."""
    shuffled = list(sampled)
    random.shuffle(shuffled)
    assert verdict(versions_are_locked, locks(*sampled), BUCKET) == verdict(
        versions_are_locked, locks(*shuffled), BUCKET
    )


@given(samples, st.sampled_from([UNLOCKED, UNREAD, HELD, lock(mode=LockMode.GOVERNANCE)]))
def test_a_worse_version_never_improves_the_status(sampled: list[VersionLock], worse: VersionLock) -> None:
    """One more bad version and an incomplete listing never improve the status of a bucket with versions."""
    was = badness(versions_are_locked, locks(*sampled), BUCKET)
    assert badness(versions_are_locked, locks(*sampled, worse), BUCKET) >= was
    assert badness(versions_are_locked, locks(*sampled, complete=False), BUCKET) >= was


VERSION = {"Key": "audit/0", "VersionId": "v0", "LastModified": NOW, "IsLatest": True}
LOCKED_HEAD = answered(LastModified=NOW, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=SEVEN_YEARS)
BARE_HEAD = answered(LastModified=NOW)


def listed(*versions: dict[str, Any], truncated: bool = False) -> dict[str, Any]:
    """A page of a listing, with a delete marker, which is no version."""
    marker = {"Key": "gone", "VersionId": "m", "LastModified": NOW, "IsLatest": True}
    more = {"NextKeyMarker": "k", "NextVersionIdMarker": "v"} if truncated else {}
    return answered(IsTruncated=truncated, Versions=list(versions), DeleteMarkers=[marker], **more)


def facts_of(head: Any, *retention: Any, page: dict[str, Any] | None = None) -> VersionLocks:
    """The facts that the observation reads of a bucket with one version and these responses."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", page or listed(VERSION))
    wire.answer("s3:HeadObject", head)
    wire.answer("s3:GetObjectRetention", *retention)
    return version_locks(looking(wire), BUCKET)


def test_a_lock_is_read_from_its_version() -> None:
    """HEAD of the version returns mode and date; a delete marker is not counted."""
    found = facts_of(LOCKED_HEAD)
    assert (found.versions_listed, found.listing_complete) == (1, True)
    (only,) = found.sampled
    assert (only.mode, only.retain_until, only.read_error) == (LockMode.COMPLIANCE, SEVEN_YEARS, None)


@pytest.mark.parametrize(
    "answer",
    [
        refusal("NoSuchObjectLockConfiguration", status=404),
        refusal("InvalidRequest", "Bucket is missing Object Lock Configuration"),
    ],
)
def test_a_version_is_unlocked_only_when_aws_confirms_it(answer: dict[str, Any]) -> None:
    """HEAD omits the lock for a caller without s3:GetObjectRetention, so its absence has to be confirmed."""
    (only,) = facts_of(BARE_HEAD, answer).sampled
    assert (only.mode, only.read_error) == (None, None)


def test_a_lock_that_head_omits_is_read_by_get_object_retention() -> None:
    """The response of GetObjectRetention is decisive."""
    retention = {"Mode": "COMPLIANCE", "RetainUntilDate": SEVEN_YEARS}
    (only,) = facts_of(BARE_HEAD, answered(Retention=retention)).sampled
    assert only.mode is LockMode.COMPLIANCE


@pytest.mark.parametrize(
    ("head", "retention", "reason"),
    [
        (BARE_HEAD, refusal("AccessDenied", status=403), Reason.DENIED),
        (BARE_HEAD, refusal("InvalidRequest", "something else"), Reason.UNSUPPORTED),
        (BARE_HEAD, answered(), Reason.NOT_ENOUGH_DATA),
        (answered(), answered(), Reason.NOT_ENOUGH_DATA),
        (refusal("403", status=403), answered(), Reason.DENIED),
        (refusal("404", status=404), answered(), Reason.STALE),
        (answered(LastModified=NOW, ObjectLockMode="FOREVER"), answered(), Reason.UNSUPPORTED),
        (answered(LastModified=NOW, ObjectLockMode="COMPLIANCE"), answered(), Reason.NOT_ENOUGH_DATA),
        (ReadTimeoutError(endpoint_url="https://s3"), answered(), Reason.TIMEOUT),
    ],
)
def test_a_lock_that_could_not_be_read_has_its_error(head: Any, retention: dict[str, Any], reason: Reason) -> None:
    """An error at one version is recorded with that version, and the sample is judged."""
    found = facts_of(head, retention)
    (only,) = found.sampled
    assert only.read_error is not None
    assert only.read_error.reason is reason
    assert verdict(versions_are_locked, found, BUCKET).status is Status.UNVERIFIED


def test_after_a_throttled_call_no_more_calls_are_made() -> None:
    """The other versions are unread for the same reason."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", listed(*({**VERSION, "VersionId": f"v{number}"} for number in range(9))))
    wire.answer("s3:HeadObject", refusal("SlowDown", status=503))
    found = version_locks(looking(wire), BUCKET)
    assert [only.read_error.reason for only in found.sampled if only.read_error] == [Reason.THROTTLED] * 9
    assert sum(operation == "s3:HeadObject" for operation, _ in wire.asked) == 1


def test_an_incomplete_listing_is_no_fact() -> None:
    """A second page that fails, and a page without IsTruncated, raise ObservationError."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", listed(VERSION, truncated=True), refusal("SlowDown", status=503))
    with pytest.raises(ObservationError):
        version_locks(looking(wire), BUCKET)
    with pytest.raises(ObservationError):
        facts_of(LOCKED_HEAD, page=answered(Versions=[VERSION]))


def test_a_truncated_page_without_a_marker_is_not_complete() -> None:
    """A page with IsTruncated and without the next marker proves nothing of what follows."""
    with pytest.raises(ObservationError, match="cut the listing off"):
        facts_of(LOCKED_HEAD, page=answered(IsTruncated=True, Versions=[VERSION]))


def test_the_seed_is_the_bucket_and_the_date_at_aws() -> None:
    """A sample can be drawn again from the evidence."""
    page = listed(VERSION)
    page["ResponseMetadata"]["HTTPHeaders"] = {"date": f"{datetime(2026, 3, 1):%a, %d %b %Y} 12:00:00 GMT"}  # noqa: DTZ001  # the header says GMT
    assert facts_of(LOCKED_HEAD, page=page).seed == "audit 2026-03-01"
