"""A gzip member that is put together from texts which were compressed one by one."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

# RFC 1952, 2.3.1: deflate, no name, no time, fastest algorithm, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
# RFC 1951, 3.2.6: a last block that is empty.
_END = b"\x03\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class GzipBody:
    """A text as one gzip member, and how many bytes it is without."""

    compressed: bytes
    uncompressed_length: int


class GzipMember:
    """Takes texts one after another, each with its deflate blocks, and keeps the blocks alone.

    Several members in a row are valid too, but curl and browsers stop after the first.
    """

    def __init__(self) -> None:
        self._parts = [_HEADER]
        self._checksum = 0
        self._length = 0

    def add(self, text: bytes, blocks: bytes) -> None:
        """Appends a text, of which `blocks` are what `deflate_blocks` makes."""
        self._parts.append(blocks)
        self._checksum = zlib.crc32(text, self._checksum)
        self._length += len(text)

    def body(self) -> GzipBody:
        """All that was added."""
        end = struct.pack("<LL", self._checksum, self._length & 0xFFFFFFFF)
        return GzipBody(compressed=b"".join((*self._parts, _END, end)), uncompressed_length=self._length)


def deflate_blocks(text: bytes) -> bytes:
    """The text as deflate blocks that refer to nothing before them, and end at a byte; none of them is the last."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
