"""The facts of `lock_versions`: the locks of a sample of an audit bucket's object versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.components import AuditBucket
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.retention.inventory import Inventory
from checks.retention.lock_default import LockMode
from checks.retention.sampling import by_rule, uniform
from checks.retention.version_listing import list_versions
from checks.retention.version_pages import ObjectVersion

_NO_LOCK = "NoSuchObjectLockConfiguration"
_BUCKET_HAS_NO_LOCK = "InvalidRequest"
# The reasons that can apply to one version alone; after any other reason the next calls would fail too.
_REASONS_OF_ONE_VERSION = (Reason.DENIED, Reason.STALE, Reason.NOT_ENOUGH_DATA, Reason.UNSUPPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LockReadError:
    """The reason why the lock of a version could not be read, and the remedy."""

    reason: Reason
    detail: str
    remedy: str
    source: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLock:
    """The lock of one version: `mode` is None without a lock; an event hold (`event_hold`) has no end date."""

    key: str
    version_id: str
    last_modified: datetime
    mode: LockMode | None = None
    retain_until: datetime | None = None
    event_hold: bool = False
    read_error: LockReadError | None = None

    @property
    def retention(self) -> timedelta:
        """The time from the write to the end of the lock; zero without a lock."""
        return self.retain_until - self.last_modified if self.retain_until else timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownByInventory:
    """What an S3 Inventory shows: `versions` in `read` of its files, and how many of those with too weak a lock.

    `unlocked` is None when it shows no locks; `suspects` of them are in the sample.
    """

    name: str
    made: datetime
    files: int
    read: int
    versions: int
    unlocked: int | None
    suspects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionLocks:
    """The locks of a sample of the versions, drawn with `seed`; delete markers do not count.

    `versions_listed` are all of them, or the first by key when the listing is not complete. `population` is how many
    there are, counted or estimated, None when that is not known. `by_chance` is how many of the sample were drawn
    independently: from all versions alike, or, when the listing is not complete and there is no `inventory`, from
    folders and keys alike. Of the others, each was chosen by a rule. `no_inventory` says why there is none to use.
    """

    seed: str
    versions_listed: int
    listing_complete: bool
    sampled: tuple[VersionLock, ...]
    by_chance: int
    population: int | None = None
    inventory: ShownByInventory | None = None
    no_inventory: str = ""


def version_locks(aws: AwsClient, bucket: AuditBucket) -> VersionLocks:
    """The locks of `object_lock.sample` versions drawn by chance, and of some more chosen by rule.

    The seed is the bucket and the date at AWS, so it changes daily.

    Raises: ObservationError, when the listing fails; NotFoundError, when the bucket is absent.
    """
    size = bucket.object_lock.sample
    found = list_versions(aws, bucket, size)
    shown, suspects = None, list[ObjectVersion]()
    if found.complete:
        chance = uniform(found.versions, size, found.seed)
    elif isinstance(found.inventory, Inventory):
        chance, suspects = tuple(found.inventory.drawn), found.inventory.suspects
        shown = _shown(found.inventory)
    else:
        chance = tuple(draw.version for draw in found.drawn)
    chosen = dict.fromkeys((*suspects, *chance, *found.last, *by_rule(found.versions, found.seed)))
    return VersionLocks(
        seed=found.seed,
        versions_listed=len(found.versions),
        listing_complete=found.complete,
        sampled=tuple(_read_all(aws, bucket.name, tuple(chosen))),
        by_chance=len(chance),
        population=found.population,
        inventory=shown,
        no_inventory=found.inventory if isinstance(found.inventory, str) else "",
    )


def _shown(found: Inventory) -> ShownByInventory:
    return ShownByInventory(
        name=found.name,
        made=found.made,
        files=found.files,
        read=found.read,
        versions=found.versions,
        unlocked=found.unlocked,
        suspects=len(found.suspects),
    )


def _read_all(aws: AwsClient, bucket: str, versions: Sequence[ObjectVersion]) -> Iterator[VersionLock]:
    """The lock of each version; after an error that is not of one version alone, no more calls are made."""
    error: LockReadError | None = None
    for version in versions:
        lock = _unread(version, error) if error else _read_or_unread(aws, bucket, version)
        if lock.read_error and lock.read_error.reason not in _REASONS_OF_ONE_VERSION:
            error = lock.read_error
        yield lock


def _read_or_unread(aws: AwsClient, bucket: str, version: ObjectVersion) -> VersionLock:
    try:
        return _read(aws, bucket, version)
    except ObservationError as error:
        return _unread(
            version,
            LockReadError(
                reason=error.reason, detail=error.detail, remedy=error.remedy, source=error.source, action=error.action
            ),
        )


def _unread(version: ObjectVersion, error: LockReadError) -> VersionLock:
    return VersionLock(
        key=version.key, version_id=version.version_id, last_modified=version.last_modified, read_error=error
    )


def _read(aws: AwsClient, bucket: str, version: ObjectVersion) -> VersionLock:
    """The lock by HeadObject. Without s3:GetObjectRetention, HEAD omits the lock; so GetObjectRetention confirms it."""
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
        event_hold=held,
    )


def _retention(aws: AwsClient, parameters: dict[str, Any]) -> tuple[LockMode | None, datetime | None]:
    answer = aws.call("s3", "GetObjectRetention", accepted_errors=(_NO_LOCK, _BUCKET_HAS_NO_LOCK), **parameters)
    code = accepted_error(answer)
    if code == _BUCKET_HAS_NO_LOCK and "Bucket is missing" not in str(answer["Error"].get("Message")):
        raise ObservationError(Reason.UNSUPPORTED, f"s3:GetObjectRetention failed with {code}")
    if code:
        return None, None
    mode = required(answer, "Retention", "Mode", kind=LockMode)
    return mode, required(answer, "Retention", "RetainUntilDate", kind=datetime)
