"""The functions that a stored tree calls, and the code that it runs without naming a function."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from isolation.inventory.relations import StoredExpression
from isolation.proof._nodes import Node, UnreadableTree, parse

_FUNCTIONS: Final = frozenset({
    "funcid", "opfuncid", "hashfuncid", "negfuncid", "aggfnoid", "winfnoid", "tsmhandler", "startInRangeFunc",
    "endInRangeFunc",
})  # fmt: skip
_USER_DEFINED = r"(?:1638[4-9]|1639\d|16[4-9]\d\d|1[7-9]\d{3}|[2-9]\d{4}|\d{6,})"
# A user-defined operator whose function is not beside it.
_UNNAMED: Final = re.compile(
    rf":(?:(?:opnos|eqop|sortop|cycle_mark_neop|opfamilies) (?:\(o )?(?:\d+ )*?|opno (?={_USER_DEFINED} :opfuncid 0 ))"
    rf"({_USER_DEFINED})\b"
)


@lru_cache(maxsize=4096)
def functions_in(text: str) -> frozenset[int]:
    """The OIDs of all functions that a tree calls, also by operators and in sub-selects. Raises: UnreadableTree."""
    found, pending = set[int](), [parse(text)]
    while pending:
        value = pending.pop()
        if isinstance(value, tuple):
            pending.extend(value)
        elif isinstance(value, Node):
            for name, field in value.fields.items():
                if name in _FUNCTIONS:
                    found.add(value.number(name))
                elif not isinstance(field, str):
                    pending.append(field)
    return frozenset(found)


def unnamed_code_in(text: str) -> str:
    """The user-defined code that a tree runs without naming its function; empty without any."""
    found = _UNNAMED.search(text)
    return f"it uses operator {found[1]}, whose function the tree does not name" if found else ""


def called_functions(stored: StoredExpression) -> frozenset[int]:
    """The OIDs of the functions that a stored expression calls; none if it cannot be read."""
    try:
        return functions_in(stored.tree)
    except UnreadableTree:
        return frozenset()
