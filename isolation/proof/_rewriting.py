"""Lists and changes the parts of an expression, also those in its sub-selects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from isolation.proof._expressions import (
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Case,
    Coalesce,
    Comparison,
    Expression,
    FunctionCall,
    IsDistinctFrom,
    IsNull,
    NullIf,
    Opaque,
    QuantifiedComparison,
    Query,
    RowOfFunction,
    RowOfQuery,
    SqlValueFunction,
    SubqueryExpr,
    TypeCast,
)

Change = Callable[[Expression], Expression | None]


def subexpressions(expression: Expression) -> tuple[Expression, ...]:  # noqa: PLR0911  # one case per shape
    """The direct parts of an expression; for a sub-select its test, conditions and targets."""
    match expression:
        case TypeCast() | IsNull() | BooleanTest():
            return (expression.argument,)
        case FunctionCall() | Comparison() | BoolExpr() | IsDistinctFrom() | NullIf() | Coalesce():
            return expression.arguments
        case Case():
            return (*(part for when in expression.whens for part in when), expression.default)
        case ArrayExpr():
            return expression.elements
        case QuantifiedComparison():
            return (expression.left, expression.right)
        case RowOfFunction():
            return (expression.call,)
        case RowOfQuery():
            return tuple(part for query in expression.queries for part in (*query.conditions, *query.targets))
        case SubqueryExpr():
            test = () if expression.test is None else (expression.test,)
            return (*test, *expression.query.conditions, *expression.query.targets)
        case Opaque():
            return expression.parts
        case _:
            return ()


def rewritten(expression: Expression, change: Change, of_query: Callable[[Query], Query]) -> Expression:  # noqa: C901, PLR0911  # one case per shape
    """The expression with every part changed, from the outside in; `change` gives None for a part that it leaves.

    `of_query` changes each sub-select, after its parts.
    """
    found = change(expression)
    if found is not None:
        return found

    def part(one: Expression) -> Expression:
        return rewritten(one, change, of_query)

    match expression:
        case TypeCast() | IsNull() | BooleanTest():
            return replace(expression, argument=part(expression.argument))
        case FunctionCall() | Comparison() | BoolExpr() | IsDistinctFrom() | NullIf() | Coalesce():
            return replace(expression, arguments=tuple(part(one) for one in expression.arguments))
        case Case():
            whens = tuple((part(condition), part(result)) for condition, result in expression.whens)
            return Case(whens, part(expression.default), expression.type)
        case ArrayExpr():
            return ArrayExpr(tuple(part(element) for element in expression.elements))
        case QuantifiedComparison():
            return replace(expression, left=part(expression.left), right=part(expression.right))
        case Opaque():
            return replace(expression, parts=tuple(part(one) for one in expression.parts))
        case RowOfFunction(call=call):
            arguments = tuple(part(one) for one in call.arguments)
            return replace(expression, call=replace(call, arguments=arguments))
        case RowOfQuery():
            queries = tuple(rewritten_query(one, change, of_query) for one in expression.queries)
            return replace(expression, queries=queries)
        case SubqueryExpr():
            test = None if expression.test is None else part(expression.test)
            return SubqueryExpr(expression.kind, test, rewritten_query(expression.query, change, of_query))
        case _:
            return expression


def rewritten_query(query: Query, change: Change, of_query: Callable[[Query], Query]) -> Query:
    """A sub-select with every part changed, and then changed itself."""
    conditions = tuple(rewritten(one, change, of_query) for one in query.conditions)
    targets = tuple(rewritten(one, change, of_query) for one in query.targets)
    return of_query(replace(query, conditions=conditions, targets=targets))


def read_as(query: Query, role: int) -> Query:
    """A sub-select as another role reads it: its policies are those of that role, and so is CURRENT_USER."""
    return rewritten_query(query, _own_user, lambda inner: _read_by(inner, role))


def expression_read_as(expression: Expression, role: int) -> Expression:
    """An expression as another role evaluates it."""
    return rewritten(expression, _own_user, lambda inner: _read_by(inner, role))


def _read_by(query: Query, role: int) -> Query:
    readers = {row: role for row, _ in query.rows} | dict(query.readers)
    return replace(query, readers=tuple(readers.items()))


def _own_user(part: Expression) -> Expression | None:
    if isinstance(part, SqlValueFunction) and part.number in {9, 10, 11}:  # CURRENT_ROLE, CURRENT_USER, USER
        return Opaque("CURRENT_USER of another role", (), part.type)
    return None
