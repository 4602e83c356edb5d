"""The rows a sub-select reads: what is joined, what must be there, and which column a variable means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from isolation.proof._expressions import OWN_ROW, ColumnRef, Expression, Opaque, Query
from isolation.proof._nodes import Node, UnreadableTree

if TYPE_CHECKING:
    from isolation.proof._translation import Translation

_SELECT, _RELATION, _SUBQUERY, _JOIN = "1", "0", "1", "2"
_INNER, _LEFT, _RIGHT = "0", "1", "3"
# What makes a row of a query something else than the rows its WHERE lets through.
_OTHERWISE: Final = ("setOperations", "groupingSets", "utilityStmt")


class Scope(Protocol):
    """What the variables of one level of a query mean."""

    def column(self, table: int, number: int, kind: int, translation: Translation, level: int) -> Expression:
        """The expression a variable stands for: `table` and `number` as the tree has them. Raises: UnreadableTree."""
        ...


class OwnRow:
    """The level of the policy itself: one row."""

    def column(self, table: int, number: int, kind: int, translation: Translation, level: int) -> Expression:
        """A column of the row the policy is asked about, wherever it is named."""
        del translation, level
        return ColumnRef(OWN_ROW, number, kind) if table == 1 else Opaque("another row", (), kind)


@dataclass(slots=True)
class RangeTable:
    """The level of a sub-select: its range table, each entry with a number of its own, or what stands for it."""

    entries: tuple[Node, ...]
    rows: dict[int, int] = field(default_factory=dict[int, int])
    queries: dict[int, Query] = field(default_factory=dict[int, Query])

    def column(self, table: int, number: int, kind: int, translation: Translation, level: int) -> Expression:
        """A column of an entry; of a sub-select in FROM its target, of a join the column that was joined."""
        if not 1 <= table <= len(self.entries):
            raise UnreadableTree("a variable names no table")
        query = self.queries.get(table)
        if query is not None and query.simple:
            return query.targets[number - 1] if number <= len(query.targets) else Opaque("no column", (), kind)
        entry = self.entries[table - 1]
        if entry.text("rtekind") == _JOIN:
            aliases = entry.nodes("joinaliasvars")
            if number > len(aliases):
                return Opaque("no column", (), kind)
            inner = translation.scopes
            translation.scopes = inner[: len(inner) - level]
            found = translation.read(aliases[number - 1])
            translation.scopes = inner
            return found
        return ColumnRef(self.row(table, translation), number, kind)

    def row(self, table: int, translation: Translation) -> int:
        """The number of an entry's row, the same every time."""
        if table not in self.rows:
            self.rows[table] = next(translation.fresh)
        return self.rows[table]


def read_query(node: Node, translation: Translation) -> Query:
    """A SELECT with the rows that must exist and what must be true of them. Raises: UnreadableTree."""
    scope = RangeTable(node.nodes("rtable"))
    translation.scopes.append(scope)
    try:
        return _read(node, scope, translation)
    finally:
        translation.scopes.pop()


def is_single_value(node: Node, query: Query) -> bool:
    """Whether a query is SELECT with one value and nothing else, so that it stands for that value."""
    more = ("limitCount", "limitOffset", "havingQual", "groupClause")
    alone = query.simple and not query.rows and not query.conditions and len(query.targets) == 1
    return alone and node.text("hasTargetSRFs") == "false" and all(node.get(name) is None for name in more)


def _read(node: Node, scope: RangeTable, translation: Translation) -> Query:
    simple = (
        node.text("commandType") == _SELECT
        and node.text("hasAggs") == "false"
        and node.text("hasModifyingCTE") == "false"
        and all(node.get(name) is None for name in _OTHERWISE)
    )
    rows, conditions = list[tuple[int, int]](), list[Expression]()
    tree = node.node("jointree")
    for item in tree.nodes("fromlist"):
        _join(item, scope, translation, rows, conditions)
    where = tree.get("quals")
    if isinstance(where, Node):
        conditions.append(translation.read(where))
    shown = [target for target in node.nodes("targetList") if target.text("resjunk") == "false"]
    targets = tuple(translation.read(target.node("expr")) for target in shown)
    if simple:
        return Query(tuple(rows), tuple(conditions), targets, True)  # noqa: FBT003  # it is simple
    hidden = tuple(Opaque("sub-select", (target,), 0) for target in targets)
    return Query((), (), (*hidden, Opaque("sub-select", tuple(conditions), 0)), False)  # noqa: FBT003  # it is not


def _join(
    item: Node,
    scope: RangeTable,
    translation: Translation,
    rows: list[tuple[int, int]],
    conditions: list[Expression],
) -> None:
    """Add the rows that an item of FROM must have, and the conditions they meet; an outer side may be missing."""
    if item.kind == "RANGETBLREF":
        _entry(item.number("rtindex"), scope, translation, rows, conditions)
        return
    if item.kind != "JOINEXPR":
        raise UnreadableTree(f"FROM has a {item.kind}")
    kind = item.text("jointype")
    for side, outer in (("larg", _LEFT), ("rarg", _RIGHT)):
        sure = kind in {_INNER, outer}
        lost = list[tuple[int, int]](), list[Expression]()
        _join(item.node(side), scope, translation, rows if sure else lost[0], conditions if sure else lost[1])
    quals = item.get("quals")
    if kind == _INNER and isinstance(quals, Node):
        conditions.append(translation.read(quals))


def _entry(
    table: int,
    scope: RangeTable,
    translation: Translation,
    rows: list[tuple[int, int]],
    conditions: list[Expression],
) -> None:
    if not 1 <= table <= len(scope.entries):
        raise UnreadableTree("FROM names no table")
    entry = scope.entries[table - 1]
    if entry.text("rtekind") == _SUBQUERY:
        query = read_query(entry.node("subquery"), translation)
        scope.queries[table] = query
        if query.simple:
            rows.extend(query.rows)
            conditions.extend(query.conditions)
            return
    relation = entry.number("relid") if entry.text("rtekind") == _RELATION else 0
    rows.append((scope.row(table, translation), relation))
