"""Groups the objects under a prefix into dumps: one may be a file, the parts of a file, or the files of a folder."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from checks.backup import dump_names
from checks.backup.dump_names import NameDate

_DIRECTORY_FILE = re.compile(r"(?:\d+\.dat|blob_\d+\.dat|toc\.dat|blobs(?:_\d+)?\.toc)(?:\.\w+)?")
_TOC = re.compile(r"toc\.dat(?:\.\w+)?")
# The parts of one dump arrive within this time of each other.
_UPLOAD = timedelta(hours=12)
_MAX_DAYLIGHT_SAVING = timedelta(hours=1)
_MIN_DATED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One object under the prefix, as the listing shows it."""

    key: str
    last_modified: datetime
    size_bytes: int
    etag: str = ""
    storage_class: str = "STANDARD"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDump:
    """One dump: `key` is its file, or the folder or the name that its files share; `head` is the file to read first.

    `last_modified` is that of its last file, `complete` is False for parts without the first and a directory archive
    without its toc.dat. `dated` is the latest moment of which it can be by its name; `family` holds the words of the
    name that stay from dump to dump.
    """

    key: str
    files: tuple[StoredObject, ...]
    complete: bool = True
    dated: datetime | None = None
    family: tuple[str, ...] = ()
    named: NameDate | None = None

    @property
    def last_modified(self) -> datetime:
        """When its last file was written."""
        return max(each.last_modified for each in self.files)

    @property
    def size_bytes(self) -> int:
        """The size of all its files."""
        return sum(each.size_bytes for each in self.files)

    @property
    def head(self) -> StoredObject:
        """The file that shows the format: the toc.dat of a directory, else the first by name."""
        tocs = (each for each in self.files if _TOC.fullmatch(_name(each.key)))
        return next(tocs, min(self.files, key=lambda each: each.key))


def dumps_among(objects: Sequence[StoredObject], prefix: str, database: str) -> tuple[StoredDump, ...]:
    """The dumps among the objects under `prefix`, by what their names say, in the order in which they were written."""
    candidates = _candidates(objects)
    grouped = defaultdict[tuple[str, bool], list[StoredObject]](list)
    for each, whole in _wholes(candidates, dump_names.database_words(database)):
        grouped[whole].append(each)
    dumps = [_dump(key, files, prefix, parts=parts) for (key, parts), files in grouped.items()]
    dumps = _with_families(dumps, prefix)
    return tuple(sorted(_with_dates(dumps), key=lambda dump: (dump.last_modified, dump.key)))


def _name(key: str) -> str:
    return key.rpartition("/")[2]


def _folder(key: str) -> str:
    return key.rpartition("/")[0]


def _candidates(objects: Sequence[StoredObject]) -> list[StoredObject]:
    """The objects that are dumps or files of dumps; names without a known ending count when there are no others."""
    keys = frozenset(each.key for each in objects)
    archives = {_folder(each.key) for each in objects if _DIRECTORY_FILE.fullmatch(_name(each.key))}
    others = [
        each
        for each in objects
        if _folder(each.key) in archives
        or not (each.key.endswith("/") or dump_names.is_sidecar(each.key, keys) or dump_names.is_wal_segment(each.key))
    ]
    named = [each for each in others if _folder(each.key) in archives or dump_names.is_named_as_dump(each.key)]
    return named or others


def _wholes(
    objects: Sequence[StoredObject], database: frozenset[str]
) -> Iterable[tuple[StoredObject, tuple[str, bool]]]:
    """Each object with the key of the dump that it belongs to, and whether it does as a part of a file."""
    archives = {_folder(each.key) for each in objects if _DIRECTORY_FILE.fullmatch(_name(each.key))}
    firsts = {dump_names.part_of(each.key) for each in objects if dump_names.is_first_part(each.key)}
    table_folders = _table_folders(objects, database)
    for each in objects:
        folder, whole = _folder(each.key), dump_names.part_of(each.key)
        if folder in archives or folder in table_folders:
            yield each, (f"{folder}/", False)
        elif whole in firsts and whole is not None:
            yield each, (whole, True)
        else:
            yield each, (each.key, False)


def _table_folders(objects: Sequence[StoredObject], database: frozenset[str]) -> frozenset[str]:
    """Folders of one dump with a file for each table: the folder has the date, and the files have the same names."""
    names = defaultdict[str, set[str]](set)
    for each in objects:
        folder = _folder(each.key)
        if dump_names.name_date(folder) and not dump_names.name_date(_name(each.key)):
            names[folder].add(_name(each.key))
    shared = Counter(name for of_folder in names.values() for name in of_folder)
    return frozenset(
        folder
        for folder, of_folder in names.items()
        if len(of_folder) > 1
        and all(shared[name] > 1 or len(names) == 1 for name in of_folder)
        # Files of which only some are named after the database are of several databases.
        and len({database <= set(dump_names.words(name)) for name in of_folder}) == 1
    )


def _dump(key: str, files: list[StoredObject], prefix: str, *, parts: bool) -> StoredDump:
    ordered = tuple(sorted(files, key=lambda each: each.key))
    names = [_name(each.key) for each in ordered]
    directory = key.endswith("/") and any(_DIRECTORY_FILE.fullmatch(name) for name in names)
    together = ordered[-1].last_modified - ordered[0].last_modified
    return StoredDump(
        key=key,
        files=ordered,
        complete=not (directory and not any(map(_TOC.fullmatch, names))) and not (parts and abs(together) > _UPLOAD),
        named=dump_names.name_date(key.removeprefix(prefix)),
    )


def _with_families(dumps: list[StoredDump], prefix: str) -> list[StoredDump]:
    """The dumps with their families; numbers at the ends of words count when they repeat: app1 is not dump0024."""
    exact = {dump.key: dump_names.words(dump.key.removeprefix(prefix).rstrip("/")) for dump in dumps}
    members, kinds = Counter[tuple[str, ...]](), defaultdict[tuple[str, ...], set[tuple[str, ...]]](set)
    for found in exact.values():
        members[dump_names.without_numbers(found)] += 1
        kinds[dump_names.without_numbers(found)].add(found)
    coarse = {bare for bare, fine in kinds.items() if len(fine) * 2 > members[bare]}

    def family(found: tuple[str, ...]) -> tuple[str, ...]:
        bare = dump_names.without_numbers(found)
        return bare if bare in coarse else found

    return [replace(dump, family=family(exact[dump.key])) for dump in dumps]


def _with_dates(dumps: list[StoredDump]) -> Iterable[StoredDump]:
    """The dumps with the dates of their names, where those can be believed."""
    lags = _least_lags(dumps)
    for dump in dumps:
        named = dump.named
        if named is None or named.earliest > dump.last_modified + _UPLOAD:
            yield dump
            continue
        latest = named.latest
        if not named.zoned and dump.family in lags:
            latest = min(latest, named.stated + named.precision + lags[dump.family] + _MAX_DAYLIGHT_SAVING)
        yield replace(dump, dated=latest)


def _least_lags(dumps: Sequence[StoredDump]) -> Mapping[tuple[str, ...], timedelta]:
    """The least time from the stated to the written date in each family, a bound of the zone of its names."""
    lags = defaultdict[tuple[str, ...], list[timedelta]](list)
    for dump in dumps:
        if dump.named and not dump.named.zoned:
            lags[dump.family].append(dump.last_modified - dump.named.stated)
    return {family: min(found) for family, found in lags.items() if len(found) >= _MIN_DATED}
