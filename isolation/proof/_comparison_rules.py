"""Expansion rules for comparisons of truth values and of arrays."""

from __future__ import annotations

from itertools import chain
from typing import Final

from isolation.inventory.builtin_oids import BOOLEAN, CONTAINED, CONTAINS, OVERLAPS
from isolation.proof._expressions import (
    FALSE,
    NULL,
    TRUE,
    ArrayExpr,
    BoolExpr,
    Comparison,
    Expression,
    IsDistinctFrom,
)
from isolation.proof._value_types import type_of

SignedFormula = tuple[Expression, int]
"""An expression with the truth values that it must have one of."""
Conjunction = tuple[SignedFormula, ...]
"""Signed formulas that all hold."""
BOOLEAN_EQUALS, BOOLEAN_DIFFERS = 91, 85
_BITS: Final = (TRUE, FALSE, NULL)
_EQUALS_OF: Final = {2950: 2972, 25: 98, 1043: 98, 23: 96, 20: 410, 21: 94}


def negate(truth_values: int) -> int:
    """The truth values of an argument for which NOT has the given ones."""
    return (truth_values & NULL) | (TRUE if truth_values & FALSE else 0) | (FALSE if truth_values & TRUE else 0)


def expand_boolean_comparison(test: Comparison, truth_values: int) -> tuple[Conjunction, ...]:
    """The alternatives in which = or <> of two truth values has one of the given truth values."""
    one, other = test.arguments
    same = tuple(((one, bit), (other, bit)) for bit in (TRUE, FALSE))
    unlike = tuple(((one, bit), (other, negate(bit))) for bit in (TRUE, FALSE))
    if test.operator == BOOLEAN_DIFFERS:
        same, unlike = unlike, same
    nulls: tuple[Conjunction, ...] = (((one, NULL),), ((other, NULL),))
    wanted = zip(_BITS, (same, unlike, nulls), strict=True)
    return tuple(chain.from_iterable(ways for bit, ways in wanted if truth_values & bit))


def expand_array_comparison(test: Comparison, truth_values: int) -> tuple[Conjunction, ...] | None:  # noqa: PLR0911  # one case per shape
    """Comparisons of ARRAY[...], element by element; only for TRUE, otherwise None."""
    one, other = test.arguments
    if truth_values != TRUE or not isinstance(one, ArrayExpr) or not isinstance(other, ArrayExpr):
        return None
    pairs = tuple(tuple(_same(left, right, test.collation) for right in other.elements) for left in one.elements)
    if not pairs or not pairs[0] or any(same is None for row in pairs for same in row):
        return None
    known = tuple(tuple(same for same in row if same) for row in pairs)
    if test.operator == OVERLAPS:
        return tuple(((same, TRUE),) for row in known for same in row)
    if test.operator == CONTAINED:
        return (tuple((BoolExpr("or", row), TRUE) for row in known),)
    if test.operator == CONTAINS:
        return (tuple((BoolExpr("or", column), TRUE) for column in zip(*known, strict=True)),)
    if len(known) != len(known[0]):
        return ()
    return (tuple((_not_distinct(row[at]), TRUE) for at, row in enumerate(known)),)


def _same(left: Expression, right: Expression, collation: int) -> Comparison | None:
    operator = _EQUALS_OF.get(type_of(left))
    return Comparison(operator, (left, right), collation, BOOLEAN) if operator else None


def _not_distinct(same: Comparison) -> Expression:
    return BoolExpr("not", (IsDistinctFrom(same.operator, same.arguments, same.collation),))
