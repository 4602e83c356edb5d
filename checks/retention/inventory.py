"""Reads the newest S3 Inventory of a bucket: how many versions it has, a sample, and which it shows unlocked."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import random
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus

import orjson

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.component_settings import ObjectLock
from basewatch.components import AuditBucket
from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Reason
from checks.retention.calendar_years import retention_end
from checks.retention.version_pages import ObjectVersion

# A million rows, which are read in a few seconds.
_MAX_BYTES = 16 * 1024 * 1024
_MAX_MANIFEST_BYTES = 4 * 1024 * 1024
_MAX_AGE: Mapping[str, timedelta] = {"Daily": timedelta(days=3), "Weekly": timedelta(days=10)}
_FOLDER = re.compile(r"(\d{4}-\d\d-\d\dT\d\d-\d\dZ)/$")
_NEEDED = ("Key", "VersionId", "IsLatest", "IsDeleteMarker")
_OF_LOCKS = frozenset({"ObjectLockMode", "ObjectLockRetainUntilDate", "LastModifiedDate"})
_MAX_NAMED = 20
INVENTORY_NEEDS = ("s3:GetInventoryConfiguration", "s3:ListBucket", "s3:GetObject")
"""The actions that reading it needs, of the audit bucket and of the bucket that holds the inventory."""


@dataclass(slots=True, kw_only=True)
class Inventory:
    """What the inventory `name`, made at `made`, shows of `versions` versions in `read` of its `files`.

    `drawn` are of those, each with the same chance. `unlocked` counts the versions that it shows with a weaker lock
    than promised, None when it shows no locks; `suspects` are some of them. `hidden` are keys whose latest version is a
    delete marker.
    """

    name: str
    made: datetime
    files: int
    read: int = 0
    versions: int = 0
    drawn: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    unlocked: int | None = None
    suspects: list[ObjectVersion] = field(default_factory=list[ObjectVersion])
    hidden: list[str] = field(default_factory=list[str])

    @property
    def complete(self) -> bool:
        """Whether all of its files were read."""
        return self.read == self.files


def newest_inventory(
    aws: AwsClient, bucket: AuditBucket, now: datetime, draws: int, chance: random.Random
) -> Inventory | str:
    """The newest inventory of all versions of the bucket, or why there is none that can be used."""
    try:
        configured = aws.call("s3", "ListBucketInventoryConfigurations", Bucket=bucket.name)
        found = optional(configured, "InventoryConfigurationList", kind=list) or ()
        reasons = {required(each, "Id", kind=str): _unusable(each) for each in found}
        usable = [each for each in found if not reasons[required(each, "Id", kind=str)]]
        if not usable:
            return "; ".join(f"{name} {why}" for name, why in reasons.items()) or "none is configured"
        return _Reader(aws=aws, bucket=bucket, now=now, draws=draws, chance=chance).read(usable[0])
    except BasewatchError as error:
        return str(error)
    except ValueError:
        return "it does not follow the format that AWS documents"


def _unusable(configured: dict[str, Any]) -> str:
    """Why an inventory does not list every version in a format that is read; empty when it does."""
    if not required(configured, "IsEnabled", kind=bool):
        return "is disabled"
    if required(configured, "IncludedObjectVersions", kind=str) != "All":
        return "lists only current versions"
    if optional(configured, "Filter", "Prefix", kind=str):
        return "lists only a prefix"
    file_format = required(configured, "Destination", "S3BucketDestination", "Format", kind=str)
    return "" if file_format == "CSV" else f"is in {file_format}, and only CSV is read"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads one inventory; `draws` versions are drawn by `chance`."""

    aws: AwsClient
    bucket: AuditBucket
    now: datetime
    draws: int
    chance: random.Random

    def read(self, configured: dict[str, Any]) -> Inventory | str:
        """The newest delivery of a configured inventory, or why it cannot be used. Raises: ObservationError."""
        name = required(configured, "Id", kind=str)
        target = ("Destination", "S3BucketDestination")
        holder = required(configured, *target, "Bucket", kind=str).rpartition(":")[2]
        folder = (optional(configured, *target, "Prefix", kind=str) or "").strip("/")
        place = "/".join(part for part in (folder, self.bucket.name, name) if part) + "/"
        limit = _MAX_AGE.get(required(configured, "Schedule", "Frequency", kind=str), max(_MAX_AGE.values()))
        manifest = _newest_manifest(self.aws, holder, place, self.now - limit)
        if manifest is None:
            return f"{name} has delivered none for {limit.days} days"
        made = datetime.fromtimestamp(int(required(manifest, "creationTimestamp", kind=str)) / 1000, UTC)
        if self.now - made > limit:
            return f"the newest of {name} is of {made:%Y-%m-%d}"
        columns = [each.strip() for each in required(manifest, "fileSchema", kind=str).split(",")]
        if missing := [each for each in _NEEDED if each not in columns]:
            return f"{name} lacks the columns {', '.join(missing)}"
        files = required(manifest, "files", kind=list)
        found = Inventory(name=name, made=made, files=len(files))
        if set(columns) >= _OF_LOCKS:
            found.unlocked = 0
        left = _MAX_BYTES
        for file in self.chance.sample(files, len(files)):
            left -= required(file, "size", kind=int)
            if left >= 0 or (not found.read and left > -_MAX_BYTES):
                for row in _rows(self.aws, holder, file, columns):
                    self._take(found, row)
                found.read += 1
        return found if found.read else f"the files of {name} are too large"

    def _take(self, found: Inventory, row: Mapping[str, str]) -> None:
        """Adds a row: each version has the same chance to be among the draws."""
        key, is_latest = unquote_plus(row["Key"]), row["IsLatest"].lower() == "true"
        if row["IsDeleteMarker"].lower() == "true":
            if is_latest and len(found.hidden) < _MAX_NAMED:
                found.hidden.append(key)
            return
        found.versions += 1
        written = datetime.fromisoformat(row["LastModifiedDate"]) if row.get("LastModifiedDate") else found.made
        version = ObjectVersion(
            key=key, version_id=row["VersionId"] or "null", last_modified=written, is_latest=is_latest
        )
        if len(found.drawn) < self.draws:
            found.drawn.append(version)
        elif (place := self.chance.randrange(found.versions)) < self.draws:
            found.drawn[place] = version
        if found.unlocked is not None and not _shows_lock(row, written, self.bucket.object_lock):
            found.unlocked += 1
            if len(found.suspects) < _MAX_NAMED:
                found.suspects.append(version)


def _newest_manifest(aws: AwsClient, holder: str, place: str, since: datetime) -> dict[str, Any] | None:
    page = aws.call(
        "s3", "ListObjectsV2", Bucket=holder, Prefix=place, Delimiter="/", StartAfter=f"{place}{since:%Y-%m-%d}"
    )
    names = [required(entry, "Prefix", kind=str) for entry in optional(page, "CommonPrefixes", kind=list) or ()]
    for folder in sorted((each for each in names if _FOLDER.search(each)), reverse=True)[:3]:
        try:
            content = b"".join(
                aws.body_chunks(
                    "s3",
                    "GetObject",
                    Bucket=holder,
                    Key=f"{folder}manifest.json",
                    Range=f"bytes=0-{_MAX_MANIFEST_BYTES - 1}",
                )
            )
            manifest = orjson.loads(content)
        except (NotFoundError, orjson.JSONDecodeError):
            # It is still being delivered.
            continue
        except ObservationError as error:
            if error.reason is not Reason.STALE:
                raise
            continue
        return manifest if isinstance(manifest, dict) else None
    return None


def _rows(aws: AwsClient, holder: str, file: dict[str, Any], columns: list[str]) -> Iterator[dict[str, str]]:
    """The rows of one file. Raises: ObservationError, also when it is not what the manifest says."""
    key = required(file, "key", kind=str)
    content = b"".join(aws.body_chunks("s3", "GetObject", Bucket=holder, Key=key))
    digest = optional(file, "MD5checksum", kind=str)
    try:
        if digest and hashlib.md5(content, usedforsecurity=False).hexdigest() != digest:
            raise ObservationError(Reason.NOT_ENOUGH_DATA, f"{key} is not what its manifest says", remedy="run again")
        text = gzip.decompress(content).decode()
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"{key} cannot be read as CSV in gzip", remedy="") from error
    for values in csv.reader(io.StringIO(text)):
        if len(values) != len(columns):
            raise ObservationError(Reason.NOT_ENOUGH_DATA, f"{key} has a row of {len(values)} columns", remedy="")
        yield dict(zip(columns, values, strict=True))


def _shows_lock(row: Mapping[str, str], written: datetime, promise: ObjectLock) -> bool:
    until = row["ObjectLockRetainUntilDate"]
    if row["ObjectLockMode"] not in ("COMPLIANCE", promise.mode) or not until:
        return False
    return datetime.fromisoformat(until) >= retention_end(written, promise.retention)
