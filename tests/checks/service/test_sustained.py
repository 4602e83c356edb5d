"""The judges of sustained values and of ratios agree with a plain definition of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Point, Reason, Series, Status, Verdict, Window
from checks.service.aligned_series import AlignedSeries, align
from checks.service.ratios import MIN_EVENTS_PER_RATIO, worst_ratio
from checks.service.sustained import PromisedLimit, judge_sustained, longest_time_above, no_activity_verdict

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IDLE = no_activity_verdict("request")
VALUES = st.lists(st.none() | st.integers(0, 20).map(float), max_size=40)


def series_of(*values: float | None) -> AlignedSeries:
    """These values, one per minute."""
    return AlignedSeries(start=START, period=MINUTE, values=values)


def promise(limit: float = 10, minutes: int = 3) -> PromisedLimit:
    """At most `limit` for `minutes`."""
    return PromisedLimit(
        what="load",
        limit=limit,
        sustained=MINUTE * minutes,
        limit_text=f"{limit} for {minutes}m",
        format_value=lambda value: f"{value:g}",
    )


def judged(*values: float | None, active: tuple[bool, ...] | None = None, minutes: int = 3) -> Verdict:
    """The verdict on these minutes, all of them active by default."""
    periods = active or (True,) * len(values)
    return judge_sustained(series_of(*values), periods, promise(minutes=minutes), idle_verdict=IDLE)


@given(VALUES, st.integers(1, 6))
def test_fail_means_that_many_minutes_in_a_row_above(values: list[float | None], minutes: int) -> None:
    """FAIL exactly when each of that many consecutive minutes has a value above the limit."""
    slices = (values[first : first + minutes] for first in range(len(values) - minutes + 1))
    broken = any(all(value is not None and value > 10 for value in part) for part in slices)
    assert (judged(*values, minutes=minutes).status is Status.FAIL) is broken


@given(VALUES)
def test_pass_needs_data_in_half_of_the_active_minutes(values: list[float | None]) -> None:
    """PASS needs at least one datapoint, and datapoints in half of the active minutes."""
    verdict = judged(*values)
    if verdict.status is Status.PASS:
        known = sum(value is not None for value in values)
        assert known >= 1
        assert 2 * known >= len(values)
        assert len(values) >= 3


@given(st.lists(st.none() | st.integers(0, 10).map(float), min_size=3, max_size=40))
def test_nothing_above_the_limit_never_fails(values: list[float | None]) -> None:
    """A value at the limit and a minute without data are no breach."""
    assert judged(*values).status is not Status.FAIL


def test_a_minute_without_data_interrupts_an_interval() -> None:
    """The value of a minute without data is unknown, so two short breaches around it are not one long breach."""
    assert judged(11, 11, None, 11, 11).status is Status.PASS
    assert judged(11, 11, 11, None, 11).status is Status.FAIL


def test_a_breach_is_a_fail_even_when_most_data_is_missing() -> None:
    """An observed breach counts, even when most of the window has no data."""
    assert judged(12, 12, 12, *[None] * 30).status is Status.FAIL


def test_too_little_data_is_unverified() -> None:
    """With datapoints in fewer than half of the active minutes the verdict is UNVERIFIED."""
    verdict = judged(1, None, None, None, 1)
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert "2 of 5 minutes" in verdict.summary


def test_idle_minutes_need_no_data() -> None:
    """Minutes without traffic need no datapoint; without any traffic the check is not applicable."""
    assert judged(1, None, None, None, active=(True, False, False, False)).status is Status.PASS
    assert judged(None, None, None, active=(False,) * 3).status is Status.NOT_APPLICABLE


def test_a_window_shorter_than_the_promised_duration_is_unverified() -> None:
    """Two minutes cannot show a breach of three minutes, but they can show one of one minute."""
    assert judged(1, 1).status is Status.UNVERIFIED
    assert judged(1, 1, minutes=0).status is Status.PASS
    assert judged(1, 11, minutes=0).status is Status.FAIL
    assert judged().status is Status.UNVERIFIED


def test_a_finding_states_the_duration_the_start_and_the_peak() -> None:
    """The finding is about the longest interval, with its start and its highest value."""
    verdict = judged(1, 11, 15, 12, 11, 1, 19, 19, 19)
    assert verdict.observed == "peak 15, above the limit for 4m from 2026-05-04 06:01 UTC"
    assert verdict.expected == "load below 10 for 3m"


@given(VALUES)
def test_the_longest_interval_is_within_the_series(values: list[float | None]) -> None:
    """An interval has the length of its minutes, and each of them is above the limit."""
    interval = longest_time_above(series_of(*values), 10)
    if interval is None:
        assert all(value is None or value <= 10 for value in values)
    else:
        first, count = (interval.start - START) // MINUTE, interval.length // MINUTE
        inside = [value for value in values[first : first + count] if value is not None]
        assert len(inside) == count
        assert min(inside) > 10
        assert max(inside) == interval.peak


def test_a_series_is_aligned_to_its_window() -> None:
    """Each point is in the minute that it covers, and points outside the window are left out."""
    points = tuple(Point(period_end=START + MINUTE * minute, value=float(minute)) for minute in (0, 1, 3, 4, 9))
    series = Series(name="s", labels=(), period=MINUTE, points=points)
    aligned = align(series, Window(start=START, end=START + 4 * MINUTE))
    assert aligned == series_of(1, None, 3, 4)
    assert aligned.datapoint_count == 3


TOTALS = st.lists(st.integers(0, 60).map(float), min_size=1, max_size=30)


@given(TOTALS, st.data(), st.integers(1, 6))
def test_the_worst_ratio_is_the_highest(totals: list[float], data: st.DataObject, minutes: int) -> None:
    """No interval with enough events, nor the window as a whole, has a higher ratio than the returned one."""
    bad = [float(data.draw(st.integers(0, int(count)))) for count in totals]
    worst = worst_ratio(series_of(*bad), series_of(*totals), MINUTE * minutes)
    ratios = [sum(bad) / sum(totals)] if sum(totals) else []
    for first in range(len(totals) - minutes + 1):
        count = sum(totals[first : first + minutes])
        if count >= MIN_EVENTS_PER_RATIO:
            ratios.append(sum(bad[first : first + minutes]) / count)
    assert (worst.value if worst else None) == (pytest.approx(max(ratios)) if ratios else None)


def test_few_events_are_judged_over_the_whole_window() -> None:
    """An interval with few events is left out, while the window counts with any number of events."""
    quiet = worst_ratio(series_of(1, 0, 0, 0), series_of(2, 2, 2, 30), 2 * MINUTE)
    assert quiet is not None
    assert (quiet.bad, quiet.total) == (1, 36)
    alone = worst_ratio(series_of(None, 1, None), series_of(None, 1, None), MINUTE)
    assert alone is not None
    assert (alone.value, str(alone)) == (1.0, "100% (1 of 1) in 3m from 2026-05-04 06:00 UTC")


def test_a_minute_in_which_either_number_is_missing_is_left_out() -> None:
    """Invocations whose errors are unknown do not lower the ratio."""
    worst = worst_ratio(series_of(5, None), series_of(20, 1000), 2 * MINUTE)
    assert worst is not None
    assert (worst.bad, worst.total) == (5, 20)
    assert worst_ratio(series_of(None, None), series_of(None, 0), MINUTE) is None
