"""Finds whether comparisons that the leak search cannot evaluate tie the tenant of a row to the context."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from isolation.inventory.builtin_oids import EQUALS, GREATER_OR_EQUAL, LESS_OR_EQUAL, LIKE, NOT_EQUALS, NOT_LIKE
from isolation.proof._comparison_rules import SignedFormula
from isolation.proof._expressions import TRUE, Comparison, QuantifiedComparison
from isolation.proof._variables import Variable

_UNDERSTOOD: Final = frozenset({*EQUALS, *NOT_EQUALS, *LESS_OR_EQUAL, *GREATER_OR_EQUAL, LIKE, NOT_LIKE})


def tie_tenant_to_context(literals: Sequence[SignedFormula], used: Sequence[Sequence[Variable]]) -> bool:
    """Whether the key and the context may have to be equal, by comparisons of a type that is no known type of ids.

    For example of an enum: `a.region = region AND a.region = <context>`. `used` are the variables of each literal.
    """
    groups = list[tuple[set[Variable], bool]]()
    for (literal, truth_values), variables in zip(literals, used, strict=True):
        if not isinstance(literal, Comparison | QuantifiedComparison) or truth_values != TRUE:
            continue
        group, unknown = set(variables), literal.operator not in _UNDERSTOOD
        for other in [other for other in groups if other[0] & group]:
            groups.remove(other)
            group, unknown = group | other[0], unknown or other[1]
        groups.append((group, unknown))
    kinds = [{kind for kind, _, _ in group} for group, unknown in groups if unknown]
    return any({"key", "context"} <= each for each in kinds)
