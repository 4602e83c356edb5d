"""Lists the dumps of a backup set, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.aws.s3_listing import list_bucket
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Reason

# 50,000 dumps: one an hour for five years, and more than any backup set keeps.
_PAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """One dump in the bucket, by the listing."""

    last_modified: datetime
    key: str
    size_bytes: int


def stored_dumps(aws: AwsClient, dumps: DumpBackups) -> tuple[tuple[StoredDump, ...], datetime | None]:
    """Every dump under the prefix, oldest first, and AWS' own clock; the markers of folders are no dumps.

    Raises: ObservationError, also when there are too many to list; NotFoundError, when there is no such bucket.
    """
    found = list_bucket(aws, "ListObjectsV2", "Contents", pages=_PAGES, Bucket=dumps.bucket, Prefix=dumps.prefix)
    if not found.complete:
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA,
            f"the listing of {dumps.bucket}/{dumps.prefix} is not whole after {len(found.entries)} objects",
            remedy="declare a `prefix` under which only the dumps of this backup set lie",
        )
    kept = (
        StoredDump(
            last_modified=required(entry, "LastModified", kind=datetime),
            key=required(entry, "Key", kind=str),
            size_bytes=required(entry, "Size", kind=int),
        )
        for entry in found.entries
    )
    dated = sorted((dump.last_modified, dump.key, dump) for dump in kept if not dump.key.endswith("/"))
    return tuple(dump for _, _, dump in dated), found.answered_at
