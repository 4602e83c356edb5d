"""Reads a function body in SQL: a SELECT from tables, or one value, with its conditions as far as they are understood.

A condition that is not understood is an unknown truth value. Everything else has to be understood: the tables, what is
returned, and that the rows are those that WHERE selects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from isolation.inventory.builtin_oids import BOOLEAN, TEXT
from isolation.proof._body_arrays import aggregated
from isolation.proof._body_conditions import ConditionReader, Level, Source, select_within, within
from isolation.proof._body_protocol import BodyNames
from isolation.proof._body_tokens import Token, TokenReader, UnreadableBody, split
from isolation.proof._body_types import converted, type_named
from isolation.proof._expressions import (
    Case,
    ColumnRef,
    Constant,
    Expression,
    Opaque,
    Query,
    RowOfQuery,
    SubqueryExpr,
)
from isolation.proof._set_returning import set_returning
from isolation.proof._value_types import type_of

_ENDS: Final = (
    "from", "where", "group", "having", "window", "union", "intersect", "except", "order", "limit", "offset", "fetch",
    "for",
)  # fmt: skip
_SOME_ROWS: Final = ("order", "limit", "offset", "fetch")
_NO_ALIAS: Final = frozenset({"on", "join", "inner", "cross", "left", "right", "full", "natural", "using"})


class SelectReader(ConditionReader):
    """Reads the queries, values and conditions of one body; `levels` are the tables of the open queries."""

    def __init__(self, names: BodyNames, rows: Iterator[int]) -> None:
        super().__init__(operators=names.operators_are_built_in)
        self._names = names
        self._rows = rows

    def query(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Query:
        """A SELECT, or several with UNION. Raises: UnreadableBody."""
        sides = split(tokens, "union")
        return self._union(sides, levels) if len(sides) > 1 else self._one(within(tokens) or tokens, levels)

    def _union(self, sides: tuple[tuple[Token, ...], ...], levels: tuple[Level, ...]) -> Query:
        each = list[Query]()
        for side in sides:
            plain = side[1:] if each and side[:1] and side[0].text in {"all", "distinct"} else side
            each.append(self.query(within(plain) or plain, levels))
        return self.any_of(each)

    def any_of(self, each: Sequence[Query]) -> Query:
        """A query whose rows are those of several, which have columns of the same types. Raises: UnreadableBody."""
        # Their numbers are outside of its span: they get new ones for themselves.
        first, row = next(self._rows), next(self._rows)
        types = [type_of(target) for target in each[0].targets]
        if any(
            [type_of(target) for target in query.targets] != types or set_returning(query.targets) for query in each
        ):
            raise UnreadableBody
        targets = tuple(ColumnRef(row, number, type_oid) for number, type_oid in enumerate(types, 1))
        return Query((), (RowOfQuery(tuple(each), row),), targets, True, (first, next(self._rows)))  # noqa: FBT003  # simple

    def _one(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Query:
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
        if set_returning(targets) and (cut or len(targets) > 1):
            raise UnreadableBody  # another set, also in ORDER BY, may be longer
        rows = tuple((source.row, source.relation.oid) for source in level)
        return Query(rows, tuple(conditions), targets, True, (first, next(self._rows)), cut=cut)  # noqa: FBT003  # simple

    def result(self, tokens: tuple[Token, ...], *, boolean: bool) -> Expression:
        """The value of a body that is one SELECT: that of its only row, or of its first one. Raises: UnreadableBody."""
        reader = TokenReader(tokens)
        reader.next("select")
        shown = TokenReader(reader.until(*_ENDS)).until("as")
        if reader.peek:
            element = (
                aggregated(shown) if self._names.is_built_in("array_agg") and len(split(tokens, "union")) == 1 else None
            )
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
        if tokens and (tokens[0].text, tokens[-1].text) == ("case", "end"):
            return self._case(tokens, levels)
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
        passed = within(tokens[1:])
        if passed is None or name.kind != "name":
            raise UnreadableBody
        return self._names.call(name.parts, tuple(self._argument(one, levels) for one in split(passed, ",") if passed))

    def _case(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        """CASE with conditions, and none inside of it. Raises: UnreadableBody."""
        reader, whens = TokenReader(tokens[1:-1]), list[tuple[Expression, Expression | None]]()
        if tokens[-1].text != "end" or any(token.text in {"case", "end"} for token in tokens[1:-1]):
            raise UnreadableBody
        while reader.accept("when"):
            condition = self.condition(reader.until("then"), levels)
            reader.next("then")
            whens.append((condition, self._or_null(reader.until("when", "else"), levels)))
        last = self._or_null(tokens[1:-1][reader.at :], levels) if reader.accept("else") else None
        kinds = {type_of(value) for value in (*(value for _, value in whens), last) if value is not None}
        if len(kinds) != 1 or not whens:
            raise UnreadableBody
        (kind,) = kinds
        null = Constant(kind, True, None)  # noqa: FBT003  # SQL's NULL
        return Case(tuple((condition, value or null) for condition, value in whens), last or null, kind)

    def _or_null(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression | None:
        return None if [token.text for token in tokens] == ["null"] else self.value(tokens, levels)

    def _argument(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        is_text = len(tokens) == 1 and tokens[0].kind == "text"
        return Constant(TEXT, False, None) if is_text else self.value(tokens, levels)  # noqa: FBT003  # not NULL

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
