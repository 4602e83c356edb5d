"""What a policy says, as a few frozen shapes: every column, setting and constant stands where it is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

TRUE: Final = 1
FALSE: Final = 2
NULL: Final = 4
ANY_TRUTH_VALUE: Final = TRUE | FALSE | NULL
"""What a boolean expression comes to, as bits: a mask says which of the three it may come to."""
OWN_ROW: Final = 0
"""The row that the policy is asked about; the rows of sub-selects have numbers from 1."""


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of a row, by its number; `type` is an OID."""

    row: int
    number: int
    type: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant; `value` is None when it is NULL, or blanked because it might be a tenant's id."""

    type: int
    null: bool
    value: bytes | None

    @property
    def text(self) -> str | None:
        """Its text, if it is one and was not blanked: after the four bytes that hold its length."""
        if self.value is None:
            return None
        if self.type == 19:  # noqa: PLR2004  # name: fixed length, padded with zeros
            return self.value.rstrip(b"\0").decode(errors="replace")
        return self.value[4:].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A function called by its OID; `returns_set` says that it returns a set."""

    function: int
    arguments: tuple[Expression, ...]
    type: int
    returns_set: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator by its OID, with the collation it compares by (0 for none)."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int
    type: int


@dataclass(frozen=True, slots=True)
class TypeCast:
    """A cast to a type: `cast_method` is relabel (the same bytes), text (output, then input) or domain (a check)."""

    cast_method: str
    argument: Expression
    type: int


@dataclass(frozen=True, slots=True)
class BoolExpr:
    """AND, OR or NOT."""

    connective: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """IS NULL."""

    argument: Expression


@dataclass(frozen=True, slots=True)
class BooleanTest:
    """IS TRUE and its like: TRUE when what the argument comes to is in `truth_values`, FALSE otherwise, never NULL."""

    argument: Expression
    truth_values: int


@dataclass(frozen=True, slots=True)
class IsDistinctFrom:
    """IS DISTINCT FROM, by the operator that says equal."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int


@dataclass(frozen=True, slots=True)
class NullIf:
    """NULLIF: the first, or NULL."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int


@dataclass(frozen=True, slots=True)
class Case:
    """CASE: each condition with its result, and the default."""

    whens: tuple[tuple[Expression, Expression], ...]
    default: Expression
    type: int


@dataclass(frozen=True, slots=True)
class Coalesce:
    """COALESCE."""

    arguments: tuple[Expression, ...]
    type: int


@dataclass(frozen=True, slots=True)
class ArrayExpr:
    """ARRAY[...] of one dimension."""

    elements: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class QuantifiedComparison:
    """`left operator ANY (right)`, or ALL when `is_all`."""

    operator: int
    is_all: bool
    left: Expression
    right: Expression
    collation: int


@dataclass(frozen=True, slots=True)
class Query:
    """A sub-select. `rows` are the rows that must exist, each with its relation's OID (0 for what is no relation).

    When it is not `simple`, nothing is known of when it gives a row, and the rest is empty.
    """

    rows: tuple[tuple[int, int], ...]
    conditions: tuple[Expression, ...]
    targets: tuple[Expression, ...]
    simple: bool


@dataclass(frozen=True, slots=True)
class SubqueryExpr:
    """A sub-select in an expression: `kind` is exists, any, all, value or array; `test` compares for any and all."""

    kind: str
    test: Expression | None
    query: Query


@dataclass(frozen=True, slots=True)
class SqlValueFunction:
    """CURRENT_USER, CURRENT_DATE and their like, by PostgreSQL's number (SQLValueFunctionOp)."""

    number: int
    type: int


@dataclass(frozen=True, slots=True)
class ContextValue:
    """The current tenant, from a function that somebody vouches for: part `index` of the key."""

    index: int
    type: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """Anything else, by PostgreSQL's name for it, with what could be read of its parts."""

    kind: str
    parts: tuple[Expression, ...]
    type: int


Expression = (
    ColumnRef | Constant | FunctionCall | Comparison | TypeCast | BoolExpr | IsNull | BooleanTest | IsDistinctFrom | NullIf | Case | Coalesce | ArrayExpr
    | QuantifiedComparison | SubqueryExpr | SqlValueFunction | ContextValue | Opaque
)  # fmt: skip


def subexpressions(expression: Expression) -> tuple[Expression, ...]:  # noqa: PLR0911  # one case per shape
    """The expressions directly inside an expression; of a sub-select its conditions, targets and test."""
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
        case SubqueryExpr():
            test = () if expression.test is None else (expression.test,)
            return (*test, *expression.query.conditions, *expression.query.targets)
        case Opaque():
            return expression.parts
        case _:
            return ()


def type_of(expression: Expression) -> int:
    """The OID of the type it comes to; 16 for what is true or false, and 0 when it is not known."""
    match expression:
        case BoolExpr() | IsNull() | BooleanTest() | IsDistinctFrom() | QuantifiedComparison():
            return 16
        case SubqueryExpr(kind=kind, query=query):
            if kind == "value":
                return type_of(query.targets[0]) if query.targets else 0
            return 0 if kind == "array" else 16
        case NullIf():
            return type_of(expression.arguments[0])
        case ArrayExpr():
            return 0
        case _:
            return expression.type
