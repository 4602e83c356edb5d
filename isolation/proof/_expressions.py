"""The expressions of policies as frozen values: a small subset of PostgreSQL's node types."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

TRUE: Final = 1
FALSE: Final = 2
NULL: Final = 4
ANY_TRUTH_VALUE: Final = TRUE | FALSE | NULL
"""The three truth values of SQL as bits; a set of truth values is their sum."""
TENANTS: Final = -1
OWN_ROW: Final = 0
"""The number of the row that the policy tests; rows of sub-selects have numbers from 1."""


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """A column of a row, by its number; `type` is an OID."""

    row: int
    number: int
    type: int


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant; `value` is None if it is NULL, or redacted because it could be a tenant's id."""

    type: int
    null: bool
    value: bytes | None

    @property
    def text(self) -> str | None:
        """Its value as text, after the four length bytes; None if it was redacted. For constants of a text type."""
        if self.value is None:
            return None
        if self.type == 19:  # noqa: PLR2004  # name: fixed length, padded with zeros
            return self.value.rstrip(b"\0").decode(errors="replace")
        return self.value[4:].decode(errors="replace")


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call of the function with this OID; `returns_set` is true for a set-returning function."""

    function: int
    arguments: tuple[Expression, ...]
    type: int
    returns_set: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """An operator by its OID, with its arguments and collation (0 for none)."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int
    type: int


@dataclass(frozen=True, slots=True)
class TypeCast:
    """A cast to a type; `cast_method` is relabel (same bytes), text (text output, then input) or domain (a check)."""

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
    """IS TRUE and similar tests: TRUE if the argument's value is in `truth_values`, otherwise FALSE, never NULL."""

    argument: Expression
    truth_values: int


@dataclass(frozen=True, slots=True)
class IsDistinctFrom:
    """IS DISTINCT FROM; `operator` is the equality operator."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int


@dataclass(frozen=True, slots=True)
class NullIf:
    """NULLIF: the first argument, or NULL if both are equal."""

    operator: int
    arguments: tuple[Expression, ...]
    collation: int


@dataclass(frozen=True, slots=True)
class Case:
    """CASE: the conditions with their results, and the default."""

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
    """`left operator ANY (right)`, or ALL if `is_all`."""

    operator: int
    is_all: bool
    left: Expression
    right: Expression
    collation: int


@dataclass(frozen=True, slots=True)
class Query:
    """A sub-select. `rows` are the rows that must exist, each with its relation's OID (0 if it is no relation).

    If it is not `simple`, it is unknown when it returns a row: `rows` and `conditions` are empty. `span` are the first
    number of its rows, those of inner sub-selects included, and the number after the last. `readers` are the rows that
    another role reads than the one of the proof, with its OID: those in a function with its owner's rights. A query
    that is `cut` may return fewer rows than WHERE selects: by LIMIT, OFFSET, DISTINCT ON or TABLESAMPLE.
    """

    rows: tuple[tuple[int, int], ...]
    conditions: tuple[Expression, ...]
    targets: tuple[Expression, ...]
    simple: bool
    span: tuple[int, int]
    readers: tuple[tuple[int, int], ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class SubqueryExpr:
    """A sub-select in an expression: `kind` is exists, any, all, value or array; `test` compares for any and all."""

    kind: str
    test: Expression | None
    query: Query


@dataclass(frozen=True, slots=True)
class RowOfFunction:
    """That a row is one of those that a set-returning function returns; its only column has the given type."""

    call: FunctionCall
    row: int
    type: int


@dataclass(frozen=True, slots=True)
class RowOfQuery:
    """That a row is one of those that one of several queries returns, with their columns."""

    queries: tuple[Query, ...]
    row: int


@dataclass(frozen=True, slots=True)
class SqlValueFunction:
    """CURRENT_USER, CURRENT_DATE and similar, by PostgreSQL's number (SQLValueFunctionOp)."""

    number: int
    type: int


@dataclass(frozen=True, slots=True)
class ContextValue:
    """The current tenant as returned by an approved function: part `index` of the key.

    With the index TENANTS, one of the tenants that the current user may see, if the function returns several.
    """

    index: int
    type: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """Any other expression, by PostgreSQL's node name, with the parts that could be read."""

    kind: str
    parts: tuple[Expression, ...]
    type: int


Expression = (
    ColumnRef | Constant | FunctionCall | Comparison | TypeCast | BoolExpr | IsNull | BooleanTest | IsDistinctFrom
    | NullIf | Case | Coalesce | ArrayExpr | QuantifiedComparison | SubqueryExpr | SqlValueFunction | ContextValue
    | RowOfFunction | RowOfQuery | Opaque
)  # fmt: skip
Resolve = Callable[[Expression], Expression]
"""Maps a call of a user-defined function to the expression it returns; any other expression to itself."""
