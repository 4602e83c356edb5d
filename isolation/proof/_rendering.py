"""Writes conditions for a person, without their constants."""

from __future__ import annotations

from isolation.inventory.builtin_oids import (
    CURRENT_SETTING_OR_NULL,
    EQUALS,
    GREATER_OR_EQUAL,
    LESS_OR_EQUAL,
    LIKE,
    NOT_EQUALS,
    NOW,
    RANDOM,
)
from isolation.inventory.naming import quoted
from isolation.proof._expressions import (
    FALSE,
    NULL,
    OWN_ROW,
    TRUE,
    ArrayExpr,
    BooleanTest,
    BoolExpr,
    Case,
    Coalesce,
    ColumnRef,
    Comparison,
    Constant,
    ContextValue,
    Expression,
    FunctionCall,
    IsDistinctFrom,
    IsNull,
    NullIf,
    Opaque,
    QuantifiedComparison,
    RowOfFunction,
    RowOfQuery,
    SqlValueFunction,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._proof_context import ProofContext
from isolation.proof._terms import setting_of

_TRUTH_VALUES = {
    TRUE: "",
    FALSE: " is false",
    NULL: " is NULL",
    TRUE | NULL: " is not false",
    FALSE | NULL: " is not true",
    TRUE | FALSE: " is not NULL",
}
_SIGNS = {
    **dict.fromkeys(EQUALS, "="),
    **dict.fromkeys(NOT_EQUALS, "<>"),
    **dict.fromkeys(LESS_OR_EQUAL, "<="),
    **dict.fromkeys(GREATER_OR_EQUAL, ">="),
    LIKE: "LIKE",
}
_NAMES: dict[type[Expression], str] = {
    BooleanTest: "truth value test",
    IsDistinctFrom: "condition with IS DISTINCT FROM",
    Case: "CASE expression",
    ArrayExpr: "list of values",
    Comparison: "prefix operator",
    RowOfFunction: "row of a function",
    RowOfQuery: "row of a sub-select",
}


def render(expression: Expression, truth_values: int, proof_context: ProofContext) -> str:
    """A condition with its truth values, as text."""
    if isinstance(expression, IsNull) and truth_values == FALSE:
        return f"{describe(expression.argument, proof_context)} IS NOT NULL"
    return describe(expression, proof_context) + _TRUTH_VALUES.get(truth_values, "")


def describe(expression: Expression, proof_context: ProofContext) -> str:  # noqa: PLR0911  # one case per shape
    """An expression as text, without its casts."""
    match expression:
        case ColumnRef(row=row, number=number):
            found = proof_context.column(proof_context.relation.oid, number) if row == OWN_ROW else None
            return quoted(found.name) if found else "another row's column"
        case Constant():
            return "NULL" if expression.null else "a constant"
        case TypeCast():
            return describe(expression.argument, proof_context)
        case Comparison(operator=operator, arguments=(one, other)):
            sign = _SIGNS.get(operator, f"operator {operator}")
            return f"{describe(one, proof_context)} {sign} {describe(other, proof_context)}"
        case IsNull():
            return f"{describe(expression.argument, proof_context)} IS NULL"
        case QuantifiedComparison():
            word = "ALL" if expression.is_all else "ANY"
            return f"{describe(expression.left, proof_context)} = {word} ({describe(expression.right, proof_context)})"
        case NullIf() | Coalesce():
            word = "nullif" if isinstance(expression, NullIf) else "coalesce"
            return f"{word}({', '.join(describe(argument, proof_context) for argument in expression.arguments)})"
        case FunctionCall():
            return _call(expression, proof_context)
        case _:
            return _other(expression)


def _call(call: FunctionCall, proof_context: ProofContext) -> str:
    name = setting_of(call)
    if name is not None:
        flag = ", true" if call.function == CURRENT_SETTING_OR_NULL else ""
        return f"current_setting('{name.text or '…'}'{flag})"
    if call.function in NOW:
        return "now()"
    if call.function == RANDOM:
        return "random()"
    found = proof_context.access.function(call.function)
    return f"{found.name if found else f'function {call.function}'}"


def _other(expression: Expression) -> str:
    match expression:
        case SqlValueFunction():
            return "the current time" if expression.number < 9 else "current_user"  # noqa: PLR2004  # SQLValueFunctionOp
        case ContextValue():
            return "the tenant context"
        case SubqueryExpr():
            return f"a sub-select ({expression.kind})"
        case BoolExpr():
            return f"a condition with {expression.connective.upper()}"
        case Opaque():
            return f"an expression of kind {expression.kind}"
        case _:
            return f"a {_NAMES.get(type(expression), 'condition')}"
