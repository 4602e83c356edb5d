"""Values that are one of several, taken out of what they stand in: each with the condition under which it is it."""

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
    SubqueryExpr,
    TypeCast,
)

Resolve = Callable[[Expression], Expression]


def resolve_call(expression: Expression, resolve: Resolve) -> Expression:
    """A function without arguments as what it returns: it is strict of nothing."""
    match expression:
        case FunctionCall(arguments=()):
            return resolve(expression)
        case TypeCast():
            return TypeCast(expression.cast_method, resolve_call(expression.argument, resolve), expression.type)
        case _:
            return expression


def split_case(case: Case, use: Callable[[Expression], SignedFormula]) -> tuple[Conjunction, ...]:
    """The ways a CASE comes to one of its results: each under its condition, when none before it is TRUE."""
    found, before = list[Conjunction](), list[SignedFormula]()
    for condition, result in case.whens:
        found.append((*before, (condition, TRUE), use(result)))
        before.append((condition, FALSE | NULL))
    return (*found, (*before, use(case.default)))


def split_value(argument: Expression, use: Callable[[Expression], SignedFormula]) -> tuple[Conjunction, ...] | None:
    """A value that is one of several, taken out of its casts: each with the condition under which it is the value."""
    match argument:
        case TypeCast():
            return split_value(
                argument.argument, lambda value: use(TypeCast(argument.cast_method, value, argument.type))
            )
        case Case():
            return split_case(argument, use)
        case Coalesce():
            found, before = list[Conjunction](), list[SignedFormula]()
            for one in argument.arguments:
                found.append((*before, (IsNull(one), FALSE), use(one)))
                before.append((IsNull(one), TRUE))
            return (*found, (*before, use(Constant(argument.type, True, None))))  # noqa: FBT003  # SQL's NULL
        case SubqueryExpr(kind="value", query=query) if query.simple and len(query.targets) == 1:
            compared, mask = use(query.targets[0])
            if mask != TRUE:
                return None
            conditions: Conjunction = tuple((condition, TRUE) for condition in query.conditions)
            return (((SubqueryExpr("present", None, query), TRUE), *conditions, (compared, TRUE)),)
        case _:
            return None
