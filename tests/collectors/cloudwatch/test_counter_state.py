"""Saved counters are read back exactly or rejected."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.family import series_text
from collectors.cloudwatch.counter_state import decode_counters, encode_counters
from collectors.cloudwatch.counters import SavedCounter

numbers = st.floats(allow_nan=False, allow_infinity=False)
kept = st.builds(SavedCounter, total=numbers, compensation=numbers, until=st.integers(0, 2**40), last_shown=numbers)
names = st.text().map(lambda value: series_text("events_total", (("function_name", value),)))


@given(st.dictionaries(names, kept))
def test_saved_counters_round_trip(counters: dict[bytes, SavedCounter]) -> None:
    """Every counter is read back to the last bit, whatever characters its series has."""
    assert decode_counters(encode_counters(counters.items())) == counters


@given(st.binary())
def test_other_content_is_rejected(state: bytes) -> None:
    """Any other content raises ValueError."""
    with pytest.raises(ValueError):
        decode_counters(state)


@given(st.dictionaries(names, kept, min_size=1), st.data())
def test_damaged_state_is_rejected(counters: dict[bytes, SavedCounter], data: st.DataObject) -> None:
    """Truncated or changed state is rejected and never read as other counters."""
    state = encode_counters(counters.items())
    cut = data.draw(st.integers(0, len(state) - 1))
    changed = bytearray(state)
    changed[data.draw(st.integers(0, len(state) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (state[:cut], bytes(changed)):
        with suppress(ValueError):
            assert decode_counters(damaged) == counters
