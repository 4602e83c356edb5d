"""Comparisons of truth values and of arrays, in terms of what they compare."""

from __future__ import annotations

from itertools import chain
from typing import Final

from isolation.inventory.builtins import BOOLEAN, CONTAINED, CONTAINS, OVERLAPS
from isolation.proof.expressions import FALSE, NULL, TRUE, Comparison, Distinct, Expression, Items, Logic, type_of

Signed = tuple[Expression, int]
Alternative = tuple[Signed, ...]
BOOLEAN_EQUALS, BOOLEAN_DIFFERS = 91, 85
_BITS: Final = (TRUE, FALSE, NULL)
_EQUALS_OF: Final = {2950: 2972, 25: 98, 1043: 98, 23: 96, 20: 410, 21: 94}


def negated(mask: int) -> int:
    """What NOT makes of what an expression may come to."""
    return (mask & NULL) | (TRUE if mask & FALSE else 0) | (FALSE if mask & TRUE else 0)


def of_booleans(test: Comparison, mask: int) -> tuple[Alternative, ...]:
    """How = and <> of truth values come to what the mask says."""
    one, other = test.arguments
    same = tuple(((one, bit), (other, bit)) for bit in (TRUE, FALSE))
    unlike = tuple(((one, bit), (other, negated(bit))) for bit in (TRUE, FALSE))
    if test.operator == BOOLEAN_DIFFERS:
        same, unlike = unlike, same
    nothing: tuple[Alternative, ...] = (((one, NULL),), ((other, NULL),))
    wanted = zip(_BITS, (same, unlike, nothing), strict=True)
    return tuple(chain.from_iterable(ways for bit, ways in wanted if mask & bit))


def of_arrays(test: Comparison, mask: int) -> tuple[Alternative, ...] | None:  # noqa: PLR0911  # one case per shape
    """Arrays of columns and contexts, element by element; only what follows from TRUE is known here."""
    one, other = test.arguments
    if mask != TRUE or not isinstance(one, Items) or not isinstance(other, Items):
        return None
    pairs = tuple(tuple(_same(left, right, test.collation) for right in other.elements) for left in one.elements)
    if not pairs or not pairs[0] or any(same is None for row in pairs for same in row):
        return None
    known = tuple(tuple(same for same in row if same) for row in pairs)
    if test.operator == OVERLAPS:
        return tuple(((same, TRUE),) for row in known for same in row)
    if test.operator == CONTAINED:
        return (tuple((Logic("or", row), TRUE) for row in known),)
    if test.operator == CONTAINS:
        return (tuple((Logic("or", column), TRUE) for column in zip(*known, strict=True)),)
    if len(known) != len(known[0]):
        return ()
    return (tuple((_not_distinct(row[at]), TRUE) for at, row in enumerate(known)),)


def _same(left: Expression, right: Expression, collation: int) -> Comparison | None:
    operator = _EQUALS_OF.get(type_of(left))
    return Comparison(operator, (left, right), collation, BOOLEAN) if operator else None


def _not_distinct(same: Comparison) -> Expression:
    return Logic("not", (Distinct(same.operator, same.arguments, same.collation),))
