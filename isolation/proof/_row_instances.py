"""Gives a sub-select new row numbers each time it is expanded, so that two evaluations never share a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count

from isolation.proof._expressions import (
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Case,
    Coalesce,
    ColumnRef,
    Comparison,
    Expression,
    FunctionCall,
    IsDistinctFrom,
    IsNull,
    NullIf,
    Opaque,
    QuantifiedComparison,
    Query,
    SubqueryExpr,
    TypeCast,
)

_FIRST = 1 << 20
"""The first number of an instance; the rows that a tree numbers itself are below."""


def _from_first() -> Iterator[int]:
    return count(_FIRST)


@dataclass(slots=True)
class RowInstances:
    """The numbers of the rows of one proof.

    Each tree numbers its rows from 1: without new numbers, rows of two policies, of two calls of a function or of two
    evaluations of a sub-select would be taken for one, and an equality of the first for one of the second.
    """

    _numbers: Iterator[int] = field(default_factory=_from_first)

    def of(self, select: SubqueryExpr) -> SubqueryExpr:
        """The same sub-select with rows that nothing else of the proof has."""
        first, end = select.query.span
        start = next(self._numbers)
        for _ in range(first + 1, end):
            next(self._numbers)
        return _select(select, range(first, end), start - first)


def _moved(expression: Expression, own: range, by: int) -> Expression:
    if isinstance(expression, ColumnRef):
        return (
            ColumnRef(expression.row + by, expression.number, expression.type) if expression.row in own else expression
        )
    if isinstance(expression, SubqueryExpr):
        return _select(expression, own, by)
    return _rebuilt(expression, lambda part: _moved(part, own, by))


def _select(select: SubqueryExpr, own: range, by: int) -> SubqueryExpr:
    test = None if select.test is None else _moved(select.test, own, by)
    query = select.query
    first, end = query.span
    return SubqueryExpr(
        select.kind,
        test,
        Query(
            tuple((row + by if row in own else row, relation) for row, relation in query.rows),
            tuple(_moved(condition, own, by) for condition in query.conditions),
            tuple(_moved(target, own, by) for target in query.targets),
            query.simple,
            (first + by, end + by) if first in own else (first, end),
        ),
    )


def _rebuilt(expression: Expression, change: Callable[[Expression], Expression]) -> Expression:  # noqa: PLR0911  # one case per shape
    """The same expression with each direct part changed; a sub-select is returned as it is."""
    match expression:
        case TypeCast() | IsNull() | BooleanTest():
            return replace(expression, argument=change(expression.argument))
        case FunctionCall() | Comparison() | BoolExpr() | IsDistinctFrom() | NullIf() | Coalesce():
            return replace(expression, arguments=tuple(change(part) for part in expression.arguments))
        case Case():
            whens = tuple((change(condition), change(result)) for condition, result in expression.whens)
            return Case(whens, change(expression.default), expression.type)
        case ArrayExpr():
            return ArrayExpr(tuple(change(element) for element in expression.elements))
        case QuantifiedComparison():
            return replace(expression, left=change(expression.left), right=change(expression.right))
        case Opaque():
            return replace(expression, parts=tuple(change(part) for part in expression.parts))
        case _:
            return expression
