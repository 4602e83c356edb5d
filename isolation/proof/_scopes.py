"""Reads the FROM and WHERE of sub-selects: their rows and conditions, and the column of each variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from isolation.proof._expressions import OWN_ROW, ColumnRef, Expression, Opaque, Query
from isolation.proof._nodes import Node, UnreadableTree

_SELECT, _RELATION, _SUBQUERY, _JOIN = "1", "0", "1", "2"
_INNER, _LEFT, _RIGHT = "0", "1", "3"
# With one of these, the rows of a query are not the rows that its WHERE selects.
_NOT_SIMPLE: Final = ("setOperations", "groupingSets", "utilityStmt")


class Scope(Protocol):
    """One query level, which resolves its variables."""

    def column(self, table: int, number: int, type_oid: int, reader: TreeReader, level: int) -> Expression:
        """The expression of a variable: varno, varattno and type as in the tree. Raises: UnreadableTree."""
        ...


class TreeReader(Protocol):
    """The reader of one tree, as a scope uses it: the scopes of the open sub-selects, and the numbers of new rows."""

    scopes: list[Scope]

    @property
    def fresh(self) -> Iterator[int]:
        """The numbers of rows that are not taken yet."""
        ...

    def read(self, node: Node) -> Expression:
        """The expression of a node. Raises: UnreadableTree."""
        ...


class OwnRow:
    """The level of the policy itself, with one row."""

    def column(self, table: int, number: int, type_oid: int, reader: TreeReader, level: int) -> Expression:
        """A column of the row that the policy tests."""
        del reader, level
        return ColumnRef(OWN_ROW, number, type_oid) if table == 1 else Opaque("another row", (), type_oid)


@dataclass(slots=True)
class RangeTable:
    """The level of a sub-select: its range table; each entry has its own row number, or is a sub-select itself."""

    entries: tuple[Node, ...]
    rows: dict[int, int] = field(default_factory=dict[int, int])
    queries: dict[int, Query] = field(default_factory=dict[int, Query])

    def column(self, table: int, number: int, type_oid: int, reader: TreeReader, level: int) -> Expression:
        """A column of an entry; the target of a sub-select in FROM; the underlying column of a join."""
        if not 1 <= table <= len(self.entries):
            raise UnreadableTree("a variable names no table")
        query = self.queries.get(table)
        if query is not None and query.simple:
            return query.targets[number - 1] if number <= len(query.targets) else Opaque("no column", (), type_oid)
        entry = self.entries[table - 1]
        if entry.text("rtekind") == _JOIN:
            aliases = entry.nodes("joinaliasvars")
            if number > len(aliases):
                return Opaque("no column", (), type_oid)
            inner = reader.scopes
            reader.scopes = inner[: len(inner) - level]
            found = reader.read(aliases[number - 1])
            reader.scopes = inner
            return found
        return ColumnRef(self.row(table, reader), number, type_oid)

    def row(self, table: int, reader: TreeReader) -> int:
        """The number of an entry's row, assigned at the first use."""
        if table not in self.rows:
            self.rows[table] = next(reader.fresh)
        return self.rows[table]


def read_query(node: Node, reader: TreeReader) -> Query:
    """A SELECT as the rows that must exist and their conditions. Raises: UnreadableTree."""
    scope = RangeTable(node.nodes("rtable"))
    reader.scopes.append(scope)
    try:
        return _read(node, scope, reader)
    finally:
        reader.scopes.pop()


def is_single_value(node: Node, query: Query) -> bool:
    """Whether a query is a SELECT of one value without FROM and WHERE, so that it equals that value."""
    more = ("limitCount", "limitOffset", "havingQual", "groupClause")
    alone = query.simple and not query.rows and not query.conditions and len(query.targets) == 1
    return alone and node.text("hasTargetSRFs") == "false" and all(node.get(name) is None for name in more)


def _read(node: Node, scope: RangeTable, reader: TreeReader) -> Query:
    simple = (
        node.text("commandType") == _SELECT
        and node.text("hasAggs") == "false"
        and node.text("hasModifyingCTE") == "false"
        and all(node.get(name) is None for name in _NOT_SIMPLE)
    )
    rows, conditions = list[tuple[int, int]](), list[Expression]()
    tree = node.node("jointree")
    for item in tree.nodes("fromlist"):
        _join(item, scope, reader, rows, conditions)
    where = tree.get("quals")
    if isinstance(where, Node):
        conditions.append(reader.read(where))
    shown = [target for target in node.nodes("targetList") if target.text("resjunk") == "false"]
    targets = tuple(reader.read(target.node("expr")) for target in shown)
    if simple:
        return Query(tuple(rows), tuple(conditions), targets, True)  # noqa: FBT003  # simple
    hidden = tuple(Opaque("sub-select", (target,), 0) for target in targets)
    return Query((), (), (*hidden, Opaque("sub-select", tuple(conditions), 0)), False)  # noqa: FBT003  # not simple


def _join(
    item: Node,
    scope: RangeTable,
    reader: TreeReader,
    rows: list[tuple[int, int]],
    conditions: list[Expression],
) -> None:
    """Adds the rows that an item of FROM needs, and their conditions; the outer side of a join may have no row."""
    if item.kind == "RANGETBLREF":
        _entry(item.number("rtindex"), scope, reader, rows, conditions)
        return
    if item.kind != "JOINEXPR":
        raise UnreadableTree(f"FROM has a {item.kind}")
    kind = item.text("jointype")
    for side, outer in (("larg", _LEFT), ("rarg", _RIGHT)):
        required = kind in {_INNER, outer}
        ignored = list[tuple[int, int]](), list[Expression]()
        _join(
            item.node(side),
            scope,
            reader,
            rows if required else ignored[0],
            conditions if required else ignored[1],
        )
    quals = item.get("quals")
    if kind == _INNER and isinstance(quals, Node):
        conditions.append(reader.read(quals))


def _entry(
    table: int,
    scope: RangeTable,
    reader: TreeReader,
    rows: list[tuple[int, int]],
    conditions: list[Expression],
) -> None:
    if not 1 <= table <= len(scope.entries):
        raise UnreadableTree("FROM names no table")
    entry = scope.entries[table - 1]
    if entry.text("rtekind") == _SUBQUERY:
        query = read_query(entry.node("subquery"), reader)
        scope.queries[table] = query
        if query.simple:
            rows.extend(query.rows)
            conditions.extend(query.conditions)
            return
    relation = entry.number("relid") if entry.text("rtekind") == _RELATION else 0
    rows.append((scope.row(table, reader), relation))
