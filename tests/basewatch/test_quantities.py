"""Quantities read as people write them, and refuse what only looks like one."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from basewatch.errors import InvalidValueError
from basewatch.quantities import (
    DurationThreshold,
    RateThreshold,
    RatioThreshold,
    Threshold,
    format_duration,
    parse_duration,
    parse_positive_duration,
    parse_rate,
    parse_ratio,
)

milliseconds = st.integers(min_value=0, max_value=10**12).map(lambda count: timedelta(milliseconds=count))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("0.1s", timedelta(milliseconds=100)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        (" 1h 30m ", timedelta(minutes=90)),
        ("35d", timedelta(days=35)),
        ("2w", timedelta(days=14)),
        ("7y", timedelta(days=2556.75)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_read_as_people_write_it(text: str, duration: timedelta) -> None:
    """Numbers with units, several in a row, and the Gregorian mean year."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "value",
    [
        "",
        "15",
        15,
        1.5,
        "m",
        "15 m",
        "-15m",
        "15m ago",
        "1m,30s",
        "٣m",
        "1e3s",
        "0.1ms",
        "101y",
        "9999999y",
        f"{'9' * 400}d",
        10**400,
        None,
        True,
        ["15m"],
    ],
)
def test_what_is_no_duration_is_refused_with_examples(value: object) -> None:
    """A bare number has no unit, and nothing is guessed."""
    with pytest.raises(InvalidValueError, match="write for example 500ms, 15m, 1h30m, 35d or 7y"):
        parse_duration(value)


@given(milliseconds)
def test_a_duration_survives_its_text(duration: timedelta) -> None:
    """Writing a duration and reading it back gives the same one."""
    assert parse_duration(format_duration(duration)) == duration


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    """No text makes the parsers fail in another way."""
    for parse in (parse_duration, parse_ratio, parse_rate):
        with contextlib.suppress(InvalidValueError):
            parse(text)


@pytest.mark.parametrize(("duration", "text"), [(timedelta(days=35), "35d"), (timedelta(days=2556.75), "7y")])
def test_a_duration_is_written_in_its_largest_units(duration: timedelta, text: str) -> None:
    """The text is the one a person would write."""
    assert format_duration(duration) == text


def test_a_negative_duration_shows_its_sign() -> None:
    """A clock that runs behind is seen to."""
    assert format_duration(timedelta(minutes=-5)) == "-5m"


def test_no_time_is_refused_where_one_has_to_wait() -> None:
    """A promise of zero time could not be kept or broken."""
    with pytest.raises(InvalidValueError, match="no time at all"):
        parse_positive_duration("0s")


@pytest.mark.parametrize(
    ("value", "ratio"), [("5%", 0.05), ("0%", 0), ("100 %", 1), (0.05, 0.05), (1, 1), ("2.5%", 0.025), ("99.9%", 0.999)]
)
def test_a_percentage_is_a_ratio(value: object, ratio: float) -> None:
    """Percent and plain ratios mean the same, to the last digit."""
    assert parse_ratio(value) == ratio


@pytest.mark.parametrize("value", ["5", "101%", 5, -0.1, "five", True, None, float("nan")])
def test_what_is_not_a_ratio_is_refused(value: object) -> None:
    """Five is not five percent."""
    with pytest.raises(InvalidValueError, match="write for example 5%"):
        parse_ratio(value)


@pytest.mark.parametrize(
    ("value", "rate"), [("10/s", 10), ("1000/min", 1000 / 60), ("60 / m", 1), ("3600/h", 1), (2, 2)]
)
def test_a_rate_is_per_second(value: object, rate: float) -> None:
    """Whatever the unit it is written in."""
    assert parse_rate(value) == pytest.approx(rate)


@pytest.mark.parametrize("value", ["10", "10/week", "-1/s", -1, float("inf"), "/s", None, False])
def test_what_is_no_rate_is_refused(value: object) -> None:
    """Times per what has to be said, and nothing happens less than never."""
    with pytest.raises(InvalidValueError, match="write for example 10/s"):
        parse_rate(value)


def test_a_limit_may_have_to_be_crossed_for_a_while() -> None:
    """What follows `for` is how long."""
    limit = TypeAdapter(RatioThreshold).validate_python("90% for 1m")
    assert limit == Threshold(value=0.9, sustained=timedelta(minutes=1), text="90% for 1m")


@pytest.mark.parametrize(
    ("kind", "text"), [(DurationThreshold, "500ms"), (RateThreshold, "10/s"), (RatioThreshold, "5%")]
)
def test_a_limit_without_a_while_is_crossed_at_once(kind: Any, text: str) -> None:
    """No `for` means no time."""
    assert TypeAdapter[Threshold[object]](kind).validate_python(text).sustained == timedelta()


@pytest.mark.parametrize(
    ("kind", "text"),
    [(DurationThreshold, "500ms for 5m"), (RateThreshold, "10/s for 3m"), (RatioThreshold, "90% for 1m")],
)
def test_a_limit_survives_its_text(kind: Any, text: str) -> None:
    """A recorded component can be judged again: its limits are read back as they were."""
    adapter = TypeAdapter[Threshold[object]](kind)
    limit = adapter.validate_python(text)
    assert adapter.dump_json(limit).decode() == f'"{text}"'
    assert adapter.validate_json(adapter.dump_json(limit)) == limit
    assert adapter.validate_python(limit) is limit
