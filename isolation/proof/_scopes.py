"""Reads the FROM and WHERE of sub-selects: their rows and conditions, and the column of each variable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from isolation.proof._derived_rows import combined_query, values_row, with_query
from isolation.proof._expressions import OWN_ROW, ColumnRef, Expression, FunctionCall, Opaque, Query, RowOfFunction
from isolation.proof._known_fields import is_understood
from isolation.proof._nodes import Node, UnreadableTree
from isolation.proof._set_returning import set_returning, with_complete_sets
from isolation.proof._tree_reader import TreeReader

_RELATION, _SUBQUERY, _JOIN, _FUNCTION, _VALUES, _WITH, _GROUP = "0", "1", "2", "3", "5", "6", "9"
_INNER, _LEFT, _FULL, _RIGHT = "0", "1", "2", "3"
_OPTIONAL_SIDES: Final = {_INNER: (), _LEFT: ("rarg",), _FULL: ("larg", "rarg"), _RIGHT: ("larg",)}
"""The sides of a join that may have no row, by its kind; PostgreSQL stores no other kinds."""
_CUTTING: Final = ("limitCount", "limitOffset")
_MOST_ROWS: Final = 4000


class OwnRow:
    """The level of the policy itself, with one row."""

    def column(self, var: Node, reader: TreeReader) -> Expression:
        """A column of the row that the policy tests."""
        del reader
        type_oid = var.number("vartype")
        if var.number("varno") != 1 or _nulling(var):
            return Opaque("another row", (), type_oid)
        return ColumnRef(OWN_ROW, var.number("varattno"), type_oid)


@dataclass(slots=True)
class RangeTable:
    """The level of a sub-select: its range table; each entry has its own row number.

    `queries` are the entries that are sub-selects of rows that WHERE selects; `cut` is that of any of them. `optional`
    are the entries on a side of a join that may have no row; their columns may be NULL whatever they are computed from.
    `named` are the queries in WITH.
    """

    entries: tuple[Node, ...]
    rows: tuple[int, ...]
    optional: frozenset[int]
    named: tuple[Node, ...] = ()
    queries: dict[int, Query] = field(default_factory=dict[int, Query])
    cut: bool = False

    def column(self, var: Node, reader: TreeReader) -> Expression:
        """A column of an entry; the target of a sub-select in FROM; the underlying column of a join or of a group."""
        table, number, type_oid = var.number("varno"), var.number("varattno"), var.number("vartype")
        own = ColumnRef(self.row(table), number, type_oid)
        if table in self.optional or _nulling(var):
            return own if self._is_relation(table) else self._of_optional(table, var, own, reader)
        query = self.queries.get(table)
        if query is not None:
            return query.targets[number - 1] if number <= len(query.targets) else Opaque("no column", (), type_oid)
        found = self._underlying(table, number)
        return own if found is None else self._inside(found, var, reader)

    def row(self, table: int) -> int:
        """The number of an entry's row. Raises: UnreadableTree."""
        if not 1 <= table <= len(self.entries):
            raise UnreadableTree("a variable names no table")
        return self.rows[table - 1]

    def _is_relation(self, table: int) -> bool:
        return self.entries[table - 1].text("rtekind") == _RELATION

    def _of_optional(self, table: int, var: Node, own: ColumnRef, reader: TreeReader) -> Expression:
        """A column of a join that may have no row is that of its table; any other value is unknown, or NULL."""
        found = self._underlying(table, var.number("varattno"))
        return self._inside(found, var, reader) if found is not None and found.kind == "VAR" else own

    def _underlying(self, table: int, number: int) -> Node | None:
        """The expression of a column of a join or, since version 18, of GROUP BY; None for other entries."""
        entry = self.entries[table - 1]
        names = {_JOIN: "joinaliasvars", _GROUP: "groupexprs"}
        name = names.get(entry.text("rtekind"))
        if name is None:
            return None
        columns = entry.nodes(name)
        if number > len(columns):
            raise UnreadableTree("a variable names no column")
        return columns[number - 1]

    def _inside(self, found: Node, var: Node, reader: TreeReader) -> Expression:
        """An expression of this level, which a variable of an inner level names."""
        inner = reader.scopes
        reader.scopes = inner[: len(inner) - var.number("varlevelsup")]
        try:
            return reader.read(found)
        finally:
            reader.scopes = inner


def _nulling(var: Node) -> bool:
    """Whether the server itself says that an outer join may make a variable NULL (varnullingrels, since version 16)."""
    joins = var.get("varnullingrels")
    return isinstance(joins, tuple) and len(joins) > 1


def read_query(node: Node, reader: TreeReader) -> Query:
    """A SELECT as the rows that must exist and their conditions. Raises: UnreadableTree."""
    first = next(reader.fresh)
    if first > _MOST_ROWS:
        raise UnreadableTree("it has too many sub-selects")
    entries = node.nodes("rtable")
    optional = frozenset(_optional(node.node("jointree").nodes("fromlist"), inside=False))
    scope = RangeTable(entries, tuple(next(reader.fresh) for _ in entries), optional, node.nodes("cteList"))
    reader.scopes.append(scope)
    try:
        return _read(node, scope, reader, first)
    finally:
        reader.scopes.pop()


def is_single_value(node: Node, query: Query) -> bool:
    """Whether a query is a SELECT of one value without FROM and WHERE, so that it equals that value."""
    tree = node.node("jointree")
    alone = query.simple and len(query.targets) == 1 and not tree.nodes("fromlist") and tree.get("quals") is None
    return (
        alone
        and node.text("hasTargetSRFs") == "false"
        and all(node.get(name) is None for name in (*_CUTTING, "groupClause", "setOperations"))
    )


def _read(node: Node, scope: RangeTable, reader: TreeReader, first: int) -> Query:
    simple = is_understood(node) and all(is_understood(each) for each in node.nodes("rteperminfos"))
    if node.get("groupClause") is None:  # one row, even where WHERE selects none
        simple = simple and node.text("hasAggs") == "false" and node.get("havingQual") is None
    if node.get("setOperations") is not None:
        found = combined_query(node, scope.entries, reader, read_query) if simple else None
        return found or Query((), (), (), False, (first, next(reader.fresh)))  # noqa: FBT003  # not simple
    rows, conditions = list[tuple[int, int]](), list[Expression]()
    tree = node.node("jointree")
    if not is_understood(tree):
        raise UnreadableTree("FROM has an unknown format")
    for item in tree.nodes("fromlist"):
        _join(item, scope, reader, rows, conditions)
    where = tree.get("quals")
    if isinstance(where, Node):
        conditions.append(reader.read(where))
    elif where is not None:
        raise UnreadableTree("WHERE has an unknown format")
    if not all(target.kind == "TARGETENTRY" and is_understood(target) for target in node.nodes("targetList")):
        raise UnreadableTree("a column of a sub-select has an unknown format")
    shown = [target for target in node.nodes("targetList") if target.text("resjunk") == "false"]
    if [target.number("resno") for target in shown] != list(range(1, len(shown) + 1)):
        raise UnreadableTree("the columns of a sub-select have unknown numbers")
    targets = tuple(reader.read(target.node("expr")) for target in shown)
    targets = with_complete_sets(node, targets)
    span = (first, next(reader.fresh))
    if simple:
        cut = scope.cut or node.text("hasDistinctOn") == "true" or any(node.get(name) is not None for name in _CUTTING)
        return Query(tuple(rows), tuple(conditions), targets, True, span, cut=cut)  # noqa: FBT003  # simple
    hidden = tuple(Opaque("sub-select", (target,), 0) for target in targets)
    return Query((), (), (*hidden, Opaque("sub-select", tuple(conditions), 0)), False, span)  # noqa: FBT003  # not simple


def _optional(items: tuple[Node, ...], *, inside: bool) -> Iterator[int]:
    """The entries below an outer join that may have no row."""
    for item in items:
        if inside and item.get("rtindex") is not None:
            yield item.number("rtindex")
        if item.kind == "JOINEXPR":
            optional = _OPTIONAL_SIDES.get(item.text("jointype"), ("larg", "rarg"))
            for side in ("larg", "rarg"):
                yield from _optional((item.node(side),), inside=inside or side in optional)


def _join(
    item: Node,
    scope: RangeTable,
    reader: TreeReader,
    rows: list[tuple[int, int]],
    conditions: list[Expression],
) -> None:
    """Adds the rows that an item of FROM needs, and their conditions; the outer side of a join may have no row."""
    if not is_understood(item):
        raise UnreadableTree(f"FROM has a {item.kind} of an unknown form")
    if item.kind == "RANGETBLREF":
        _entry(item.number("rtindex"), scope, reader, rows, conditions)
        return
    if item.kind != "JOINEXPR" or item.text("jointype") not in _OPTIONAL_SIDES:
        raise UnreadableTree(f"FROM has a {item.kind} of an unknown kind")
    kind = item.text("jointype")
    for side in ("larg", "rarg"):
        ignored = list[tuple[int, int]](), list[Expression]()
        required = side not in _OPTIONAL_SIDES[kind]
        own = (rows, conditions) if required else ignored
        _join(item.node(side), scope, reader, *own)
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
    row, entry = scope.row(table), scope.entries[table - 1]
    understood = is_understood(entry)
    scope.cut = scope.cut or not understood
    query = _query(entry, reader) if understood else None
    if query is not None and query.simple:
        scope.cut = scope.cut or query.cut
        rows.extend(query.rows)
        conditions.extend(query.conditions)
        sets = set_returning(query.targets)
        if sets:  # each mention of a column is the same row of the set, and not another call
            conditions.extend(RowOfFunction(one, row, one.type) for one in sets if len(query.targets) == 1)
            rows.append((row, 0))
        else:
            scope.queries[table] = query
        return
    values = values_row(entry, row, reader) if understood and entry.text("rtekind") == _VALUES else None
    if values is not None:
        conditions.append(values)
        return
    call = _function(entry, reader) if understood and entry.text("rtekind") == _FUNCTION else None
    if call is not None:
        conditions.append(RowOfFunction(call, row, call.type))
    is_relation = understood and entry.text("rtekind") == _RELATION
    rows.append((row, entry.number("relid") if is_relation else 0))


def _query(entry: Node, reader: TreeReader) -> Query | None:
    """The query whose rows an entry of FROM is; None for other rows."""
    if entry.text("rtekind") == _SUBQUERY:
        return read_query(entry.node("subquery"), reader)
    level = entry.number("ctelevelsup") if entry.text("rtekind") == _WITH else len(reader.scopes)
    scope = reader.scopes[-1 - level] if level < len(reader.scopes) else None
    return with_query(entry, scope.named, reader, read_query) if isinstance(scope, RangeTable) else None


def _function(entry: Node, reader: TreeReader) -> FunctionCall | None:
    """The only set-returning function of an entry; None for several of them, or for one of another kind."""
    functions = entry.nodes("functions")
    if len(functions) != 1 or functions[0].kind != "RANGETBLFUNCTION":
        return None
    found = reader.read(functions[0].node("funcexpr"))
    return found if isinstance(found, FunctionCall) and found.returns_set else None
