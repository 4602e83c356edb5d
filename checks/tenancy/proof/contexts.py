"""Somebody's own functions that return the current tenant: read where they can be, vouched for where they cannot."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from basewatch.tenancy import Tenancy
from checks.tenancy.inventory import Inventory
from checks.tenancy.inventory.code import Function
from checks.tenancy.proof.builtins import (
    BOOLEAN,
    CURRENT_SETTING,
    CURRENT_SETTING_OR_NULL,
    FIRST_USER_OID,
    TEXT,
    TYPES,
)
from checks.tenancy.proof.effects import Effects, simple_name
from checks.tenancy.proof.expressions import Call, Cast, Constant, Context, Expression, NullIf
from checks.tenancy.proof.nodes import UnreadableTree
from checks.tenancy.proof.terms import Terms
from checks.tenancy.proof.translation import read_body

_TYPES: Final = {
    "uuid": 2950, "text": TEXT, "varchar": 1043, "bigint": 20, "int8": 20, "integer": 23, "int": 23, "int4": 23,
    "smallint": 21, "int2": 21, "numeric": 1700,
}  # fmt: skip
_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w.]*)|(?P<mark>::|:=|[(),;]))")
_SQL: Final = re.compile(r"\s*SELECT\s(?P<value>.*?)(?:\s+AS\s+\w+)?\s*;?\s*", re.IGNORECASE | re.DOTALL)
_PLPGSQL: Final = re.compile(r"\s*BEGIN\s+RETURN\s*(?P<value>.*?);\s*END\s*;?\s*", re.IGNORECASE | re.DOTALL)
_NAMES: Final = frozenset({"current_setting"})


class NoContext(Exception):
    """The text is not an expression of the context that can be read."""


@dataclass(slots=True)
class Contexts:
    """What calls of somebody's own functions stand for, in one inventory under one manifest at one time.

    `frozen` are the functions that read the context and say that they are IMMUTABLE: a prepared plan keeps what they
    returned for its first tenant.
    """

    inventory: Inventory
    tenancy: Tenancy
    now: datetime
    frozen: dict[int, Function] = field(default_factory=dict[int, Function])
    _functions: Mapping[int, Function] = field(init=False)
    _effects: Effects = field(init=False)
    _meant: dict[int, Expression | None] = field(default_factory=dict[int, "Expression | None"])

    def __post_init__(self) -> None:
        self._functions = {function.oid: function for function in self.inventory.functions}
        self._effects = Effects(self._functions)

    def is_harmless(self, function: Function) -> bool:
        """Whether a function leaves the context as it is: nothing in it can change a setting, or somebody vouches."""
        return self._effects.is_harmless(function) or any(
            allowed.kind == "function" and allowed.name == function.name and allowed.holds(function.digest, self.now)
            for allowed in self.tenancy.allowed
        )

    def resolve(self, expression: Expression) -> Expression:
        """What a call stands for; the same expression when it stands for nothing that is known."""
        if not isinstance(expression, Call) or expression.function < FIRST_USER_OID or expression.several:
            return expression
        function = self._functions.get(expression.function)
        if function is None:
            return expression
        if expression.arguments:
            return self._inlined(function, expression) or expression
        if function.oid not in self._meant:
            self._meant[function.oid] = self._of(function, expression)
        return self._meant[function.oid] or expression

    def _of(self, function: Function, call: Call) -> Expression | None:
        if self._vouched(function):
            return Context(0, call.type) if len(self.tenancy.context) == 1 else None
        if not self._is_plain(function):
            return None
        found = self._read(function, call)
        terms = Terms(self.tenancy.context, lambda expression: expression)
        if found is None:
            return None
        term = terms.of(found)
        if term is not None and term.place[0] == "context" and function.volatility == "i":
            self.frozen[function.oid] = function
            return None
        return found

    def _vouched(self, function: Function) -> bool:
        return any(
            allowed.kind == "function"
            and allowed.context
            and allowed.name == function.name
            and allowed.holds(function.digest, self.now)
            for allowed in self.tenancy.allowed
        )

    def _is_plain(self, function: Function) -> bool:
        """Whether a function does nothing but what its body says, with the rights and settings of who calls it."""
        return (
            function.kind == "f"
            and not function.definer
            and function.language in {"sql", "plpgsql"}
            and set(function.settings) <= {"search_path"}
        )

    def _inlined(self, function: Function, call: Call) -> Expression | None:
        """A function of a row that is one expression, with what it was called with in place of its arguments."""
        if not self._is_plain(function) or function.tree is None or function.volatility == "i":
            return None
        try:
            return read_body(function.tree, call.arguments)
        except UnreadableTree:
            return None

    def _read(self, function: Function, call: Call) -> Expression | None:
        if function.tree is not None:
            try:
                return read_body(function.tree)
            except UnreadableTree:
                return None
        shape = (_SQL if function.language == "sql" else _PLPGSQL).fullmatch(function.body)
        if shape is None or not self._means_what_it_says(function, shape["value"]):
            return None
        try:
            value = Body(shape["value"]).read()
        except NoContext:
            return None
        if call.type == _type_of(value):
            return value
        # PL/pgSQL casts what is returned, SQL would have refused it.
        return Cast("text", value, call.type) if function.language == "plpgsql" and call.type in TYPES else None

    def _means_what_it_says(self, function: Function, text: str) -> bool:
        """Whether the names in a body are PostgreSQL's own whatever the search_path of who calls it."""
        if (function.search_path or "").split(",")[0].strip() == "pg_catalog":
            return True
        taken = {simple_name(other) for other in self._functions.values()}
        bare = _NAMES & set(re.findall(r"(?<![\w.])[a-z_]+(?=\s*\()", text.lower()))
        return not self.inventory.casts and not taken & bare


def _type_of(value: Expression) -> int:
    return _type_of(value.arguments[0]) if isinstance(value, NullIf) else getattr(value, "type", 0)


class Body:
    """The text of one expression: current_setting(), NULLIF, casts, parentheses and sub-selects, and nothing else."""

    def __init__(self, text: str) -> None:
        self._tokens = list[str]()
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise NoContext
            token = match["text"] or match["mark"] or match["word"].lower()
            self._tokens.append(token)
            at = match.end()

    def read(self) -> Expression:
        """The expression that all of the text is. Raises: NoContext."""
        value = self._expression()
        if self._tokens:
            raise NoContext
        return value

    def _next(self, *wanted: str) -> str:
        if not self._tokens or (wanted and self._tokens[0] not in wanted):
            raise NoContext
        return self._tokens.pop(0)

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _expression(self) -> Expression:
        value = self._primary()
        while self._peek() == "::":
            self._next()
            value = self._cast(value)
        return value

    def _cast(self, value: Expression) -> Expression:
        name = self._next().removeprefix("pg_catalog.")
        kind = _TYPES.get(name)
        if kind is None or self._peek() == "(":
            raise NoContext
        same = _type_of(value) in {TEXT, 1043} and kind in {TEXT, 1043}
        return Cast("relabel" if same else "text", value, kind)

    def _primary(self) -> Expression:
        word = self._next()
        if word == "(":
            if self._peek() == "select":
                self._next()
            value = self._expression()
            self._next(")")
            return value
        if word == "cast":
            self._next("(")
            value = self._expression()
            self._next("as")
            value = self._cast(value)
            self._next(")")
            return value
        if word == "nullif":
            self._next("(")
            value = self._expression()
            self._next(",")
            other = self._literal()
            self._next(")")
            return NullIf(98, (value, other), 100)
        if word.removeprefix("pg_catalog.") == "current_setting":
            return self._setting()
        raise NoContext

    def _setting(self) -> Expression:
        self._next("(")
        name = self._literal()
        if self._next(",", ")") == ")":
            return Call(CURRENT_SETTING, (name,), TEXT, False)  # noqa: FBT003  # not a set
        flag = self._next("true", "false", "'t'", "'f'") in {"true", "'t'"}
        self._next(")")
        value = Constant(BOOLEAN, False, bytes((flag,)))  # noqa: FBT003  # not NULL
        return Call(CURRENT_SETTING_OR_NULL, (name, value), TEXT, False)  # noqa: FBT003  # not a set

    def _literal(self) -> Constant:
        word = self._next()
        if not word.startswith("'"):
            raise NoContext
        if self._peek() == "::":
            self._next()
            self._next("text")
        text = word[1:-1].replace("''", "'")
        known = None if "…" in text else len(text).to_bytes(4, "little") + text.encode()
        return Constant(TEXT, False, known)  # noqa: FBT003  # not NULL
