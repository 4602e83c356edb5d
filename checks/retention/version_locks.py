"""Observes the locks of a sample of an audit bucket's object versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from basewatch.aws import Aws
from basewatch.aws.listing import listing
from basewatch.aws.response import accepted_code, optional, required
from basewatch.components import AuditBucket
from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from checks.retention.lock_mode import LockMode
from checks.retention.sampling import Version, sample

# 100,000 versions: about as many as can be listed in half of a check's deadline of 30 seconds.
_PAGES = 100
_NO_LOCK = "NoSuchObjectLockConfiguration"
_BUCKET_HAS_NO_LOCK = "InvalidRequest"
# What may be true of one version alone; anything else would befall the next one too.
_OF_ONE_VERSION = (Reason.DENIED, Reason.STALE, Reason.NOT_ENOUGH_DATA, Reason.UNSUPPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """Why the lock of a version could not be read, and what to do."""

    reason: Reason
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLock:
    """The lock of one version: without `mode` it has none; `held` means an event hold, whose end nobody knows yet."""

    key: str
    version_id: str
    last_modified: datetime
    mode: LockMode | None = None
    retain_until: datetime | None = None
    held: bool = False
    unread: Unread | None = None

    @property
    def retention(self) -> timedelta:
        """For how long after it was written the version is locked; nothing without a lock."""
        return self.retain_until - self.last_modified if self.retain_until else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLocks:
    """The locks of a sample of `listed` versions, drawn with `seed`; delete markers are no versions."""

    seed: str
    listed: int
    complete: bool
    sampled: tuple[VersionLock, ...]


def version_locks(aws: Aws, bucket: AuditBucket) -> VersionLocks:
    """The locks of `object_lock.sample` versions; the seed is the bucket and AWS' date, so each day looks elsewhere."""
    found = listing(aws, "ListObjectVersions", "Versions", pages=_PAGES, Bucket=bucket.name)
    versions = tuple(_version(entry) for entry in found.entries)
    seed = f"{bucket.name} {found.at:%Y-%m-%d}" if found.at else bucket.name
    chosen = sample(versions, bucket.object_lock.sample, seed)
    return VersionLocks(
        seed=seed,
        listed=len(versions),
        complete=found.complete,
        sampled=tuple(_locks(aws, bucket.name, chosen)),
    )


def _version(entry: dict[str, Any]) -> Version:
    return Version(
        key=required(entry, "Key", kind=str),
        version_id=required(entry, "VersionId", kind=str),
        last_modified=required(entry, "LastModified", kind=datetime),
        current=required(entry, "IsLatest", kind=bool),
    )


def _locks(aws: Aws, bucket: str, versions: Sequence[Version]) -> Iterator[VersionLock]:
    """Each version's lock; one that cannot be read does not hide what the others show."""
    stopped: Unread | None = None
    for version in versions:
        lock = _unread(version, stopped) if stopped else _lock_or_unread(aws, bucket, version)
        if lock.unread and lock.unread.reason not in _OF_ONE_VERSION:
            stopped = lock.unread
        yield lock


def _lock_or_unread(aws: Aws, bucket: str, version: Version) -> VersionLock:
    try:
        return _lock(aws, bucket, version)
    except CouldNotLook as error:
        return _unread(version, Unread(reason=error.reason, detail=error.detail, remedy=error.remedy))


def _unread(version: Version, why: Unread) -> VersionLock:
    return VersionLock(key=version.key, version_id=version.version_id, last_modified=version.last_modified, unread=why)


def _lock(aws: Aws, bucket: str, version: Version) -> VersionLock:
    """The version's lock by HEAD, which leaves it out for a reader without s3:GetObjectRetention: then asked for."""
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": version.key, "VersionId": version.version_id}
    head = aws.call("s3", "HeadObject", **parameters)
    written = required(head, "LastModified", kind=datetime)
    mode = optional(head, "ObjectLockMode", kind=LockMode)
    until = required(head, "ObjectLockRetainUntilDate", kind=datetime) if mode else None
    held = optional(head, "ObjectLockEventHold", kind=str) not in (None, "OFF")
    if mode is None and not held:
        mode, until = _retention(aws, parameters)
    return VersionLock(
        key=version.key,
        version_id=version.version_id,
        last_modified=written,
        mode=mode,
        retain_until=until,
        held=held,
    )


def _retention(aws: Aws, parameters: dict[str, Any]) -> tuple[LockMode | None, datetime | None]:
    answer = aws.call("s3", "GetObjectRetention", answers=(_NO_LOCK, _BUCKET_HAS_NO_LOCK), **parameters)
    code = accepted_code(answer)
    if code == _BUCKET_HAS_NO_LOCK and "Bucket is missing" not in str(answer["Error"].get("Message")):
        raise CouldNotLook(Reason.UNSUPPORTED, f"s3:GetObjectRetention was refused as {code}")
    if code:
        return None, None
    mode = required(answer, "Retention", "Mode", kind=LockMode)
    return mode, required(answer, "Retention", "RetainUntilDate", kind=datetime)
