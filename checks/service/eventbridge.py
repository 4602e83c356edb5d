"""A check of the triggers and invocations of a scheduled EventBridge rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from basewatch.check import FollowsFrom, check
from basewatch.components import EventRule
from basewatch.errors import ObservationError
from basewatch.metrics import MetricsClient, kept_for
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_past, read_series
from checks.service.past import LONG_INTERVAL, TRIGGERED
from checks.service.period_kinds import MAY_BE_LATE

_INVOCATIONS = "aws_events_invocations_total"
_SOON = 3
"""Within how many periods after a trigger the invocation of its target is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTriggers:
    """The triggers, the invocations and the failed invocations of a rule, minute by minute.

    `by_hour` are the triggers of a rule that triggers less than daily, for as long as its interval; None when they
    could not be read, because of `by_hour_unread`.
    """

    triggered: AlignedSeries
    invocations: AlignedSeries | None
    failed_invocations: AlignedSeries
    by_hour: AlignedSeries | None
    by_hour_unread: str


def rule_triggers(metrics: MetricsClient, rule: EventRule) -> RuleTriggers:
    """Triggers and invocations of the rule. Raises: ObservationError, when those of the window were not collected."""
    every, by_hour, unread = rule.every or timedelta(), None, ""
    if every > LONG_INTERVAL:
        try:
            by_hour = read_past(metrics, rule, TRIGGERED, every)
        except ObservationError as error:
            unread = error.detail
    collected = metrics.collects(rule.ref, _INVOCATIONS)
    return RuleTriggers(
        triggered=read_series(metrics, rule, TRIGGERED),
        invocations=read_series(metrics, rule, _INVOCATIONS) if collected else None,
        failed_invocations=read_series(metrics, rule, "aws_events_failed_invocations_total"),
        by_hour=by_hour,
        by_hour_unread=unread,
    )


@check(
    "service.rule.triggers",
    component=EventRule,
    observe=rule_triggers,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("every",),
    follows_from=(
        no_data_because_of("inventory.rule.enabled"),
        FollowsFrom(check="inventory.rule.enabled"),
        *DEPENDENCIES,
    ),
)
def triggers_every(facts: RuleTriggers, rule: EventRule, _now: datetime) -> Iterator[Verdict]:
    """The rule triggers as often as promised, and every trigger invokes its target.

    Why: A schedule that stopped reports no error, and neither does one whose target was deleted.
    Reads: TriggeredRules, Invocations and FailedInvocations of AWS/Events for the rule, minute by minute; for rules
    that trigger less than daily, the triggers by the hour. EventBridge publishes them only when there are some, so a
    minute without them is one without a trigger. It fails when the time between two triggers is certainly longer than
    promised, when an invocation failed, or when no trigger was followed by an invocation.
    Unverified when: The metrics could not be collected, the window is shorter than the promised time, CloudWatch no
    longer has its start, the last minutes may still be late, or some triggers were not followed by an invocation.
    Fix: Check that the rule is enabled, its schedule is unchanged and its targets exist; after failed invocations,
    check the permissions of the target.
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    every = rule.every or timedelta()
    triggered = facts.by_hour or _shown_triggers(facts)
    expected = f"a trigger every {format_duration(every)}, and each invokes its target"
    failures = sum(value or 0 for value in facts.failed_invocations.judged)
    settled, idle = _settled_triggers(facts), _triggers_without_invocation(facts)
    gap, known = _longest_gap(triggered), _known_from(triggered)
    length, late = triggered.period * len(gap), MAY_BE_LATE if gap.stop == len(triggered.values) else timedelta()
    start = triggered.time_at(gap.start)
    observed = (
        f"{sum(value or 0 for value in facts.triggered.judged):g} triggers, {failures:g} failed invocations, "
        f"at most {format_duration(length)} without a trigger from {start:%Y-%m-%d %H:%M} UTC"
    )
    too_short = triggered.period * (len(triggered.values) - known) <= every
    if length - late > every:
        yield failed(f"The rule did not trigger for {format_duration(length)}", observed=observed, expected=expected)
    elif failures:
        yield failed(f"{failures:g} invocations of the target failed", observed=observed, expected=expected)
    elif settled and len(idle) == len(settled):
        summary = f"None of {len(settled)} triggers invoked a target: the rule has none, or it was deleted"
        yield failed(summary, observed=f"{observed}, no invocation", expected=expected)
    elif too_short or length > every or idle:
        yield _unverified(facts, every, observed, expected, idle=len(idle), too_short=too_short)
    else:
        yield passed("The rule triggered as often as promised", observed=observed, expected=expected)


def _unverified(
    facts: RuleTriggers, every: timedelta, observed: str, expected: str, *, idle: int, too_short: bool
) -> Verdict:
    if too_short:
        summary = f"The time that could be read is too short to judge {format_duration(every)}"
        if facts.by_hour_unread:
            summary = f"{summary}: {facts.by_hour_unread}"
        remedy = f"Raise run.lookback, or shorten every: CloudWatch keeps {_kept_text(facts)}."
    elif idle:
        summary = f"{idle} triggers were not followed by an invocation of a target"
        remedy = "Check in the rule's targets, and in their own metrics, that each was invoked."
    else:
        summary = f"The rule may not have triggered for {format_duration(every)}: the last minutes may be late"
        remedy = "Run again in a few minutes."
    return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)


def _kept_text(facts: RuleTriggers) -> str:
    series = facts.by_hour or facts.triggered
    return f"periods of {format_duration(series.period)} for {format_duration(kept_for(series.period))}"


def _shown_triggers(facts: RuleTriggers) -> AlignedSeries:
    """The triggers; a minute with an invocation had one, also when its own datapoint was lost."""
    if facts.invocations is None:
        return facts.triggered
    return facts.triggered.combined(facts.invocations, lambda triggers, invocations: triggers or invocations)


def _settled_triggers(facts: RuleTriggers) -> list[int]:
    """The positions of the triggers in the window, without the last ones: invocations of those may be late."""
    values, first = facts.triggered.values, facts.triggered.warm_up_periods
    last = len(values) - _SOON - -(-MAY_BE_LATE // facts.triggered.period)
    return [position for position in range(first, last) if values[position]]


def _triggers_without_invocation(facts: RuleTriggers) -> list[int]:
    if facts.invocations is None:
        return []
    invoked = facts.invocations.values
    return [at for at in _settled_triggers(facts) if not any(invoked[max(0, at - 1) : at + _SOON + 1])]


def _known_from(triggered: AlignedSeries) -> int:
    """The first period that CloudWatch still keeps."""
    return max(0, len(triggered.values) - kept_for(triggered.period) // triggered.period)


def _longest_gap(triggered: AlignedSeries) -> range:
    """The positions of the longest gap between triggers; a gap that ends in the warm-up is left out."""
    values, known = triggered.values, _known_from(triggered)
    marks = [known - 1, *(at for at in range(known, len(values)) if values[at]), len(values)]
    gaps = (range(before + 1, after) for before, after in pairwise(marks))
    return max((gap for gap in gaps if gap.stop > triggered.warm_up_periods), key=len, default=range(0))
