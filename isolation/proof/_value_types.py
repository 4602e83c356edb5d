"""The types of the values of expressions."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from isolation.proof._expressions import (
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Expression,
    IsDistinctFrom,
    IsNull,
    NullIf,
    QuantifiedComparison,
    RowOfFunction,
    RowOfQuery,
    SubqueryExpr,
)

ARRAY_TYPES: Final = MappingProxyType({2950: 2951, 25: 1009, 1043: 1015, 23: 1007, 20: 1016, 21: 1005, 1700: 1231})
"""The types of arrays by the types of their elements."""


def type_of(expression: Expression) -> int:
    """The OID of an expression's type; 16 for boolean, and 0 if it is unknown."""
    match expression:
        case (
            BoolExpr() | IsNull() | BooleanTest() | IsDistinctFrom() | QuantifiedComparison()
            | RowOfFunction() | RowOfQuery()
        ):  # fmt: skip
            return 16
        case SubqueryExpr(kind=kind, query=query):
            if kind in {"value", "array"}:
                found = type_of(query.targets[0]) if query.targets else 0
                return found if kind == "value" else ARRAY_TYPES.get(found, 0)
            return 16
        case NullIf():
            return type_of(expression.arguments[0])
        case ArrayExpr():
            return 0
        case _:
            return expression.type
