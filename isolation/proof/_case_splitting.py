"""Splits an expression by the possible values of a part: CASE, COALESCE, and sub-selects with one value."""

from __future__ import annotations

from collections.abc import Callable

from isolation.proof._comparison_rules import Conjunction, SignedFormula
from isolation.proof._expressions import (
    FALSE,
    NULL,
    TRUE,
    Case,
    Coalesce,
    Constant,
    Expression,
    FunctionCall,
    IsNull,
    Query,
    Resolve,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._row_instances import RowInstances


def resolve_call(expression: Expression, resolve: Resolve, *, strict: bool = False) -> Expression:
    """A call as the expression that it returns, inside casts too; any other expression unchanged.

    One with arguments only if `strict` is true, so that NULL makes the condition impossible: a strict function returns
    NULL for a NULL argument, whatever its body returns.
    """
    match expression:
        case FunctionCall(arguments=arguments) if strict or not arguments:
            return resolve(expression)
        case TypeCast():
            inner = resolve_call(expression.argument, resolve, strict=strict)
            return TypeCast(expression.cast_method, inner, expression.type)
        case _:
            return expression


def split_case(case: Case, use: Callable[[Expression], SignedFormula]) -> tuple[Conjunction, ...]:
    """The alternatives of a CASE: each result with its condition TRUE and all previous conditions not TRUE."""
    alternatives, before = list[Conjunction](), list[SignedFormula]()
    for condition, result in case.whens:
        alternatives.append((*before, (condition, TRUE), use(result)))
        before.append((condition, FALSE | NULL))
    return (*alternatives, (*before, use(case.default)))


def split_value(
    argument: Expression, use: Callable[[Expression], SignedFormula], instances: RowInstances
) -> tuple[Conjunction, ...] | None:
    """The alternatives of a value inside casts, each with its condition; None if the value is not split."""
    match argument:
        case TypeCast():
            return split_value(argument.argument, lambda value: use(_cast(argument, value)), instances)
        case Case():
            return split_case(argument, use)
        case Coalesce():
            alternatives, before = list[Conjunction](), list[SignedFormula]()
            for one in argument.arguments:
                alternatives.append((*before, (IsNull(one), FALSE), use(one)))
                before.append((IsNull(one), TRUE))
            return (*alternatives, (*before, use(Constant(argument.type, True, None))))  # noqa: FBT003  # SQL's NULL
        case SubqueryExpr(kind="value") if argument.query.simple and len(argument.query.targets) == 1:
            if use(argument)[1] != TRUE:
                return None
            return tuple(_of_row(one.query, use) for one in instances.of(argument))
        case _:
            return None


def _cast(cast: TypeCast, value: Expression) -> Expression:
    """A value in place of the argument of a cast; NULL stays NULL, but for a domain, which may refuse it."""
    if isinstance(value, Constant) and value.null and cast.cast_method != "domain":
        return Constant(cast.type, True, None)  # noqa: FBT003  # SQL's NULL
    return TypeCast(cast.cast_method, value, cast.type)


def _of_row(query: Query, use: Callable[[Expression], SignedFormula]) -> Conjunction:
    """That the value of the row that a query returns is used."""
    conditions: Conjunction = tuple((condition, TRUE) for condition in query.conditions)
    return ((SubqueryExpr("present", None, query), TRUE), *conditions, use(query.targets[0]))
