"""Proves that one unlocked version is found among many, and that a lock nobody could read is never taken for one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Reason, Status
from checks.retention.lock_mode import LockMode
from checks.retention.lock_versions import versions_are_locked
from checks.retention.version_locks import LockReadError, VersionLock, VersionLocks, version_locks
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import Wire, answered, looking, refusal

SEVEN_YEARS = NOW.replace(year=NOW.year + 7)
BUCKET = AuditBucket.model_validate({"name": "audit", "object_lock": {"retention": "7y"}})
DENIED = LockReadError(reason=Reason.DENIED, detail="s3:GetObjectRetention was denied", remedy="grant it")


def lock(number: int = 0, **changes: Any) -> VersionLock:
    """A version that is locked as promised, but for the changes."""
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
    return VersionLocks(seed="audit 2026-03-01", versions_listed=listed, listing_complete=complete, sampled=sampled)


UNLOCKED = lock(mode=None, retain_until=None)
UNREAD = lock(mode=None, retain_until=None, unread=DENIED)
HELD = lock(mode=None, retain_until=None, held=True)


def test_a_clean_sample_says_how_large_it_was() -> None:
    """A PASS says of how many versions it was drawn."""
    found = verdict(versions_are_locked, locks(*(lock(number) for number in range(59))), BUCKET)
    assert (found.status, found.summary) == (Status.PASS, "59 of 73 versions sampled, 0 unlocked")


@pytest.mark.parametrize(
    ("weak", "said"),
    [
        (UNLOCKED, "audit/0 (v0): no lock"),
        (lock(mode=LockMode.GOVERNANCE), "audit/0 (v0): GOVERNANCE for 2557 days"),
        (lock(retain_until=NOW + timedelta(days=30)), "audit/0 (v0): COMPLIANCE for 30 days"),
        (lock(retain_until=NOW + timedelta(days=2554)), "audit/0 (v0): COMPLIANCE for 2554 days"),
    ],
)
def test_one_weak_version_fails_the_bucket_and_is_named(weak: VersionLock, said: str) -> None:
    """An unlocked, bypassable or short version is named, whatever else is clean or unread."""
    found = verdict(versions_are_locked, locks(lock(1), weak, lock(2), UNREAD, complete=False), BUCKET)
    assert (found.status, found.observed) == (Status.FAIL, said)


def test_leap_days_are_no_breach() -> None:
    """Seven years from a certain day may be 2555.5 days by the clock, where 7y counts 2556.75."""
    assert (
        verdict(versions_are_locked, locks(lock(retain_until=NOW + timedelta(days=2555))), BUCKET).status is Status.PASS
    )


def test_many_weak_versions_are_named_in_part() -> None:
    """A finding stays readable when the whole bucket is unlocked."""
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
def test_what_was_not_seen_is_never_a_pass(facts: VersionLocks, reason: Reason) -> None:
    """No version, an unread one, one with an open date and half a listing leave the promise unproven."""
    found = verdict(versions_are_locked, facts, BUCKET)
    assert (found.status, found.reason) == (Status.UNVERIFIED, reason)


def test_an_unread_lock_hands_on_its_remedy() -> None:
    """Whoever reads the finding knows which grant is missing."""
    found = verdict(versions_are_locked, locks(lock(), UNREAD), BUCKET)
    assert (found.remedy, found.observed) == (DENIED.remedy, DENIED.detail)
    assert found.summary == "1 of 73 versions sampled, 0 unlocked; 1 could not be read"


samples = st.lists(
    st.builds(
        lock,
        number=st.integers(0, 99),
        mode=st.sampled_from([None, *LockMode]),
        retain_until=st.integers(0, 4000).map(lambda days: NOW + timedelta(days=days)),
        held=st.booleans(),
        unread=st.sampled_from([None, DENIED, LockReadError(reason=Reason.TIMEOUT, detail="late", remedy="")]),
    ),
    max_size=12,
    unique_by=lambda found: found.key,
)


@given(samples, st.randoms(use_true_random=False))
def test_the_order_of_the_versions_does_not_matter(sampled: list[VersionLock], random: Any) -> None:
    """The verdict is the same word for word, however S3 listed the versions."""
    shuffled = list(sampled)
    random.shuffle(shuffled)
    assert verdict(versions_are_locked, locks(*sampled), BUCKET) == verdict(
        versions_are_locked, locks(*shuffled), BUCKET
    )


@given(samples, st.sampled_from([UNLOCKED, UNREAD, HELD, lock(mode=LockMode.GOVERNANCE)]))
def test_a_worse_version_never_improves_the_status(sampled: list[VersionLock], worse: VersionLock) -> None:
    """One more bad version, or half a listing, never helps a bucket that has versions."""
    was = badness(versions_are_locked, locks(*sampled), BUCKET)
    assert badness(versions_are_locked, locks(*sampled, worse), BUCKET) >= was
    assert badness(versions_are_locked, locks(*sampled, complete=False), BUCKET) >= was


VERSION = {"Key": "audit/0", "VersionId": "v0", "LastModified": NOW, "IsLatest": True}
LOCKED_HEAD = answered(LastModified=NOW, ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=SEVEN_YEARS)
BARE_HEAD = answered(LastModified=NOW)


def listed(*versions: dict[str, Any], truncated: bool = False) -> dict[str, Any]:
    """A page of a listing, with a delete marker that is not a version."""
    marker = {"Key": "gone", "VersionId": "m", "LastModified": NOW, "IsLatest": True}
    more = {"NextKeyMarker": "k", "NextVersionIdMarker": "v"} if truncated else {}
    return answered(IsTruncated=truncated, Versions=list(versions), DeleteMarkers=[marker], **more)


def looked(head: Any, *retention: Any, page: dict[str, Any] | None = None) -> VersionLocks:
    """What the observation makes of a bucket with one version and these answers."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", page or listed(VERSION))
    wire.answer("s3:HeadObject", head)
    wire.answer("s3:GetObjectRetention", *retention)
    return version_locks(looking(wire), BUCKET)


def test_a_lock_is_read_from_its_version() -> None:
    """HEAD of the very version gives mode and date; a delete marker is not counted."""
    found = looked(LOCKED_HEAD)
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
def test_a_version_is_unlocked_only_when_aws_says_so(answer: dict[str, Any]) -> None:
    """HEAD leaves a lock out for whoever may not read it, so its silence is confirmed."""
    (only,) = looked(BARE_HEAD, answer).sampled
    assert (only.mode, only.read_error) == (None, None)


def test_a_lock_that_head_left_out_is_found_by_asking_for_it() -> None:
    """GetObjectRetention's word counts."""
    retention = {"Mode": "COMPLIANCE", "RetainUntilDate": SEVEN_YEARS}
    (only,) = looked(BARE_HEAD, answered(Retention=retention)).sampled
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
def test_a_lock_that_could_not_be_read_is_kept_as_such(head: Any, retention: dict[str, Any], reason: Reason) -> None:
    """Whatever went wrong at one version stays with it, and the sample is judged."""
    found = looked(head, retention)
    (only,) = found.sampled
    assert only.read_error is not None
    assert only.read_error.reason is reason
    assert verdict(versions_are_locked, found, BUCKET).status is Status.UNVERIFIED


def test_what_would_befall_every_version_is_not_tried_on_each() -> None:
    """A throttled bucket is not asked 59 times more; the rest is unread for the same reason."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", listed(*({**VERSION, "VersionId": f"v{number}"} for number in range(9))))
    wire.answer("s3:HeadObject", refusal("SlowDown", status=503))
    found = version_locks(looking(wire), BUCKET)
    assert [only.read_error.reason for only in found.sampled if only.read_error] == [Reason.THROTTLED] * 9
    assert sum(operation == "s3:HeadObject" for operation, _ in wire.asked) == 1


def test_a_listing_that_breaks_off_is_no_population() -> None:
    """A second page that is refused fails the look, and one that does not say whether it is the last does too."""
    wire = Wire()
    wire.answer("s3:ListObjectVersions", listed(VERSION, truncated=True), refusal("SlowDown", status=503))
    with pytest.raises(ObservationError):
        version_locks(looking(wire), BUCKET)
    with pytest.raises(ObservationError):
        looked(LOCKED_HEAD, page=answered(Versions=[VERSION]))


def test_a_listing_without_a_way_on_is_not_complete() -> None:
    """A page that says there is more, and not where, ends the listing and is not taken for its end."""
    assert not looked(LOCKED_HEAD, page=answered(IsTruncated=True, Versions=[VERSION])).listing_complete


def test_the_seed_is_the_bucket_and_the_day_at_aws() -> None:
    """A sample can be drawn again from what the evidence says."""
    page = listed(VERSION)
    page["ResponseMetadata"]["HTTPHeaders"] = {"date": f"{datetime(2026, 3, 1):%a, %d %b %Y} 12:00:00 GMT"}  # noqa: DTZ001  # the header says GMT
    assert looked(LOCKED_HEAD, page=page).seed == "audit 2026-03-01"
