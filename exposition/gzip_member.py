"""Builds a gzip member from texts that were compressed separately."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

# RFC 1952, 2.3.1: deflate, no name, no time, fastest algorithm, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
# RFC 1951, 3.2.6: an empty final block.
_END = b"\x03\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class GzipBody:
    """A gzip member and the length of its uncompressed text."""

    compressed: bytes
    uncompressed_length: int


class GzipMember:
    """Concatenates texts by their deflate blocks.

    Several gzip members in a row are valid too, but curl and browsers read only the first.
    """

    def __init__(self) -> None:
        self._parts = [_HEADER]
        self._checksum = 0
        self._length = 0

    def add(self, text: bytes, blocks: bytes) -> None:
        """Appends a text; `blocks` is the result of `deflate_blocks` for it."""
        self._parts.append(blocks)
        self._checksum = zlib.crc32(text, self._checksum)
        self._length += len(text)

    def body(self) -> GzipBody:
        """The complete member."""
        end = struct.pack("<LL", self._checksum, self._length & 0xFFFFFFFF)
        return GzipBody(compressed=b"".join((*self._parts, _END, end)), uncompressed_length=self._length)


def deflate_blocks(text: bytes) -> bytes:
    """The text as deflate blocks without back-references to earlier text, ending on a byte; none is the final block."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    return deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH)
