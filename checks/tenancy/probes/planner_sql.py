"""What the planner would do, without doing it: EXPLAIN of one statement as the role that would run it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from basewatch.postgres.errors import could_not_look
from basewatch.postgres.place import Place
from basewatch.postgres.probe import TenantProbe


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One node of a plan: `relation` is what it scans, if anything; `within` is how it hangs on the one above.

    `conditions` and `output` are printed expressions; they may hold a tenant's id and are no facts.
    """

    kind: str
    schema: str
    relation: str
    within: str
    conditions: tuple[str, ...]
    output: tuple[str, ...]

    @property
    def scans(self) -> bool:
        """Whether rows of the relation are read here; a ModifyTable names what it writes to."""
        return bool(self.relation) and self.kind != "ModifyTable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan's nodes from the top, or the SQLSTATE with which planning was refused."""

    nodes: tuple[Node, ...] = ()
    sqlstate: str | None = None


# A blind statement reads no column, so that the policies for SELECT are not asked; DEFAULT fits every column.
_BLIND: dict[str, LiteralString] = {
    "SELECT": "SELECT 1 FROM {place}",
    "UPDATE": "UPDATE {place} SET {column} = DEFAULT",
    "DELETE": "DELETE FROM {place}",
}
_EXPLAIN: LiteralString = "EXPLAIN (FORMAT JSON, VERBOSE, COSTS OFF) "
_CONDITIONS = ("Filter", "Index Cond", "Recheck Cond", "TID Cond")


def plan_blind(probe: TenantProbe, place: Place, command: str, column: str = "") -> Plan:
    """The plan of `SELECT 1`, of an UPDATE of `column` alone or of a DELETE, over all of a relation; none is run.

    Raises: CouldNotLook, when the server could not tell.
    """
    query = sql.SQL(_BLIND[command]).format(place=place.identifier, column=sql.Identifier(column or "-"))
    return planned(probe, place, query)


def planned(probe: TenantProbe, place: Place, query: sql.Composable) -> Plan:
    """The plan of a statement on `place`, which is not run. Raises: CouldNotLook, when the session is lost."""
    try:
        with probe.connection.transaction(force_rollback=True):
            row = probe.connection.execute(sql.SQL(_EXPLAIN) + query).fetchone()
    except psycopg.Error as error:
        if error.sqlstate is None or probe.connection.closed:
            raise could_not_look(error, asking=f"planning on {place}") from error
        return Plan(sqlstate=error.sqlstate)
    (told,) = row or ([],)
    return Plan(nodes=tuple(node for each in told for node in _nodes(each["Plan"])))


def _nodes(plan: dict[str, object]) -> Iterator[Node]:
    yield Node(
        kind=str(plan.get("Node Type", "")),
        schema=str(plan.get("Schema", "")),
        relation=str(plan.get("Relation Name", "")),
        within=str(plan.get("Parent Relationship", "")),
        conditions=tuple(str(plan[name]) for name in _CONDITIONS if name in plan),
        output=tuple(map(str, cast("list[str]", plan.get("Output", [])))),
    )
    for below in cast("list[dict[str, object]]", plan.get("Plans", [])):
        yield from _nodes(below)
