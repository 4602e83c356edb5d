"""What Basewatch really exports, and which metrics an expression reads: rules and dashboards are held to both."""

from __future__ import annotations

from collections.abc import Iterator

import promql_parser
from prometheus_client.metrics import MetricWrapperBase
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    MatrixSelector,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from basewatch.telemetry import ExporterMetrics
from collectors import COLLECTORS
from collectors.database import FAMILIES as IN_DATABASE
from collectors.limit_readers import FAMILIES as LIMITS
from exposition.history_metrics import HISTORY_FAMILIES
from exposition.notification_metrics import NOTIFICATION_FAMILIES
from exposition.own_metrics import OWN_FAMILIES


def exported_names() -> frozenset[str]:
    """The name of every series that a page of Basewatch may hold."""
    of_collectors = {spec.series_name for collector in COLLECTORS for spec in collector.specs}
    return frozenset(
        of_collectors
        | {family.name for family in (*OWN_FAMILIES, *HISTORY_FAMILIES, *NOTIFICATION_FAMILIES, *LIMITS, *IN_DATABASE)}
        | set(_of_telemetry())
    )


def telemetry_labels() -> dict[str, frozenset[str]]:
    """The labels of every series of the exporter about itself, by name."""
    exporter = ExporterMetrics()
    declared = {
        collector._name: frozenset(collector._labelnames)  # the library has no public attribute for it
        for collector in exporter.registry._collector_to_names  # as above
        if isinstance(collector, MetricWrapperBase)
    }
    return {name: labels for stem, labels in declared.items() for name in (stem, f"{stem}_total")}


def label_matches(expression: str) -> frozenset[tuple[str, str]]:
    """Every metric that an expression reads, with each label that it selects by. Raises: ValueError, as above."""
    return frozenset(
        (selector.name or "", matcher.name)
        for selector in _selectors(promql_parser.parse(expression))
        for matcher in selector.matchers.matchers
    )


def metric_names(expression: str) -> frozenset[str]:
    """Every metric that an expression reads. Raises: ValueError, when it is not PromQL."""
    return frozenset(selector.name for selector in _selectors(promql_parser.parse(expression)) if selector.name)


def _of_telemetry() -> Iterator[str]:
    for metric in ExporterMetrics().registry.collect():
        if metric.type == "histogram":
            yield from (f"{metric.name}{suffix}" for suffix in ("_bucket", "_sum", "_count"))
        else:
            yield metric.name + ("_total" if metric.type == "counter" else "")


def _selectors(expression: Expr) -> Iterator[VectorSelector]:
    match expression:
        case VectorSelector():
            yield expression
        case MatrixSelector():
            yield expression.vector_selector
        case AggregateExpr() | ParenExpr() | UnaryExpr() | SubqueryExpr():
            yield from _selectors(expression.expr)
        case BinaryExpr():
            yield from _selectors(expression.lhs)
            yield from _selectors(expression.rhs)
        case Call():
            for argument in expression.args:
                yield from _selectors(argument)
        case _:
            return
