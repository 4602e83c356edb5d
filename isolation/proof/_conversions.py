"""Conversions of texts in stored expressions: they fail on some values, and the error quotes the value."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from isolation.proof._nodes import Node, UnreadableTree, Value, parse

# pg_type OIDs of text, character, character varying and name, which take any text.
_TEXTS: Final = frozenset({25, 1042, 1043, 19})
# pg_proc OIDs of to_number, to_timestamp and to_date with a text and a format.
_FUNCTIONS: Final = frozenset({1777, 1778, 1780})


@lru_cache(maxsize=4096)
def converted_columns(tree: str) -> frozenset[int]:
    """The numbers of the columns of the policy's own row from whose text it makes another type, as meta ->> 'n' to int.

    They are none of a tree that cannot be read.
    """
    found = set[int]()
    try:
        pending: list[tuple[Value, int, bool]] = [(parse(tree), 0, False)]
        while pending:
            value, level, converting = pending.pop()
            if isinstance(value, tuple):
                pending.extend((each, level, converting) for each in value)
            elif isinstance(value, Node):
                if value.kind == "VAR" and converting and value.number("varlevelsup") == level:
                    found.add(value.number("varattno"))
                within = converting or _converts(value)
                # Each query is one level below: what it names of the row is that many levels up.
                inner = level + (value.kind == "QUERY")
                pending.extend((each, inner, within) for each in value.fields.values())
    except UnreadableTree:
        return frozenset()
    return frozenset(found)


def _converts(node: Node) -> bool:
    match node.kind:
        case "COERCEVIAIO":
            return node.number("resulttype") not in _TEXTS
        case "ARRAYCOERCEEXPR":
            return True
        case "FUNCEXPR":
            return node.number("funcid") in _FUNCTIONS
        case _:
            return False
