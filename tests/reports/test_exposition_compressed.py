"""Proves that text compressed in pieces is one gzip stream to whoever reads it."""

from __future__ import annotations

import gzip
import zlib

from hypothesis import given
from hypothesis import strategies as st

from reports.deflated import Piece, gzipped

texts = st.lists(
    st.binary(max_size=300) | st.binary(min_size=1, max_size=3).map(lambda each: each * 40_000), max_size=8
)


@given(texts)
def test_pieces_are_read_as_one_text(parts: list[bytes]) -> None:
    """Whatever the pieces are, in whatever order they were compressed, gzip reads them one after another."""
    assert gzip.decompress(gzipped([Piece.of(part) for part in parts])) == b"".join(parts)


@given(texts)
def test_there_is_one_member_and_nothing_after_it(parts: list[bytes]) -> None:
    """A reader that stops after the first member, as curl and browsers do, has read everything."""
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    text = reader.decompress(gzipped([Piece.of(part) for part in parts]))
    assert (text, reader.eof, reader.unused_data) == (b"".join(parts), True, b"")


def test_a_piece_stands_wherever_it_is_put() -> None:
    """A piece refers to nothing before it: it is compressed once, and used in pages that differ."""
    shared = Piece.of(b"the same samples\n" * 1000)
    for before in (b"# TYPE a counter\n", b"# TYPE a_total counter\n"):
        assert gzip.decompress(gzipped([Piece.of(before), shared])) == before + shared.text


def test_pieces_cost_little() -> None:
    """Cut into ten pieces, a page is compressed nearly as well as whole."""
    lines = [b'aws_errors_total{function_name="f-%05d"} %d\n' % (number, number % 7) for number in range(20_000)]
    parts = [b"".join(lines[start : start + 2000]) for start in range(0, len(lines), 2000)]
    whole = len(zlib.compress(b"".join(parts), 1))
    assert len(gzipped([Piece.of(part) for part in parts])) < whole * 1.05
