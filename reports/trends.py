"""The main measurements of a run, with the promised limits of its components."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from basewatch.component_settings import Proxy
from basewatch.components import COMPONENT_TYPES, Api, AuroraCluster, Component, Function, Table
from basewatch.model import Run
from basewatch.quantities import Threshold
from basewatch.series import Point, Series

ValuesByTime: TypeAlias = Mapping[datetime, float]
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One measurement of a component over the window. `format_value` formats a value with its usual unit."""

    component: str
    title: str
    points: tuple[Point, ...]
    period: timedelta
    limit: float | None
    limit_text: str
    format_value: Callable[[float], str]

    @property
    def peak(self) -> Point:
        """The first of the highest points. A trend has at least one point."""
        return max(self.points, key=lambda point: point.value)

    @property
    def exceeds_limit(self) -> bool:
        """Whether any point is above the limit. A check says whether this breaks the promise."""
        return self.limit is not None and self.peak.value > self.limit


def trends(run: Run) -> tuple[Trend, ...]:
    """Every main measurement with data: those above their limit first, then in order of declaration."""
    by_label: defaultdict[tuple[str, str], list[Series]] = defaultdict(list)
    for series in run.series:
        for label in series.labels:
            by_label[label].append(series)
    kinds = {kind.kind: kind for kind in COMPONENT_TYPES}
    components = (kinds[ref.partition("/")[0]].model_validate(declared) for ref, declared in run.components.items())
    measured = (trend for component in components for trend in _of_component(component, by_label) if trend.points)
    return tuple(sorted(measured, key=lambda trend: not trend.exceeds_limit))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """The series of one component."""

    ref: str
    series: Sequence[Series]

    def values(self, name: str, **labels: str) -> ValuesByTime:
        return {
            point.period_end: point.value
            for series in self.series
            if series.name == name and set(labels.items()) <= set(series.labels)
            for point in series.points
        }

    def trend(
        self,
        title: str,
        values: ValuesByTime,
        limit: Threshold[float] | Threshold[timedelta] | None,
        format_value: Callable[[float], str],
    ) -> Trend:
        limit_value = limit.value if limit else None
        return Trend(
            component=self.ref,
            title=title,
            points=tuple(Point(period_end=at, value=values[at]) for at in sorted(values)),
            period=min((series.period for series in self.series), default=_MINUTE),
            limit=limit_value.total_seconds() if isinstance(limit_value, timedelta) else limit_value,
            limit_text=limit.text if limit else "",
            format_value=format_value,
        )


def _of_component(component: Component, by_label: Mapping[tuple[str, str], Sequence[Series]]) -> Iterator[Trend]:
    def measured(label: str, value: str) -> _Measured:
        return _Measured(ref=component.ref, series=by_label.get((label, value), ()))

    match component:
        case Function():
            yield from _of_function(component, measured("function_name", component.name))
        case Api():
            yield from _of_api(component, measured("api", component.cloudwatch_name))
        case Table():
            yield _of_table(component, measured("table_name", component.name))
        case AuroraCluster(proxy=proxy) if proxy:
            yield _of_proxy(proxy, measured("proxy_name", proxy.name))
        case _:
            return


def _of_proxy(proxy: Proxy, measured: _Measured) -> Trend:
    borrowed = measured.values("aws_rds_proxy_borrowed_connections")
    maximum = measured.values("aws_rds_proxy_max_database_connections")
    return measured.trend("pool use", _ratio(borrowed, maximum), proxy.pool_use_below, percent_text)


def _of_function(function: Function, measured: _Measured) -> Iterator[Trend]:
    duration = measured.values("aws_lambda_duration_seconds", quantile="0.95")
    errors = _ratio(measured.values("aws_lambda_errors_total"), measured.values("aws_lambda_invocations_total"))
    yield measured.trend("duration, 95th percentile", duration, function.p95_below, seconds_text)
    yield measured.trend("error ratio", errors, function.errors_below, percent_text)


def _of_api(api: Api, measured: _Measured) -> Iterator[Trend]:
    latency = measured.values("aws_apigateway_latency_seconds", quantile="0.95")
    errors = _per_second(measured.values("aws_apigateway_server_errors_total"))
    yield measured.trend("latency, 95th percentile", latency, api.p95_below, seconds_text)
    yield measured.trend("server errors", errors, api.server_errors_below, per_second_text)


def _of_table(table: Table, measured: _Measured) -> Trend:
    reads = measured.values("aws_dynamodb_read_throttle_events_total")
    writes = measured.values("aws_dynamodb_write_throttle_events_total")
    both = {at: reads.get(at, 0.0) + writes.get(at, 0.0) for at in {*reads, *writes}}
    return measured.trend("throttled requests", _per_second(both), table.throttled_below, per_minute_text)


def _ratio(part: ValuesByTime, whole: ValuesByTime) -> ValuesByTime:
    return {at: value / whole[at] for at, value in part.items() if whole.get(at)}


def _per_second(amounts: ValuesByTime) -> ValuesByTime:
    return {at: amount / _MINUTE.total_seconds() for at, amount in amounts.items()}


def seconds_text(value: float) -> str:
    """A duration: `87 ms`, `1.25 s`."""
    return f"{1000 * value:.3g} ms" if value < 1 else f"{value:.3g} s"


def percent_text(value: float) -> str:
    """A ratio as a percentage."""
    return f"{100 * value:.3g}%"


def per_second_text(value: float) -> str:
    """A rate per second."""
    return f"{value:.3g}/s"


def per_minute_text(value: float) -> str:
    """A rate per second, shown per minute."""
    return f"{60 * value:.3g}/min"
