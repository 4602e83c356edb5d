"""The facts of `dump_integrity`: what the newest dump is, its digests, and the sizes of the dumps before it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.component_settings import DumpLayer
from basewatch.components import DumpBackups
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.backup.dump_completeness import UNKNOWN, Completeness, completeness
from checks.backup.dump_content import Content
from checks.backup.dump_listing import DumpListing, content_dates, dumps_of_database, list_dumps, same_etag
from checks.backup.dump_object import MAX_READ_BYTES, ReadObject, read_object, read_tail, recorded_beside
from checks.backup.dump_sets import StoredDump
from checks.backup.dump_sizes import DayBest, DumpSize, day_bests
from checks.backup.dump_streams import Opened

# A pass is at most a day after the one before, so every dump is judged by its size at least once.
_RECENT = timedelta(days=1, hours=1)
_MAX_RECENT = 300
_MAX_FILES = 64
_WITH_AN_END: tuple[DumpLayer, ...] = ("custom", "tar", "plain")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDigest:
    """The SHA-256 of one file in hex: as the backup job recorded it, and as it is stored; empty when there is none."""

    key: str
    recorded: str
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NewestDump:
    """The newest dump of `files` files, and the sizes of the dumps before it.

    `layers` is what it is, outermost first. `broken`, `other` and `unopened` are as in `dump_content.Content`. `made`
    is the local time that the archive states, `database` its database. `recent` are the dumps of the last day, the
    newest last; `earlier` the largest of each day before; `others` counts all dumps but this one. `repeats_key` is an
    older dump with the same bytes.
    """

    key: str
    files: int = 1
    written: datetime
    size_bytes: int
    layers: tuple[DumpLayer, ...] = ()
    broken: str = ""
    other: str = ""
    unopened: str = ""
    completeness: Completeness = UNKNOWN
    made: datetime | None = None
    database: str = ""
    without_data: bool = False
    archived: str = ""
    key_unusable: str = ""
    digests: tuple[FileDigest, ...]
    recent: tuple[DumpSize, ...]
    earlier: tuple[DayBest, ...] = ()
    others: int
    repeats_key: str = ""
    repeats_written: datetime | None = None


def newest_dump(aws: AwsClient, dumps: DumpBackups) -> NewestDump:
    """The newest dump of the database; its SHA-256 comes from S3 if S3 stores one, else from reading the dump.

    Raises: ObservationError, also when there is no dump, or none that is certainly of the database; NotFoundError, when
    the bucket is absent.
    """
    listing = list_dumps(aws, dumps)
    ours = dumps_of_database(listing, dumps)
    if not ours:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, f"there is no dump in {dumps.bucket}/{dumps.prefix} to check")
    dates = content_dates(ours, dumps.stale_after)
    newest = max(ours, key=lambda dump: (dump.complete, dates[dump.key], dump.last_modified, dump.key))
    facts = _read(aws, dumps, newest, listing)
    return _with_sizes(_with_repeats(aws, dumps, facts, newest, ours), newest, ours, dumps)


def _read(aws: AwsClient, dumps: DumpBackups, newest: StoredDump, listing: DumpListing) -> NewestDump:
    """What the newest dump is: the digests of all its files, and the content of the first."""
    if len(newest.files) > _MAX_FILES and newest.complete:
        files: Sequence[str] = [newest.head.key]
    else:
        files = [newest.head.key, *(each.key for each in newest.files if each.key != newest.head.key)]
    digests, heads, left = list[FileDigest](), list[ReadObject](), MAX_READ_BYTES
    for key in files:
        found = read_object(aws, dumps.bucket, key, may_read=left, ends=key == newest.head.key)
        left -= found.size_bytes
        recorded = found.recorded_sha256 or recorded_beside(aws, dumps.bucket, key, listing.keys)
        digests.append(FileDigest(key=key, recorded=recorded, stored=found.stored_sha256))
        heads.append(found)
    first = heads[0]
    size = first.size_bytes if len(newest.files) == 1 else newest.size_bytes
    opened = _opened(first, size, of_parts=len(newest.files) > 1)
    content = opened.content
    return NewestDump(
        key=newest.key,
        files=len(newest.files),
        written=newest.last_modified,
        size_bytes=size,
        layers=content.layers,
        broken=content.broken,
        other=content.other,
        unopened=content.unopened,
        completeness=_completeness(aws, dumps, newest, first, opened),
        made=content.archive.made if content.archive else None,
        database=content.database,
        without_data=_is_without_data(opened),
        archived=next((each.archived for each in heads if each.archived), ""),
        key_unusable=next((each.key_unusable for each in heads if each.key_unusable), ""),
        digests=tuple(digests),
        recent=(),
        others=0,
    )


def _opened(first: ReadObject, size_bytes: int, *, of_parts: bool) -> Opened:
    if first.archived or first.key_unusable:
        return Opened(content=Content(), size_bytes=size_bytes)
    if first.client_encrypted:
        return Opened(content=Content(layers=("kms",)), size_bytes=size_bytes)
    opened = first.opened or Opened(content=Content(), size_bytes=size_bytes)
    archive, of_directory = opened.content.archive, opened.content.layers[-1:] == ("directory",)
    if archive and archive.unread == "longer" and opened.all_at_hand and (of_directory or not of_parts):
        opened = replace(opened, content=replace(opened.content, broken="is cut off within its table of contents"))
    if of_parts:
        # The first of several files ends in the middle of the dump.
        return replace(opened, size_bytes=size_bytes, tail=b"", end="unread", has_rows=None, has_database=None)
    return opened


def _is_without_data(opened: Opened) -> bool:
    contents = opened.content.archive.contents if opened.content.archive else None
    if contents is not None:
        return not contents.has_data
    return opened.content.layers[-1:] == ("plain",) and opened.has_rows is False


def _completeness(
    aws: AwsClient, dumps: DumpBackups, newest: StoredDump, first: ReadObject, opened: Opened
) -> Completeness:
    if not newest.complete:
        return Completeness(state="suspect", why="lacks files: it has no toc.dat, or its parts are of different times")
    content, tail = opened.content, b""
    ends = content.layers[:1] != () and content.layers[0] in _WITH_AN_END
    if ends and len(newest.files) == 1 and (content.layers[0] != "custom" or content.archive):
        tail = read_tail(aws, dumps.bucket, newest.head.key, first)
    # pg_dump ends the data of an empty table too, so no file of a directory is empty.
    names = {each.key.rpartition("/")[2] for each in newest.files if each.size_bytes}
    return completeness(opened, tail=tail, files=names)


def _with_sizes(facts: NewestDump, newest: StoredDump, ours: Sequence[StoredDump], dumps: DumpBackups) -> NewestDump:
    """The facts with the sizes of the dumps before the newest, since the day from which sizes are compared."""
    others = [
        DumpSize(key=dump.key, written=dump.last_modified, size_bytes=dump.size_bytes)
        for dump in ours
        if dump is not newest
        and dump.complete
        and (dumps.sizes_since is None or dump.last_modified.date() >= dumps.sizes_since)
    ]
    start = newest.last_modified - _RECENT
    recent = [each for each in others if start < each.written][-_MAX_RECENT:]
    kept = {each.key for each in recent}
    own = DumpSize(key=newest.key, written=newest.last_modified, size_bytes=facts.size_bytes)
    return replace(
        facts,
        recent=(*recent, own),
        earlier=day_bests(each for each in others if each.key not in kept),
        others=len(others),
    )


def _with_repeats(
    aws: AwsClient, dumps: DumpBackups, facts: NewestDump, newest: StoredDump, ours: Sequence[StoredDump]
) -> NewestDump:
    """The facts with the older dump that has the same bytes, if there is one from before the newest should be."""
    apart = dumps.stale_after if facts.layers[-1:] == ("plain",) else dumps.every / 2
    for older in _possible_originals(newest, ours, dumps, apart):
        if _same_bytes(aws, dumps, facts, newest, older):
            return replace(facts, repeats_key=older.key, repeats_written=older.last_modified)
    return facts


def _possible_originals(
    newest: StoredDump, ours: Sequence[StoredDump], dumps: DumpBackups, apart: timedelta
) -> Iterator[StoredDump]:
    """The oldest dump with the same ETag, and the last dump from before the newest should be: KMS hides equal ETags."""
    if len(newest.files) > 1:
        return
    older = [
        dump
        for dump in ours
        if len(dump.files) == 1
        and dump.last_modified + (dumps.stale_after if _is_copy(newest, dump, apart) else apart) <= newest.last_modified
    ]
    yield from [dump for dump in older if same_etag(dump, newest)][:1]
    yield from [dump for dump in older if dump.size_bytes == newest.size_bytes][-1:]


def _is_copy(newest: StoredDump, older: StoredDump, apart: timedelta) -> bool:
    """Whether the newest is by its name a copy on purpose, such as in weekly/ of the dump in daily/.

    Of such a copy the bytes may be as old as a dump may be.
    """
    if older.named and newest.named:
        return newest.named.stated - older.named.stated < apart
    return older.key.rpartition("/")[0] != newest.key.rpartition("/")[0]


def _same_bytes(aws: AwsClient, dumps: DumpBackups, facts: NewestDump, newest: StoredDump, older: StoredDump) -> bool:
    if same_etag(newest, older):
        return True
    own = next((each.stored or each.recorded for each in facts.digests if each.key == newest.head.key), "")
    if not own or not older.head.etag:
        return False
    found = read_object(aws, dumps.bucket, older.head.key, may_read=0, ends=False)
    return found.etag == older.head.etag and own in (found.stored_sha256, found.recorded_sha256)
