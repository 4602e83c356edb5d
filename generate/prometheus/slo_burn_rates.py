"""Service level objectives: recording rules of each error budget, and alerts on its burn rate.

The burn rates are those of https://sre.google/workbook/alerting-on-slos/ for 30 days, scaled to other windows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from basewatch.components import Slo
from basewatch.quantities import format_duration, parse_duration
from generate.prometheus.promql import escape_template, number, promql_duration, selector
from generate.prometheus.recording import BURN_RATE_WINDOWS
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity, RecordingRule
from generate.prometheus.slo_events import SloEvents, slo_events

BURN = AlertTemplate(
    name="SloBudgetBurn",
    severity=AlertSeverity.CRITICAL,
    fires_when="An error budget burns too fast, over a long window and still over a short one",
    remedy="Look at the cause alerts of the same component, and roll back the deployment before the first bad events",
    dashboard="basewatch-slo",
)
TEMPLATES = (BURN,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _BurnRate:
    """The ratio `spent` of the budget is used within `long`; the window `short` shows that it still burns."""

    long: timedelta
    short: timedelta
    spent: float
    severity: AlertSeverity

    def factor(self, window: timedelta) -> float:
        """The burn rate for an objective over `window`; at least 1, the rate that uses exactly the budget."""
        return max(1.0, self.spent * (window / self.long))


def _burn_rate(long: str, short: str, spent: float, severity: AlertSeverity) -> _BurnRate:
    return _BurnRate(long=parse_duration(long), short=parse_duration(short), spent=spent, severity=severity)


_BURN_RATES = (
    _burn_rate("1h", "5m", 0.02, AlertSeverity.CRITICAL),
    _burn_rate("6h", "30m", 0.05, AlertSeverity.CRITICAL),
    _burn_rate("1d", "2h", 0.10, AlertSeverity.WARNING),
    _burn_rate("3d", "6h", 0.10, AlertSeverity.WARNING),
)


def slo_rules(context: RuleContext) -> Iterator[RecordingRule | AlertRule]:
    """The rules of every declared objective. Raises: ConfigError, for one that no collected metric measures."""
    for slo in context.config.components.slos:
        counted = slo_events(context, slo)
        yield from _records(slo, counted)
        yield from _burns(context, slo, counted)


def _records(slo: Slo, counted: SloEvents) -> Iterator[RecordingRule]:
    known = {"slo": slo.name, "component": slo.of, "sli": slo.sli}
    labels = {**known, **counted.source.labels}
    yield RecordingRule(record="slo:objective:ratio", expr=f"vector({number(slo.objective)})", labels=known)
    yield RecordingRule(record="slo:error_budget:ratio", expr=f"vector({number(slo.error_budget)})", labels=known)
    yield from (RecordingRule(record=name, expr=expr, labels=labels) for name, expr in counted.prerequisites)
    for window in BURN_RATE_WINDOWS:
        yield RecordingRule(record=_name(window), expr=counted.bad_ratio(window), labels=labels)
    left = f"1 - (\n{counted.bad_ratio(slo.window)}\n) / {number(slo.error_budget)}"
    yield RecordingRule(record="slo:error_budget_left:ratio", expr=left, labels=labels)


def _name(window: timedelta) -> str:
    return f"slo:bad_events:ratio_rate{promql_duration(window)}"


def _burns(context: RuleContext, slo: Slo, counted: SloEvents) -> Iterator[AlertRule]:
    judged = context.check_of(slo, "objective")
    for rate in _BURN_RATES:
        factor = rate.factor(slo.window)
        limit = factor * slo.error_budget
        # The bad ratio cannot exceed 1: a lenient objective has no alert for high burn rates.
        if limit >= 1 or rate.long > slo.window:
            continue
        needed = max(rate.short, counted.source.window)
        short = next((window for window in BURN_RATE_WINDOWS if window >= needed), BURN_RATE_WINDOWS[-1])
        over = (f"{selector(_name(window), {'slo': slo.name})} > {number(limit)}" for window in (rate.long, short))
        yield context.alert_rule(
            BURN,
            "\nand\n".join(over) + f"\nand on ()\n{counted.evaluable(rate.long)}",
            severity=rate.severity,
            sustained=2 * counted.source.refresh,
            summary=f"{escape_template(slo.of)} burns the error budget of {escape_template(slo.name)} "
            f"at least {number(factor)} times too fast: {{{{ $value | humanizePercentage }}}} of events are bad "
            f"over {promql_duration(rate.long)}; {100 * slo.error_budget:.4g}% are allowed "
            f"over {format_duration(slo.window)}",
            labels={
                **counted.source.identity_labels,
                **({"check": judged.id} if judged else {}),
                "component": slo.of,
                "slo": slo.name,
                "window": promql_duration(rate.long),
            },
        )
