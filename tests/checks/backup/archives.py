"""Writes archives as pg_dump does, for tests: the header, the table of contents, and a block of data."""

from __future__ import annotations

from datetime import datetime

_NO_DATA, _POSITION_SET = 3, 2


def _integer(value: int) -> bytes:
    return bytes([value < 0]) + abs(value).to_bytes(4, "little")


def _text(value: str | None) -> bytes:
    return _integer(-1) if value is None else _integer(len(value)) + value.encode()


def _entry(number: int, tag: str, version: tuple[int, int], extra: bytes) -> bytes:
    texts = [tag, "TABLE DATA", None, "", "COPY", "public", ""] + ([""] if version >= (1, 14) else [])
    kind = _integer(0) if version >= (1, 16) else b""
    ids = _integer(number) + _integer(1) + _text("0") + _text("0") + _text(texts[0]) + _text(texts[1])
    return (
        ids
        + _integer(2)
        + b"".join(map(_text, texts[2:]))
        + kind
        + _text("owner")
        + _text("false")
        + _text(None)
        + extra
    )


def archive(
    made: datetime,
    *,
    database: str = "s",
    data: bytes = b"x" * 4000,
    version: tuple[int, int] = (1, 16),
    files: tuple[str, ...] = (),
) -> bytes:
    """An archive in custom format with one table of `data`, or without `data`; with `files`, a directory's toc.dat."""
    fields = (made.second, made.minute, made.hour, made.day, made.month - 1, made.year - 1900, 0)
    compression = b"\x01" if version >= (1, 15) else _integer(-1)
    head = b"PGDMP" + bytes([*version, 0, 4, 8, 3 if files else 1]) + compression
    head += b"".join(map(_integer, fields)) + _text(database) + _text("18.0") + _text("18.0")
    if files:
        entries = [_entry(number, name, version, _text(name)) for number, name in enumerate(files, 1)]
        return head + _integer(len(entries)) + b"".join(entries)
    state = _POSITION_SET if data else _NO_DATA
    length = len(head + _integer(1) + _entry(1, "t", version, bytes(9)))
    contents = _integer(1) + _entry(1, "t", version, bytes([state]) + (length if data else 0).to_bytes(8, "little"))
    block = b"\x01" + _integer(1) + _integer(len(data)) + data + _integer(0) if data else b""
    return head + contents + block
