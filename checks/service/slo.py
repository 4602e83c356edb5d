"""A check of service level objectives: their error budgets, and how fast they burn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from basewatch.check import FollowsFrom, check
from basewatch.components import Relation, Slo
from basewatch.errors import ObservationError
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series, read_sum
from checks.service.burn_rate import MIN_BAD_EVENTS, MIN_EVENTS_FOR_BURN_RATE, SloEvents, worst_burn
from checks.service.error_budget import PastEvents, slow_burn, steady_burn, used_budget
from checks.service.past_events import past_events
from checks.service.period_kinds import with_events
from checks.service.promises import PromisedLimit
from checks.service.sli_families import sli_families
from checks.service.sustained import LATE_REMEDY, inconclusive_verdict, no_activity_verdict

_QUIET = no_activity_verdict("event")
_BAD_EVENTS = PromisedLimit(what="bad events", limit=0, sustained=timedelta(minutes=1), limit_text="", format_value=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class SliSeries:
    """The events of the objective, minute by minute, with the bad ones or with the 99th percentile of the latency.

    `past` are the events of the objective's whole window; None when they could not be read, because of `past_unread`.
    """

    event_counts: AlignedSeries
    bad: AlignedSeries | None = None
    p99_seconds: AlignedSeries | None = None
    past: PastEvents | None = None
    past_unread: str = ""


def sli_series(metrics: MetricsClient, slo: Slo) -> SliSeries:
    """The events of the objective. Raises: ObservationError, when those of the window were not collected."""
    families = sli_families(slo)
    past, unread = None, ""
    try:
        past = past_events(metrics, slo)
    except ObservationError as error:
        unread = error.detail
    if families.latency:
        return SliSeries(
            event_counts=read_series(metrics, slo, families.events, of=slo.of),
            p99_seconds=read_series(metrics, slo, families.latency, of=slo.of, quantile=families.quantile),
            past=past,
            past_unread=unread,
        )
    bad, events = (read_sum(metrics, slo, family, of=slo.of) for family in (families.bad, families.events))
    return SliSeries(
        event_counts=events.plus(bad) if families.bad_are_apart else events, bad=bad, past=past, past_unread=unread
    )


@check(
    "service.slo.burn",
    component=Slo,
    observe=sli_series,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("objective",),
    follows_from=(
        no_data_because_of("inventory.*", of=Relation.OBJECTIVE),
        FollowsFrom(check="inventory.*", of=Relation.OBJECTIVE),
        FollowsFrom(check="service.function.errors", of=Relation.OBJECTIVE, where=(("sli", "availability"),)),
        FollowsFrom(check="service.api.server_errors", of=Relation.OBJECTIVE, where=(("sli", "availability"),)),
        FollowsFrom(check="service.*.latency", of=Relation.OBJECTIVE, where=(("sli", "latency"),)),
        FollowsFrom(check="service.table.throttles", of=Relation.OBJECTIVE, where=(("sli", "throttling"),)),
        *DEPENDENCIES,
    ),
)
def budget_lasts(facts: SliSeries, slo: Slo, _now: datetime) -> Iterator[Verdict]:
    """The error budget of the objective lasts for its window.

    Why: A limit on one metric shows an anomaly; the error budget shows whether it is more than tenants were promised.
    Reads: The events of the objective's component: requests and server errors of an API, invocations and errors of a
    function, minutes in which the 99th percentile was above the limit, or requests to a table and the throttled ones.
    It reads minutes of the last hours (of a latency: of 13 days), and six-hour blocks of the objective's whole window.
    It fails when, at the end of any minute, the burn rate was above 14.4 over 1 hour and over 5 minutes (critical: 2%
    of a month's budget in one hour), or above 6 over 6 hours and over 30 minutes (high); when the objective was missed
    over its window (high); and when the budget burns slowly but too fast to last: 3 times over 1 day and 2 hours, or 1
    time over 3 days and 6 hours (medium). Times with fewer than 100 events, or fewer than 5 bad ones, are not
    evaluated: the sample is too small.
    Unverified when: The metrics could not be collected, minutes are missing that may hide a burn, there are fewer than
    100 events, or the objective's window could not be read. Then a burn in each of six hours or more is still a
    failure. Without any event it is not applicable.
    Fix: Find the change before the minute in the finding and roll it back; then follow the check of the same metric.
    Source: https://sre.google/workbook/alerting-on-slos/
    """
    events = _events(facts, slo)
    verdict = _fast_burn(events, slo)
    if verdict is None and facts.past is not None:
        verdict = _over_its_window(facts.past, events, slo)
    if verdict is None:
        verdict = _over_the_minutes(facts, events, slo)
    yield replace(verdict, expected=f"{100 * slo.objective:.6g}% good over {format_duration(slo.window)}")


def _fast_burn(events: SloEvents, slo: Slo) -> Verdict | None:
    burn = worst_burn(events, slo.error_budget)
    if burn is None:
        return None
    summary, severity = f"The error budget burned {burn}", burn.windows.severity
    return failed(summary, observed=_observed(events, slo), severity=severity)


def _over_its_window(past: PastEvents, events: SloEvents, slo: Slo) -> Verdict | None:
    """The verdict by the objective's whole window; None, when it has too few events."""
    unit = "minutes" if slo.sli == "latency" else "events"
    used = used_budget(past, events, slo.window, unit)
    if used.total < MIN_EVENTS_FOR_BURN_RATE:
        return None
    ratio, at_most = used.ratio(used.bad), used.ratio(used.bad_at_most)
    observed = f"{used}, {100 * ratio / slo.error_budget:.3g}% of the budget used"
    if ratio > slo.error_budget and used.bad >= MIN_BAD_EVENTS:
        return failed(f"The objective was missed over {format_duration(slo.window)}", observed=observed)
    if slow := slow_burn(past, events, slo.error_budget, slo.window, unit):
        return failed(f"The error budget burns {slow}", observed=observed, severity=Severity.MEDIUM)
    if at_most > slo.error_budget or worst_burn(events, slo.error_budget, missing_is_bad=True):
        summary = "The error budget may not last: what is missing or too coarse may be bad"
        observed = f"{observed}, and up to {100 * at_most / slo.error_budget:.3g}%"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, remedy=LATE_REMEDY)
    missing = inconclusive_verdict(events.bad, with_events(events.bad, events.event_counts), _BAD_EVENTS, _QUIET)
    if missing is not None and missing is not _QUIET:
        return replace(missing, observed=observed)
    return passed("The error budget lasts", observed=observed)


def _over_the_minutes(facts: SliSeries, events: SloEvents, slo: Slo) -> Verdict:
    """The verdict by the last hours alone, which cannot show that the budget lasts."""
    observed, counts = _observed(events, slo), facts.event_counts
    had_events = facts.past is not None and any(facts.past.total.values)
    missing = inconclusive_verdict(events.bad, with_events(events.bad, counts), _BAD_EVENTS, _QUIET)
    if missing is not None and not (missing is _QUIET and had_events):
        return missing
    if steady := steady_burn(events, slo.error_budget):
        return failed(f"The error budget burned {steady}", observed=observed, severity=Severity.MEDIUM)
    count = sum(value or 0 for value in counts.judged)
    if facts.past or count < MIN_EVENTS_FOR_BURN_RATE:
        seen, unit = count, "events"
        if facts.past is not None:
            unit = "minutes with events" if slo.sli == "latency" else "events"
            seen = used_budget(facts.past, events, slo.window, unit).total
        summary = f"There were {seen:g} {unit}, too few to judge an error budget"
        remedy = "Wait for a window with more events, or declare objectives only for components with traffic."
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, remedy=remedy)
    read, window = format_duration(events.bad.length), format_duration(slo.window)
    summary = f"Only {read} of the objective's {window} could be read: {facts.past_unread}"
    remedy = "Grant cloudwatch:GetMetricData, and run again."
    return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, remedy=remedy)


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
    busy = with_events(p99, counts)
    minutes = tuple(float(is_busy) for is_busy in busy)
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
