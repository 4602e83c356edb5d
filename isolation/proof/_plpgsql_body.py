"""Reads a short PL/pgSQL body: assignments, checks that raise an error, and one value or query that it returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from isolation.inventory.builtin_oids import BOOLEAN
from isolation.proof._body_select import SelectReader
from isolation.proof._body_tokens import Token, TokenReader, UnreadableBody, split
from isolation.proof._body_types import converted, type_named
from isolation.proof._expressions import Case, Constant, Expression, Opaque, Query, SubqueryExpr

_MESSAGES: Final = frozenset({"debug", "log", "info", "notice", "warning"})
"""The levels of RAISE that raise no error."""


@dataclass(slots=True)
class PlpgsqlReader:
    """Reads one body; `returned` is the OID of the type that the function returns, or of each of its rows.

    `variables` are the values of the local variables, by name.
    """

    select: SelectReader
    returned: int
    variables: dict[str, Expression] = field(default_factory=dict[str, Expression])
    _types: dict[str, int] = field(default_factory=dict[str, int])

    def read(self, tokens: tuple[Token, ...]) -> Expression | Query:
        """The value that the body returns, or the rows that it returns as a query. Raises: UnreadableBody."""
        reader = TokenReader(tokens)
        if reader.accept("declare"):
            self._declare(reader.until("begin"))
        reader.next("begin")
        inner = tokens[reader.at :]
        inner = inner[:-1] if inner and inner[-1].text == ";" else inner
        if not inner or inner[-1].text != "end":
            raise UnreadableBody
        words = [token.text for token in inner[:-1]]
        handled = next((at for at in range(len(words)) if words[at : at + 2] == ["exception", "when"]), len(words))
        found = self._run(list(_statements(inner[:handled])))
        if handled == len(words):
            return found
        if words[handled + 3 :] != ["then", "return", "null", ";"] or isinstance(found, Query):
            raise UnreadableBody
        return Case(((Opaque("no exception", (), BOOLEAN), found),), _null(self.returned), self.returned)

    def _declare(self, tokens: tuple[Token, ...]) -> None:
        for each in split(tokens, ";"):
            if not each:
                continue
            reader = TokenReader(each)
            name = reader.next()
            reader.accept("constant")
            type_oid = type_named(reader.next().text)
            if name.kind != "name" or not type_oid:
                raise UnreadableBody
            self._types[name.text] = type_oid
            self.variables[name.text] = _null(type_oid)
            if reader.peek:
                reader.next(":=", "=", "default")
                self._assign(name.text, self.select.value(each[reader.at :]))

    def _assign(self, name: str, value: Expression) -> None:
        if name not in self._types:
            raise UnreadableBody
        self.variables[name] = converted(value, self._types[name])

    def _run(self, statements: list[tuple[Token, ...]]) -> Expression | Query:
        """What the statements return. Raises: UnreadableBody."""
        if not statements:
            raise UnreadableBody
        first, *others = statements
        words = [token.text for token in first]
        if words[:2] == ["return", "query"]:
            if others and [[token.text for token in one] for one in others] != [["return"]]:
                raise UnreadableBody
            return self.select.query(first[2:])
        if words[0] == "return":
            if others:
                raise UnreadableBody
            return self._value(first[1:])
        if words[0] == "if":
            return self._if(first, others)
        if words[0] == "select":
            self._into(first)
        elif words[1:2] in ([":="], ["="]):
            self._assign(words[0], self.select.value(first[2:]))
        else:
            raise UnreadableBody
        return self._run(others)

    def _value(self, tokens: tuple[Token, ...]) -> Expression:
        """A returned value, which PL/pgSQL casts to the type of the function."""
        if self.returned == BOOLEAN:
            return self.select.condition(tokens)
        return (
            _null(self.returned)
            if [t.text for t in tokens] == ["null"]
            else converted(self.select.value(tokens), self.returned)
        )

    def _if(self, tokens: tuple[Token, ...], others: list[tuple[Token, ...]]) -> Expression | Query:
        """IF ... THEN RAISE ...: no value is returned; IF ... THEN RETURN ...: one of two values."""
        reader = TokenReader(tokens)
        reader.next("if")
        condition = reader.until("then")
        reader.next("then")
        inner = list(_statements(tokens[reader.at : -2]))
        if [token.text for token in tokens[-2:]] != ["end", "if"] or len(inner) != 1:
            raise UnreadableBody
        first, *rest = inner[0]
        if first.text == "raise" and (not rest or rest[0].text not in _MESSAGES):
            return self._run(others)
        if first.text != "return":
            raise UnreadableBody
        when = self.select.condition(condition)
        one, other = self._value(tuple(rest)), self._run(others)
        if isinstance(other, Query):
            raise UnreadableBody
        return Case(((when, one),), other, self.returned)

    def _into(self, tokens: tuple[Token, ...]) -> None:
        """SELECT ... INTO variable: the value of the first row, or NULL."""
        reader = TokenReader(tokens)
        before = reader.until("into")
        reader.next("into")
        reader.accept("strict")
        name = reader.next()
        after = tokens[reader.at :]
        query = self.select.query((*before, *after))
        if len(query.targets) != 1 or (after and after[0].text not in {"from", "where"}):
            raise UnreadableBody
        self._assign(name.text, SubqueryExpr("value", None, query) if after else query.targets[0])


def _null(type_oid: int) -> Constant:
    return Constant(type_oid, True, None)  # noqa: FBT003  # SQL's NULL


def _statements(tokens: tuple[Token, ...]) -> Iterator[tuple[Token, ...]]:
    """The statements, without their semicolons; an IF is one with its END IF."""
    start, open_ifs, words = 0, 0, [token.text for token in tokens]
    for at, word in enumerate(words):
        if word == "if":
            open_ifs += -1 if at and words[at - 1] == "end" else 1
        if word == ";" and open_ifs == 0:
            if at > start:
                yield tokens[start:at]
            start = at + 1
    if start < len(tokens):
        raise UnreadableBody
