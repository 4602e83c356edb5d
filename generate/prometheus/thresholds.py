"""The thresholds of alerts: a promised limit, or an expected limit where nothing is promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter

from basewatch.components import Component
from basewatch.quantities import CountThreshold, DurationThreshold, RateThreshold, RatioThreshold, Threshold
from checks.service.stretches import MIN_EVENTS
from generate.prometheus.promql import escape_template, number
from generate.prometheus.rule_context import HELD, AlertTemplate, RuleContext, SeriesSource
from generate.prometheus.rule_model import AlertRule, AlertSeverity

duration_limit: Callable[[str], Threshold[timedelta]] = TypeAdapter(DurationThreshold).validate_python
ratio_limit: Callable[[str], Threshold[float]] = TypeAdapter(RatioThreshold).validate_python
event_rate_limit: Callable[[str], Threshold[float]] = TypeAdapter(RateThreshold).validate_python
count_limit: Callable[[str], Threshold[float]] = TypeAdapter(CountThreshold).validate_python

PERCENT = "{{ $value | humanizePercentage }}"
SECONDS = "{{ $value | humanizeDuration }}"
COUNT = "{{ $value | humanize }}"
AnyLimit = Threshold[float] | Threshold[timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertThreshold:
    """A limit of a component at one source: its value in base units, how long it must be crossed, and its text."""

    context: RuleContext
    component: Component
    series_source: SeriesSource
    value: str
    sustained: timedelta
    limit_text: str

    def alert_rule(
        self,
        template: AlertTemplate,
        expr: str,
        value_text: str,
        *,
        promise: str = "",
        severity: AlertSeverity | None = None,
        **labels: str,
    ) -> AlertRule:
        """The alert that the limit is crossed. `value_text` describes the value in the summary."""
        return self.context.alert_rule(
            template,
            expr,
            sustained=self.sustained,
            held=max(HELD, 2 * self.series_source.refresh),
            summary=f"{escape_template(self.component.name)}: {value_text}, {self.limit_text}",
            component=self.component,
            promise=promise,
            severity=severity,
            labels={**self.series_source.identity_labels, **labels},
        )


def thresholds(
    context: RuleContext, component: Component, metric: str, promised: AnyLimit | None, expected: AnyLimit | None = None
) -> Iterator[AlertThreshold]:
    """The threshold at every source of the metric; none without a limit, or if the metric is not collected."""
    for source in context.sources(component, metric):
        yield from thresholds_at(context, component, source, promised, expected)


def thresholds_at(
    context: RuleContext,
    component: Component,
    source: SeriesSource,
    promised: AnyLimit | None,
    expected: AnyLimit | None,
) -> Iterator[AlertThreshold]:
    """The threshold of the promised limit, else of the expected limit, else none.

    A limit without a duration must be crossed for two refreshes, so that one late datapoint causes no alert. A
    promised duration is used as it is, even if it is shorter.
    """
    limit = promised or expected
    if limit is None:
        return
    least = 2 * source.refresh
    value = limit.value.total_seconds() if isinstance(limit.value, timedelta) else limit.value
    yield AlertThreshold(
        context=context,
        component=component,
        series_source=source,
        value=number(value),
        sustained=(limit.sustained or least) if promised else max(limit.sustained, least),
        limit_text=escape_template(f"{'promised' if promised else 'expected'} below {limit.text}"),
    )


def enough_events(at: SeriesSource, *whole: str) -> str:
    """PromQL for enough events: with fewer than the checks need, a ratio causes no alert."""
    return f"({' + '.join(map(at.increase, whole))}) >= {MIN_EVENTS}"
