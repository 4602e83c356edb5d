"""Cause alerts of EventBridge rules."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import EventRule
from basewatch.quantities import format_duration, parse_duration
from generate.prometheus.promql import escape_template, promql_duration
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity

SILENT = AlertTemplate(
    name="EventRuleSilent",
    severity=AlertSeverity.WARNING,
    fires_when="An event rule did not trigger within its declared interval",
    remedy="Check whether the rule is enabled, and whether its schedule or pattern is still the intended one",
    dashboard="basewatch-lambda",
)
TEMPLATES = (SILENT,)

_TRIGGERED = "aws_events_triggered_rules_total"
_CLOUDWATCH_DELAY = parse_duration("10m")
"""How long CloudWatch may need to show that a rule triggered."""


def event_rule_alerts(context: RuleContext, rule: EventRule) -> Iterator[AlertRule]:
    """Silence for longer than the declared interval and the delay of CloudWatch."""
    for at in context.sources(rule, _TRIGGERED):
        if rule.every is None:
            continue
        window = max(rule.every, at.window) + _CLOUDWATCH_DELAY
        yield context.alert_rule(
            SILENT,
            f"{at.increase(_TRIGGERED, window)} < 1\nand\n{at.counter_before(_TRIGGERED, window)} >= 0",
            sustained=2 * at.refresh,
            summary=f"{escape_template(rule.name)} did not trigger within {promql_duration(window)}, "
            f"declared every {format_duration(rule.every)}",
            component=rule,
            promise="every",
            labels=at.identity_labels,
        )
