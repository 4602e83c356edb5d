"""The functions that a stored tree calls, and the code that it runs without naming a function."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from isolation.inventory.builtin_oids import FIRST_USER_OID
from isolation.proof._nodes import Node, UnreadableTree, Value, parse

_FUNCTIONS: Final = frozenset({
    "funcid", "opfuncid", "hashfuncid", "negfuncid", "aggfnoid", "winfnoid", "tsmhandler", "startInRangeFunc",
    "endInRangeFunc",
})  # fmt: skip
_OPERATORS: Final = frozenset({"opno", "opnos", "eqop", "sortop", "cycle_mark_neop", "opfamilies"})


@lru_cache(maxsize=4096)
def functions_in(text: str) -> frozenset[int]:
    """The OIDs of all functions that a tree calls, also by operators and in sub-selects. Raises: UnreadableTree."""
    return frozenset(int(oid) for node in _nodes(text) for name in _FUNCTIONS for oid in _words(node, name))


@lru_cache(maxsize=4096)
def unnamed_code_in(text: str) -> str:
    """The user-defined code that a tree runs without naming its function; empty without any. Raises: UnreadableTree."""
    for node in _nodes(text):
        named = any(int(oid) for name in ("opfuncid", "hashfuncid") for oid in _words(node, name))
        for name in _OPERATORS:
            own = [oid for oid in _words(node, name) if int(oid) >= FIRST_USER_OID]
            if own and not (named and name == "opno"):
                return f"it uses operator {own[0]}, whose function the tree does not name"
    return ""


def _nodes(text: str) -> Iterator[Node]:
    pending: list[Value] = [parse(text)]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(value)
        elif isinstance(value, Node):
            yield value
            pending.extend(value.fields.values())


def _words(node: Node, name: str) -> tuple[str, ...]:
    """The OIDs of a field: one, or a list such as (o 1 2). Raises: UnreadableTree."""
    value = node.get(name)
    each = value if isinstance(value, tuple) else (value,)
    words = tuple(one for one in each if isinstance(one, str) and one != "o")
    if not all(word.isdigit() for word in words):
        raise UnreadableTree(f"{name} of {node.kind} is no OID")
    return words
