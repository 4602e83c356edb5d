"""Values that are one of several, taken out of what they stand in: each with the condition under which it is it."""

from __future__ import annotations

from collections.abc import Callable

from isolation.proof.expressions import (
    FALSE,
    NULL,
    TRUE,
    Call,
    Case,
    Cast,
    Coalesce,
    Constant,
    Expression,
    IsNull,
    Select,
)
from isolation.proof.pairings import Alternative, Signed

Resolve = Callable[[Expression], Expression]


def meant(expression: Expression, resolve: Resolve) -> Expression:
    """A function without arguments as what it returns: it is strict of nothing."""
    match expression:
        case Call(arguments=()):
            return resolve(expression)
        case Cast():
            return Cast(expression.through, meant(expression.argument, resolve), expression.type)
        case _:
            return expression


def cases(case: Case, use: Callable[[Expression], Signed]) -> tuple[Alternative, ...]:
    """The ways a CASE comes to one of its results: each under its condition, when none before it is TRUE."""
    found, before = list[Alternative](), list[Signed]()
    for condition, result in case.whens:
        found.append((*before, (condition, TRUE), use(result)))
        before.append((condition, FALSE | NULL))
    return (*found, (*before, use(case.default)))


def lifted(argument: Expression, use: Callable[[Expression], Signed]) -> tuple[Alternative, ...] | None:
    """A value that is one of several, taken out of its casts: each with the condition under which it is the value."""
    match argument:
        case Cast():
            return lifted(argument.argument, lambda value: use(Cast(argument.through, value, argument.type)))
        case Case():
            return cases(argument, use)
        case Coalesce():
            found, before = list[Alternative](), list[Signed]()
            for one in argument.arguments:
                found.append((*before, (IsNull(one), FALSE), use(one)))
                before.append((IsNull(one), TRUE))
            return (*found, (*before, use(Constant(argument.type, True, None))))  # noqa: FBT003  # SQL's NULL
        case Select(kind="value", query=query) if query.simple and len(query.targets) == 1:
            compared, mask = use(query.targets[0])
            if mask != TRUE:
                return None
            conditions: Alternative = tuple((condition, TRUE) for condition in query.conditions)
            return (((Select("present", None, query), TRUE), *conditions, (compared, TRUE)),)
        case _:
            return None
