"""Lists the dumps of a backup set for the checks of dumps, and separates those of its database from the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.aws.s3_listing import list_bucket
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.backup import dump_names
from checks.backup.dump_sets import StoredDump, StoredObject, dumps_among

# 50,000 objects: one dump an hour for five years, more than a backup set retains.
_PAGES = 50

# An ETag is a digest of the content, or of the digests of its parts; of another form it says nothing.
_ETAG = re.compile(r'"?[0-9a-f]{32}(?:-\d+)?"?')
# So many families of one dump each are ids, not databases.
_MIN_SINGLE = 4

Attribution: TypeAlias = Literal["ours", "perhaps", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpListing:
    """The dumps under the prefix by family, each oldest first, and how sure it is that a family is of the database.

    `objects` counts everything under the prefix; `repository_key` is a key that belongs to a base backup, if any.
    """

    families: tuple[tuple[str, Attribution, tuple[StoredDump, ...]], ...]
    objects: int
    keys: frozenset[str]
    repository_key: str
    aws_time: datetime | None

    @property
    def ours(self) -> tuple[StoredDump, ...]:
        """The dumps that are certainly of the database, oldest first."""
        found = (dump for _, attribution, dumps in self.families if attribution == "ours" for dump in dumps)
        return tuple(sorted(found, key=lambda dump: (dump.last_modified, dump.key)))

    @property
    def ambiguous(self) -> tuple[str, ...]:
        """The names of the families that may be of the database, when none certainly is."""
        if self.ours:
            return ()
        return tuple(name for name, attribution, _ in self.families if attribution == "perhaps")


def list_dumps(aws: AwsClient, dumps: DumpBackups) -> DumpListing:
    """The dumps under the prefix, or those of its objects that match `pattern`, from one complete listing.

    Raises: ObservationError, also when there are too many objects to list; NotFoundError, when the bucket is absent.
    """
    found = list_bucket(aws, "ListObjectsV2", "Contents", pages=_PAGES, Bucket=dumps.bucket, Prefix=dumps.prefix)
    if not found.complete:
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA,
            f"the listing of {dumps.bucket}/{dumps.prefix} is incomplete after {len(found.entries)} objects",
            remedy="declare a `prefix` that holds only the dumps of this backup set",
        )
    objects = tuple(_object(entry) for entry in found.entries)
    matching = tuple(each for each in objects if _matches(each.key, dumps))
    grouped = dumps_among(matching, dumps.prefix, dumps.database)
    backups = (each.key for each in objects if dump_names.is_of_repository(each.key))
    return DumpListing(
        families=tuple(_attributed(grouped, dumps)),
        objects=sum(not each.key.endswith("/") for each in objects),
        keys=frozenset(each.key for each in objects),
        repository_key="" if dumps.pattern else next(backups, ""),
        aws_time=found.answered_at,
    )


def dumps_of_database(listing: DumpListing, dumps: DumpBackups) -> tuple[StoredDump, ...]:
    """The dumps that are certainly of the declared database, oldest first. Raises: ObservationError, when none is."""
    if listing.repository_key:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"{listing.repository_key} belongs to base backups or to a backup repository, not to a dump",
            remedy="declare a `prefix` or a `pattern` that selects only the dumps of this database",
        )
    if listing.ambiguous:
        names = ", ".join(f"'{name}'" for name in listing.ambiguous[:5])
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"the names do not say which dumps are of the database {dumps.database}: there are {names}",
            remedy="declare the `pattern` of its dumps",
        )
    return listing.ours


def content_dates(dumps: Sequence[StoredDump], tolerance: timedelta) -> Mapping[str, datetime]:
    """The date of each dump's content by key: when it was written, unless its name or its bytes are older.

    A date in a name counts when it is older than the write by more than `tolerance`. Of dumps with the same bytes, the
    content of each is as old as the first; names that say plain SQL are left out, as an idle database repeats itself.
    """
    first_written: dict[tuple[str, int], datetime] = {}
    dates = dict[str, datetime]()
    for dump in sorted(dumps, key=lambda each: each.last_modified):
        date = dump.last_modified
        if dump.dated is not None and dump.dated + tolerance < date:
            date = dump.dated
        if len(dump.files) == 1 and _ETAG.fullmatch(dump.head.etag) and not _may_repeat(dump.head.key):
            date = min(date, first_written.setdefault((dump.head.etag, dump.size_bytes), date))
        dates[dump.key] = date
    return dates


def same_etag(dump: StoredDump, other: StoredDump) -> bool:
    """Whether S3 says by their ETags that two dumps of one file have the same bytes."""
    tag = dump.head.etag
    return tag == other.head.etag and dump.size_bytes == other.size_bytes and _ETAG.fullmatch(tag) is not None


def _may_repeat(key: str) -> bool:
    """Whether two dumps of an unchanged database can be equal: plain SQL has no date, and encryption is salted."""
    found = dump_names.endings(key)
    return bool(found & {"sql", "psql"}) and not found & {"age", "gpg", "pgp", "asc", "enc", "aes", "aes256"}


def _object(entry: Mapping[str, Any]) -> StoredObject:
    return StoredObject(
        key=required(entry, "Key", kind=str),
        last_modified=required(entry, "LastModified", kind=datetime),
        size_bytes=required(entry, "Size", kind=int),
        etag=optional(entry, "ETag", kind=str) or "",
        storage_class=optional(entry, "StorageClass", kind=str) or "STANDARD",
    )


def _matches(key: str, dumps: DumpBackups) -> bool:
    return dumps.pattern is None or fnmatchcase(key.removeprefix(dumps.prefix), dumps.pattern)


def _without_ids(dumps: Iterable[StoredDump]) -> dict[tuple[str, ...], list[StoredDump]]:
    """The dumps by family. Families of one dump each differ in an id: they become one, of the words that all share."""
    families = dict[tuple[str, ...], list[StoredDump]]()
    for dump in dumps:
        families.setdefault(dump.family, []).append(dump)
    single = [family for family, members in families.items() if len(members) == 1]
    if len(single) >= _MIN_SINGLE:
        shared = tuple(word for word in single[0] if all(word in family for family in single))
        ids = [dump for family in single for dump in families.pop(family)]
        families.setdefault(shared, []).extend(ids)
    return families


def _attributed(
    dumps: Iterable[StoredDump], component: DumpBackups
) -> Iterable[tuple[str, Attribution, tuple[StoredDump, ...]]]:
    """The families, each with whether it is of the database: by its name, or because there is no other."""
    families = _without_ids(dumps) if component.pattern is None else {(): list(dumps)}
    database = dump_names.database_words(component.database)
    exact = {family for family in families if frozenset(family) == database}
    containing = {family for family in families if database <= frozenset(family)} - exact
    if not exact and not containing and len(families) * 2 > sum(map(len, families.values())):
        # Words that differ from dump to dump are ids, and name no database.
        families = {(): [dump for members in families.values() for dump in members]}
    for family, members in sorted(families.items()):
        attribution: Attribution
        if family in exact or len(families) == 1 or (not exact and containing == {family}):
            attribution = "ours"
        elif family in containing or not (exact or containing):
            attribution = "perhaps"
        else:
            attribution = "other"
        yield " ".join(family) or "unnamed", attribution, tuple(members)
