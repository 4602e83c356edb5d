"""Which large relations a query would read as a whole, by its plan, and reads of a sample of their blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import LiteralString, TypeAlias, cast

import psycopg
from psycopg import sql

_Name: TypeAlias = tuple[str, str]
_Plan: TypeAlias = Mapping[str, object]

SAMPLED_BLOCKS = 128
"""The blocks of a relation that a sample reads, at random."""
# These nodes pass on the first row of the node below them, and read no further one.
_PASS_ON = frozenset({"Append", "Merge Append", "Limit", "Result", "Subquery Scan"})
_BY_INDEX = frozenset({"Index Scan", "Index Only Scan", "Bitmap Index Scan"})
_BY_ADDRESS = frozenset({"Tid Scan", "Tid Range Scan", "Sample Scan"})
_EXPLAIN: LiteralString = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) "
# reltuples is as of the last VACUUM or ANALYZE, and -1 before the first.
_LARGE: LiteralString = """
SELECT n.nspname, c.relname FROM ROWS FROM (
       pg_catalog.unnest({schemas}::pg_catalog.text[]), pg_catalog.unnest({names}::pg_catalog.text[])
       ) AS read (schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = read.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = read.name
 WHERE c.reltuples > 10000 OR (c.reltuples < 1 AND pg_catalog.pg_relation_size(c.oid) > 4194304)
"""
# A block range index has no entry for a row, so that it may leave every block to be read.
_INDEXES: LiteralString = """
SELECT n.nspname, c.relname, CASE WHEN m.amname <> 'brin' THEN pg_catalog.pg_get_indexdef(c.oid, 1, true) ELSE '' END
  FROM ROWS FROM (
       pg_catalog.unnest({schemas}::pg_catalog.text[]), pg_catalog.unnest({names}::pg_catalog.text[])
       ) AS used (schema, name)
  JOIN pg_catalog.pg_namespace AS n ON n.nspname = used.schema
  JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = used.name
  JOIN pg_catalog.pg_am AS m ON m.oid = c.relam
"""
_PAGES: LiteralString = """
SELECT pg_catalog.sum(pg_catalog.pg_relation_size(relid) / pg_catalog.current_setting('block_size')::pg_catalog.int8)
FROM pg_catalog.pg_partition_tree({})
"""


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of one relation with a filter or a condition; without an index, it reads the whole relation."""

    relation: _Name
    index: str = ""
    condition: str = ""


def scans(plan: _Plan, *, first_row: bool = False, heap: _Name = ("", "")) -> Iterator[Scan]:
    """The scans of a plan and of the plans below it, but for those that end at their first row without a filter. Pure.

    `first_row` says that the node above wants one row; `heap` is the relation of a bitmap index scan.
    """
    kind = str(plan.get("Node Type", ""))
    relation = (str(plan.get("Schema", "")), str(plan.get("Relation Name", "")))
    if kind in _BY_INDEX:
        condition = str(plan.get("Index Cond", ""))
        if condition or "Filter" in plan or not first_row:
            of = heap if kind == "Bitmap Index Scan" else relation
            yield Scan(of, str(plan.get("Index Name", "")) if condition else "", condition)
    elif (
        relation[1]
        and kind not in {"ModifyTable", "Bitmap Heap Scan", *_BY_ADDRESS}
        and not (first_row and "Filter" not in plan)
    ):
        yield Scan(relation)
    for below in cast("list[_Plan]", plan.get("Plans", [])):
        passed = kind in _PASS_ON and first_row and below.get("Parent Relationship") != "SubPlan"
        yield from scans(
            below,
            first_row=passed or below.get("Parent Relationship") == "InitPlan",
            heap=relation if relation[1] else heap,
        )


def whole_scans(connection: psycopg.Connection, query: sql.Composable) -> tuple[str, ...]:
    """The large relations that a query reads as a whole, by their quoted names; empty if each is read by an index.

    An index with a condition on a later column alone is read as a whole too. Raises: psycopg.Error, as the query does.
    """
    row = connection.execute(sql.SQL(_EXPLAIN) + query).fetchone()
    found = [scan for each in (row[0] if row else ()) for scan in scans(each["Plan"], first_row=True)]
    leading = _leading(connection, [(scan.relation[0], scan.index) for scan in found if scan.index])
    suspects = {scan.relation for scan in found if not _is_bound(scan, leading)}
    if not suspects:
        return ()
    large = connection.execute(_with_names(_LARGE, sorted(suspects))).fetchall()
    return tuple(sorted(sql.Identifier(*map(str, name)).as_string(None) for name in large))


def sample_percent(connection: psycopg.Connection, relation: sql.Identifier) -> float:
    """The percentage of a relation and its partitions that SAMPLED_BLOCKS are. Raises: psycopg.Error."""
    row = connection.execute(sql.SQL(_PAGES).format(sql.Literal(relation.as_string(connection)))).fetchone()
    pages = int(row[0] or 0) if row else 0
    return min(100.0, 100.0 * SAMPLED_BLOCKS / max(pages, 1))


def _leading(connection: psycopg.Connection, indexes: list[_Name]) -> Mapping[_Name, str]:
    """The first column or expression of each index, as PostgreSQL prints it; empty for a block range index."""
    if not indexes:
        return {}
    rows = connection.execute(_with_names(_INDEXES, indexes)).fetchall()
    return {(str(schema), str(name)): str(first) for schema, name, first in rows}


def _is_bound(scan: Scan, leading: Mapping[_Name, str]) -> bool:
    """Whether a condition restricts the first column of the index."""
    first = re.sub(r"[()\s]", "", leading.get((scan.relation[0], scan.index), ""))
    text = re.sub(r"[()\s]", "", scan.condition)
    return bool(first) and re.search(rf'(?<![\w"$]){re.escape(first)}(?![\w"$])', text) is not None


def _with_names(statement: LiteralString, names: list[_Name]) -> sql.Composed:
    schemas, own = [schema for schema, _ in names], [name for _, name in names]
    return sql.SQL(statement).format(schemas=sql.Literal(schemas), names=sql.Literal(own))
