"""Lists the dumps of a backup set, for both checks of dumps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.aws.s3_listing import list_bucket
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Reason

# 50,000 dumps: one an hour for five years, more than a backup set retains.
_PAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """One dump in the bucket, as the listing shows it."""

    last_modified: datetime
    key: str
    size_bytes: int


def stored_dumps(aws: AwsClient, dumps: DumpBackups) -> tuple[tuple[StoredDump, ...], datetime | None]:
    """Every dump under the prefix, oldest first, and the time at AWS; folder markers are left out.

    Raises: ObservationError, also when there are too many dumps to list; NotFoundError, when the bucket is absent.
    """
    found = list_bucket(aws, "ListObjectsV2", "Contents", pages=_PAGES, Bucket=dumps.bucket, Prefix=dumps.prefix)
    if not found.complete:
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA,
            f"the listing of {dumps.bucket}/{dumps.prefix} is incomplete after {len(found.entries)} objects",
            remedy="declare a `prefix` that holds only the dumps of this backup set",
        )
    stored = (
        StoredDump(
            last_modified=required(entry, "LastModified", kind=datetime),
            key=required(entry, "Key", kind=str),
            size_bytes=required(entry, "Size", kind=int),
        )
        for entry in found.entries
    )
    by_time = sorted((dump.last_modified, dump.key, dump) for dump in stored if not dump.key.endswith("/"))
    return tuple(dump for _, _, dump in by_time), found.answered_at
