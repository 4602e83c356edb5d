"""Decides whether a function can change a setting of the session, and with it the context."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from isolation.inventory import Inventory
from isolation.inventory.builtin_oids import CONTEXT_CHANGING, FIRST_USER_OID
from isolation.inventory.code import Function
from isolation.proof._called_functions import functions_in, unnamed_code_in
from isolation.proof._nodes import UnreadableTree

_CHANGES: Final = frozenset({
    "set_config", "execute", "reset", "discard", "query_to_xml", "table_to_xml", "cursor_to_xml", "schema_to_xml",
    "database_to_xml", "ts_stat", "ts_rewrite",
})  # fmt: skip
# What runs triggers, rules, defaults and constraints, none of which is named: pg_settings itself has such a rule. SET
# names a setting in many ways.
_STATEMENTS: Final = frozenset({
    "set", "insert", "update", "delete", "merge", "copy", "truncate", "create", "alter", "drop", "grant", "revoke",
    "call", "do", "analyze", "vacuum", "reindex", "cluster", "refresh", "import",
})  # fmt: skip
_WRITING: Final = re.compile(r":commandType [^1]|:hasModifyingCTE true")
_WORDS: Final = re.compile(r"[a-z_]\w*")
_ESCAPED_NAME: Final = 'u&"'


@dataclass(slots=True)
class SettingEffects:
    """The effects of the functions of one inventory on the settings of a session, as far as their bodies show."""

    inventory: Inventory
    _functions: dict[int, Function] = field(init=False)
    _by_word: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _by_other_name: dict[str, list[int]] = field(default_factory=dict[str, list[int]])
    _callees: dict[int, frozenset[int] | None] = field(default_factory=dict[int, "frozenset[int] | None"])
    _preserving: dict[int, bool] = field(default_factory=dict[int, bool])

    def __post_init__(self) -> None:
        self._functions = {function.oid: function for function in self.inventory.functions}
        for function in self.inventory.functions:
            name = unqualified_name(function)
            names = self._by_word if _WORDS.fullmatch(name) else self._by_other_name
            names.setdefault(name, []).append(function.oid)

    def preserves_settings(self, function: Function) -> bool:
        """Whether nothing in a function, or in a function that it reaches, can change a setting; false if unknown."""
        if function.oid not in self._preserving:
            self._preserving[function.oid] = self._reaches_no_change(function)
        return self._preserving[function.oid]

    def _reaches_no_change(self, function: Function) -> bool:
        seen, pending = {function.oid}, [function.oid]
        while pending:
            oid = pending.pop()
            if oid not in self._callees:
                self._callees[oid] = self._called_by(oid)
            called = self._callees[oid]
            if called is None:
                return False
            pending.extend(called - seen)
            seen |= called
        return True

    def _called_by(self, oid: int) -> frozenset[int] | None:
        """The user-defined functions that one may call; None if it may itself change a setting, or is unreadable."""
        function = self._functions.get(oid)
        if function is None or oid in CONTEXT_CHANGING:
            return None
        if function.compiled_by:
            return frozenset()
        if function.language not in {"sql", "plpgsql"} or _CHANGES & set(function.body_keywords):
            return None
        try:
            return self._in_text(function) if function.tree is None else self._in_tree(function.tree)
        except UnreadableTree:
            return None

    def _in_tree(self, tree: str) -> frozenset[int] | None:
        called = functions_in(tree)
        if unnamed_code_in(tree) or called & CONTEXT_CHANGING or _WRITING.search(tree):
            return None
        found = {oid for oid in called if oid >= FIRST_USER_OID}
        return frozenset(found | self._without_name() if "{COERCETODOMAIN " in tree else found)

    def _in_text(self, function: Function) -> frozenset[int] | None:
        text = function.body.lower()
        words = set(_WORDS.findall(text))
        if not text or _ESCAPED_NAME in text or words & (_STATEMENTS | _CHANGES):
            return None
        found = {oid for word in words for oid in self._by_word.get(word, ())}
        found.update(oid for name, oids in self._by_other_name.items() if name in text for oid in oids)
        return frozenset(found | self._without_name()) - {function.oid}

    def _without_name(self) -> set[int]:
        """The functions that a text may run without their name: of operators, casts, types and domains."""
        kinds = {"operator", "cast", "type"}
        found = {use.function for use in self.inventory.function_uses if use.kind in kinds}
        found.update(oid for domain in self.inventory.domains for oid in domain.functions)
        return {oid for oid in found if oid >= FIRST_USER_OID or oid in CONTEXT_CHANGING}


def unqualified_name(function: Function) -> str:
    """The name of a function without schema and arguments, in lower case."""
    before = function.name.partition("(")[0].removeprefix(function.schema).removeprefix(f'"{function.schema}"')
    return before.removeprefix(".").strip('"').lower()
