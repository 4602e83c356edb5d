"""Where counters stand is written so that it reads back exactly, or not at all."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.family import series_text
from collectors.cloudwatch.counter_state import decode_counters, encode_counters
from collectors.cloudwatch.counters import SavedCounter

numbers = st.floats(allow_nan=False, allow_infinity=False)
kept = st.builds(SavedCounter, total=numbers, rest=numbers, until=st.integers(0, 2**40), floor=numbers)
names = st.text().map(lambda value: series_text("events_total", (("function_name", value),)))


@given(st.dictionaries(names, kept))
def test_what_is_written_reads_back(counters: dict[bytes, SavedCounter]) -> None:
    """Every counter by the text of its series, whatever a tenant calls things, to the last bit."""
    assert decode_counters(encode_counters(counters.items())) == counters


@given(st.binary())
def test_what_is_no_state_is_refused(state: bytes) -> None:
    """Anything else is an error that says so, whatever it is."""
    with pytest.raises(ValueError):
        decode_counters(state)


@given(st.dictionaries(names, kept, min_size=1), st.data())
def test_damage_is_seen(counters: dict[bytes, SavedCounter], data: st.DataObject) -> None:
    """State that lost its end, or a byte of it changed, is refused and never read as something else."""
    state = encode_counters(counters.items())
    cut = data.draw(st.integers(0, len(state) - 1))
    changed = bytearray(state)
    changed[data.draw(st.integers(0, len(state) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    for damaged in (state[:cut], bytes(changed)):
        with suppress(ValueError):
            assert decode_counters(damaged) == counters
