"""What the planner would do, without doing it: EXPLAIN of one statement as the role that would run it."""

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
    """One node of a plan: `relation` is what it scans, if anything; `parent_relationship` is how it hangs on the one above.

    `conditions` and `output` are printed expressions; they may hold a tenant's id and are no facts.
    """

    node_type: str
    schema: str
    relation: str
    parent_relationship: str
    conditions: tuple[str, ...]
    output: tuple[str, ...]

    @property
    def is_scan(self) -> bool:
        """Whether rows of the relation are read here; a ModifyTable names what it writes to."""
        return bool(self.relation) and self.node_type != "ModifyTable"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryPlan:
    """A plan's nodes from the top, or the SQLSTATE with which planning was refused."""

    nodes: tuple[PlanNode, ...] = ()
    sqlstate: str | None = None


# A blind statement reads no column, so that the policies for SELECT are not asked; DEFAULT fits every column.
_BLIND: dict[str, LiteralString] = {
    "SELECT": "SELECT 1 FROM {place}",
    "UPDATE": "UPDATE {place} SET {column} = DEFAULT",
    "DELETE": "DELETE FROM {place}",
}
_EXPLAIN: LiteralString = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) "
_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "TID Cond")


def explain_unfiltered(probe: TenantProbe, place: ProbedRelation, command: str, column: str = "") -> QueryPlan:
    """The plan of `SELECT 1`, of an UPDATE of `column` alone or of a DELETE, over all of a relation; none is run.

    Raises: ObservationError, when the server could not tell.
    """
    query = sql.SQL(_BLIND[command]).format(place=place.identifier, column=sql.Identifier(column or "-"))
    return explain(probe, place, query)


def explain(probe: TenantProbe, place: ProbedRelation, query: sql.Composable) -> QueryPlan:
    """The plan of a statement on `place`, which is not run. Raises: ObservationError, when the session is lost."""
    try:
        with probe.connection.transaction(force_rollback=True):
            row = probe.connection.execute(sql.SQL(_EXPLAIN) + query).fetchone()
    except psycopg.Error as error:
        if error.sqlstate is None or probe.connection.closed:
            raise observation_error(error, operation=f"planning on {place}") from error
        return QueryPlan(sqlstate=error.sqlstate)
    (told,) = row or ([],)
    return QueryPlan(nodes=tuple(node for each in told for node in _nodes(each["Plan"])))


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
