"""A check that a declared EventBridge rule exists, is enabled, and has a target."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import EventRule
from basewatch.errors import ObservationError
from basewatch.model import Proof, Severity, Status, Verdict, failed
from checks.inventory.statuses import status_verdict
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleState:
    """The state of the rule, and the ARNs of its targets, sorted; `unread` is why they are not known."""

    state: str
    targets: tuple[str, ...]
    unread: Unread | None = None


def rule_state(aws: AwsClient, rule: EventRule) -> RuleState:
    """The state by DescribeRule, and the targets by ListTargetsByRule, both on the default event bus."""
    answer = aws.call("events", "DescribeRule", Name=rule.name)
    state, pages = required(answer, "State", kind=str), aws.pages("events", "ListTargetsByRule", Rule=rule.name)
    try:
        targets = [required(each, "Arn", kind=str) for page in pages for each in required(page, "Targets", kind=list)]
    except ObservationError as error:
        return RuleState(state=state, targets=(), unread=Unread.because_of(error))
    return RuleState(state=state, targets=tuple(sorted(targets)))


@check(
    "inventory.rule.enabled",
    component=EventRule,
    observe=rule_state,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("events:DescribeRule", "events:ListTargetsByRule"),
)
def rule_is_enabled(facts: RuleState, rule: EventRule, _now: datetime) -> Iterator[Verdict]:
    """The declared rule exists, is enabled, and has a target.

    Why: A rule without a target triggers as it should, and nothing happens.
    Reads: events:DescribeRule: the state. events:ListTargetsByRule.
    Unverified when: A call is denied, throttled or fails, or the state is unknown.
    Fix: aws events enable-rule, or aws events put-targets; or correct the name of the rule in the configuration.
    Source: Amazon EventBridge User Guide, Rules in Amazon EventBridge,
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rules.html
    """
    observed, expected = f"{facts.state}, {len(facts.targets)} targets", "ENABLED, with a target"
    verdict = status_verdict("rule", facts.state, what=f"The rule {rule.name}", observed=observed, expected=expected)
    if verdict.status is Status.PASS and facts.unread:
        verdict = facts.unread.verdict(observed=observed, expected=expected)
    elif verdict.status is Status.PASS and not facts.targets:
        verdict = failed("The rule has no target", observed=observed, expected=expected)
    yield verdict
