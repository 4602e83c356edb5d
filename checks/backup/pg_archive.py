"""Reads the header and the table of contents of a pg_dump archive: its date, its database, and where its data lies.

The formats custom, directory and tar share both. Written after src/bin/pg_dump/pg_backup_archiver.c and
pg_backup_custom.c of PostgreSQL 9.6 to 18, whose archives have the versions 1.12 to 1.16.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MAGIC = b"PGDMP"
_OLDEST, _NEWEST = (1, 12), (1, 16)
# pg_dump marks the toc.dat of a directory as that of a tar archive.
_FORMATS: dict[int, Literal["custom", "toc"]] = {1: "custom", 3: "toc"}
_INT_SIZES, _OFFSET_SIZES = (4,), (8,)
_HAS_TABLE_ACCESS_METHOD, _HAS_COMPRESSION_BYTE, _HAS_RELATION_KIND = (1, 14), (1, 15), (1, 16)
_POSITION_SET, _NO_DATA = 2, 3
_MAX_STRING, _MAX_ENTRIES = 64 * 1024 * 1024, 10_000_000
_EPOCH_YEAR = 1900


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What the table of contents says of the data: the highest known offset, or the files of a directory."""

    entries: int
    has_data: bool
    last_offset: int
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PgArchive:
    """An archive, or the toc.dat of one; `made` is the local time of the machine that made it, without a time zone.

    `contents` is None when the table of contents is `longer` than the bytes that were read, or `malformed`.
    """

    format: Literal["custom", "toc"]
    made: datetime | None
    database: str
    contents: Contents | None
    unread: Literal["", "longer", "malformed"] = ""


class _UnreadableError(Exception):
    """The bytes end, or do not follow the format."""


class _MalformedError(_UnreadableError):
    """The bytes do not follow the format."""


@dataclass(slots=True)
class _Reader:
    content: bytes
    position: int
    int_size: int = 4
    offset_size: int = 8

    def byte(self) -> int:
        return self.take(1)[0]

    def take(self, count: int) -> bytes:
        end = self.position + count
        if end > len(self.content):
            raise _UnreadableError
        taken = self.content[self.position : end]
        self.position = end
        return taken

    def integer(self) -> int:
        negative, value = self.byte(), int.from_bytes(self.take(self.int_size), "little")
        if negative > 1:
            raise _MalformedError
        return -value if negative else value

    def text(self) -> str:
        length = self.integer()
        if length > _MAX_STRING:
            raise _MalformedError
        return self.take(length).decode("utf-8", "replace") if length > 0 else ""

    def texts(self) -> None:
        while (length := self.integer()) >= 0:
            self.take(length)


def read_archive(content: bytes) -> PgArchive | None:
    """The archive that begins with `content`; None when it is none, or of a version that is not known."""
    reader = _Reader(content, len(MAGIC))
    try:
        version = (reader.byte(), reader.byte()) if content.startswith(MAGIC) else (0, 0)
        if not _OLDEST <= version <= _NEWEST:
            return None
        reader.byte()
        reader.int_size, reader.offset_size = reader.byte(), reader.byte()
        kind = _FORMATS.get(reader.byte())
        if kind is None or reader.int_size not in _INT_SIZES or reader.offset_size not in _OFFSET_SIZES:
            return None
        _ = reader.byte() if version >= _HAS_COMPRESSION_BYTE else reader.integer()
        made = _date([reader.integer() for _ in range(7)])
        database, _, _ = reader.text(), reader.text(), reader.text()
    except _UnreadableError:
        return None
    try:
        return PgArchive(format=kind, made=made, database=database, contents=_contents(reader, version, kind))
    except _UnreadableError as error:
        unread: Literal["longer", "malformed"] = "malformed" if isinstance(error, _MalformedError) else "longer"
        return PgArchive(format=kind, made=made, database=database, contents=None, unread=unread)


def _date(fields: list[int]) -> datetime | None:
    """The struct tm in the header: months count from 0, years from 1900."""
    second, minute, hour, day, month, year, _ = fields
    try:
        return datetime(year + _EPOCH_YEAR, month + 1, day, hour, minute, min(second, 59))  # noqa: DTZ001  # it has none
    except (ValueError, OverflowError):
        return None


def _contents(reader: _Reader, version: tuple[int, int], kind: str) -> Contents | None:
    """The table of contents; None of one without entries. Raises: _UnreadableError."""
    count = reader.integer()
    # pg_dump always writes entries, at least those of the encoding and the search path.
    if not 0 < count <= _MAX_ENTRIES:
        return None
    has_data, last_offset, files = False, 0, list[str]()
    for _ in range(count):
        _skip_entry(reader, version)
        if kind == "custom":
            state, offset = reader.byte(), int.from_bytes(reader.take(reader.offset_size), "little")
            has_data = has_data or state != _NO_DATA
            last_offset = max(last_offset, offset if state == _POSITION_SET else 0)
        elif name := reader.text():
            has_data = True
            files.append(name)
    return Contents(entries=count, has_data=has_data, last_offset=last_offset, files=tuple(files))


def _skip_entry(reader: _Reader, version: tuple[int, int]) -> None:
    """One entry up to what the format adds: ids, names, section, statements, owner, and what it depends on."""
    reader.integer()
    reader.integer()
    for _ in range(4):
        reader.text()
    reader.integer()
    for _ in range(6 if version >= _HAS_TABLE_ACCESS_METHOD else 5):
        reader.text()
    if version >= _HAS_RELATION_KIND:
        reader.integer()
    reader.text()
    reader.text()
    reader.texts()
