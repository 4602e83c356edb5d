"""Reads the names of objects beside dumps: which are dumps, of which family, and the date that a name states."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


def _set_of(words: str) -> frozenset[str]:
    return frozenset(words.split())


_SIDECAR_ENDINGS = _set_of(
    "aborted avro cfg checksum cksum conf contents crc csv done err error fail failed failure htm html incomplete "
    "info ini json list lock log lst manifest md md5 md5sum meta metadata minisig ndjson ok orc out par2 parquet "
    "partial pid ps1 py rb sh sha1 sha1sum sha256 sha256sum sha512 sha512sum sig state stats status success sum tmp "
    "toc txt uploading xml yaml yml"
)
_SIDECAR_NAMES = re.compile(
    r"(?:[_.].*|(?:md5|sha\d+)sums?|manifest.*|readme.*|latest.*|current|index|backup_(?:manifest|label)"
    r"|(?:.*[-_.])?(?:globals|roles|tablespaces)(?![a-z]).*|tablespace_map)",
    re.IGNORECASE,
)
_DUMP_ENDINGS = _set_of("backup bak bck bkp custom dat db dmp dump fc pgc pgcustom pgdump pg_dump psql sql tar")
_ENVELOPE_ENDINGS = _set_of(
    "7z aes aes256 age asc br bz bz2 bzip2 cpt crypt enc encrypted gpg gz gzip kms lz4 lzma lzo pgp sz tbz tbz2 tgz "
    "txz tzst xz z zip zst zstd"
)
_PART = re.compile(r"[._-](?:part[-_.]?\d+|\d+of\d+|[a-z]{2,3}|\d{2,5})$", re.IGNORECASE)
_FIRST_PARTS = re.compile(r"(?:part[-_.]?0*[01]|0*1of\d+|a{2,3}|0{2,5}|0{1,4}1)$", re.IGNORECASE)
_WAL_SEGMENT = re.compile(r"[0-9A-F]{24}(?:\.|-|$)")
# pgBackRest, WAL-G, barman, pg_probackup, pg_basebackup; restic, duplicity, kopia.
_REPOSITORY = re.compile(
    r"(?:^|/)(?:backup\.(?:info|control)$|basebackups_\d+/|wal_\d+/|archive\.info$|pg_data/|base\.tar(?:\.|$)"
    r"|(?:snapshots|index|keys|data/[0-9a-f]{2})/[0-9a-f]{64}$|duplicity-(?:full|inc)[.-]|kopia\.repository)"
)
_STAMP = re.compile(
    r"(?<!\d)(20[2-9]\d)([-_/.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[-_/. ]?[T@]?[-_/. ]?([01]\d|2[0-3])(?:[-_:.h]?([0-5]\d)(?:[-_:.m]?([0-5]\d))?)?)?(?:\.\d{1,9})?"
    r"\s?(Z|UTC|[+-]\d\d:?\d\d)?(?!\d)",
    re.IGNORECASE,
)
# In seconds or milliseconds.
_EPOCH = re.compile(r"(?<!\d)(1[6-9]\d{8}|2[01]\d{8})(?:\d{3})?(?!\d)")
# The day first or the month first; which of the two, only days after the 12th tell.
_YEAR_LAST = re.compile(r"(?<!\d)(\d\d)([-_.])(\d\d|[a-z]{3})\2(20[2-9]\d)(?!\d)", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# Words that say when, how or by what a dump was made, and not of which database.
_GENERIC = _set_of(
    "am auto automated automatic aws backup backups bak daily database databases day db dbs dump dumps final full "
    "hourly latest local logical manual month monthly nightly pg pgdump pgsql pm postgres postgresql psql rds "
    "scheduled snapshot sql utc week weekday weekly year yearly z t mon tue wed thu fri sat sun monday tuesday "
    "wednesday thursday friday saturday sunday jan feb mar apr may jun jul aug sep sept oct nov dec january february "
    "march april june july august september october november december"
)
# The zones of the world reach from UTC-12 to UTC+14.
_WEST, _EAST = timedelta(hours=12), timedelta(hours=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class NameDate:
    """The time that a name states, as if in UTC, and how exact it is; `zoned` when the name also states its zone."""

    stated: datetime
    precision: timedelta
    zoned: bool

    @property
    def earliest(self) -> datetime:
        """The earliest moment that it can mean."""
        return self.stated if self.zoned else self.stated - _EAST

    @property
    def latest(self) -> datetime:
        """The latest moment that it can mean."""
        return self.stated + self.precision + (timedelta() if self.zoned else _WEST)


def name_date(key: str) -> NameDate | None:
    """The last date in a key, such as `2026-11-30`, `20261130T1005Z` or seconds since 1970; None without one."""
    for found in reversed(list(_STAMP.finditer(key))):
        year, _, month, day, hour, minute, second, zone = found.groups()
        precision = timedelta(seconds=1) if second else timedelta(minutes=1) if minute else timedelta(hours=1)
        try:
            day_start = datetime(int(year), int(month), int(day), tzinfo=UTC)
        except ValueError:
            continue
        time = timedelta(hours=int(hour or 0), minutes=int(minute or 0), seconds=int(second or 0))
        return NameDate(
            stated=day_start + time - _offset(zone),
            precision=precision if hour else timedelta(days=1),
            zoned=zone is not None and hour is not None,
        )
    if days := [day for found in _YEAR_LAST.findall(key) for day in _days_of(found)]:
        return NameDate(stated=max(days), precision=timedelta(days=1), zoned=False)
    epochs = _EPOCH.findall(key)
    if epochs:
        return NameDate(stated=datetime.fromtimestamp(int(epochs[-1]), UTC), precision=timedelta(seconds=1), zoned=True)
    return None


def _days_of(found: tuple[str, str, str, str]) -> Iterator[datetime]:
    """The days that a date with the year at its end can mean."""
    first, _, second, year = found
    month = _MONTHS.index(second.lower()) + 1 if second.lower() in _MONTHS else None
    numbers = ((first, month),) if month else ((first, second), (second, first))
    for day, of in numbers:
        with suppress(ValueError):
            yield datetime(int(year), int(of), int(day), tzinfo=UTC)


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone[0] not in "+-":
        return timedelta()
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def is_sidecar(key: str, keys: Collection[str]) -> bool:
    """Whether the object is beside a dump and none itself: a digest, a log, a manifest, a marker of a folder."""
    name = key.rpartition("/")[2]
    stem, _, ending = name.lower().rpartition(".")
    while stem and ending in _ENVELOPE_ENDINGS and "." in stem:
        stem, _, ending = stem.rpartition(".")
    if not name or _SIDECAR_NAMES.fullmatch(name) or (stem and ending in _SIDECAR_ENDINGS):
        return True
    return name.lower().endswith(".asc") and key[: -len(".asc")] in keys


def is_wal_segment(key: str) -> bool:
    """Whether the object is a segment of the write-ahead log."""
    return _WAL_SEGMENT.match(key.rpartition("/")[2]) is not None


def is_of_repository(key: str) -> bool:
    """Whether the object belongs to base backups of a server, or to the repository of a backup program."""
    return _REPOSITORY.search(key) is not None


def is_named_as_dump(key: str) -> bool:
    """Whether the ending is one that dumps have, such as `.dump`, `.sql.gz` or `.tar.age`."""
    return bool(endings(key) & (_DUMP_ENDINGS | _ENVELOPE_ENDINGS))


def endings(key: str) -> frozenset[str]:
    """The last endings of the name without a part's, in lower case: `gz` and `sql` of `a.sql.gz.aa`."""
    name = (part_of(key) or key).rpartition("/")[2].lower()
    return frozenset(name.split(".")[1:][-3:])


def part_of(key: str) -> str | None:
    """The key of the whole that this is a part of, such as `a.dump` for `a.dump.aa` or `a.dump.001`; None for none."""
    found = _PART.search(key)
    if found is None:
        return None
    whole = key[: found.start()]
    ending = whole.rpartition("/")[2].lower().rpartition(".")[2]
    own = found[0][1:].lower()
    known = own in _DUMP_ENDINGS | _ENVELOPE_ENDINGS | _SIDECAR_ENDINGS
    return whole if not known and ending in _DUMP_ENDINGS | _ENVELOPE_ENDINGS else None


def is_first_part(key: str) -> bool:
    """Whether the part is the first, such as `.aa`, `.00`, `.001` or `.part1`."""
    return _FIRST_PARTS.search(key) is not None


def words(key: str) -> tuple[str, ...]:
    """The words of a key without dates, endings and generic words; two databases under one prefix differ in them.

    `hourly/` and `daily/` of one database have the same words. Words that are only digits or mixed with digits, such as
    a sequence number or a commit, are left out, but a number at the end of a word stays: `app1`.
    """
    folder, _, stem = (part_of(key) or key).rpartition("/")
    while (rest := stem.rpartition("."))[0] and rest[2].lower() in _DUMP_ENDINGS | _ENVELOPE_ENDINGS:
        stem = rest[0]
    found = re.findall(r"[^\W_]+", _STAMP.sub(" ", f"{folder}/{stem}").lower())
    return tuple(word for word in dict.fromkeys(found) if re.fullmatch(r"\D+\d{0,4}", word) and word not in _GENERIC)


def without_numbers(of: tuple[str, ...]) -> tuple[str, ...]:
    """The words without the numbers at their ends, and without the generic words that remain: `dump0024` is none."""
    bare = (word.rstrip("0123456789") for word in of)
    return tuple(word for word in dict.fromkeys(bare) if word and word not in _GENERIC)


def database_words(database: str) -> frozenset[str]:
    """The words of a database's name, as `words` has them."""
    return frozenset(words(database)) or frozenset({database.lower()})
