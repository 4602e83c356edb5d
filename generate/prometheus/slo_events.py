"""Good and bad events of an objective in PromQL, counted as the check of the objective counts them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from basewatch.components import Component, Slo
from basewatch.errors import ConfigError, Problem
from basewatch.quantities import parse_duration
from checks.service.burn_rate import MIN_BAD_EVENTS, MIN_EVENTS_FOR_BURN_RATE
from generate.prometheus.promql import number, promql_duration, selector
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import RuleContext, SeriesSource

SLOW_MINUTE = "slo:slow_minute:bool"
_REQUESTS = {"api": "aws_apigateway_requests_total", "function": "aws_lambda_invocations_total"}
_ERRORS = {"api": "aws_apigateway_server_errors_total", "function": "aws_lambda_errors_total"}
_LATENCIES = {"api": "aws_apigateway_latency_seconds", "function": "aws_lambda_duration_seconds"}
# Throttled requests are not counted in the other metric.
_THROTTLED = ("aws_dynamodb_throttled_requests_total", "aws_dynamodb_request_latency_seconds_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class SloEvents:
    """The ratio of bad events over a window, and whether the window can be evaluated.

    It can with enough events, and with samples from before the window: else the ratio is that of a shorter time.
    `prerequisites` are recording rules (name and expression) that the ratio reads.
    """

    source: SeriesSource
    bad_ratio: Callable[[timedelta], str]
    evaluable: Callable[[timedelta], str]
    prerequisites: tuple[tuple[str, str], ...] = ()


def slo_events(context: RuleContext, slo: Slo) -> SloEvents:
    """The events of an objective. Raises: ConfigError, when no collected metric measures them."""
    kind = slo.of.partition("/")[0]
    component = next((each for each in context.config.components if each.ref == slo.of), None)
    match slo.sli:
        case "availability" if component and kind in _ERRORS:
            source = _source(context, slo, component, _ERRORS[kind])
            return _of_counts(source, _ERRORS[kind], (_REQUESTS[kind],))
        case "throttling" if component and kind == "table":
            return _of_counts(_source(context, slo, component, _THROTTLED[0]), _THROTTLED[0], _THROTTLED)
        case "latency" if component and kind in _LATENCIES:
            source = _source(context, slo, component, _LATENCIES[kind])
            return _of_minutes(context, slo, source, kind)
        case _:
            raise _unknown(slo)


def _of_counts(source: SeriesSource, bad: str, whole: tuple[str, ...]) -> SloEvents:
    always_there = whole[-1]

    def rate(counter: str, window: timedelta) -> str:
        """A rate; 0 if only this counter is missing, because CloudWatch has no data before the first throttle."""
        expr = source.rate(counter, window)
        return expr if counter == always_there else f"({expr} or 0 * {source.rate(always_there, window)})"

    def evaluable(long: timedelta) -> str:
        return _all(
            f"{source.increase(always_there, long)} >= {MIN_EVENTS_FOR_BURN_RATE}",
            f"{source.increase(bad, long)} >= {MIN_BAD_EVENTS}",
            f"sum(count_over_time({_before(selector(always_there, source.labels), long)})) > 0",
        )

    return SloEvents(
        source=source,
        bad_ratio=lambda window: ratio(rate(bad, window), *(rate(each, window) for each in whole)),
        evaluable=evaluable,
    )


def _of_minutes(context: RuleContext, slo: Slo, source: SeriesSource, kind: str) -> SloEvents:
    limit = number(slo.below.total_seconds() if slo.below else 0)
    summary, requests = _LATENCIES[kind], _REQUESTS[kind]
    # The last p99 stays on the page without requests; such minutes are neither good nor bad.
    slow = f"{source.gauge_max(summary, quantile='0.99')} > bool {limit}\nand\n{source.rate(f'{summary}_count')} > 0"
    minutes = selector(SLOW_MINUTE, {"slo": slo.name})
    a_minute = parse_duration("1m") / context.config.prometheus.scrape_interval

    def evaluable(long: timedelta) -> str:
        return _all(
            f"{source.increase(requests, long)} >= {MIN_EVENTS_FOR_BURN_RATE}",
            f"sum_over_time({minutes}[{promql_duration(long)}]) >= {number(MIN_BAD_EVENTS * a_minute)}",
            f"sum(count_over_time({_before(selector(requests, source.labels), long)})) > 0",
        )

    return SloEvents(
        source=source,
        prerequisites=((SLOW_MINUTE, slow),),
        bad_ratio=lambda window: f"avg_over_time({minutes}[{promql_duration(window)}])",
        evaluable=evaluable,
    )


def _all(*conditions: str) -> str:
    return "\nand on ()\n".join(conditions)


def _before(series: str, window: timedelta) -> str:
    """The hour before the window: one sample is enough, so that a gap at one moment silences nothing."""
    return f"{series}[1h] offset {promql_duration(window)}"


def _source(context: RuleContext, slo: Slo, component: Component, metric: str) -> SeriesSource:
    source = next(context.sources(component, metric), None)
    if source is None:
        raise _unknown(slo)
    return source


def _unknown(slo: Slo) -> ConfigError:
    return ConfigError(
        Problem(
            message=f"no collected metric measures {slo.sli} of {slo.of}, which the objective {slo.name} needs",
            remedy="APIs and functions have availability and latency; tables have throttling",
        )
    )
