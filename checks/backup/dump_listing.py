"""Lists the dumps of a backup set, oldest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import Aws
from basewatch.aws.listing import listing
from basewatch.aws.response import required
from basewatch.components import DumpBackups
from basewatch.errors import CouldNotLook
from basewatch.model import Reason

# 50,000 dumps: one an hour for five years, and more than any backup set keeps.
_PAGES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDump:
    """One dump in the bucket, by the listing."""

    arrived: datetime
    key: str
    size_bytes: int


def dumps_kept(aws: Aws, dumps: DumpBackups) -> tuple[tuple[KeptDump, ...], datetime | None]:
    """Every dump under the prefix, oldest first, and AWS' own clock; the markers of folders are no dumps.

    Raises: CouldNotLook, also when there are too many to list; Absent, when there is no such bucket.
    """
    found = listing(aws, "ListObjectsV2", "Contents", pages=_PAGES, Bucket=dumps.bucket, Prefix=dumps.prefix)
    if not found.complete:
        raise CouldNotLook(
            Reason.NOT_ENOUGH_DATA,
            f"the listing of {dumps.bucket}/{dumps.prefix} is not whole after {len(found.entries)} objects",
            remedy="declare a `prefix` under which only the dumps of this backup set lie",
        )
    kept = (
        KeptDump(
            arrived=required(entry, "LastModified", kind=datetime),
            key=required(entry, "Key", kind=str),
            size_bytes=required(entry, "Size", kind=int),
        )
        for entry in found.entries
    )
    dated = sorted((dump.arrived, dump.key, dump) for dump in kept if not dump.key.endswith("/"))
    return tuple(dump for _, _, dump in dated), found.at
