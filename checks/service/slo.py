"""A check of service level objectives, by the burn rate of their error budgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from basewatch.check import check
from basewatch.components import Slo
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries, read_series, read_sum
from checks.service.burn_rate import MIN_EVENTS_FOR_BURN_RATE, SloEvents, worst_burn
from checks.service.promises import PromisedLimit
from checks.service.sustained import inconclusive_verdict, no_activity_verdict

# By kind of component: the metrics of all events, of the bad ones, and of the 99th percentile of the latency.
_EVENTS = {"api": "aws_apigateway_requests_total", "function": "aws_lambda_invocations_total"}
_BAD = {"api": "aws_apigateway_server_errors_total", "function": "aws_lambda_errors_total"}
_LATENCY = {"api": "aws_apigateway_latency_seconds", "function": "aws_lambda_duration_seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SliSeries:
    """The events of an objective, minute by minute, with the bad ones or with the 99th percentile of the latency."""

    event_counts: AlignedSeries
    bad: AlignedSeries | None = None
    p99_seconds: AlignedSeries | None = None


def sli_series(metrics: MetricsClient, slo: Slo) -> SliSeries:
    """The events of the objective. Raises: ObservationError, when they were not collected."""
    kind = slo.of.partition("/")[0]
    match slo.sli:
        case "throttling":
            throttled = read_sum(metrics, slo, "aws_dynamodb_throttled_requests_total", of=slo.of)
            # The latency metrics do not count throttled requests.
            return SliSeries(
                event_counts=throttled.plus(
                    read_sum(metrics, slo, "aws_dynamodb_request_latency_seconds_count", of=slo.of)
                ),
                bad=throttled,
            )
        case "latency":
            return SliSeries(
                event_counts=read_series(metrics, slo, _EVENTS[kind], of=slo.of),
                p99_seconds=read_series(metrics, slo, _LATENCY[kind], of=slo.of, quantile="0.99"),
            )
        case "availability":
            return SliSeries(
                event_counts=read_series(metrics, slo, _EVENTS[kind], of=slo.of),
                bad=read_series(metrics, slo, _BAD[kind], of=slo.of),
            )
        case _:
            assert_never(slo.sli)


@check(
    "service.slo.burn",
    component=Slo,
    observe=sli_series,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("objective",),
)
def budget_lasts(facts: SliSeries, slo: Slo, _now: datetime) -> Iterator[Verdict]:
    """The error budget of the objective never burns too fast to last for its window.

    Why: A limit on one metric shows an anomaly; the error budget shows whether it is more than tenants were promised.
    Reads: The events of the objective's component, minute by minute: requests and server errors of an API, invocations
    and errors of a function, minutes in which the 99th percentile was above the limit, or requests to a table and the
    throttled ones. It fails when, at the end of any minute, the burn rate was above 14.4 over 1 hour and over 5 minutes
    (critical: 2% of a month's budget in one hour), or above 6 over 6 hours and over 30 minutes (high). Windows with
    fewer than 100 events, or fewer than 5 bad ones, are not evaluated: the sample is too small.
    Unverified when: The metrics could not be collected, they are missing in more than half of the minutes with events,
    or the window has fewer than 100 events. Without any event it is not applicable.
    Fix: Find the change before the minute in the finding and roll it back; then follow the check of the same metric.
    Source: https://sre.google/workbook/alerting-on-slos/
    """
    events = _events(facts, slo)
    expected = f"{100 * slo.objective:.6g}% good over {format_duration(slo.window)}"
    observed, burn = _observed(events, slo), worst_burn(events, slo.error_budget)
    if burn is not None:
        summary = f"The error budget burned {burn}"
        yield failed(summary, observed=observed, expected=expected, severity=burn.windows.severity)
        return
    series = facts.p99_seconds or events.bad
    promise = PromisedLimit(what="bad events", limit=0, sustained=series.period, limit_text="", format_value=str)
    inconclusive = inconclusive_verdict(
        series, facts.event_counts.active_periods, promise, no_activity_verdict("event")
    )
    count = sum(value or 0 for value in facts.event_counts.judged)
    if inconclusive is None and count < MIN_EVENTS_FOR_BURN_RATE:
        summary = f"The window has {count:g} events, too few to compute a burn rate"
        remedy = "Wait for a window with more events, or declare objectives only for components with traffic."
        inconclusive = unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, remedy=remedy)
    good = passed("The error budget burns slowly enough to last", observed=observed, expected=expected)
    yield replace(inconclusive, expected=expected) if inconclusive else good


def _events(facts: SliSeries, slo: Slo) -> SloEvents:
    """The bad and the total events; of a latency objective, bad and total minutes."""
    counts, p99 = facts.event_counts, facts.p99_seconds
    if facts.bad is not None:
        # DynamoDB publishes throttled requests only when there are some.
        zero_omitted = slo.sli == "throttling"
        bad = facts.bad.combined(
            counts, lambda bad, count: 0.0 if zero_omitted and bad is None and count is not None else bad
        )
        return SloEvents(bad=bad, total=counts, event_counts=counts)
    if p99 is None or slo.below is None:
        raise ValueError("a latency objective needs latencies and a limit")
    limit = slo.below.total_seconds()
    minutes = tuple(None if value is None else 1.0 for value in p99.values)
    slow = tuple(None if value is None else float(value > limit) for value in p99.values)
    return SloEvents(bad=p99.with_values(slow), total=p99.with_values(minutes), event_counts=counts)


def _observed(events: SloEvents, slo: Slo) -> str:
    """The counts of the window, and the part of the error budget that it used."""
    bad, total = events.window_totals
    if not total:
        return "no event"
    judged = events.bad.period * len(events.bad.judged)
    used = bad / total / slo.error_budget * (judged / slo.window)
    unit = "minutes" if slo.sli == "latency" else "events"
    return (
        f"{100 * (1 - bad / total):.6g}% good ({bad:g} of {total:g} {unit} bad) in {format_duration(judged)}, "
        f"{100 * used:.3g}% of the budget of {format_duration(slo.window)} used"
    )
