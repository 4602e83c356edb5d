"""The set-returning functions in the SELECT list of a query: which of them give a row only where they have one."""

from __future__ import annotations

from isolation.proof._expressions import Expression, FunctionCall, Opaque
from isolation.proof._nodes import Node


def set_returning(targets: tuple[Expression, ...]) -> list[FunctionCall]:
    """The columns of a SELECT list that are calls of set-returning functions."""
    return [one for one in targets if isinstance(one, FunctionCall) and one.returns_set]


def with_complete_sets(query: Node, targets: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """The columns of a query, with a set as an unknown value if another one is inside a column or in ORDER BY.

    PostgreSQL fills up the shorter of several sets with NULL: then a row exists where a function returned none.
    """
    if _as_columns(query) == [True] * len(set_returning(targets)):
        return targets
    sets = set_returning(targets)
    return tuple(
        Opaque("rows", (), one.type) if isinstance(one, FunctionCall) and one in sets else one for one in targets
    )


def _as_columns(query: Node) -> list[bool]:
    """For each set-returning call in the SELECT list, hidden columns included, whether it is a shown column itself."""
    found, pending = list[bool](), [(target.get("expr"), target) for target in query.nodes("targetList")]
    while pending:
        value, parent = pending.pop()
        if isinstance(value, tuple):
            pending.extend((one, query) for one in value)
        elif isinstance(value, Node) and value.kind != "QUERY":
            if "true" in {value.get("funcretset"), value.get("opretset")}:
                found.append(parent.kind == "TARGETENTRY" and parent.text("resjunk") == "false")
            pending.extend((one, value) for one in value.fields.values())
    return found
