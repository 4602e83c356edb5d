"""Cause alerts of RDS Proxy. The promised use of the pool has its alert in promise_alerts.py."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import AuroraCluster
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import PERCENT, SECONDS, duration_limit, ratio_limit, thresholds

BORROWING = AlertTemplate(
    name="ProxyBorrowSlow",
    severity=AlertSeverity.WARNING,
    fires_when="Getting a connection from the proxy takes longer than 100 ms",
    remedy="Check whether the pool is full, the database accepts connections slowly, or sessions are pinned",
    dashboard="basewatch-aurora",
)
PINNING = AlertTemplate(
    name="ProxyPinning",
    severity=AlertSeverity.WARNING,
    fires_when="More than half of the borrowed connections are pinned to one session",
    remedy="Find the statements that pin: SET, temporary tables, prepared statements and advisory locks",
    dashboard="basewatch-aurora",
)
TEMPLATES = (BORROWING, PINNING)


def proxy_cause_alerts(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    """Slow borrowing, and pinned connections."""
    borrowing = "aws_rds_proxy_borrow_latency_seconds"
    for limit in thresholds(context, cluster, borrowing, None, duration_limit("100ms for 10m")):
        expr = f"{limit.series_source.gauge_max(borrowing)} > {limit.value}"
        yield limit.alert_rule(BORROWING, expr, f"getting a connection takes {SECONDS}")
    pinned, borrowed = "aws_rds_proxy_pinned_sessions", "aws_rds_proxy_borrowed_connections"
    for limit in thresholds(context, cluster, pinned, None, ratio_limit("50% for 15m")):
        pinned_ratio = ratio(limit.series_source.gauge_max(pinned), limit.series_source.gauge_max(borrowed))
        expr = f"{pinned_ratio}\n> {limit.value}"
        yield limit.alert_rule(PINNING, expr, f"{PERCENT} of the borrowed connections are pinned")
