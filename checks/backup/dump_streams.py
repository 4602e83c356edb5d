"""Opens the compressed envelopes of a dump, from its first bytes or to its end."""

from __future__ import annotations

import bz2
import gzip
import lzma
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, cast

from basewatch.component_settings import DumpLayer
from checks.backup.dump_content import Content, recognise

TAIL_BYTES = 1024
HEAD_BYTES = 1 << 20
_CHUNK = 1 << 16
# A dump is ten times as large as its compressed file; what is larger by far is not read to its end.
_MAX_OPENED_BYTES = 1 << 32
_MAX_ENVELOPES = 4
# What Python's readers of the formats raise on bytes that do not follow them; lz4 has no class of its own.
DAMAGED = (EOFError, OSError, ValueError, RuntimeError, zlib.error, lzma.LZMAError)
# What plain SQL has where rows are, and where the dump of one database begins.
_ROWS = (b"\nCOPY ", b"\nINSERT INTO ")
_DATABASE = b"\n-- PostgreSQL database dump"
_OVERLAP = 32

End: TypeAlias = Literal["reached", "cut", "damaged", "trailing", "unread"]


class _ZstdReader:
    """Zstandard, whose library is loaded when a dump needs it; its own error becomes a ValueError."""

    def __init__(self, file: Any) -> None:
        if sys.version_info >= (3, 14):
            from compression import zstd  # noqa: PLC0415  # few dumps need it
        else:
            from backports import zstd  # noqa: PLC0415  # few dumps need it
        self._file, self._error = zstd.ZstdFile(file), zstd.ZstdError

    def read1(self, size: int) -> bytes:
        """Some bytes, none at the end. Raises: EOFError, ValueError."""
        try:
            return bytes(self._file.read1(size))
        except self._error as error:
            raise ValueError(str(error)) from error


def _lz4(file: Any) -> Any:
    import lz4.frame  # noqa: PLC0415  # few dumps need it

    return lz4.frame.LZ4FrameFile(file)


DECOMPRESSORS: Mapping[DumpLayer, Callable[[Any], Any]] = {
    "gzip": lambda file: gzip.GzipFile(fileobj=file, mode="rb"),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "zstd": _ZstdReader,
    "lz4": _lz4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a dump is, its innermost size and last bytes, and how reading it ended.

    `end` is `cut` when the envelope `faulty` ends too early, `damaged` when it cannot be decompressed further,
    `trailing` when other bytes follow it, and `unread` when the end was not read. `has_rows` and `has_database` are of
    plain SQL, and None unless it was read to its end.
    """

    content: Content
    size_bytes: int
    tail: bytes = b""
    end: End = "unread"
    faulty: str = ""
    has_rows: bool | None = None
    has_database: bool | None = None

    @property
    def all_at_hand(self) -> bool:
        """Whether all of its bytes were read to recognise it."""
        return self.end == "reached" and self.size_bytes <= HEAD_BYTES


@dataclass(slots=True)
class _Layer:
    """The bytes of one layer, read ahead for its head; an error ends them, and stays."""

    source: Callable[[int], bytes]
    ahead: bytearray
    size_bytes: int = 0
    tail: bytes = b""
    error: Exception | None = None
    has_rows: bool = False
    has_database: bool = False

    def head(self) -> bytes:
        """The first MiB, or less when there is no more; to be called before the first read."""
        while len(self.ahead) < HEAD_BYTES and (chunk := self._next()):
            self.ahead += chunk
        return bytes(self.ahead[:HEAD_BYTES])

    def read(self, size: int) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self.ahead:
            self.ahead += self._next()
        taken = bytes(self.ahead[:size])
        del self.ahead[:size]
        return taken

    def _next(self) -> bytes:
        if self.error:
            return b""
        try:
            chunk = self.source(_CHUNK)
        except DAMAGED as error:
            self.error = error
            return b""
        seen = self.tail[-_OVERLAP:] + chunk
        self.has_rows = self.has_rows or any(mark in seen for mark in _ROWS)
        self.has_database = self.has_database or _DATABASE in seen
        self.size_bytes += len(chunk)
        self.tail = (self.tail + chunk)[-TAIL_BYTES:]
        return chunk


def open_dump(chunks: Iterable[bytes], size_bytes: int, *, whole: bool) -> Opened:
    """What a dump of this size is; `chunks` are all its bytes when `whole`, else its first ones."""
    if not size_bytes:
        return Opened(content=Content(broken="is empty"), size_bytes=0)
    stack = [_Layer(_reader(iter(chunks)), bytearray())]
    layers, unopened = list[DumpLayer](), ""
    found = outside = recognise(stack[0].head(), size_bytes)
    while found.layers:
        layers.extend(found.layers)
        opener = DECOMPRESSORS.get(layers[-1])
        if opener is None or len(layers) == _MAX_ENVELOPES:
            break
        inside = _Layer(_reading(opener, stack[-1]), bytearray())
        head = inside.head()
        if not head and inside.error and not (whole and isinstance(inside.error, EOFError)):
            unopened, found = layers[-1], Content()
            break
        stack.append(inside)
        found = Content() if inside.error and not head else recognise(head, None)
    content = replace(found, layers=tuple(layers), unopened=unopened, broken=found.broken or outside.broken)
    if not whole or unopened:
        return Opened(content=content, size_bytes=size_bytes)
    return _at_the_end(content, stack)


def _at_the_end(content: Content, stack: Sequence[_Layer]) -> Opened:
    innermost = stack[-1]
    while innermost.size_bytes <= _MAX_OPENED_BYTES and innermost.read(_CHUNK):
        pass
    faulty, error = next(((index, each.error) for index, each in enumerate(stack) if each.error), (0, None))
    end: End = "reached"
    if isinstance(error, EOFError):
        end = "cut"
    elif isinstance(error, gzip.BadGzipFile) and "Not a gzipped file" in str(error):
        end = "trailing"
    elif error:
        end = "damaged"
    elif innermost.size_bytes > _MAX_OPENED_BYTES:
        end = "unread"
    read = end == "reached"
    return Opened(
        content=content,
        size_bytes=innermost.size_bytes,
        tail=innermost.tail,
        end=end,
        faulty=content.layers[faulty - 1] if error else "",
        has_rows=innermost.has_rows if read else None,
        has_database=innermost.has_database if read else None,
    )


def _reader(chunks: Iterator[bytes]) -> Callable[[int], bytes]:
    return lambda _size: next(chunks, b"")


def _reading(opener: Callable[[Any], Any], outside: _Layer) -> Callable[[int], bytes]:
    # read1 returns what was decompressed before an error, which read would lose.
    opened: Any = None

    def read(size: int) -> bytes:
        nonlocal opened
        opened = opened or opener(outside)
        return cast("bytes", opened.read1(size))

    return read
