"""Short ways to write the metric specs that come up again and again."""

from __future__ import annotations

from basewatch.collector import MetricSpec, MetricType

MILLISECONDS = 0.001
MICROSECONDS = 0.000001
PERCENT = 0.01


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


def gauge(family: str, namespace: str, metric: str, statistic: str, *, factor: float = 1.0) -> MetricSpec:
    """A height, of which the newest reading counts."""
    return MetricSpec(
        family=family,
        type=MetricType.GAUGE,
        help=f"CloudWatch {namespace} {metric} {statistic} of the newest complete minute{_times(factor)}.",
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        factor=factor,
    )


def latency(stem: str, namespace: str, metric: str, *, factor: float) -> tuple[MetricSpec, ...]:
    """A latency as the summary `<stem>_seconds` and the gauge `<stem>_max_seconds`.

    Exactly five statistics: as many as CloudWatch bills as one metric when they are asked for together.
    """
    return (
        _of_summary(stem, namespace, metric, "Sum", factor=factor, suffix="_sum"),
        _of_summary(stem, namespace, metric, "SampleCount", factor=1.0, suffix="_count"),
        _of_summary(stem, namespace, metric, "p95", factor=factor, quantile="0.95"),
        _of_summary(stem, namespace, metric, "p99", factor=factor, quantile="0.99"),
        gauge(f"{stem}_max_seconds", namespace, metric, "Maximum", factor=factor),
    )


def _of_summary(
    stem: str, namespace: str, metric: str, statistic: str, *, factor: float, suffix: str = "", quantile: str = ""
) -> MetricSpec:
    return MetricSpec(
        family=f"{stem}_seconds",
        type=MetricType.SUMMARY,
        help=f"CloudWatch {namespace} {metric}: quantiles of the newest complete minute, sum and count added up.",
        namespace=namespace,
        metric=metric,
        statistic=statistic,
        factor=factor,
        suffix=suffix,
        labels=(("quantile", quantile),) if quantile else (),
    )


def _times(factor: float) -> str:
    return "" if factor == 1.0 else f", times {factor:g}"
