"""Text is made harmless and short without breaking letters, and says how much was cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.plain import cut, cut_bytes, one_line

FAMILY, FLAG = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea"


@given(text=st.text(max_size=400), limit=st.integers(min_value=0, max_value=300))
def test_cut_text_is_short_enough_and_a_beginning(text: str, limit: int) -> None:
    """Text that fits is unchanged; other text keeps its beginning, and ends with a note if there is room for one."""
    short = cut(text, limit)

    assert len(short) <= limit
    assert short == text if len(text) <= limit else text.startswith(short.rpartition("…")[0])


@given(text=st.text(max_size=400), limit=st.integers(min_value=0, max_value=300))
def test_cut_bytes_are_few_enough(text: str, limit: int) -> None:
    """The limit holds for the bytes, whatever they stand for."""
    assert len(cut_bytes(text, limit).encode()) <= limit


def test_what_was_cut_is_counted() -> None:
    """The note and the text before it are all that there was."""
    short = cut("x" * 5000, 100)
    kept, _, note = short.partition("…")

    assert note == f" ({5000 - len(kept):,} more characters)"
    assert len(short) <= 100


@pytest.mark.parametrize("letter", ["e\u0301", FAMILY, FLAG, "\U0001f44d\U0001f3fd"])
@pytest.mark.parametrize("limit", range(60, 72))
def test_no_letter_is_broken(letter: str, limit: int) -> None:
    """An accent stays with its letter, and an emoji whole."""
    kept = cut(letter * 60, limit).partition("…")[0]
    assert kept.replace(letter, "") == ""


@given(text=st.text(max_size=200))
def test_one_line_is_one_line(text: str) -> None:
    """No control, direction or invisible character is left, and all of it has bytes."""
    line = one_line(text)

    assert line == " ".join(line.split())
    assert not set(line) & set("\n\r\t\x00\x1b\x85\u2028\u202e\u2066\u200b\ufeff")
    line.encode()
