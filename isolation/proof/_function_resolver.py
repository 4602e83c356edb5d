"""Resolves user-defined functions to the expressions that they return: read from their bodies, or approved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from basewatch.tenancy import Tenancy
from isolation.inventory import Inventory
from isolation.inventory.builtin_oids import FIRST_USER_OID, UNNEST
from isolation.inventory.code import Function
from isolation.proof._body_names import is_pinned
from isolation.proof._body_parser import BodyParser
from isolation.proof._body_tokens import UnreadableBody
from isolation.proof._body_types import as_called
from isolation.proof._claims import ClaimReader, context_names
from isolation.proof._expressions import TENANTS, ContextValue, Expression, FunctionCall, Query, SubqueryExpr
from isolation.proof._function_bodies import FunctionBodies
from isolation.proof._setting_effects import SettingEffects, unqualified_name
from isolation.proof._terms import TermNormalizer

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
    _bodies: FunctionBodies = field(init=False)
    _resolved: dict[int, Expression | None] = field(default_factory=dict[int, "Expression | None"])
    _open: set[int] = field(default_factory=set[int])

    def __post_init__(self) -> None:
        self._functions = {function.oid: function for function in self.inventory.functions}
        self._effects = SettingEffects(self.inventory)
        self._bodies = FunctionBodies(
            self.inventory, self._named, self._context, ClaimReader(self.tenancy, self.resolve).in_body
        )

    @property
    def _normalizer(self) -> TermNormalizer:
        """Of expressions in which no function is left."""
        tenancy = self.tenancy
        return TermNormalizer(context_names(tenancy), lambda expression: expression, tenancy.context_aliases)

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
            readable = self._is_plain(function) and function.volatility != "i" and function.oid not in self._open
            return (self._value(function, expression) if readable else None) or expression
        if function.oid not in self._resolved:
            self._resolved[function.oid] = None  # while it is being resolved: a function can call itself
            self._resolved[function.oid] = self._resolve(function, expression)
        return self._resolved[function.oid] or expression

    def _value(self, function: Function, call: FunctionCall) -> Expression | None:
        """The value of a call with arguments; while it is being read, a call of the same function is unknown."""
        self._open.add(function.oid)
        try:
            return self._bodies.value(function, call)
        finally:
            self._open.discard(function.oid)

    def _resolve(self, function: Function, call: FunctionCall) -> Expression | None:
        if self._returns_approved_context(function):
            return ContextValue(0, call.type) if len(self.tenancy.context) == 1 else None
        found = self._bodies.value(function, call) if self._is_plain(function) else None
        if found is None or function.volatility != "i":
            return found
        term = self._normalizer.normalize(found)
        if term is not None and term.value_ref[0] == "context":
            self.immutable_functions[function.oid] = function
        return None

    def _returns_approved_context(self, function: Function) -> bool:
        return any(
            allowed.kind == "function"
            and allowed.returns_tenant
            and allowed.name == function.name
            and allowed.is_valid_for(function.digest, self.now)
            for allowed in self.tenancy.approved_objects
        )

    def _is_plain(self, function: Function) -> bool:
        """Whether a function runs only its body; of the settings, only search_path may be set."""
        return (
            function.kind == "f"
            and function.language in {"sql", "plpgsql"}
            and set(function.settings) <= {"search_path"}
        )

    def rows_of(self, call: FunctionCall) -> Query | None:
        """The query of the rows of a set-returning function; None if that is unknown."""
        function = self._functions.get(call.function)
        if call.function == UNNEST and len(call.arguments) == 1:
            array = self.resolve(call.arguments[0])
            return array.query if isinstance(array, SubqueryExpr) and array.kind == "array" else None
        if function is None or not call.returns_set:
            return None
        if self._returns_approved_context(function):
            return Query((), (), (ContextValue(TENANTS, call.type),), True, (1, 1))  # noqa: FBT003  # simple
        readable = self._is_plain(function) and function.volatility != "i"
        return self._bodies.rows(function, call) if readable else None

    def _context(self, function: Function, text: str) -> Expression:
        """The expression of a text with settings. Raises: UnreadableBody."""
        if not self._names_are_built_in(function, text):
            raise UnreadableBody
        operators = is_pinned(function) or self.inventory.server.json_operators_are_built_in
        return BodyParser(text, self._by_name, operators=operators).read()

    def _named(self, schema: str, name: str, arguments: tuple[Expression, ...]) -> Expression | None:
        """A call as what it returns, or of a set-returning function itself; None if that is unknown."""
        found = [one for one in self._functions.values() if (one.schema, unqualified_name(one)) == (schema, name)]
        call = as_called(found, arguments)
        resolved = None if call is None else self.resolve(call)
        return call if call is not None and call.returns_set else None if resolved is call else resolved

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
        if is_pinned(function):
            return True
        user_defined = {unqualified_name(other) for other in self._functions.values()}
        unqualified = _NAMES & set(re.findall(r"(?<![\w.])[a-z_]+(?=\s*\()", text.lower()))
        return not user_defined & unqualified
