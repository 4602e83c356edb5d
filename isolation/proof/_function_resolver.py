"""Resolves user-defined functions to the expressions that they return: read from their bodies, or approved."""

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
from isolation.proof._claims import ClaimReader, context_names
from isolation.proof._expressions import ContextValue, Expression, FunctionCall, TypeCast, type_of
from isolation.proof._nodes import UnreadableTree
from isolation.proof._setting_effects import SettingEffects, unqualified_name
from isolation.proof._terms import TermNormalizer
from isolation.proof._translation import read_body

_SQL: Final = re.compile(r"\s*SELECT\s(?P<value>.*?)(?:\s+AS\s+\w+)?\s*;?\s*", re.IGNORECASE | re.DOTALL)
_PLPGSQL: Final = re.compile(r"\s*BEGIN\s+RETURN\s*(?P<value>.*?);\s*END\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NAMES: Final = frozenset({"current_setting"})


@dataclass(slots=True)
class FunctionResolver:
    """Resolves calls of user-defined functions, for one inventory and one manifest at one time.

    `immutable_functions` are the functions that read the context but are declared IMMUTABLE: a prepared plan keeps
    their result for its first tenant.
    """

    inventory: Inventory
    tenancy: Tenancy
    now: datetime
    immutable_functions: dict[int, Function] = field(default_factory=dict[int, Function])
    _functions: Mapping[int, Function] = field(init=False)
    _effects: SettingEffects = field(init=False)
    _resolved: dict[int, Expression | None] = field(default_factory=dict[int, "Expression | None"])

    def __post_init__(self) -> None:
        self._functions = {function.oid: function for function in self.inventory.functions}
        self._effects = SettingEffects(self._functions)

    def preserves_context(self, function: Function) -> bool:
        """Whether a function does not change the context: nothing in it can change a setting, or it is approved."""
        return self._effects.preserves_settings(function) or any(
            allowed.kind == "function"
            and allowed.name == function.name
            and allowed.is_valid_for(function.digest, self.now)
            for allowed in self.tenancy.approved_objects
        )

    def resolve(self, expression: Expression) -> Expression:
        """The expression that a call returns; the call itself if that is unknown."""
        if not isinstance(expression, FunctionCall) or expression.function < FIRST_USER_OID or expression.returns_set:
            return expression
        function = self._functions.get(expression.function)
        if function is None:
            return expression
        if expression.arguments:
            return self._inlined(function, expression) or expression
        if function.oid not in self._resolved:
            self._resolved[function.oid] = None  # while it is being resolved: a function can call itself
            self._resolved[function.oid] = self._resolve(function, expression)
        return self._resolved[function.oid] or expression

    def _resolve(self, function: Function, call: FunctionCall) -> Expression | None:
        if self._returns_approved_context(function):
            return ContextValue(0, call.type) if len(self.tenancy.context) == 1 else None
        if not self._is_plain(function):
            return None
        found = self._read(function, call)
        normalizer = TermNormalizer(context_names(self.tenancy), lambda expression: expression)
        if found is None:
            return None
        found = ClaimReader(self.tenancy, self.resolve).in_body(found)
        term = normalizer.normalize(found)
        if term is not None and term.value_ref[0] == "context" and function.volatility == "i":
            self.immutable_functions[function.oid] = function
            return None
        return found

    def _returns_approved_context(self, function: Function) -> bool:
        return any(
            allowed.kind == "function"
            and allowed.returns_tenant
            and allowed.name == function.name
            and allowed.is_valid_for(function.digest, self.now)
            for allowed in self.tenancy.approved_objects
        )

    def _is_plain(self, function: Function) -> bool:
        """Whether a function runs only its body, with the rights of the caller; only search_path may be set."""
        return (
            function.kind == "f"
            and not function.security_definer
            and function.language in {"sql", "plpgsql"}
            and set(function.settings) <= {"search_path"}
        )

    def _inlined(self, function: Function, call: FunctionCall) -> Expression | None:
        """The body of a function that is one expression, with the arguments of the call in place of its parameters."""
        if not self._is_plain(function) or function.tree is None or function.volatility == "i":
            return None
        return self._of_tree(function.tree, call)

    def _of_tree(self, tree: str, call: FunctionCall) -> Expression | None:
        """The value of a BEGIN ATOMIC body; None if it is unknown, or has another type than the function returns."""
        try:
            found = read_body(tree, call.arguments)
        except UnreadableTree:
            return None
        if found is None or type_of(found) != call.type:
            return None
        return ClaimReader(self.tenancy, self.resolve).in_body(found)

    def _read(self, function: Function, call: FunctionCall) -> Expression | None:
        if function.tree is not None:
            return self._of_tree(function.tree, call)
        match = (_SQL if function.language == "sql" else _PLPGSQL).fullmatch(function.body)
        if match is None or not self._names_are_built_in(function, match["value"]):
            return None
        try:
            value = BodyParser(match["value"], self._by_name, operators=_is_pinned(function)).read()
        except UnreadableBody:
            return None
        if call.type == result_type(value):
            return value
        # PL/pgSQL casts the returned value; the SQL language rejects such a body.
        return TypeCast("text", value, call.type) if function.language == "plpgsql" and call.type in TYPES else None

    def _by_name(self, name: str) -> Expression:
        """The expression of a function without arguments, by its name with schema. Raises: UnreadableBody."""
        schema, _, simple = name.rpartition(".")
        found = [
            f
            for f in self._functions.values()
            if (f.schema, unqualified_name(f), f.argument_count) == (schema, simple, 0)
        ]
        call = FunctionCall(found[0].oid, (), found[0].return_type, False) if len(found) == 1 else None  # noqa: FBT003  # not a set
        resolved = self.resolve(call) if call else None
        if call is None or resolved is None or resolved is call:
            raise UnreadableBody
        return resolved

    def _names_are_built_in(self, function: Function, text: str) -> bool:
        """Whether the names in a body denote built-in functions for any search_path of the caller."""
        built_in_casts = not any(max(cast.source, cast.target) < FIRST_USER_OID for cast in self.inventory.casts)
        if _is_pinned(function):
            return built_in_casts
        user_defined = {unqualified_name(other) for other in self._functions.values()}
        unqualified = _NAMES & set(re.findall(r"(?<![\w.])[a-z_]+(?=\s*\()", text.lower()))
        return built_in_casts and not user_defined & unqualified


def _is_pinned(function: Function) -> bool:
    """Whether unqualified names and operators in a body denote PostgreSQL's own, by the function's search_path."""
    if function.search_path is None:
        return False
    # https://www.postgresql.org/docs/18/runtime-config-client.html#GUC-SEARCH-PATH: first, unless it is listed.
    schemas = [name.strip().strip('"') for name in function.search_path.split(",")]
    return "pg_catalog" not in schemas[1:]
