"""EXPLAIN of one statement as a role, without executing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanNode:
    """One node of a plan: `relation` is the one that it scans, if any; `parent_relationship` is as EXPLAIN prints it.

    `conditions` and `output` are printed expressions; they may contain a tenant id and are not stored as facts.
    """

    node_type: str
    schema: str
    relation: str
    parent_relationship: str
    conditions: tuple[str, ...]
    output: tuple[str, ...]

    @property
    def is_scan(self) -> bool:
        """Whether the node reads rows of the relation; a ModifyTable node names the relation that it writes."""
        return bool(self.relation) and self.node_type != "ModifyTable"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """The nodes of a plan from the top, or the SQLSTATE with which planning failed."""

    nodes: tuple[PlanNode, ...] = ()
    sqlstate: str | None = None


# The statements read no column, so that policies for SELECT do not apply; DEFAULT is valid for every column.
_UNFILTERED: dict[str, LiteralString] = {
    "SELECT": "SELECT 1 FROM {relation}",
    "UPDATE": "UPDATE {relation} SET {column} = DEFAULT",
    "DELETE": "DELETE FROM {relation}",
}
_EXPLAIN: LiteralString = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) "
_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "TID Cond")


def explain_unfiltered(probe: TenantProbe, relation: ProbedRelation, command: str, column: str = "") -> QueryPlan:
    """The plan of a SELECT, UPDATE of `column` or DELETE without WHERE on a relation; not executed.

    Raises: ObservationError, if the session is lost.
    """
    query = sql.SQL(_UNFILTERED[command]).format(relation=relation.identifier, column=sql.Identifier(column or "-"))
    return explain(probe, relation, query)


def explain(probe: TenantProbe, relation: ProbedRelation, query: sql.Composable) -> QueryPlan:
    """The plan of a statement on `relation`; not executed. Raises: ObservationError, if the session is lost."""
    try:
        with probe.connection.transaction(force_rollback=True):
            row = probe.connection.execute(sql.SQL(_EXPLAIN) + query).fetchone()
    except psycopg.Error as error:
        if error.sqlstate is None or probe.connection.closed:
            raise observation_error(error, operation=f"planning on {relation}") from error
        return QueryPlan(sqlstate=error.sqlstate)
    (plans,) = row or ([],)
    return QueryPlan(nodes=tuple(node for each in plans for node in _nodes(each["Plan"])))


def _nodes(plan: dict[str, object]) -> Iterator[PlanNode]:
    yield PlanNode(
        node_type=str(plan.get("Node Type", "")),
        schema=str(plan.get("Schema", "")),
        relation=str(plan.get("Relation Name", "")),
        parent_relationship=str(plan.get("Parent Relationship", "")),
        conditions=tuple(str(plan[name]) for name in _CONDITIONS if name in plan),
        output=tuple(map(str, cast("list[str]", plan.get("Output", [])))),
    )
    for below in cast("list[dict[str, object]]", plan.get("Plans", [])):
        yield from _nodes(below)
