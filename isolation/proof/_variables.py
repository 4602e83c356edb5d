"""The variables of a condition: columns, settings, the current time and random(), each with a free value."""

from __future__ import annotations

from collections.abc import Iterator

from isolation.inventory.builtin_oids import (
    CONTEXT_CHANGING,
    CURRENT_SETTING,
    FIRST_USER_OID,
    FOLDING_FUNCTIONS,
    NOW,
    NUMBER_CASTS,
    RANDOM,
)
from isolation.proof._evaluation import Undetermined
from isolation.proof._expressions import (
    OWN_ROW,
    Coalesce,
    ColumnRef,
    Constant,
    ContextValue,
    Expression,
    FunctionCall,
    NullIf,
    Opaque,
    RowOfFunction,
    RowOfQuery,
    SqlValueFunction,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._proof_context import ProofContext
from isolation.proof._rewriting import subexpressions
from isolation.proof._terms import setting_of

Variable = tuple[str, int, int | str]
"""("key" or "column", row, column), ("context", part, 0), ("setting", 0, name), ("now" or "random", 0, 0)."""
_CLOCK = frozenset(range(9))  # CURRENT_DATE to LOCALTIMESTAMP(n) among the SqlValueFunction numbers
# The variants of pg_has_role(), whose results depend on memberships.
_ASKS = range(2705, 2711)


def variables(
    expression: Expression, proof_context: ProofContext, tenant_key_columns: frozenset[int]
) -> Iterator[Variable]:
    """The variables of an expression, each as often as it occurs. Raises: Undetermined."""
    found = variable(expression, proof_context, tenant_key_columns)
    if found is not None:
        yield found
        return
    if isinstance(expression, Opaque | SubqueryExpr | RowOfFunction | RowOfQuery | ContextValue):
        raise Undetermined
    if isinstance(expression, FunctionCall) and not expression.arguments:
        resolved = proof_context.normalizer.resolve(expression)
        if resolved is not expression:
            yield from variables(resolved, proof_context, tenant_key_columns)
            return
    if isinstance(expression, FunctionCall) and (
        expression.function >= FIRST_USER_OID or expression.function in CONTEXT_CHANGING or expression.function in _ASKS
    ):
        raise Undetermined
    for part in subexpressions(expression):
        yield from variables(part, proof_context, tenant_key_columns)


def variable(  # noqa: PLR0911  # one case per shape
    expression: Expression, proof_context: ProofContext, tenant_key_columns: frozenset[int]
) -> Variable | None:
    """The variable that an expression is itself; None for any other expression. Raises: Undetermined."""
    match expression:
        case ColumnRef(row=row, number=number):
            kind = "key" if row == OWN_ROW and number in tenant_key_columns else "column"
            return kind, row, number
        case ContextValue(index=part):
            return "context", part, 0
        case FunctionCall():
            index = proof_context.normalizer.context_index(expression)
            if index is not None:
                return "context", index, 0
            name = setting_of(expression)
            if name is not None:
                if name.text is None or "." not in name.text:
                    raise Undetermined  # a built-in setting, which the role may not be allowed to set
                return "setting", 0, name.text.lower()
            if expression.function in NOW:
                return "now", 0, 0
            return ("random", 0, 0) if expression.function == RANDOM else None
        case SqlValueFunction(number=number) if number in _CLOCK:
            return "now", 0, 0
        case _:
            return None


def underlying_variable(
    expression: Expression, proof_context: ProofContext, tenant_key_columns: frozenset[int]
) -> tuple[Variable, bool] | None:
    """The variable that determines an expression through casts, and whether it may be NULL; otherwise None."""
    match expression:
        case NullIf(arguments=(_, other)) if not isinstance(other, Constant):
            return None
        case TypeCast() | NullIf() | Coalesce():
            inner = underlying_variable(subexpressions(expression)[0], proof_context, tenant_key_columns)
            return inner and (inner[0], (inner[1] or isinstance(expression, NullIf)) and not _coalesced(expression))
        case FunctionCall(function=function) if function in FOLDING_FUNCTIONS or function in NUMBER_CASTS:
            return underlying_variable(expression.arguments[0], proof_context, tenant_key_columns)
        case _:
            found = variable(expression, proof_context, tenant_key_columns)
            return found and (found, _may_be_null(found, expression, proof_context))


def _coalesced(expression: Expression) -> bool:
    return isinstance(expression, Coalesce)


def _may_be_null(found: Variable, expression: Expression, proof_context: ProofContext) -> bool:
    if found[0] == "setting":
        return isinstance(expression, FunctionCall) and expression.function != CURRENT_SETTING
    if found[0] == "column" and found[1] == OWN_ROW:
        column = next((c for c in proof_context.relation.columns if c.number == found[2]), None)
        return column is not None and not column.not_null
    return False
