"""Short ways to write the metric specs that come up again and again."""

from __future__ import annotations

from basewatch.collector import MetricSpec, Unit
from basewatch.family import MetricType


def counter(family: str, namespace: str, metric: str, statistic: str = "Sum") -> MetricSpec:
    """Events per period, to be added up."""
    return MetricSpec(
        family=family,
        type=MetricType.COUNTER,
        help=f"CloudWatch {namespace} {metric} {statistic} of each minute, added up.",
        namespace=namespace,
        metric=metric,
        statistic=statistic,
    )


def gauge(family: str, namespace: str, metric: str, statistic: str, *, unit: Unit = Unit.COUNT) -> MetricSpec:
    """A height, of which the newest reading counts."""
    return MetricSpec(
        family=family,
        type=MetricType.GAUGE,
        help=f"CloudWatch {namespace} {metric} {statistic} of the newest complete minute{_times(unit)}.",
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        unit=unit,
    )


def latency(stem: str, namespace: str, metric: str, *, unit: Unit) -> tuple[MetricSpec, ...]:
    """A latency as the summary `<stem>_seconds` and the gauge `<stem>_max_seconds`.

    Exactly five statistics: as many as CloudWatch bills as one metric when they are asked for together.
    """
    return (
        _of_summary(stem, namespace, metric, "Sum", unit=unit, suffix="_sum"),
        _of_summary(stem, namespace, metric, "SampleCount", unit=unit, suffix="_count"),
        _of_summary(stem, namespace, metric, "p95", unit=unit, quantile="0.95"),
        _of_summary(stem, namespace, metric, "p99", unit=unit, quantile="0.99"),
        gauge(f"{stem}_max_seconds", namespace, metric, "Maximum", unit=unit),
    )


def _of_summary(
    stem: str, namespace: str, metric: str, statistic: str, *, unit: Unit, suffix: str = "", quantile: str = ""
) -> MetricSpec:
    return MetricSpec(
        family=f"{stem}_seconds",
        type=MetricType.SUMMARY,
        help=f"CloudWatch {namespace} {metric}: quantiles of the newest complete minute, sum and count added up.",
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        unit=unit,
        suffix=suffix,
        labels=(("quantile", quantile),) if quantile else (),
    )


def _times(unit: Unit) -> str:
    return "" if unit.factor == 1.0 else f", times {unit.factor:g}"
