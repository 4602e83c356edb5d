"""Proves that what goes on as a window begins is seen whole, and that what was over before it is not told again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuroraCluster, EventRule, Function, Slo
from basewatch.metrics import CollectedMetrics, CollectedSeries, MetricsClient
from basewatch.model import Point, Series, Status, Window
from checks.service.minute_grid import AlignedSeries, align, read_series
from checks.service.ratios import worst_ratio
from checks.service.sustained import PromisedLimit, judge_sustained

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOAD = PromisedLimit(what="load", limit=10, sustained=3 * MINUTE, limit_text="10 for 3m", format_value=str)
VALUES = st.lists(st.none() | st.integers(0, 20).map(float), min_size=1, max_size=40)


@given(VALUES, st.data())
def test_one_of_two_windows_tells_a_breach(values: list[float | None], data: st.DataObject) -> None:
    """Wherever minutes are cut in two windows, a breach is told by the first or by the second, and none else is."""
    cut = data.draw(st.integers(0, len(values)))
    whole = AlignedSeries(start=START, period=MINUTE, values=tuple(values))
    first = AlignedSeries(start=START, period=MINUTE, values=tuple(values[:cut]))
    lead = min(cut, 3)
    second = AlignedSeries(
        start=START + MINUTE * (cut - lead), period=MINUTE, values=tuple(values[cut - lead :]), warm_up_periods=lead
    )
    told = [judge_sustained(part, (True,) * len(part.values), LOAD).status is Status.FAIL for part in (first, second)]
    assert any(told) is (judge_sustained(whole, (True,) * len(values), LOAD).status is Status.FAIL)


def test_a_breach_that_was_over_is_not_told_again() -> None:
    """The run before told it, and it has not gone on since."""
    over = AlignedSeries(start=START, period=MINUTE, values=(11, 11, 11, 1, 1, 1), warm_up_periods=3)
    assert judge_sustained(over, (True,) * 6, LOAD).status is Status.PASS
    going_on = AlignedSeries(start=START, period=MINUTE, values=(11, 11, 11, 11, 1, 1), warm_up_periods=3)
    assert judge_sustained(going_on, (True,) * 6, LOAD).status is Status.FAIL


def test_only_what_is_judged_counts_as_data() -> None:
    """Minutes before the window that have datapoints are no reason to call a silent window well."""
    silent = AlignedSeries(start=START, period=MINUTE, values=(1, 1, 1, None, None, None), warm_up_periods=3)
    assert judge_sustained(silent, (True,) * 6, LOAD).status is Status.UNVERIFIED
    assert silent.datapoint_count == 0


def test_a_share_of_the_window_leaves_out_what_was_before() -> None:
    """The window as a whole begins where it begins, and a stretch that reaches into it may begin before."""
    whole = AlignedSeries(start=START, period=MINUTE, values=(100.0,) * 6, warm_up_periods=3)
    worst = worst_ratio(whole.with_values((50, 50, 50, 0, 0, 0)), whole, 3 * MINUTE)
    assert worst is not None
    assert (worst.bad, worst.start) == (100, START + MINUTE)
    alone = worst_ratio(whole.with_values((50, 50, 50, 0, 0, 0)), whole, MINUTE)
    assert alone is not None
    assert alone.bad == 0


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 9), st.sampled_from([1, 5]))
def test_windows_that_follow_each_other_judge_each_period_once(first: int, second: int, lead: int, long: int) -> None:
    """Periods of one minute or five, cut anywhere, are judged by one window and by no other."""
    period = MINUTE * long
    end = START + MINUTE * 120
    points = tuple(Point(period_end=START + period * n, value=float(n)) for n in range(1, 120 // long + 1))
    series = Series(name="s", labels=(), period=period, points=points)
    edges = (START, START + MINUTE * first, START + MINUTE * (first + second), end)
    windows = [Window(start=a, end=b) for a, b in pairwise(edges)]
    judged = [value for window in windows for value in align(series, window, MINUTE * lead).judged]
    assert judged == [point.value for point in points]


def test_a_component_says_how_far_back_its_promises_reach() -> None:
    """The longest stretch of a limit, the silence of a rule, and the six hours of a budget."""
    assert Function(name="f").warm_up == timedelta()
    assert (
        Function.model_validate({"name": "f", "errors_below": "5% for 5m", "p95_below": "1s for 9m"}).warm_up
        == 9 * MINUTE
    )
    proxied = {
        "name": "c",
        "backup": {"retention": "1d", "rpo": "1h"},
        "proxy": {"name": "p", "pool_use_below": "9% for 7m"},
    }
    assert AuroraCluster.model_validate(proxied).warm_up == 7 * MINUTE
    assert EventRule.model_validate({"name": "r", "every": "1d"}).warm_up == timedelta(days=1)
    assert (
        Slo.model_validate({"name": "s", "of": "api/a", "sli": "availability", "objective": 0.9}).warm_up
        == 360 * MINUTE
    )


@pytest.mark.parametrize(("since", "judged"), [(None, 60), (START + 50 * MINUTE, 10), (START - MINUTE, 60)])
def test_a_component_is_judged_since_it_was_last_told(since: datetime | None, judged: int) -> None:
    """Where an earlier run could judge a component, the minutes up to there are only what led up to the others."""
    function = Function.model_validate({"name": "f", "errors_below": "5% for 5m"})
    points = tuple(Point(period_end=START + MINUTE * n, value=1.0) for n in range(-9, 61))
    collected = CollectedMetrics(
        window=Window(start=START, end=START + 60 * MINUTE),
        collected_series=(
            CollectedSeries(component="function/f", series=Series(name="s", labels=(), period=MINUTE, points=points)),
        ),
        warm_up=10 * MINUTE,
        judged_until={"function/f": since} if since else {},
    )
    laid = read_series(MetricsClient(collected), function, "s")
    assert (len(laid.judged), laid.warm_up_periods, laid.datapoint_count) == (judged, 5, judged)
    (recorded,) = collected.series
    assert len(recorded.points) == 60
