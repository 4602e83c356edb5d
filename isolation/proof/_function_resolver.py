"""Somebody's own functions that return the current tenant: read where they can be, vouched for where they cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from basewatch.tenancy import Tenancy
from isolation.inventory import Inventory
from isolation.inventory.builtin_oids import (
    FIRST_USER_OID,
    TYPES,
)
from isolation.inventory.code import Function
from isolation.proof._body_parser import BodyParser, UnreadableBody, result_type
from isolation.proof._expressions import ContextValue, Expression, FunctionCall, TypeCast
from isolation.proof._nodes import UnreadableTree
from isolation.proof._setting_effects import SettingEffects, unqualified_name
from isolation.proof._terms import TermNormalizer
from isolation.proof._translation import read_body

_SQL: Final = re.compile(r"\s*SELECT\s(?P<value>.*?)(?:\s+AS\s+\w+)?\s*;?\s*", re.IGNORECASE | re.DOTALL)
_PLPGSQL: Final = re.compile(r"\s*BEGIN\s+RETURN\s*(?P<value>.*?);\s*END\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NAMES: Final = frozenset({"current_setting"})


@dataclass(slots=True)
class FunctionResolver:
    """What calls of somebody's own functions stand for, in one inventory under one manifest at one time.

    `immutable_functions` are the functions that read the context and say that they are IMMUTABLE: a prepared plan keeps
    what they returned for its first tenant.
    """

    inventory: Inventory
    tenancy: Tenancy
    now: datetime
    immutable_functions: dict[int, Function] = field(default_factory=dict[int, Function])
    _functions: Mapping[int, Function] = field(init=False)
    _effects: SettingEffects = field(init=False)
    _meant: dict[int, Expression | None] = field(default_factory=dict[int, "Expression | None"])

    def __post_init__(self) -> None:
        self._functions = {function.oid: function for function in self.inventory.functions}
        self._effects = SettingEffects(self._functions)

    def preserves_context(self, function: Function) -> bool:
        """Whether a function leaves the context as it is: nothing in it can change a setting, or somebody vouches."""
        return self._effects.preserves_settings(function) or any(
            allowed.kind == "function"
            and allowed.name == function.name
            and allowed.is_valid_for(function.digest, self.now)
            for allowed in self.tenancy.allowed
        )

    def resolve(self, expression: Expression) -> Expression:
        """What a call stands for; the same expression when it stands for nothing that is known."""
        if not isinstance(expression, FunctionCall) or expression.function < FIRST_USER_OID or expression.returns_set:
            return expression
        function = self._functions.get(expression.function)
        if function is None:
            return expression
        if expression.arguments:
            return self._inlined(function, expression) or expression
        if function.oid not in self._meant:
            self._meant[function.oid] = None  # while it is read: a function may call itself
            self._meant[function.oid] = self._of(function, expression)
        return self._meant[function.oid] or expression

    def _of(self, function: Function, call: FunctionCall) -> Expression | None:
        if self._vouched(function):
            return ContextValue(0, call.type) if len(self.tenancy.context) == 1 else None
        if not self._is_plain(function):
            return None
        found = self._read(function, call)
        terms = TermNormalizer(self.tenancy.context, lambda expression: expression)
        if found is None:
            return None
        term = terms.normalize(found)
        if term is not None and term.value_ref[0] == "context" and function.volatility == "i":
            self.immutable_functions[function.oid] = function
            return None
        return found

    def _vouched(self, function: Function) -> bool:
        return any(
            allowed.kind == "function"
            and allowed.context
            and allowed.name == function.name
            and allowed.is_valid_for(function.digest, self.now)
            for allowed in self.tenancy.allowed
        )

    def _is_plain(self, function: Function) -> bool:
        """Whether a function does nothing but what its body says, with the rights and settings of who calls it."""
        return (
            function.kind == "f"
            and not function.security_definer
            and function.language in {"sql", "plpgsql"}
            and set(function.settings) <= {"search_path"}
        )

    def _inlined(self, function: Function, call: FunctionCall) -> Expression | None:
        """A function of a row that is one expression, with what it was called with in place of its arguments."""
        if not self._is_plain(function) or function.tree is None or function.volatility == "i":
            return None
        try:
            return read_body(function.tree, call.arguments)
        except UnreadableTree:
            return None

    def _read(self, function: Function, call: FunctionCall) -> Expression | None:
        if function.tree is not None:
            try:
                return read_body(function.tree)
            except UnreadableTree:
                return None
        shape = (_SQL if function.language == "sql" else _PLPGSQL).fullmatch(function.body)
        if shape is None or not self._means_what_it_says(function, shape["value"]):
            return None
        try:
            value = BodyParser(shape["value"], self._named).read()
        except UnreadableBody:
            return None
        if call.type == result_type(value):
            return value
        # PL/pgSQL casts what is returned, SQL would have refused it.
        return TypeCast("text", value, call.type) if function.language == "plpgsql" and call.type in TYPES else None

    def _named(self, name: str) -> Expression:
        """What a call of a function without arguments stands for, named with its schema. Raises: NoContext."""
        schema, _, simple = name.rpartition(".")
        found = [
            f
            for f in self._functions.values()
            if (f.schema, unqualified_name(f), f.argument_count) == (schema, simple, 0)
        ]
        call = FunctionCall(found[0].oid, (), found[0].return_type, False) if len(found) == 1 else None  # noqa: FBT003  # not a set
        meant = self.resolve(call) if call else None
        if call is None or meant is None or meant is call:
            raise UnreadableBody
        return meant

    def _means_what_it_says(self, function: Function, text: str) -> bool:
        """Whether the names in a body are PostgreSQL's own whatever the search_path of who calls it."""
        if (function.search_path or "").split(",")[0].strip() == "pg_catalog":
            return True
        taken = {unqualified_name(other) for other in self._functions.values()}
        bare = _NAMES & set(re.findall(r"(?<![\w.])[a-z_]+(?=\s*\()", text.lower()))
        return not self.inventory.casts and not taken & bare
