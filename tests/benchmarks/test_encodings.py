"""The fake reads and writes CBOR as the standard defines it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cloudwatch.encodings import CBOR

_PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_PLAIN)
def test_values_round_trip(value: Any) -> None:
    """Every value decodes to itself after encoding."""
    assert CBOR.loads(CBOR.dumps(value)) == value


@given(st.binary(max_size=40))
def test_malformed_content_raises_value_error_only(content: bytes) -> None:
    """Any bytes decode to a value or raise ValueError."""
    with suppress(ValueError):
        CBOR.loads(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("1bffffffffffffffff", 18446744073709551615),
        ("3903e7", -1000),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("c11a514b67b0", datetime(2013, 3, 21, 20, 4, tzinfo=UTC)),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_examples_of_the_standard(content: str, value: Any) -> None:
    """The examples of RFC 8949, appendix A, decode to their documented values."""
    assert CBOR.loads(bytes.fromhex(content)) == value
