"""Service level objectives: how fast each error budget is spent, and who is told at which speed.

The speeds are those of https://sre.google/workbook/alerting-on-slos/ for a budget of 30 days, fitted to other windows.
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
    fires_when="An error budget is spent so fast that it will not last, over a long window and still over a short one",
    remedy="See which of the cause alerts of the same component fires, and roll back what was deployed before it began",
    dashboard="basewatch-slo",
)
TEMPLATES = (BURN,)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speed:
    """`spent` of the budget gone within `long`; `short` says that it is still going on."""

    long: timedelta
    short: timedelta
    spent: float
    severity: AlertSeverity

    def factor(self, window: timedelta) -> float:
        """How many times faster than sustainable that is; slower than sustainable is no trouble."""
        return max(1.0, self.spent * (window / self.long))


def _speed(long: str, short: str, spent: float, severity: AlertSeverity) -> _Speed:
    return _Speed(long=parse_duration(long), short=parse_duration(short), spent=spent, severity=severity)


_SPEEDS = (
    _speed("1h", "5m", 0.02, AlertSeverity.CRITICAL),
    _speed("6h", "30m", 0.05, AlertSeverity.CRITICAL),
    _speed("1d", "2h", 0.10, AlertSeverity.WARNING),
    _speed("3d", "6h", 0.10, AlertSeverity.WARNING),
)


def slo_rules(context: RuleContext) -> Iterator[RecordingRule | AlertRule]:
    """Every rule of every declared objective. Raises: ConfigError, for one that nothing measured can tell of."""
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
    for speed in _SPEEDS:
        factor = speed.factor(slo.window)
        limit = factor * slo.error_budget
        # More than everything cannot go wrong: of a lenient objective, the fast speeds do not exist.
        if limit >= 1 or speed.long > slo.window:
            continue
        short = next(window for window in BURN_RATE_WINDOWS if window >= max(speed.short, counted.source.window))
        over = (f"{selector(_name(window), {'slo': slo.name})} > {number(limit)}" for window in (speed.long, short))
        yield context.alert_rule(
            BURN,
            "\nand\n".join(over) + f"\nand on ()\n{counted.enough_events(speed.long)}",
            severity=speed.severity,
            sustained=2 * counted.source.refresh,
            summary=f"{escape_template(slo.of)} spends the error budget of {escape_template(slo.name)} "
            f"{number(factor)} times too fast or faster: {{{{ $value | humanizePercentage }}}} are bad "
            f"over {promql_duration(speed.long)}, and {100 * slo.error_budget:.4g}% are allowed over {format_duration(slo.window)}",
            labels={
                **counted.source.identity_labels,
                **({"check": judged.id} if judged else {}),
                "component": slo.of,
                "slo": slo.name,
                "window": promql_duration(speed.long),
            },
        )
