"""Decides whether a function can change a setting of the session, and with it the context."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from isolation.inventory.builtin_oids import CONTEXT_CHANGING, FIRST_USER_OID
from isolation.inventory.code import Function
from isolation.proof._called_functions import functions_in, unnamed_code_in
from isolation.proof._nodes import UnreadableTree

_CHANGES: Final = frozenset({
    "set_config", "execute", "reset", "discard", "query_to_xml", "table_to_xml", "cursor_to_xml", "schema_to_xml",
    "database_to_xml", "ts_stat", "ts_rewrite",
})  # fmt: skip
_SET: Final = re.compile(
    r"\bset\s+(?:local\s+|session\s+)?[\w.\"]+\s*(?:=|to\b)|\b(?:ts_stat|ts_rewrite)\b", re.IGNORECASE
)
_WORDS: Final = re.compile(r"[a-z_]\w*")


@dataclass(slots=True)
class SettingEffects:
    """The effects of the functions of one inventory on the settings of a session, as far as their bodies show."""

    functions: Mapping[int, Function]
    _preserving: dict[int, bool] = field(default_factory=dict[int, bool])

    def preserves_settings(self, function: Function) -> bool:
        """Whether nothing in a function, or in a function that it names, can change a setting; false if unreadable."""
        if function.oid not in self._preserving:
            self._preserving[function.oid] = True  # while it is being examined: a function can name itself
            self._preserving[function.oid] = self._examine(function)
        return self._preserving[function.oid]

    def _examine(self, function: Function) -> bool:
        if function.extension:
            return True
        if function.language not in {"sql", "plpgsql"} or _CHANGES & set(function.body_keywords):
            return False
        if function.tree is not None:
            return self._callees_preserve(function.tree)
        if not function.body or _SET.search(function.body):
            return False
        words = set(_WORDS.findall(function.body.lower()))
        return all(
            self.preserves_settings(other)
            for other in self.functions.values()
            if other.oid != function.oid and unqualified_name(other) in words
        )

    def _callees_preserve(self, tree: str) -> bool:
        try:
            called, unnamed = functions_in(tree), unnamed_code_in(tree)
        except UnreadableTree:
            return False
        own = [self.functions.get(oid) for oid in called if oid >= FIRST_USER_OID]
        return (
            not unnamed
            and not called & CONTEXT_CHANGING
            and all(other is not None and self.preserves_settings(other) for other in own)
        )


def unqualified_name(function: Function) -> str:
    """The name of a function without schema and arguments, in lower case."""
    before = function.name.partition("(")[0].removeprefix(function.schema).removeprefix(f'"{function.schema}"')
    return before.removeprefix(".").strip('"').lower()
