"""Proves the one judgement that all service checks share, against a plain reading of what "sustained" means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Point, Reason, Series, Status, Verdict, Window
from checks.service.minute_grid import AlignedSeries, align
from checks.service.ratios import MIN_EVENTS_PER_RATIO, worst_ratio
from checks.service.sustained import PromisedLimit, judge_sustained, longest_time_above, no_activity_verdict

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
IDLE = no_activity_verdict("request")
VALUES = st.lists(st.none() | st.integers(0, 20).map(float), max_size=40)


def track(*values: float | None) -> AlignedSeries:
    """These values, one a minute."""
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


def judged(*values: float | None, busy: tuple[bool, ...] | None = None, minutes: int = 3) -> Verdict:
    """The verdict on these minutes, all of them busy unless said otherwise."""
    return judge_sustained(track(*values), busy or (True,) * len(values), promise(minutes=minutes), idle_verdict=IDLE)


@given(VALUES, st.integers(1, 6))
def test_fail_means_that_many_minutes_in_a_row_above(values: list[float | None], minutes: int) -> None:
    """FAIL exactly when some stretch of that many minutes has a value above the limit in each of them."""
    slices = (values[first : first + minutes] for first in range(len(values) - minutes + 1))
    broken = any(all(value is not None and value > 10 for value in part) for part in slices)
    assert (judged(*values, minutes=minutes).status is Status.FAIL) is broken


@given(VALUES)
def test_pass_needs_data_in_half_of_the_busy_minutes(values: list[float | None]) -> None:
    """PASS never stands on silence: at least one datapoint, and half of those to be expected."""
    verdict = judged(*values)
    if verdict.status is Status.PASS:
        known = sum(value is not None for value in values)
        assert known >= 1
        assert 2 * known >= len(values)
        assert len(values) >= 3


@given(st.lists(st.none() | st.integers(0, 10).map(float), min_size=3, max_size=40))
def test_nothing_above_the_limit_never_fails(values: list[float | None]) -> None:
    """A value at the limit is within it, and a minute without data is no breach."""
    assert judged(*values).status is not Status.FAIL


def test_a_minute_without_data_ends_a_stretch() -> None:
    """Nobody knows what a silent minute was like, so it does not join two short breaches to a long one."""
    assert judged(11, 11, None, 11, 11).status is Status.PASS
    assert judged(11, 11, 11, None, 11).status is Status.FAIL


def test_a_breach_is_a_fail_however_little_else_is_known() -> None:
    """What was seen stands, even when most of the window is missing."""
    assert judged(12, 12, 12, *[None] * 30).status is Status.FAIL


def test_too_little_data_is_unverified() -> None:
    """With datapoints in fewer than half of the busy minutes nobody can tell."""
    verdict = judged(1, None, None, None, 1)
    assert (verdict.status, verdict.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert "2 of 5 minutes" in verdict.summary


def test_silence_where_nothing_happened_is_expected() -> None:
    """Minutes without traffic need no datapoint; without any traffic there is nothing to judge."""
    assert judged(1, None, None, None, busy=(True, False, False, False)).status is Status.PASS
    assert judged(None, None, None, busy=(False,) * 3).status is Status.NOT_APPLICABLE


def test_a_window_shorter_than_the_stretch_is_unverified() -> None:
    """Two minutes can not show what lasted three, but they can show a breach of one."""
    assert judged(1, 1).status is Status.UNVERIFIED
    assert judged(1, 1, minutes=0).status is Status.PASS
    assert judged(1, 11, minutes=0).status is Status.FAIL
    assert judged().status is Status.UNVERIFIED


def test_a_finding_says_how_long_since_when_and_how_bad() -> None:
    """The longest stretch is told, with its beginning and its highest value."""
    verdict = judged(1, 11, 15, 12, 11, 1, 19, 19, 19)
    assert verdict.observed == "15 at most, above the limit for 4m from 2026-05-04 06:01 UTC"
    assert verdict.expected == "load below 10 for 3m"


@given(VALUES)
def test_the_longest_stretch_lies_within_the_track(values: list[float | None]) -> None:
    """A stretch is as long as its minutes, and every one of them is above the limit."""
    stretch = longest_time_above(track(*values), 10)
    if stretch is None:
        assert all(value is None or value <= 10 for value in values)
    else:
        first, count = (stretch.start - START) // MINUTE, stretch.length // MINUTE
        inside = [value for value in values[first : first + count] if value is not None]
        assert len(inside) == count
        assert min(inside) > 10
        assert max(inside) == stretch.peak


def test_a_series_is_laid_on_its_window() -> None:
    """Each point stands in the minute that it covers; what lies outside the window is left out."""
    points = tuple(Point(period_end=START + MINUTE * minute, value=float(minute)) for minute in (0, 1, 3, 4, 9))
    series = Series(name="s", labels=(), period=MINUTE, points=points)
    laid = align(series, Window(start=START, end=START + 4 * MINUTE))
    assert laid == track(1, None, 3, 4)
    assert laid.datapoint_count == 3


WHOLE = st.lists(st.integers(0, 60).map(float), min_size=1, max_size=30)


@given(WHOLE, st.data(), st.integers(1, 6))
def test_the_worst_share_is_the_worst(whole: list[float], data: st.DataObject, minutes: int) -> None:
    """No stretch with enough things, nor the window as a whole, has a higher share than the one told."""
    part = [float(data.draw(st.integers(0, int(count)))) for count in whole]
    worst = worst_ratio(track(*part), track(*whole), MINUTE * minutes)
    shares = [sum(part) / sum(whole)] if sum(whole) else []
    for first in range(len(whole) - minutes + 1):
        count = sum(whole[first : first + minutes])
        if count >= MIN_EVENTS_PER_RATIO:
            shares.append(sum(part[first : first + minutes]) / count)
    assert (worst.value if worst else None) == (pytest.approx(max(shares)) if shares else None)


def test_few_things_are_judged_over_the_whole_window() -> None:
    """One failure among ten calls in five minutes says little; ten among a hundred in the window say something."""
    quiet = worst_ratio(track(1, 0, 0, 0), track(2, 2, 2, 30), 2 * MINUTE)
    assert quiet is not None
    assert (quiet.bad, quiet.total) == (1, 36)
    alone = worst_ratio(track(None, 1, None), track(None, 1, None), MINUTE)
    assert alone is not None
    assert (alone.value, str(alone)) == (1.0, "100% (1 of 1) in 3m from 2026-05-04 06:00 UTC")


def test_a_minute_in_which_either_number_is_missing_is_left_out() -> None:
    """Invocations whose errors are unknown do not water the share down."""
    worst = worst_ratio(track(5, None), track(20, 1000), 2 * MINUTE)
    assert worst is not None
    assert (worst.bad, worst.total) == (5, 20)
    assert worst_ratio(track(None, None), track(None, 0), MINUTE) is None
