"""Cause alerts of DynamoDB tables."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import Table
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import COUNT, PERCENT, event_rate_limit, ratio_limit, thresholds

THROTTLED = AlertTemplate(
    name="DynamoThrottled",
    severity=AlertSeverity.WARNING,
    fires_when="A table throttles more reads and writes than its limit",
    remedy="Raise the table's capacity or use on-demand mode; look for a hot key, and for indexes with low capacity",
    dashboard="basewatch-dynamodb",
)
PROVISIONED = AlertTemplate(
    name="DynamoNearProvisioned",
    severity=AlertSeverity.WARNING,
    fires_when="A table uses more than 80% of its provisioned capacity",
    remedy="Raise the capacity, or the upper limit of its auto scaling, before the table throttles",
    dashboard="basewatch-dynamodb",
)
TEMPLATES = (THROTTLED, PROVISIONED)

_THROTTLES = tuple(f"aws_dynamodb_{what}_throttle_events_total" for what in ("read", "write"))


def table_alerts(context: RuleContext, table: Table) -> Iterator[AlertRule]:
    """Throttled requests, and the use of provisioned capacity."""
    for limit in thresholds(context, table, _THROTTLES[0], table.throttled_below, event_rate_limit("0/s for 10m")):
        expr = f"({' + '.join(map(limit.series_source.rate, _THROTTLES))}) > {limit.value}"
        yield limit.alert_rule(THROTTLED, expr, f"{COUNT} throttles a second", promise="throttled_below")
    for what in ("read", "write"):
        consumed = f"aws_dynamodb_consumed_{what}_capacity_units_total"
        for limit in thresholds(context, table, consumed, None, ratio_limit("80% for 15m")):
            provisioned = f"aws_dynamodb_provisioned_{what}_capacity_units"
            capacity = limit.series_source.gauge_max(provisioned, index_name="")
            expr = f"{ratio(limit.series_source.rate(consumed), capacity)}\n> {limit.value}"
            text = f"{PERCENT} of the {what} capacity is used"
            yield limit.alert_rule(PROVISIONED, expr, text, capacity=what)
