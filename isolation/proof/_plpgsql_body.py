"""Reads a short PL/pgSQL body: assignments, checks that raise an error, and one value or query that it returns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
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
    returns_set: bool = False
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
        statements = list(_statements(inner[:handled]))
        if self.returns_set:
            if handled != len(words):
                raise UnreadableBody
            return self._all_rows(statements)
        found = self._run(statements)
        if handled == len(words):
            return found
        last = inner[handled + 5 : -2]
        if words[handled + 3 : handled + 5] != ["then", "return"] or [t.text for t in last] not in (
            ["null"],
            ["false"],
        ):
            raise UnreadableBody
        return Case(((Opaque("no exception", (), BOOLEAN), found),), self._value(last), self.returned)

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
                self._set(name.text, each[reader.at :])

    def _assign(self, name: str, value: Expression) -> None:
        if name not in self._types:
            raise UnreadableBody
        self.variables[name] = converted(value, self._types[name])

    def _set(self, name: str, tokens: tuple[Token, ...]) -> None:
        """Assigns the value of an expression to a variable. Raises: UnreadableBody."""
        is_boolean = self._types.get(name) == BOOLEAN
        self._assign(name, self.select.condition(tokens) if is_boolean else self.select.value(tokens))

    def _run(self, statements: list[tuple[Token, ...]]) -> Expression:
        """What the statements return. Raises: UnreadableBody."""
        if not statements:
            raise UnreadableBody
        first, *others = statements
        words = [token.text for token in first]
        if words[0] == "return":
            return self._value(first[1:])
        if words[0] == "raise" and words[1:2] != [] and words[1] not in _MESSAGES:
            return _null(self.returned)  # an error: no row passes
        if words[0] == "if":
            return self._if(first, others)
        self._plain(first)
        return self._run(others)

    def _plain(self, statement: tuple[Token, ...]) -> None:
        """A statement that only sets variables. Raises: UnreadableBody."""
        words = [token.text for token in statement]
        if words[0] == "select":
            self._into(statement)
        elif words[0] == "perform":
            self._found(statement)
        elif words[1:2] in ([":="], ["="]):
            self._set(words[0], statement[2:])
        elif words[0] != "raise" or words[1:2] == [] or words[1] not in _MESSAGES:
            raise UnreadableBody

    def _found(self, statement: tuple[Token, ...]) -> None:
        """FOUND after PERFORM: whether the query returned a row."""
        if "found" in self._types:
            return
        start = replace(statement[0], text="select")
        try:
            query = self.select.query((start, *statement[1:]))
        except UnreadableBody:
            self.variables["found"] = Opaque("found", (), BOOLEAN)
        else:
            self.variables["found"] = SubqueryExpr("exists", None, query)

    def _all_rows(self, statements: list[tuple[Token, ...]]) -> Query:
        """The rows of each RETURN QUERY, whatever decides about them. Raises: UnreadableBody."""
        queries = list(self._returned_queries(statements))
        if len(queries) == 1:
            return queries[0]
        if not queries:
            raise UnreadableBody
        return self.select.any_of(queries)

    def _returned_queries(self, statements: list[tuple[Token, ...]]) -> Iterator[Query]:
        for statement in statements:
            words = [token.text for token in statement]
            if words[:2] == ["return", "query"]:
                yield self.select.query(statement[2:])
            elif words[0] == "if":
                for _, block in _blocks(statement):
                    if any(word.text in {":=", "into"} for one in block for word in one):
                        raise UnreadableBody  # a variable has one of several values
                    yield from self._returned_queries(block)
            elif words[0] != "raise" and words != ["return"]:
                self._plain(statement)

    def _value(self, tokens: tuple[Token, ...]) -> Expression:
        """A returned value, which PL/pgSQL casts to the type of the function."""
        if self.returned == BOOLEAN:
            return self.select.condition(tokens)
        return (
            _null(self.returned)
            if [t.text for t in tokens] == ["null"]
            else converted(self.select.value(tokens), self.returned)
        )

    def _if(self, tokens: tuple[Token, ...], others: list[tuple[Token, ...]]) -> Expression:
        """IF with ELSIF and ELSE: one of several values, each with what follows."""
        whens = list[tuple[Expression, Expression]]()
        known = dict(self.variables)
        for condition, block in [*_blocks(tokens), ((), [])]:
            decided = self.select.condition(condition) if condition else None
            value = self._run([*block, *others])
            self.variables.clear()
            self.variables.update(known)
            if decided is None:
                return Case(tuple(whens), value, self.returned)
            whens.append((decided, value))
        raise UnreadableBody

    def _into(self, tokens: tuple[Token, ...]) -> None:
        """SELECT ... INTO variable: the value of the first row, or NULL."""
        reader = TokenReader(tokens)
        before = reader.until("into")
        reader.next("into")
        reader.accept("strict")
        name = reader.next()
        after = tokens[reader.at :]
        if "found" not in self._types:
            self.variables.pop("found", None)
        if not after and len(split(before[1:], ",")) == 1:
            self._set(name.text, before[1:])
            return
        query = self.select.query((*before, *after))
        if len(query.targets) != 1 or (after and after[0].text not in {"from", "where"}):
            raise UnreadableBody
        self._assign(name.text, SubqueryExpr("value", None, query))
        if "found" not in self._types:
            self.variables["found"] = SubqueryExpr("exists", None, query)


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


def _blocks(tokens: tuple[Token, ...]) -> Iterator[tuple[tuple[Token, ...], list[tuple[Token, ...]]]]:
    """Each condition of an IF with its statements; that of ELSE is empty. Raises: UnreadableBody."""
    if [token.text for token in tokens[-2:]] != ["end", "if"]:
        raise UnreadableBody
    inner, open_ifs, starts = tokens[:-2], 0, list[int]()
    for at, token in enumerate(inner):
        if token.text == "if" and not (at and inner[at - 1].text == "end"):
            open_ifs += 1
        elif token.text == "if":
            open_ifs -= 1
        if open_ifs == 1 and (at == 0 or token.text in {"elsif", "elseif", "else"}):
            starts.append(at)
    for start, end in zip(starts, [*starts[1:], len(inner)], strict=True):
        if inner[start].text == "else":
            yield (), list(_statements(inner[start + 1 : end]))
            continue
        reader = TokenReader(inner[start + 1 : end])
        condition = reader.until("then")
        reader.next("then")
        yield condition, list(_statements(inner[start + 1 + reader.at : end]))
