"""A check of the triggers and invocations of a scheduled EventBridge rule."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from basewatch.check import check
from basewatch.components import EventRule
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.service.aligned_series import AlignedSeries, read_series


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleTriggers:
    """The triggers and the failed invocations of a rule, minute by minute."""

    triggered: AlignedSeries
    failed_invocations: AlignedSeries


def rule_triggers(metrics: MetricsClient, rule: EventRule) -> RuleTriggers:
    """Triggers and failed invocations of the rule. Raises: ObservationError, when they were not collected."""
    return RuleTriggers(
        triggered=read_series(metrics, rule, "aws_events_triggered_rules_total"),
        failed_invocations=read_series(metrics, rule, "aws_events_failed_invocations_total"),
    )


@check(
    "service.rule.triggers",
    component=EventRule,
    observe=rule_triggers,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("every",),
)
def triggers_every(facts: RuleTriggers, rule: EventRule, _now: datetime) -> Iterator[Verdict]:
    """The rule triggers as often as promised, and every trigger invokes its target.

    Why: A schedule that stopped reports no error.
    Reads: TriggeredRules and FailedInvocations of AWS/Events for the rule, minute by minute. EventBridge publishes them
    only when there are some, so a minute without them is one without a trigger. It fails when the time between two
    triggers is certainly longer than promised, to the minute, or an invocation failed.
    Unverified when: The metrics could not be collected, or the window is shorter than the promised time.
    Fix: Check that the rule is enabled and its schedule is unchanged; after failed invocations, check the permissions
    of the target.
    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    every = rule.every or timedelta()
    expected = f"a trigger every {format_duration(every)}, and no failed invocation"
    count = sum(value or 0 for value in facts.triggered.judged)
    failures = sum(value or 0 for value in facts.failed_invocations.judged)
    gap = _longest_gap(facts.triggered)
    start, length = facts.triggered.time_at(gap.start), facts.triggered.period * len(gap)
    longest = f"{format_duration(length)} without a trigger from {start:%Y-%m-%d %H:%M} UTC"
    observed = f"{count:g} triggers, {failures:g} failed invocations, at most {longest}"
    if length > every:
        yield failed(f"The rule did not trigger for {format_duration(length)}", observed=observed, expected=expected)
    elif failures:
        yield failed(f"{failures:g} invocations of the target failed", observed=observed, expected=expected)
    elif facts.triggered.length <= every:
        summary = (
            f"The window of {format_duration(facts.triggered.length)} is too short to judge {format_duration(every)}"
        )
        remedy = "Raise run.lookback."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The rule triggered as often as promised", observed=observed, expected=expected)


def _longest_gap(triggered: AlignedSeries) -> range:
    """The positions of the longest gap between triggers; a gap that ends in the warm-up is left out."""
    marks = [-1, *(at for at, value in enumerate(triggered.values) if value), len(triggered.values)]
    gaps = (range(before + 1, after) for before, after in pairwise(marks))
    return max((gap for gap in gaps if gap.stop > triggered.warm_up_periods), key=len, default=range(0))
