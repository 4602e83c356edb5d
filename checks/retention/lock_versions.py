"""A check of the locks of an audit bucket's object versions, on a sample."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from basewatch.check import FollowsFrom, check
from basewatch.component_settings import ObjectLock
from basewatch.components import AuditBucket
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.retention.calendar_years import retention_end
from checks.retention.inventory import INVENTORY_NEEDS
from checks.retention.lock_versions_facts import VersionLock, VersionLocks, version_locks

# A writer may compute the end of the lock by its own clock, before S3 dates the version.
_CLOCK_SKEW = timedelta(minutes=5)
_MAX_LISTED = 5
_CONFIDENCE = 0.95
# Fewer draws than these say little of a large bucket.
_MIN_DRAWS = 10


@check(
    "retention.s3.lock_versions",
    component=AuditBucket,
    observe=version_locks,
    severity=Severity.CRITICAL,
    proof=Proof.SAMPLE,
    needs=("s3:ListBucketVersions", "s3:GetObjectVersion", "s3:GetObjectRetention", *INVENTORY_NEEDS),
    promises=("object_lock",),
    follows_from=(FollowsFrom(check="retention.s3.lock_default"),),
)
def versions_are_locked(locks: VersionLocks, bucket: AuditBucket, now: datetime) -> Iterator[Verdict]:
    """Every sampled object version is locked for the promised retention since it was written, in the promised mode.

    Why: The default retention does not cover versions that were written before it or with a weaker lock of their own.
    Only the lock on its version protects a record.
    Reads: s3:ListObjectVersions, then s3:HeadObject of `object_lock.sample` versions drawn at random, others on each
    day, and of up to 12 more: the oldest, the newest, one that is not the latest of its key, one of each prefix. Where
    HEAD returns no lock, s3:GetObjectRetention confirms it. A lock of seven years ends on the same day of the year or
    later. If all of 59 drawn versions are locked, fewer than 5% of all are unlocked, with 95% confidence. Of a bucket
    with more than 20,000 versions the draws descend from folder to folder, where each folder of a level has the same
    chance, and in folders of more than 1,000 entries to a random key; the last five keys are read as well. Then the
    confidence is of such draws: a large folder weighs no more than a small one. The number of versions is estimated.
    Where an S3 Inventory of all versions in CSV is at most 3 days old, or 10 if it is weekly, the sample is drawn from
    it instead, and what it shows without the promised lock is read as well. Without the grants for that, the versions
    are drawn, and the verdict says so.
    Unverified when: The bucket holds no version, a call is denied, throttled or fails, a version has only an event
    hold, which has no end date, or fewer than 10 versions could be drawn.
    Fix: Extend the locks of the listed versions with aws s3api put-object-retention, and find out which writer
    overrides the bucket's default retention.
    Source: Amazon S3 User Guide, Locking objects with Object Lock,
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
    """
    promise = bucket.object_lock
    expected = f"every version {promise.mode}, {format_duration(promise.retention)} or longer since it was written"
    read = tuple(lock for lock in locks.sampled if lock.read_error is None)
    weak = tuple(lock for lock in read if not lock.event_hold and not _is_sufficient(lock, promise))
    sampled = f"{len(read)} of {_population(locks)} versions sampled"
    if weak:
        yield failed(f"{sampled}, {len(weak)} not locked as promised", observed=_listed(weak), expected=expected)
    else:
        sampled = f"{sampled}, 0 unlocked"
        yield _inconclusive(locks, promise, now, sampled, expected) or passed(
            sampled, observed=f"{sampled}; {_known_part(locks, len(read))}", expected=expected
        )


def _population(locks: VersionLocks) -> str:
    if locks.listing_complete:
        return f"{locks.versions_listed}"
    if locks.population is None:
        return f"more than {locks.versions_listed}"
    # The estimate is not known to more than two digits.
    return f"about {float(f'{locks.population:.1e}'):.0f}"


def _known_part(locks: VersionLocks, read: int) -> str:
    """What a sample without an unlocked version says of all versions."""
    if locks.listing_complete and read >= locks.versions_listed:
        return "every version was read"
    share = 1 - (1 - _CONFIDENCE) ** (1 / max(locks.by_chance, 1))
    bound = f"with {_CONFIDENCE:.0%} confidence, fewer than {share:.1%}"
    if locks.listing_complete:
        return f"{bound} are unlocked"
    if locks.inventory:
        part = "" if locks.inventory.read == locks.inventory.files else f" in {locks.inventory.read} of its files"
        shown = f"the S3 Inventory of {locks.inventory.made:%Y-%m-%d} lists {locks.inventory.versions} versions{part}"
        locked = "" if locks.inventory.unlocked is None else f", and shows {locks.inventory.unlocked} without the lock"
        return f"{shown}{locked}; {bound} of them are unlocked"
    draws = f"{locks.by_chance} of them by draws all over the keys, where each folder of a level has the same chance"
    return (
        f"{draws}: {bound} of such draws meet an unlocked version; no S3 Inventory is used: {locks.no_inventory[:120]}"
    )


def _is_sufficient(lock: VersionLock, promise: ObjectLock) -> bool:
    if lock.mode is None or not lock.mode.at_least_as_strict(promise.mode):
        return False
    if lock.retain_until is None:
        return False
    return lock.retain_until + _CLOCK_SKEW >= retention_end(lock.last_modified, promise.retention)


def _is_over(lock: VersionLock, promise: ObjectLock, now: datetime) -> bool:
    """Whether the version is gone, as it may be after its retention."""
    gone = lock.read_error is not None and lock.read_error.reason is Reason.STALE
    return gone and retention_end(lock.last_modified, promise.retention) <= now


def _inconclusive(
    locks: VersionLocks, promise: ObjectLock, now: datetime, sampled: str, expected: str
) -> Verdict | None:
    """UNVERIFIED when a sample without an unlocked version does not prove the promise, else None."""
    if not locks.sampled:
        return unverified(Reason.NOT_ENOUGH_DATA, "The bucket holds no object version", expected=expected)
    unread = sorted(
        (lock.read_error for lock in locks.sampled if lock.read_error and not _is_over(lock, promise, now)),
        key=lambda error: (error.reason, error.detail, error.remedy),
    )
    if unread:
        first, summary = unread[0], f"{sampled}; {len(unread)} could not be read"
        verdict = unverified(first.reason, summary, observed=first.detail, expected=expected, remedy=first.remedy)
        return replace(verdict, source=first.source, action=first.action)
    held = tuple(lock for lock in locks.sampled if lock.event_hold and not _is_sufficient(lock, promise))
    if held:
        summary = f"{sampled}; {len(held)} under an event hold, which has no end date"
        return unverified(Reason.UNSUPPORTED, summary, observed=_listed(held), expected=expected)
    shown = locks.inventory
    if shown and (shown.unlocked or 0) > shown.suspects:
        summary = f"{sampled}; the S3 Inventory shows {shown.unlocked} without the promised lock, more than were read"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, expected=expected)
    if not locks.listing_complete and locks.by_chance < min(_MIN_DRAWS, promise.sample):
        summary = f"{sampled}; only {locks.by_chance} versions could be drawn all over the keys"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, expected=expected)
    return None


def _listed(locks: Sequence[VersionLock]) -> str:
    """The first few versions in order, and the number of the others."""
    lines = [f"{lock.key} ({lock.version_id}): {_text(lock)}" for lock in sorted(locks, key=_identity)[:_MAX_LISTED]]
    more = len(locks) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more else "")


def _identity(lock: VersionLock) -> tuple[str, str]:
    return lock.key, lock.version_id


def _text(lock: VersionLock) -> str:
    if lock.event_hold:
        return "event hold"
    if lock.mode is None:
        return "no lock"
    return f"{lock.mode} for {lock.retention.days} days"
