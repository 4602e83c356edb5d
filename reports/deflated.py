"""Text that is compressed in pieces, once each, and put together to one gzip stream."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

# RFC 1952, 2.3.1: deflate, no name, no time, fastest algorithm, unknown system.
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
# RFC 1951, 3.2.6: a last block that is empty.
_END = b"\x03\x00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A text, and the same as deflate blocks that refer to nothing before them and end at a byte."""

    text: bytes
    blocks: bytes

    @classmethod
    def of(cls, text: bytes) -> Self:
        """The piece that says `text`."""
        deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
        return cls(text=text, blocks=deflate.compress(text) + deflate.flush(zlib.Z_SYNC_FLUSH))


def gzipped(pieces: Sequence[Piece]) -> bytes:
    """The pieces one after another as a single gzip member: several are valid too, but curl and browsers stop early."""
    checksum = length = 0
    for piece in pieces:
        checksum = zlib.crc32(piece.text, checksum)
        length += len(piece.text)
    end = struct.pack("<LL", checksum, length & 0xFFFFFFFF)
    return b"".join((_HEADER, *(piece.blocks for piece in pieces), _END, end))
