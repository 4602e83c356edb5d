"""Reads the conditions in a function body; one that is not understood is an unknown truth value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from isolation.inventory.builtin_oids import BOOLEAN
from isolation.inventory.relations import Column, Relation
from isolation.proof._body_tokens import Token, TokenReader, UnreadableBody, split
from isolation.proof._body_types import EQUAL_TEXTS, equality_operator
from isolation.proof._expressions import (
    TRUE,
    BooleanTest,
    BoolExpr,
    ColumnRef,
    Comparison,
    Constant,
    Expression,
    IsNull,
    Opaque,
    QuantifiedComparison,
    Query,
    SubqueryExpr,
    TypeCast,
)
from isolation.proof._value_types import ARRAY_TYPES, type_of


@dataclass(frozen=True, slots=True)
class Source:
    """A table in FROM: its alias, and the number of its row."""

    alias: str
    relation: Relation
    row: int


Level = tuple[Source, ...]
"""The tables of one query."""


class ConditionReader(ABC):
    """Reads conditions; the values and queries in them are read by the reader of the whole body.

    `levels` are the tables of the open queries, those of the innermost first. Without `operators`, the sign = may be
    an operator of the schema that the caller searches first, and is not read.
    """

    def __init__(self, *, operators: bool) -> None:
        self._operators = operators
        self.tables = dict[int, Relation]()

    @abstractmethod
    def value(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Expression:
        """One value. Raises: UnreadableBody."""

    @abstractmethod
    def query(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Query:
        """A SELECT. Raises: UnreadableBody."""

    def condition(self, tokens: tuple[Token, ...], levels: tuple[Level, ...] = ()) -> Expression:
        """A condition; what is not understood in it is an unknown truth value. Raises: UnreadableBody."""
        depth = 0
        for token in tokens:
            depth += (token.text == "(") - (token.text == ")")
            if depth == 0 and token.text in {"between", "case"}:
                raise UnreadableBody
        for word in ("or", "and"):
            parts = split(tokens, word)
            if len(parts) > 1:
                return BoolExpr(word, tuple(self.condition(part, levels) for part in parts))
        if tokens and tokens[0].text == "not":
            return BoolExpr("not", (self.condition(tokens[1:], levels),))
        inner = within(tokens)
        if inner is not None and inner and inner[0].text != "select":
            return self.condition(inner, levels)
        try:
            found = self._leaf(tokens, levels)
        except UnreadableBody:
            found = Opaque("condition", (), BOOLEAN)
        return found if type_of(found) == BOOLEAN else Opaque("condition", (), BOOLEAN)

    def _leaf(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:  # one case per shape
        words = [token.text for token in tokens]
        if words[:1] == ["exists"]:
            return SubqueryExpr("exists", None, self.query(select_within(tokens[1:]), levels))
        if words[-3:] == ["is", "not", "null"]:
            return BoolExpr("not", (IsNull(self.value(tokens[:-3], levels)),))
        if words[-2:] == ["is", "null"]:
            return IsNull(self.value(tokens[:-2], levels))
        tested = tokens[:-2] if words[-2:] == ["is", "true"] else _or_false(tokens)
        if tested is not None:
            return BooleanTest(self.condition(tested, levels), TRUE)
        one, *others = split(tokens, "in")
        if len(others) == 1:
            return self._in(one, select_within(others[0]), levels)
        return self._comparison(tokens, levels)

    def _comparison(self, tokens: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        """A comparison with =, or a value that is a condition itself."""
        one, *others = split(tokens, "=")
        if not others:
            return self.value(tokens, levels)
        if len(others) > 1:
            raise UnreadableBody
        (other,) = others
        if other and other[0].text == "any":
            return self._any(one, select_within(other[1:]), levels)
        if _is_literal(one) or _is_literal(other):
            return self._equal_to_literal(self.value(other if _is_literal(one) else one, levels))
        return self._equal(self.value(one, levels), self.value(other, levels))

    def _in(self, one: tuple[Token, ...], inner: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        """IN with a SELECT, or with a list of values."""
        if inner[:1] and inner[0].text == "select":
            return self._of_query(one, inner, levels)
        value = self.value(one, levels)
        return BoolExpr("or", tuple(
            self._equal_to_literal(value) if _is_literal(each) else self._equal(value, self.value(each, levels))
            for each in split(inner, ",")
        ))  # fmt: skip

    def _any(self, one: tuple[Token, ...], inner: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        """= ANY with a SELECT, with ARRAY, or with another array."""
        words = [token.text for token in inner]
        if words[:1] == ["select"]:
            return self._of_query(one, inner, levels)
        if words[:1] == ["array"] and within(inner[1:]) is not None:
            return self._of_query(one, select_within(inner[1:]), levels)
        if words[:2] == ["array", "["] and words[-1] == "]" and len(split(inner[2:-1], "]")) == 1:
            return self._in(one, inner[2:-1], levels)
        value, array = self.value(one, levels), self.value(inner, levels)
        element = next((kind for kind, of_it in ARRAY_TYPES.items() if of_it == type_of(array)), 0)
        same = self._equal(value, Opaque("element", (), element))
        return QuantifiedComparison(same.operator, False, value, array, same.collation)  # noqa: FBT003  # ANY

    def _equal_to_literal(self, value: Expression) -> Comparison:
        """That a value is equal to a redacted constant: then it is not NULL."""
        literal = Constant(type_of(value), False, None)  # noqa: FBT003  # not NULL
        operator = equality_operator(value, literal) if self._operators else None
        if operator is None:
            raise UnreadableBody
        return Comparison(operator, (value, literal), 0, BOOLEAN)

    def _of_query(self, one: tuple[Token, ...], select: tuple[Token, ...], levels: tuple[Level, ...]) -> Expression:
        query = self.query(select, levels)
        if len(query.targets) != 1:
            raise UnreadableBody
        return SubqueryExpr("any", self._equal(self.value(one, levels), query.targets[0]), query)

    def _equal(self, one: Expression, other: Expression) -> Comparison:
        operator = equality_operator(one, other) if self._operators else None
        if operator is None:
            raise UnreadableBody
        columns = [column for side in (one, other) if (column := self._column(side)) is not None]
        is_text = operator == EQUAL_TEXTS
        if is_text and (not columns or not all(column.deterministic_collation for column in columns)):
            raise UnreadableBody  # a parameter has the collation of the call
        collation = next((column.collation for column in columns if column.collation), 100) if is_text else 0
        return Comparison(operator, (one, other), collation, BOOLEAN)

    def _column(self, side: Expression) -> Column | None:
        """The column of a value, inside its casts."""
        while isinstance(side, TypeCast):
            side = side.argument
        if not isinstance(side, ColumnRef):
            return None
        relation = self.tables.get(side.row)
        return next((c for c in relation.columns if c.number == side.number), None) if relation else None


def _or_false(tokens: tuple[Token, ...]) -> tuple[Token, ...] | None:
    """The condition in coalesce(condition, false), which is TRUE where the condition is; None for anything else."""
    inner = within(tokens[1:]) if tokens[:1] and tokens[0].text == "coalesce" else None
    first, *others = split(inner, ",") if inner else ((),)
    return first if [[token.text for token in other] for other in others] == [["false"]] else None


def _is_literal(tokens: tuple[Token, ...]) -> bool:
    return len(tokens) == 1 and tokens[0].kind in {"text", "number"}


def within(tokens: tuple[Token, ...]) -> tuple[Token, ...] | None:
    """The tokens within the parentheses that enclose all of them; None without such."""
    if not tokens or tokens[0].text != "(":
        return None
    reader = TokenReader(tokens)
    inner = reader.group()
    return inner if not reader.peek else None


def select_within(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens within the parentheses that enclose all of them. Raises: UnreadableBody."""
    inner = within(tokens)
    if inner is None:
        raise UnreadableBody
    return inner
