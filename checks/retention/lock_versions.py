"""Judges whether the object versions of an audit bucket are locked, not only promised to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from basewatch.check import check
from basewatch.component_settings import ObjectLock
from basewatch.components import AuditBucket
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.retention.version_locks import VersionLock, VersionLocks, version_locks

# Seven calendar years hold one or two leap days, where a promise of 7y counts 365.25 days a year.
_LEAP_DAYS = timedelta(days=2)
_SHOWN = 5


@check(
    "retention.s3.lock_versions",
    component=AuditBucket,
    observe=version_locks,
    severity=Severity.CRITICAL,
    proof=Proof.SAMPLE,
    needs=("s3:ListBucketVersions", "s3:GetObjectVersion", "s3:GetObjectRetention"),
    promises=("object_lock",),
)
def versions_are_locked(locks: VersionLocks, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """Every sampled object version is locked for the promised time from when it was written, in the promised mode.

    Why: The bucket's rule says nothing of versions written before it, or with a weaker lock of their own: a record is
    as safe as the lock on its version.
    Reads: s3:ListObjectVersions, then s3:HeadObject of `object_lock.sample` versions: the oldest, the newest, one
    that is not current, one of each prefix, and the rest by a lot that is drawn anew each day. A lock that HEAD leaves
    out is confirmed with s3:GetObjectRetention. 59 clean versions of 59 bound the share of unlocked ones below 5%
    with 95% confidence.
    Unverified when: The bucket holds no version, a call is denied, throttled or fails, the bucket holds more than
    100,000 versions, or a version is under an event hold, whose end is open.
    Fix: Extend the versions that are named with aws s3api put-object-retention, and find out who wrote them without
    the bucket's default.
    Source: Amazon S3 User Guide, Locking objects with Object Lock,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    promise = bucket.object_lock
    expected = f"every version {promise.mode}, {format_duration(promise.retention)} or longer from when it was written"
    read = tuple(lock for lock in locks.sampled if lock.read_error is None)
    weak = tuple(lock for lock in read if not lock.event_hold and not _keeps(lock, promise))
    sampled = f"{len(read)} of {locks.versions_listed} versions sampled"
    if weak:
        yield failed(f"{sampled}, {len(weak)} not locked as promised", observed=_shown(weak), expected=expected)
    else:
        sampled = f"{sampled}, 0 unlocked"
        yield _doubt(locks, promise, sampled, expected) or passed(sampled, observed=sampled, expected=expected)


def _keeps(lock: VersionLock, promise: ObjectLock) -> bool:
    if lock.mode is None or not lock.mode.at_least_as_strict(promise.mode):
        return False
    return lock.retention >= promise.retention - _LEAP_DAYS


def _doubt(locks: VersionLocks, promise: ObjectLock, sampled: str, expected: str) -> Verdict | None:
    """Why a sample without an unlocked version does not let the promise pass, if there is a reason."""
    if not locks.sampled:
        return unverified(Reason.NOT_ENOUGH_DATA, "The bucket holds no object version to look at", expected=expected)
    unread = sorted(
        (lock.read_error.reason, lock.read_error.detail, lock.read_error.remedy)
        for lock in locks.sampled
        if lock.read_error
    )
    if unread:
        reason, detail, remedy = unread[0]
        summary = f"{sampled}; {len(unread)} could not be read"
        return unverified(reason, summary, observed=detail, expected=expected, remedy=remedy)
    held = tuple(lock for lock in locks.sampled if lock.event_hold and not _keeps(lock, promise))
    if held:
        summary = f"{sampled}; {len(held)} under an event hold, whose end is open"
        return unverified(Reason.UNSUPPORTED, summary, observed=_shown(held), expected=expected)
    if not locks.listing_complete:
        summary = f"{sampled}; there are more versions than can be listed in one pass"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, expected=expected)
    return None


def _shown(locks: Sequence[VersionLock]) -> str:
    """The first few versions in order, and how many more there are."""
    lines = [f"{lock.key} ({lock.version_id}): {_said(lock)}" for lock in sorted(locks, key=_identity)[:_SHOWN]]
    more = len(locks) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


def _identity(lock: VersionLock) -> tuple[str, str]:
    return lock.key, lock.version_id


def _said(lock: VersionLock) -> str:
    if lock.event_hold:
        return "event hold"
    if lock.mode is None:
        return "no lock"
    return f"{lock.mode} for {lock.retention.days} days"
