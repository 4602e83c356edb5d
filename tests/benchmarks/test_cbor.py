"""The fake's CBOR is what botocore's is."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.cloudwatch import cbor

_PLAIN: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(_PLAIN)
def test_what_is_written_is_read(value: Any) -> None:
    """Every value comes back as it was."""
    assert cbor.loads(cbor.dumps(value)) == value


@given(st.binary(max_size=40))
def test_nonsense_is_refused_and_nothing_else(content: bytes) -> None:
    """Any bytes are either a value or a ValueError."""
    with suppress(ValueError):
        cbor.loads(content)


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("1bffffffffffffffff", 18446744073709551615),
        ("3903e7", -1000),
        ("f93c00", 1.0),
        ("fa47c35000", 100000.0),
        ("c11a514b67b0", 1363896240),
        ("5f42010243030405ff", b"\x01\x02\x03\x04\x05"),
        ("7f657374726561646d696e67ff", "streaming"),
        ("9f018202039f0405ffff", [1, [2, 3], [4, 5]]),
        ("bf61610161629f0203ffff", {"a": 1, "b": [2, 3]}),
    ],
)
def test_the_standards_examples(content: str, value: Any) -> None:
    """RFC 8949's own examples, appendix A, are read as it says."""
    assert cbor.loads(bytes.fromhex(content)) == value
