"""Proves how fast an error budget burns, against a plain reading of the workbook's multi-window rule."""

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
from basewatch.model import Point, Reason, Series, Severity, Status, Verdict, Window
from checks.service.burn_rate import BURN_RATE_WINDOWS, MIN_BAD_EVENTS, MIN_EVENTS_FOR_BURN_RATE, SloEvents, worst_burn
from checks.service.minute_grid import AlignedSeries
from checks.service.slo import budget_lasts

START = datetime(2026, 5, 4, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60
BUDGET = 0.001
Values = Sequence[float | None]


def events(bad: Values, whole: Values, lead: int = 0) -> SloEvents:
    """So much bad of so much, minute by minute."""
    make = partial(AlignedSeries, start=START, period=MINUTE, warm_up_periods=lead)
    return SloEvents(
        bad=make(values=tuple(bad)), total=make(values=tuple(whole)), event_counts=make(values=tuple(whole))
    )


def burned(bad: Values, whole: Values, lead: int = 0) -> bool:
    """The rule, minute by minute and speed by speed, as the workbook has it."""

    def rate(last: int, span: timedelta) -> float:
        first = last - span // MINUTE
        known = [(b, w) for b, w in zip(bad[first:last], whole[first:last], strict=True) if None not in (b, w)]
        total = sum(w or 0 for _, w in known)
        return sum(b or 0 for b, _ in known) / total / BUDGET if total else 0

    def enough(last: int, span: timedelta) -> bool:
        first = last - span // MINUTE
        known = [(b or 0) for b, w in zip(bad[first:last], whole[first:last], strict=True) if None not in (b, w)]
        return sum(w or 0 for w in whole[first:last]) >= MIN_EVENTS_FOR_BURN_RATE and sum(known) >= MIN_BAD_EVENTS

    return any(
        enough(last, speed.long_window)
        and min(rate(last, speed.long_window), rate(last, speed.short_window)) > speed.max_burn_rate
        for speed in BURN_RATE_WINDOWS
        for last in range(max(speed.long_window // MINUTE, lead + 1), len(bad) + 1)
    )


SPELLS = st.lists(st.tuples(st.integers(1, 90), st.sampled_from([0, 0, 1, 5, 20]), st.sampled_from([None, 3, 400])))


@given(SPELLS, st.integers(0, 400))
def test_a_burn_is_what_the_workbook_calls_one(spells: list[tuple[int, int, int | None]], lead: int) -> None:
    """A burn is found exactly when both spans of a speed that end in some judged minute burn faster than it."""
    whole: list[float | None] = [count for length, _, count in spells for _ in range(length)]
    bad: list[float | None] = [None if not n else min(b, n) for length, b, n in spells for _ in range(length)]
    lead = min(lead, len(whole))
    assert (worst_burn(events(bad, whole, lead), BUDGET) is not None) is burned(bad, whole, lead)


def test_the_gravest_speed_is_told() -> None:
    """An hour at twenty times the budget pages at once, however it looks over six hours."""
    burn = worst_burn(events([*[0] * 300, *[2] * 60], [100] * 360), BUDGET)
    assert burn is not None
    assert burn.windows.severity is Severity.CRITICAL
    assert str(burn) == "20 times too fast over the 1h to 2026-05-04 06:00 UTC, and 20 over the last 5m"


def test_what_is_over_is_not_told_again() -> None:
    """A burst that ended before the window is in its long span, and no longer in its short one."""
    over = events([*[5] * 60, *[0] * 60], [100] * 120, lead=66)
    assert worst_burn(over, BUDGET) is None
    assert worst_burn(events([*[5] * 60, *[0] * 60], [100] * 120, lead=55), BUDGET) is not None


def test_few_events_burn_nothing() -> None:
    """One failure of one request at night is all of them, and no reason to wake anybody."""
    assert worst_burn(events([1, *[0] * 59], [1, *[0] * 59]), BUDGET) is None
    assert worst_burn(events([*[0] * 56, *[1] * 4], [2] * 60), BUDGET) is None
    assert worst_burn(events([*[0] * 55, *[1] * 5], [2] * 60), BUDGET) is not None


def slo(**more: str) -> Slo:
    """An objective of 99%."""
    return Slo.model_validate({"name": "good", "objective": "99%", **more})


def judged(objective: Slo, *series: tuple[str, dict[str, str], Values], lead: int = 0) -> Verdict:
    """The verdict of the objective on these series of its component."""
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
    window = Window(start=START + MINUTE * lead, end=START + MINUTE * length)
    collected = CollectedMetrics(window=window, collected_series=readings, warm_up=MINUTE * lead)
    (verdict,) = budget_lasts.judge(budget_lasts.observe(MetricsClient(collected), objective), objective, window.end)
    return verdict


@pytest.mark.parametrize(("slow", "status"), [(8, Status.PASS), (9, Status.FAIL)])
def test_a_latency_objective_counts_minutes(slow: int, status: Status) -> None:
    """Nine slow minutes of an hour are 15%, which is more than 14.4 times one per cent."""
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
    """A throttled request is in no latency, and silence of throttling is none of it."""
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
    """The sum over some operations says nothing of all of them."""
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
def test_a_burn_that_goes_on_since_before_the_window_is_seen(of: str, prefix: str) -> None:
    """With five minutes judged, an hour of failures is still an hour."""
    happened, bad = {
        "api": ("aws_apigateway_requests_total", "aws_apigateway_server_errors_total"),
        "function": ("aws_lambda_invocations_total", "aws_lambda_errors_total"),
    }[prefix]
    up = slo(of=of, sli="availability")
    verdict = judged(up, (happened, {}, [100] * HOUR), (bad, {}, [20] * HOUR), lead=HOUR - 5)
    assert (verdict.status, verdict.severity) == (Status.FAIL, Severity.CRITICAL)
    assert "in 5m," in verdict.observed
