"""Reads a function body in SQL: a SELECT from tables, or one value, with its conditions as far as they are understood.

A condition that is not understood is an unknown truth value. Everything else has to be understood: the tables, what is
returned, and that the rows are those that WHERE selects.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Final, Protocol

from isolation.inventory.builtin_oids import BOOLEAN
from isolation.inventory.relations import Relation
from isolation.proof._body_conditions import ConditionReader, Level, Source, select_within, within
from isolation.proof._body_tokens import Token, TokenReader, UnreadableBody, split
from isolation.proof._body_types import converted, type_named
from isolation.proof._expressions import (
    ColumnRef,
    Constant,
    Expression,
    Opaque,
    Query,
    SubqueryExpr,
)

_ENDS: Final = (
    "from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch",
    "for",
)  # fmt: skip
_SOME_ROWS: Final = ("order", "limit", "offset", "fetch")
_NO_ALIAS: Final = frozenset({"on", "join", "inner", "cross", "left", "right", "full", "natural", "using"})


class BodyNames(Protocol):
    """What the names of a body denote."""

    @property
    def operators_are_built_in(self) -> bool:
        """Whether an operator in the body is PostgreSQL's own, for any caller."""
        ...

    def is_built_in(self, function: str) -> bool:
        """Whether a function without schema is PostgreSQL's own, for any caller."""
        ...

    def is_ambiguous(self, column: str) -> bool:
        """Whether a column without table may be a variable instead."""
        ...

    def relation(self, parts: tuple[str, ...]) -> Relation:
        """The table of this name. Raises: UnreadableBody."""
        ...

    def variable(self, parts: tuple[str, ...]) -> Expression:
        """A parameter or a local variable. Raises: UnreadableBody."""
        ...

    def call(self, parts: tuple[str, ...]) -> Expression:
        """A call without arguments. Raises: UnreadableBody."""
        ...

    def context(self, tokens: tuple[Token, ...]) -> Expression:
        """An expression of settings. Raises: UnreadableBody."""
        ...


class SelectReader(ConditionReader):
    """Reads the queries, values and conditions of one body; `levels` are the tables of the open queries."""

    def __init__(self, names: BodyNames) -> None:
        super().__init__(operators=names.operators_are_built_in)
        self._names = names
        self._rows: Iterator[int] = count(1)

    def query(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Query:
        """A SELECT. Raises: UnreadableBody."""
        reader, first = TokenReader(tokens), next(self._rows)
        reader.next("select")
        if reader.accept("distinct") and reader.peek == "on":
            raise UnreadableBody
        shown = reader.until(*_ENDS)
        conditions = list[Expression]()
        level: Level = ()
        if reader.accept("from"):
            level, on = self._sources(reader.until(*_ENDS), levels)
            conditions += on
        levels = (level, *levels)
        if reader.accept("where"):
            conditions.append(self.condition(reader.until(*_ENDS), levels))
        cut = bool(reader.peek)
        if cut and reader.peek not in _SOME_ROWS:
            raise UnreadableBody
        targets = tuple(self._target(one, levels) for one in split(shown, ","))
        rows = tuple((source.row, source.relation.oid) for source in level)
        return Query(rows, tuple(conditions), targets, True, (first, next(self._rows)), cut=cut)  # noqa: FBT003  # simple

    def result(self, tokens: tuple[Token, ...], *, boolean: bool) -> Expression:
        """The value of a body that is one SELECT: that of its only row, or of its first one. Raises: UnreadableBody."""
        reader = TokenReader(tokens)
        reader.next("select")
        shown = TokenReader(reader.until(*_ENDS)).until("as")
        if reader.peek:
            element = _aggregated(shown) if self._names.is_built_in("array_agg") else None
            if element is not None:
                return SubqueryExpr("array", None, self.query((tokens[0], *element, *tokens[reader.at :])))
            return SubqueryExpr("value", None, self.query(tokens))
        return self.condition(shown) if boolean else self.value(shown)

    def _target(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        reader = TokenReader(tokens)
        value = reader.until("as")
        if len(value) == 1 and value[0].kind in {"number", "text"}:
            return Opaque("constant", (), 0)
        return self.value(value, levels)

    def _sources(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> tuple[Level, list[Expression]]:
        found, conditions = list[Source](), list[Expression]()
        for item in split(tokens, ","):
            reader = TokenReader(item)
            found.append(self._source(reader))
            while reader.peek:
                cross = reader.accept("cross")
                if not cross:
                    reader.accept("inner")
                reader.next("join")
                found.append(self._source(reader))
                if not cross:
                    reader.next("on")
                    on = reader.until("join", "inner", "cross", "left", "right", "full", "natural")
                    conditions.append(self.condition(on, (tuple(found), *levels)))
        return tuple(found), conditions

    def _source(self, reader: TokenReader) -> Source:
        name = reader.next()
        if name.kind != "name" or (reader.peek == "("):
            raise UnreadableBody
        alias = name.parts[-1]
        if reader.accept("as") or (reader.peek and reader.peek not in _NO_ALIAS):
            token = reader.next()
            if token.kind != "name" or len(token.parts) != 1:
                raise UnreadableBody
            alias = token.parts[0]
        source = Source(alias, self._names.relation(name.parts), next(self._rows))
        self.tables[source.row] = source.relation
        return source

    def value(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Expression:
        """One value. Raises: UnreadableBody."""
        try:
            return self._value(tokens, levels)
        except UnreadableBody:
            return self._names.context(tokens)

    def _value(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        inner = within(tokens)
        if inner is not None:
            return self._select(inner, levels) if inner[:1] and inner[0].text == "select" else self.value(inner, levels)
        *before, last = split(tokens, "::")
        if before:
            return self._cast(self.value(tokens[: -len(last) - 1], levels), last)
        name = tokens[0] if tokens else None
        if name is None or name.kind not in {"name", "parameter"}:
            raise UnreadableBody
        if len(tokens) == 1:
            return self._name(name, levels)
        if name.text == "array":
            return SubqueryExpr("array", None, self.query(select_within(tokens[1:]), levels))
        if [token.text for token in tokens[1:]] == ["(", ")"] and name.kind == "name":
            return self._names.call(name.parts)
        raise UnreadableBody

    def _select(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        """The value of a sub-select; without FROM, it is the one that it returns."""
        query = self.query(tokens, levels)
        if len(query.targets) != 1:
            raise UnreadableBody
        plain = TokenReader(tokens[1:])
        plain.until(*_ENDS)
        return query.targets[0] if not plain.peek else SubqueryExpr("value", None, query)

    def _name(self, token: Token, levels: tuple[Level, ...]) -> Expression:
        if token.kind == "name" and token.text in {"true", "false"}:
            return Constant(BOOLEAN, False, bytes((token.text == "true",)))  # noqa: FBT003  # not NULL
        if token.kind == "parameter":
            return self._names.variable((token.text,))
        *table, name = token.parts
        for level in levels:
            found = [
                (source, column)
                for source in level
                if not table or source.alias == table[-1]
                for column in source.relation.columns
                if column.name == name
            ]
            if len(found) > 1 or len(table) > 1:
                raise UnreadableBody
            if found:
                if not table and self._names.is_ambiguous(name):
                    raise UnreadableBody
                source, column = found[0]
                return ColumnRef(source.row, column.number, column.type)
        return self._names.variable(token.parts)

    def _cast(self, value: Expression, name: tuple[Token, ...]) -> Expression:
        if len(name) != 1 or name[0].kind != "name":
            raise UnreadableBody
        return converted(value, type_named(name[0].text))


def _aggregated(tokens: tuple[Token, ...]) -> tuple[Token, ...] | None:
    """The value that array_agg() collects, also as the first argument of coalesce(); None for another expression."""
    inner = within(tokens[1:])
    if inner is None:
        return None
    name = tokens[0].text.removeprefix("pg_catalog.")
    if name == "coalesce":
        first, *others = split(inner, ",")
        return _aggregated(first) if all(_is_empty_array(other) for other in others) else None
    if name != "array_agg" or len(split(inner, ",")) != 1:
        return None
    value = inner[1:] if inner[:1] and inner[0].text == "distinct" else inner
    return None if any(token.text in {"order", "filter"} for token in value) else value


def _is_empty_array(tokens: tuple[Token, ...]) -> bool:
    """Whether a value is an array of nothing, or NULL, with or without a cast."""
    words = [token.text for token in split(tokens, "::")[0]]
    return words in (["'{}'"], ["array", "[", "]"], ["null"])
