"""Text compressed in pieces is one valid gzip stream."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from exposition.gzip_member import GzipBody, GzipMember, deflate_blocks

texts = st.lists(
    st.binary(max_size=300) | st.binary(min_size=1, max_size=3).map(lambda each: each * 40_000), max_size=8
)


def member_of(*parts: bytes) -> GzipBody:
    """A member of these texts."""
    member = GzipMember()
    for part in parts:
        member.add(part, deflate_blocks(part))
    return member.body()


@given(texts)
def test_pieces_decompress_as_one_text(parts: list[bytes]) -> None:
    """Pieces in any order decompress one after another."""
    body = member_of(*parts)
    assert gzip.decompress(body.compressed) == b"".join(parts)
    assert body.uncompressed_length == len(b"".join(parts))


@given(texts)
def test_there_is_one_member_and_nothing_after_it(parts: list[bytes]) -> None:
    """A reader that stops after the first member, as curl and browsers do, has read everything."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = reader.decompress(member_of(*parts).compressed)
    assert (text, reader.eof, reader.unused_data) == (b"".join(parts), True, b"")


def test_blocks_can_be_reused_in_other_pages() -> None:
    """Blocks do not refer to earlier text: a text is compressed once and reused in different pages."""
    text = b"the same samples\n" * 1000
    blocks = deflate_blocks(text)
    for before in (b"# TYPE a counter\n", b"# TYPE a_total counter\n"):
        member = GzipMember()
        member.add(before, deflate_blocks(before))
        member.add(text, blocks)
        assert gzip.decompress(member.body().compressed) == before + text


def test_pieces_compress_nearly_as_well() -> None:
    """A page in ten pieces compresses nearly as well as in one."""
    lines = [b'aws_errors_total{function_name="f-%05d"} %d\n' % (number, number % 7) for number in range(20_000)]
    parts = [b"".join(lines[start : start + 2000]) for start in range(0, len(lines), 2000)]
    whole = len(zlib.compress(b"".join(parts), 1))
    assert len(member_of(*parts).compressed) < whole * 1.05
