"""A leak is not claimed where comparisons of unknown types may tie the tenant of a row to the context."""

from __future__ import annotations

import pytest

from isolation.proof._expressions import FALSE, TRUE, ColumnRef, Comparison
from isolation.proof._links import tie_tenant_to_context
from isolation.proof._variables import Variable

ENUM, UUID = 3516, 2972  # the operators = of enums and of uuid
KEY, CONTEXT = ("key", 0, 1), ("context", 0, 0)
ITS, ANOTHER = ("column", 1, 1), ("column", 1, 2)


@pytest.mark.parametrize(
    ("tied", "literals"),
    [
        (True, [(ENUM, TRUE, (KEY, ITS)), (ENUM, TRUE, (ITS, CONTEXT))]),
        (True, [(ENUM, TRUE, (KEY, ITS)), (UUID, TRUE, (CONTEXT, ANOTHER)), (UUID, TRUE, (ANOTHER, ITS))]),
        (True, [(ENUM, TRUE, (KEY, CONTEXT))]),
        (False, [(ENUM, TRUE, (KEY, ITS)), (ENUM, TRUE, (ANOTHER, CONTEXT))]),
        (False, [(ENUM, TRUE, (KEY, ITS)), (ENUM, FALSE, (ITS, CONTEXT))]),
        (False, [(UUID, TRUE, (KEY, ITS)), (UUID, TRUE, (ITS, CONTEXT))]),
        (False, [(ENUM, TRUE, (KEY, ITS)), (UUID, TRUE, (CONTEXT, ANOTHER))]),
    ],
)
def test_a_chain_of_comparisons_ties_the_tenant(
    literals: list[tuple[int, int, tuple[Variable, ...]]], *, tied: bool
) -> None:
    """Any chain with an operator whose meaning is unknown does; one of known types is decided by the proof."""
    sides = ColumnRef(0, 1, 0), ColumnRef(1, 1, 0)
    signed = [(Comparison(operator, sides, 0, 16), values) for operator, values, _ in literals]
    assert tie_tenant_to_context(signed, [used for *_, used in literals]) is tied
