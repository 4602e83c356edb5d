"""Whether service level objectives are kept: how fast their error budgets burn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import reduce

from basewatch.check import check
from basewatch.components import Slo
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.service.burn_rate import MIN_EVENTS_FOR_BURN_RATE, SloEvents, worst_burn
from checks.service.minute_grid import AlignedSeries, align, read_series
from checks.service.sustained import PromisedLimit, inconclusive_verdict, no_activity_verdict

# What the events of a kind of component are, which of them are bad, and how long the slowest of a hundred took.
_HAPPENED = {"api": "aws_apigateway_requests_total", "function": "aws_lambda_invocations_total"}
_BAD = {"api": "aws_apigateway_server_errors_total", "function": "aws_lambda_errors_total"}
_LATENCY = {"api": "aws_apigateway_latency_seconds", "function": "aws_lambda_duration_seconds"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SliSeries:
    """How many events there were minute by minute, and how many were bad or how long the slowest of a hundred took."""

    event_counts: AlignedSeries
    bad: AlignedSeries | None = None
    p99_seconds: AlignedSeries | None = None


def sli_series(metrics: MetricsClient, slo: Slo) -> SliSeries:
    """The events that the objective speaks of. Raises: ObservationError, when they were not collected."""
    kind = slo.of.partition("/")[0]
    match slo.sli:
        case "throttling":
            throttled = _operations(metrics, slo, "aws_dynamodb_throttled_requests_total")
            # A request that was throttled is in no latency.
            return SliSeries(
                event_counts=throttled.plus(_operations(metrics, slo, "aws_dynamodb_request_latency_seconds_count")),
                bad=throttled,
            )
        case "latency":
            return SliSeries(
                event_counts=read_series(metrics, slo, _HAPPENED[kind], of=slo.of),
                p99_seconds=read_series(metrics, slo, _LATENCY[kind], of=slo.of, quantile="0.99"),
            )
        case "availability":
            return SliSeries(
                event_counts=read_series(metrics, slo, _HAPPENED[kind], of=slo.of),
                bad=read_series(metrics, slo, _BAD[kind], of=slo.of),
            )


def _operations(metrics: MetricsClient, slo: Slo, family: str) -> AlignedSeries:
    judged, lead = metrics.judged_window(slo.ref), min(metrics.warm_up, slo.warm_up)
    return reduce(AlignedSeries.plus, (align(series, judged, lead) for series in metrics.all_series(slo.of, family)))


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
    """The error budget of the objective is never spent so fast that it would not last.

    Why: A limit on one number says that something is odd; the budget says whether tenants have had enough of it.
    Reads: The events of the component that the objective is of, minute by minute: requests and server errors of an API,
    invocations and errors of a function, minutes in which the 99th percentile was too slow, or requests to a table and
    those it throttled. Broken when, at the end of any minute, the budget burned 14.4 times too fast over an hour and
    over 5 minutes (critical: 2% of a month's budget in that hour), or 6 times over 6 hours and over 30 minutes (high).
    A span with fewer than 100 events or 5 bad ones burns nothing, as chance alone would decide.
    Unverified when: The metrics could not be collected, they are missing in more than half of the minutes with events,
    or the window has fewer than 100 events. Without any event it is not applicable.
    Fix: Find what changed before the minute named, and undo it; then see what the objective's own check names.
    Source: https://sre.google/workbook/alerting-on-slos/
    """
    events = _events(facts, slo)
    expected = f"{100 * slo.objective:.6g}% good over {format_duration(slo.window)}"
    told, burn = _told(events, slo), worst_burn(events, slo.error_budget)
    if burn is not None:
        summary = f"The error budget burned {burn}"
        yield failed(summary, observed=told, expected=expected, severity=burn.windows.severity)
        return
    read = facts.p99_seconds or events.bad
    promise = PromisedLimit(what="bad events", limit=0, sustained=read.period, limit_text="", format_value=str)
    doubt = inconclusive_verdict(
        read, facts.event_counts.active_periods, promise, idle_verdict=no_activity_verdict("event")
    )
    happened = sum(value or 0 for value in facts.event_counts.judged)
    if doubt is None and happened < MIN_EVENTS_FOR_BURN_RATE:
        summary = f"{happened:g} events are too few to say how fast the budget burns"
        remedy = "Wait for a window with more of them, or leave objectives to what has traffic."
        doubt = unverified(Reason.NOT_ENOUGH_DATA, summary, observed=told, remedy=remedy)
    good = passed("The error budget lasts", observed=told, expected=expected)
    yield replace(doubt, expected=expected) if doubt else good


def _events(facts: SliSeries, slo: Slo) -> SloEvents:
    """The events of which a share may be bad; of a latency objective they are minutes."""
    happened, p99 = facts.event_counts, facts.p99_seconds
    if facts.bad is not None:
        # DynamoDB tells of throttling only when there is some.
        quiet = slo.sli == "throttling"
        bad = facts.bad.combined(happened, lambda bad, all_: 0.0 if quiet and bad is None and all_ is not None else bad)
        return SloEvents(bad=bad, total=happened, event_counts=happened)
    if p99 is None or slo.below is None:
        raise ValueError("a latency objective has latencies and says which are good")
    limit = slo.below.total_seconds()
    minutes = tuple(None if value is None else 1.0 for value in p99.values)
    late = tuple(None if value is None else float(value > limit) for value in p99.values)
    return SloEvents(bad=p99.with_values(late), total=p99.with_values(minutes), event_counts=happened)


def _told(events: SloEvents, slo: Slo) -> str:
    """The plain numbers of the window, and what share of the whole budget went in it."""
    bad, whole = events.window_totals
    if not whole:
        return "no event"
    judged = events.bad.period * len(events.bad.judged)
    spent = bad / whole / slo.error_budget * (judged / slo.window)
    what = "minutes" if slo.sli == "latency" else "events"
    return (
        f"{100 * (1 - bad / whole):.6g}% good ({bad:g} of {whole:g} {what} bad) in {format_duration(judged)}, "
        f"{100 * spent:.3g}% of the budget of {format_duration(slo.window)}"
    )
