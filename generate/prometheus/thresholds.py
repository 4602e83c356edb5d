"""Where an alert begins: at what is promised, or at what is expected where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter

from basewatch.components import Component
from basewatch.quantities import CountThreshold, DurationThreshold, RateThreshold, RatioThreshold, Threshold
from checks.service.ratios import MIN_EVENTS_PER_RATIO
from generate.prometheus.promql import escape_template, number
from generate.prometheus.rule_context import AlertTemplate, RuleContext, SeriesSource
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
    """A limit of a component at one source: its number in base units, how long it is crossed, and how people say it."""

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
        """The alert that it is crossed; `value_text` is what people are told of the value."""
        return self.context.alert_rule(
            template,
            expr,
            sustained=self.sustained,
            summary=f"{escape_template(self.component.name)}: {value_text}, {self.limit_text}",
            component=self.component,
            promise=promise,
            severity=severity,
            labels={**self.series_source.identity_labels, **labels},
        )


def thresholds(
    context: RuleContext, component: Component, metric: str, promised: AnyLimit | None, expected: AnyLimit | None = None
) -> Iterator[AlertThreshold]:
    """The bound at every source of a metric of a component; none where there is no limit, or nothing is measured."""
    for source in context.sources(component, metric):
        yield from thresholds_at(context, component, source, promised, expected)


def thresholds_at(
    context: RuleContext,
    component: Component,
    source: SeriesSource,
    promised: AnyLimit | None,
    expected: AnyLimit | None,
) -> Iterator[AlertThreshold]:
    """The bound of a promise, else of what is expected, else none.

    What does not say for how long has to hold for two refreshes, so that one late datapoint is no alarm. A promise of
    less than that is taken at its word.
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
    """That there are as many events as the checks want, too: of fewer, no share is worth an alarm."""
    return f"({' + '.join(map(at.increase, whole))}) >= {MIN_EVENTS_PER_RATIO}"
