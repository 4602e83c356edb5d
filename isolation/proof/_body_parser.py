"""Parses the text of a short function body as an expression of the context."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from isolation.inventory.builtin_oids import BOOLEAN, CURRENT_SETTING, CURRENT_SETTING_OR_NULL, TEXT
from isolation.proof._body_tokens import UnreadableBody
from isolation.proof._expressions import Coalesce, Comparison, Constant, Expression, FunctionCall, NullIf, TypeCast

_TYPES: Final = {
    "uuid": 2950, "text": TEXT, "varchar": 1043, "bigint": 20, "int8": 20, "integer": 23, "int": 23, "int4": 23,
    "smallint": 21, "int2": 21, "numeric": 1700, "json": 114, "jsonb": 3802,
}  # fmt: skip
_TOKEN: Final = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<word>[A-Za-z_][\w.]*)|(?P<mark>::|:=|->>|->|[(),;]))")
# The operators -> and ->> with a text, by the type of their left side: the operator, and the type of the result.
_FIELDS: Final = {
    ("->", 114): (3962, 114), ("->", 3802): (3211, 3802), ("->>", 114): (3963, TEXT), ("->>", 3802): (3477, TEXT),
}  # fmt: skip


def result_type(value: Expression) -> int:
    """The OID of the type of an expression that this parser returns."""
    return result_type(value.arguments[0]) if isinstance(value, NullIf) else getattr(value, "type", 0)


class BodyParser:
    """Parses one expression of current_setting(), NULLIF, COALESCE, casts, parentheses and scalar sub-selects.

    `resolve_name` returns the expression of a function without arguments, by its name with schema. Only with
    `operators`, those of JSON denote PostgreSQL's own, and are read.
    """

    def __init__(self, text: str, resolve_name: Callable[[str], Expression], *, operators: bool = False) -> None:
        self._resolve_name = resolve_name
        self._operators = operators
        self._tokens = list[str]()
        at = 0
        text = text.strip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None:
                raise UnreadableBody
            token = match["text"] or match["mark"] or match["word"].lower()
            self._tokens.append(token)
            at = match.end()

    def read(self) -> Expression:
        """The expression of the whole text. Raises: UnreadableBody."""
        value = self._expression()
        if self._tokens:
            raise UnreadableBody
        return value

    def _next(self, *wanted: str) -> str:
        if not self._tokens or (wanted and self._tokens[0] not in wanted):
            raise UnreadableBody
        return self._tokens.pop(0)

    def _peek(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def _expression(self) -> Expression:
        value = self._operand()
        while self._operators and self._peek() in {"->", "->>"}:
            operator, kind = _FIELDS.get((self._next(), result_type(value)), (0, 0))
            if not operator:
                raise UnreadableBody
            value = Comparison(operator, (value, self._literal()), 0, kind)
        return value

    def _operand(self) -> Expression:
        value = self._primary()
        while self._peek() == "::":
            self._next()
            value = self._cast(value)
        return value

    def _cast(self, value: Expression) -> Expression:
        name = self._next().removeprefix("pg_catalog.")
        type_oid = _TYPES.get(name)
        if type_oid is None or self._peek() == "(":
            raise UnreadableBody
        same = result_type(value) in {TEXT, 1043} and type_oid in {TEXT, 1043}
        return TypeCast("relabel" if same else "text", value, type_oid)

    def _primary(self) -> Expression:  # noqa: PLR0911  # one case per shape
        word = self._next()
        if word == "(":
            if self._peek() == "select":
                self._next()
            value = self._expression()
            self._next(")")
            return value
        if word.startswith("'"):
            self._tokens.insert(0, word)
            return self._literal(typed=False)
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
        if word == "coalesce":
            self._next("(")
            values = [self._expression()]
            while self._next(",", ")") == ",":
                values.append(self._expression())
            return Coalesce(tuple(values), result_type(values[0]))
        if word.removeprefix("pg_catalog.") == "current_setting":
            return self._setting()
        if "." in word:
            self._next("(")
            self._next(")")
            return self._resolve_name(word)
        raise UnreadableBody

    def _setting(self) -> Expression:
        self._next("(")
        name = self._literal()
        if self._next(",", ")") == ")":
            return FunctionCall(CURRENT_SETTING, (name,), TEXT, False)  # noqa: FBT003  # not a set
        flag = self._next("true", "false", "'t'", "'f'") in {"true", "'t'"}
        self._next(")")
        value = Constant(BOOLEAN, False, bytes((flag,)))  # noqa: FBT003  # not NULL
        return FunctionCall(CURRENT_SETTING_OR_NULL, (name, value), TEXT, False)  # noqa: FBT003  # not a set

    def _literal(self, *, typed: bool = True) -> Constant:
        word = self._next()
        if not word.startswith("'"):
            raise UnreadableBody
        if typed and self._peek() == "::":
            self._next()
            self._next("text")
        text = word[1:-1].replace("''", "'")
        known = None if "…" in text else len(text).to_bytes(4, "little") + text.encode()
        return Constant(TEXT, False, known)  # noqa: FBT003  # not NULL
