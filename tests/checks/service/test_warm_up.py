"""A breach that goes on at the start of a window is found, and one that ended before it is not reported again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import AuroraCluster, EventRule, Function, Slo
from basewatch.metrics import CollectedMetrics, CollectedSeries, MetricsClient
from basewatch.model import Status, Window
from basewatch.series import Point, Series
from checks.service.aligned_series import AlignedSeries, align, read_series
from checks.service.promises import PromisedLimit
from checks.service.sustained import judge_gauge

START = datetime(2026, 5, 4, 6, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LOAD = PromisedLimit(what="load", limit=10, sustained=3 * MINUTE, limit_text="10 for 3m", format_value=str)
VALUES = st.lists(st.none() | st.integers(0, 20).map(float), min_size=1, max_size=40)


@given(VALUES, st.data())
def test_one_of_two_windows_reports_a_breach(values: list[float | None], data: st.DataObject) -> None:
    """Wherever a series is split into two windows, one of them reports its breach, and none reports another."""
    cut = data.draw(st.integers(0, len(values)))
    whole = AlignedSeries(start=START, period=MINUTE, values=tuple(values))
    first = AlignedSeries(start=START, period=MINUTE, values=tuple(values[:cut]))
    warm_up = min(cut, 3)
    second = AlignedSeries(
        start=START + MINUTE * (cut - warm_up),
        period=MINUTE,
        values=tuple(values[cut - warm_up :]),
        warm_up_periods=warm_up,
    )
    fails = [judge_gauge(part, LOAD).status is Status.FAIL for part in (first, second)]
    assert any(fails) is (judge_gauge(whole, LOAD).status is Status.FAIL)


def test_a_breach_that_ended_is_not_reported_again() -> None:
    """An earlier run reported it, and it did not go on."""
    over = AlignedSeries(start=START, period=MINUTE, values=(11, 11, 11, 1, 1, 1), warm_up_periods=3)
    assert judge_gauge(over, LOAD).status is Status.PASS
    going_on = AlignedSeries(start=START, period=MINUTE, values=(11, 11, 11, 11, 1, 1), warm_up_periods=3)
    assert judge_gauge(going_on, LOAD).status is Status.FAIL


def test_only_the_judged_window_counts_as_data() -> None:
    """Datapoints in the warm-up do not make a PASS of a window without data."""
    silent = AlignedSeries(start=START, period=MINUTE, values=(1, 1, 1, None, None, None), warm_up_periods=3)
    assert judge_gauge(silent, LOAD).status is Status.UNVERIFIED
    assert silent.datapoint_count == 0


@given(st.integers(0, 40), st.integers(1, 40), st.integers(0, 9), st.sampled_from([1, 5]))
def test_consecutive_windows_judge_each_period_once(first: int, second: int, warm_up: int, length: int) -> None:
    """A period of one or five minutes is judged by exactly one window, wherever the windows are split."""
    period = MINUTE * length
    end = START + MINUTE * 120
    points = tuple(Point(period_end=START + period * n, value=float(n)) for n in range(1, 120 // length + 1))
    series = Series(name="s", labels=(), period=period, points=points)
    edges = (START, START + MINUTE * first, START + MINUTE * (first + second), end)
    windows = [Window(start=a, end=b) for a, b in pairwise(edges)]
    judged = [value for window in windows for value in align(series, window, MINUTE * warm_up).judged]
    assert judged == [point.value for point in points]


def test_the_warm_up_of_a_component_follows_from_its_promises() -> None:
    """It is the longest duration of a limit, the interval of a rule, and six hours for an error budget."""
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
def test_a_component_is_judged_since_the_last_run_that_judged_it(since: datetime | None, judged: int) -> None:
    """The minutes that an earlier run judged are only warm-up."""
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
    aligned = read_series(MetricsClient(collected), function, "s")
    assert (len(aligned.judged), aligned.warm_up_periods, aligned.datapoint_count) == (judged, 5, judged)
    (recorded,) = collected.series
    assert len(recorded.points) == 60
