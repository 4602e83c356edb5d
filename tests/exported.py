"""What Basewatch really exports, and which metrics an expression reads: rules and dashboards are held to both."""

from __future__ import annotations

from collections.abc import Iterator

import promql_parser
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
from exposition.own_metrics import OWN_FAMILIES


def exported_names() -> frozenset[str]:
    """The name of every series that a page of Basewatch may hold."""
    of_collectors = {spec.series_name for collector in COLLECTORS for spec in collector.specs}
    return frozenset(
        of_collectors | {family.name for family in (*OWN_FAMILIES, *LIMITS, *IN_DATABASE)} | set(_of_telemetry())
    )


def metric_names(expression: str) -> frozenset[str]:
    """Every metric that an expression reads. Raises: ValueError, when it is not PromQL."""
    return frozenset(_read_by(promql_parser.parse(expression)))


def _of_telemetry() -> Iterator[str]:
    for metric in ExporterMetrics().registry.collect():
        if metric.type == "histogram":
            yield from (f"{metric.name}{suffix}" for suffix in ("_bucket", "_sum", "_count"))
        else:
            yield metric.name + ("_total" if metric.type == "counter" else "")


def _read_by(expression: Expr) -> Iterator[str]:
    match expression:
        case VectorSelector():
            yield from filter(None, [expression.name])
        case MatrixSelector():
            yield from _read_by(expression.vector_selector)
        case AggregateExpr() | ParenExpr() | UnaryExpr() | SubqueryExpr():
            yield from _read_by(expression.expr)
        case BinaryExpr():
            yield from _read_by(expression.lhs)
            yield from _read_by(expression.rhs)
        case Call():
            for argument in expression.args:
                yield from _read_by(argument)
        case _:
            return
