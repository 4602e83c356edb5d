"""Rows that a sub-select derives: of UNION and EXCEPT, of VALUES, and of a query in WITH."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from isolation.proof._expressions import ColumnRef, Expression, FunctionCall, Opaque, Query, RowOfQuery
from isolation.proof._known_fields import is_understood
from isolation.proof._nodes import Node, UnreadableTree
from isolation.proof._tree_reader import Scope, TreeReader
from isolation.proof._value_types import type_of

ReadQuery = Callable[[Node, TreeReader], Query]
_UNION, _EXCEPT = "1", "3"
_SUBQUERY: Final = "1"
_MOST_VALUES: Final = 20


class _NotDerived(Exception):
    """The rows are none that a proof understands."""


def combined_query(node: Node, entries: Sequence[Node], reader: TreeReader, read: ReadQuery) -> Query | None:
    """A query with UNION or EXCEPT: each of its rows is a row of one side; None for another combination.

    Those of EXCEPT are rows of its left side. Those of INTERSECT may be of either side, and only look equal.
    """
    top = node.node("setOperations")
    first, row = next(reader.fresh), next(reader.fresh)
    try:
        types = _column_types(top)
        sides = [_side(entries, number, types, reader, read) for number in _sides(top)]
    except _NotDerived:
        return None
    shown = [target.node("expr") for target in node.nodes("targetList")]
    if len(shown) != len(types) or any(
        target.kind != "VAR" or target.number("varattno") != number for number, target in enumerate(shown, 1)
    ):
        return None
    targets = tuple(ColumnRef(row, number, type_oid) for number, type_oid in enumerate(types, 1))
    span = (first, next(reader.fresh))
    cut = any(one.get("op") == _EXCEPT for one in _operations(top))
    return Query((), (RowOfQuery(tuple(sides), row),), targets, True, span, cut=cut)  # noqa: FBT003  # simple


def values_row(entry: Node, row: int, reader: TreeReader) -> RowOfQuery | None:
    """That a row is one of those of VALUES; None if they are too many."""
    lists = entry.get("values_lists")
    if not isinstance(lists, tuple) or len(lists) > _MOST_VALUES:
        return None
    each = list[Query]()
    for values in lists:
        if not isinstance(values, tuple) or not all(isinstance(one, Node) for one in values):
            raise UnreadableTree("VALUES has an unknown format")
        read = tuple(reader.read(one) for one in values if isinstance(one, Node))
        if any(isinstance(one, FunctionCall) and one.returns_set for one in read):
            return None
        each.append(Query((), (), read, True, (1, 1)))  # noqa: FBT003  # simple
    return RowOfQuery(tuple(each), row)


def with_query(entry: Node, queries: Sequence[Node], reader: TreeReader, read: ReadQuery) -> Query | None:
    """The query in WITH that an entry of FROM names, without those that are recursive; None for these.

    `queries` are those of the level that has the WITH; each mention of one reads its rows again.
    """
    level, name = entry.number("ctelevelsup"), entry.text("ctename")
    found = [one for one in queries if one.get("ctename") == name]
    if len(found) != 1 or not is_understood(found[0]):
        return None
    inner: list[Scope] = reader.scopes
    reader.scopes = inner[: len(inner) - level]
    try:
        return read(found[0].node("ctequery"), reader)
    finally:
        reader.scopes = inner


def _operations(node: Node) -> Iterator[Node]:
    if node.kind == "SETOPERATIONSTMT":
        yield node
        for side in ("larg", "rarg"):
            yield from _operations(node.node(side))


def _sides(node: Node) -> Iterator[int]:
    """The entries whose rows a combination returns. Raises: _NotDerived."""
    if not is_understood(node):
        raise _NotDerived
    if node.kind == "RANGETBLREF":
        yield node.number("rtindex")
        return
    if node.kind != "SETOPERATIONSTMT" or node.get("op") not in {_UNION, _EXCEPT}:
        raise _NotDerived
    yield from _sides(node.node("larg"))
    if node.get("op") == _UNION:
        yield from _sides(node.node("rarg"))


def _column_types(node: Node) -> list[int]:
    """The types of the columns that a combination returns. Raises: _NotDerived."""
    types = node.get("colTypes")
    if not isinstance(types, tuple) or types[:1] != ("o",):
        raise _NotDerived
    return [int(one) for one in types[1:] if isinstance(one, str)]


def _side(entries: Sequence[Node], number: int, types: list[int], reader: TreeReader, read: ReadQuery) -> Query:
    if not 1 <= number <= len(entries):
        raise UnreadableTree("a combination names no query")
    entry = entries[number - 1]
    if entry.text("rtekind") != _SUBQUERY or not is_understood(entry):
        raise _NotDerived
    query = read(entry.node("subquery"), reader)
    targets = tuple(_as_type(target, wanted) for target, wanted in zip(query.targets, types, strict=False))
    if len(targets) != len(types):
        raise _NotDerived
    return replace(query, targets=targets, simple=True, cut=query.cut or not query.simple)


def _as_type(target: Expression, wanted: int) -> Expression:
    """A column of one side; an unknown value, if the combination converts it to another type, or if it is a set."""
    is_set = isinstance(target, FunctionCall) and target.returns_set
    return target if type_of(target) == wanted and not is_set else Opaque("column of a side", (target,), wanted)
