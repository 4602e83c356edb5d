"""The burn rate of an error budget agrees with a plain implementation of the workbook's multiwindow rule."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Slo
from basewatch.errors import ObservationError
from basewatch.metrics import CollectedMetrics, CollectedSeries, CollectionGap, MetricsClient
from basewatch.model import Reason, Severity, Status, Verdict, Window
from basewatch.series import Point, Series
from checks.service.aligned_series import AlignedSeries
from checks.service.burn_rate import BURN_RATE_WINDOWS, MIN_BAD_EVENTS, MIN_EVENTS_FOR_BURN_RATE, SloEvents, worst_burn
from checks.service.slo import budget_lasts

START = datetime(2026, 5, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60
BUDGET = 0.001
Values = Sequence[float | None]


def events(bad: Values, total: Values, warm_up: int = 0) -> SloEvents:
    """Bad and total events, minute by minute."""
    make = partial(AlignedSeries, start=START, period=MINUTE, warm_up_periods=warm_up)
    return SloEvents(
        bad=make(values=tuple(bad)), total=make(values=tuple(total)), event_counts=make(values=tuple(total))
    )


def burned(bad: Values, total: Values, warm_up: int = 0) -> bool:
    """The rule of the workbook, for each minute and each pair of windows."""

    def rate(last: int, window: timedelta) -> float:
        first = last - window // MINUTE
        known = [(b, t) for b, t in zip(bad[first:last], total[first:last], strict=True) if None not in (b, t)]
        count = sum(t or 0 for _, t in known)
        return sum(b or 0 for b, _ in known) / count / BUDGET if count else 0

    def enough(last: int, window: timedelta) -> bool:
        first = last - window // MINUTE
        known = [(b or 0) for b, t in zip(bad[first:last], total[first:last], strict=True) if None not in (b, t)]
        return sum(t or 0 for t in total[first:last]) >= MIN_EVENTS_FOR_BURN_RATE and sum(known) >= MIN_BAD_EVENTS

    return any(
        enough(last, windows.long_window)
        and min(rate(last, windows.long_window), rate(last, windows.short_window)) > windows.max_burn_rate
        for windows in BURN_RATE_WINDOWS
        for last in range(max(windows.long_window // MINUTE, warm_up + 1), len(bad) + 1)
    )


# Length in minutes, bad events and total events of each interval.
INTERVALS = st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0, 0, 1, 5, 20]), st.sampled_from([None, 3, 400])))


@given(INTERVALS, st.integers(0, 400))
def test_a_burn_is_found_exactly_by_the_rule_of_the_workbook(
    intervals: list[tuple[int, int, int | None]], warm_up: int
) -> None:
    """A burn is found exactly when both rates of a pair of windows are above their maximum at some judged minute."""
    total: list[float | None] = [count for length, _, count in intervals for _ in range(length)]
    bad: list[float | None] = [None if not n else min(b, n) for length, b, n in intervals for _ in range(length)]
    warm_up = min(warm_up, len(total))
    assert (worst_burn(events(bad, total, warm_up), BUDGET) is not None) is burned(bad, total, warm_up)


def test_the_most_severe_windows_are_reported() -> None:
    """An hour at a burn rate of 20 is critical, whatever the rate over six hours."""
    burn = worst_burn(events([*[0] * 300, *[2] * 60], [100] * 360), BUDGET)
    assert burn is not None
    assert burn.windows.severity is Severity.CRITICAL
    assert str(burn) == "20 times too fast over the 1h to 2026-05-04 06:00 UTC, and 20 times over the last 5m"


def test_a_burst_that_ended_is_not_reported_again() -> None:
    """A burst that ended before the judged window is in the long window, but no longer in the short one."""
    over = events([*[5] * 60, *[0] * 60], [100] * 120, warm_up=66)
    assert worst_burn(over, BUDGET) is None
    assert worst_burn(events([*[5] * 60, *[0] * 60], [100] * 120, warm_up=55), BUDGET) is not None


def test_windows_with_few_events_are_not_evaluated() -> None:
    """One failure of one request at night is 100%, but too small a sample."""
    assert worst_burn(events([1, *[0] * 59], [1, *[0] * 59]), BUDGET) is None
    assert worst_burn(events([*[0] * 56, *[1] * 4], [2] * 60), BUDGET) is None
    assert worst_burn(events([*[0] * 55, *[1] * 5], [2] * 60), BUDGET) is not None


def slo(**more: str) -> Slo:
    """An objective of 99%."""
    return Slo.model_validate({"name": "good", "objective": "99%", **more})


def judged(objective: Slo, *series: tuple[str, dict[str, str], Values], warm_up: int = 0) -> Verdict:
    """The verdict on the objective, from these series of its component."""
    readings = tuple(
        CollectedSeries(
            component=objective.of,
            series=Series(
                name=name,
                labels=tuple(labels.items()),
                period=MINUTE,
                points=tuple(
                    Point(period_end=START + MINUTE * (at + 1), value=value)
                    for at, value in enumerate(values)
                    if value is not None
                ),
            ),
        )
        for name, labels, values in series
    )
    length = max(len(values) for _, _, values in series)
    window = Window(start=START + MINUTE * warm_up, end=START + MINUTE * length)
    collected = CollectedMetrics(window=window, collected_series=readings, warm_up=MINUTE * warm_up)
    (verdict,) = budget_lasts.judge(budget_lasts.observe(MetricsClient(collected), objective), objective, window.end)
    return verdict


@pytest.mark.parametrize(("slow", "status"), [(8, Status.UNVERIFIED), (9, Status.FAIL)])
def test_a_latency_objective_counts_minutes(slow: int, status: Status) -> None:
    """Nine slow minutes of an hour are 15%, more than 14.4 times the budget of 1%."""
    fast = slo(of="api/front", sli="latency", below="500ms")
    p99 = [*[0.2] * (HOUR - slow), *[0.501] * slow]
    verdict = judged(
        fast,
        ("aws_apigateway_requests_total", {}, [50] * HOUR),
        ("aws_apigateway_latency_seconds", {"quantile": "0.99"}, p99),
        ("aws_apigateway_latency_seconds", {"quantile": "0.95"}, [9.0] * HOUR),
    )
    assert verdict.status is status
    assert f"({slow} of 60 minutes bad)" in verdict.observed


def test_a_throttling_objective_counts_requests_of_every_operation() -> None:
    """The latency metrics do not count throttled requests, and a missing throttling metric means zero."""
    kept = slo(of="table/customers", sli="throttling")
    operations: dict[str, Values] = {"GetItem": [None] * HOUR, "PutItem": [*[None] * 50, *[30.0] * 10]}
    verdict = judged(
        kept,
        *(
            series
            for operation, throttled in operations.items()
            for series in (
                ("aws_dynamodb_throttled_requests_total", {"operation": operation}, throttled),
                ("aws_dynamodb_request_latency_seconds_count", {"operation": operation}, [10.0] * HOUR),
            )
        ),
    )
    assert verdict.status is Status.FAIL
    assert "(300 of 1500 events bad)" in verdict.observed


def test_an_operation_that_was_not_collected_leaves_the_objective_unverified() -> None:
    """The sum over some operations is not the sum over all."""
    kept = slo(of="table/customers", sli="throttling")
    reading = CollectedSeries(
        component="table/customers",
        series=Series(
            name="aws_dynamodb_throttled_requests_total", labels=(("operation", "GetItem"),), period=MINUTE, points=()
        ),
    )
    gap = CollectionGap(
        collector="dynamodb",
        component="table/customers",
        reason=Reason.THROTTLED,
        detail="throttled",
        family="aws_dynamodb_throttled_requests_total",
    )
    collected = CollectedMetrics(
        window=Window(start=START, end=START + MINUTE), collected_series=(reading,), gaps=(gap,)
    )
    with pytest.raises(ObservationError) as raised:
        budget_lasts.observe(MetricsClient(collected), kept)
    assert raised.value.reason is Reason.THROTTLED


@pytest.mark.parametrize(("of", "prefix"), [("api/front", "api"), ("function/auth", "function")])
def test_a_burn_that_started_before_the_window_is_found(of: str, prefix: str) -> None:
    """An hour of failures is found when only its last five minutes are judged."""
    total, bad = {
        "api": ("aws_apigateway_requests_total", "aws_apigateway_server_errors_total"),
        "function": ("aws_lambda_invocations_total", "aws_lambda_errors_total"),
    }[prefix]
    up = slo(of=of, sli="availability")
    verdict = judged(up, (total, {}, [100] * HOUR), (bad, {}, [20] * HOUR), warm_up=HOUR - 5)
    assert (verdict.status, verdict.severity) == (Status.FAIL, Severity.CRITICAL)
    assert "in 5m," in verdict.observed
