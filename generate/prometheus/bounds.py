"""Where an alert begins: at what is promised, or at what is expected where nothing is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from pydantic import TypeAdapter

from basewatch.components import Component
from basewatch.quantities import CountLimit, DurationLimit, Limit, RateLimit, ShareLimit
from checks.service.ratios import ENOUGH
from generate.prometheus.context import Context, Source, Template
from generate.prometheus.promql import literal, number
from generate.prometheus.rule_model import Alert, Urgency

seconds: Callable[[str], Limit[timedelta]] = TypeAdapter(DurationLimit).validate_python
share: Callable[[str], Limit[float]] = TypeAdapter(ShareLimit).validate_python
rate: Callable[[str], Limit[float]] = TypeAdapter(RateLimit).validate_python
count: Callable[[str], Limit[float]] = TypeAdapter(CountLimit).validate_python

PERCENT = "{{ $value | humanizePercentage }}"
SECONDS = "{{ $value | humanizeDuration }}"
COUNT = "{{ $value | humanize }}"
AnyLimit = Limit[float] | Limit[timedelta]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A limit of a component at one source: its number in base units, how long it is crossed, and how people say it."""

    context: Context
    component: Component
    at: Source
    value: str
    sustained: timedelta
    said: str

    def crossed(
        self,
        template: Template,
        expr: str,
        seen: str,
        *,
        promise: str = "",
        severity: Urgency | None = None,
        **labels: str,
    ) -> Alert:
        """The alert that it is crossed; `seen` is what people are told of the value."""
        return self.context.alert(
            template,
            expr,
            sustained=self.sustained,
            summary=f"{literal(self.component.name)}: {seen}, {self.said}",
            component=self.component,
            promise=promise,
            severity=severity,
            labels={**self.at.identity, **labels},
        )


def bounds(
    context: Context, component: Component, metric: str, promised: AnyLimit | None, expected: AnyLimit | None = None
) -> Iterator[Bound]:
    """The bound at every source of a metric of a component; none where there is no limit, or nothing is measured."""
    for source in context.sources(component, metric):
        yield from bound(context, component, source, promised, expected)


def bound(
    context: Context, component: Component, source: Source, promised: AnyLimit | None, expected: AnyLimit | None
) -> Iterator[Bound]:
    """The bound of a promise, else of what is expected, else none.

    What does not say for how long has to hold for two refreshes, so that one late datapoint is no alarm. A promise of
    less than that is taken at its word.
    """
    limit = promised or expected
    if limit is None:
        return
    least = 2 * source.refresh
    value = limit.value.total_seconds() if isinstance(limit.value, timedelta) else limit.value
    yield Bound(
        context=context,
        component=component,
        at=source,
        value=number(value),
        sustained=(limit.sustained or least) if promised else max(limit.sustained, least),
        said=literal(f"{'promised' if promised else 'expected'} below {limit.text}"),
    )


def enough(at: Source, *whole: str) -> str:
    """That there are as many events as the checks want, too: of fewer, no share is worth an alarm."""
    return f"({' + '.join(map(at.increase, whole))}) >= {ENOUGH}"
