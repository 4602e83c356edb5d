"""Server-side loop over tenants that searches for a row of another tenant; no row leaves the server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import set_local


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIds:
    """Ids of tenants in random order, and their total; `rls_active` says that row security may hide some tenants."""

    ids: tuple[tuple[str, ...], ...]
    total: int
    rls_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """The number of tenants tested, and the first leak as the hashes of reader and owner; or the SQLSTATE."""

    tenants_tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None


def read_tenants(probe: TenantProbe, root: ProbedRelation, limit: int, *, remedy: str) -> TenantIds:
    """Up to `limit` tenants of the root table, at random. Raises: ObservationError, with `remedy` if denied."""
    query = sql.SQL(
        "SELECT ARRAY[{keys}], pg_catalog.count(*) OVER (), pg_catalog.row_security_active({name})"
        " FROM {root} AS r ORDER BY pg_catalog.random() LIMIT {most}"
    ).format(
        keys=sql.SQL(", ").join(sql.SQL("r.{}::pg_catalog.text").format(sql.Identifier(key)) for key in root.key),
        name=sql.Literal(root.identifier.as_string(probe.connection)),
        root=root.identifier,
        most=sql.Literal(limit),
    )
    try:
        found = probe.connection.execute(query).fetchall()
    except psycopg.Error as error:
        raise observation_error(error, operation=f"reading the tenants of {root}", remedy=remedy) from error
    return TenantIds(
        ids=tuple(tuple(ids) for ids, _, _ in found),
        total=found[0][1] if found else 0,
        rls_active=bool(found and found[0][2]),
    )


# One statement for each tenant, so that policies read the context again: one statement may read it only once.
_LOOP: LiteralString = """
#variable_conflict use_variable
DECLARE
    basewatch_tenants pg_catalog.jsonb := pg_catalog.current_setting('basewatch.tenants')::pg_catalog.jsonb;
    basewatch_tenant pg_catalog.jsonb;
    basewatch_other pg_catalog.text;
    basewatch_tried pg_catalog.int4 := 0;
    {declared}
BEGIN
    FOR basewatch_tenant IN SELECT * FROM pg_catalog.jsonb_array_elements(basewatch_tenants) LOOP
        PERFORM {acting};
        {assigned}
        basewatch_tried := basewatch_tried + 1;
        SELECT pg_catalog.concat_ws('/', {keys}) INTO basewatch_other FROM {relation} AS r WHERE {another} LIMIT 1;
        IF FOUND THEN
            PERFORM pg_catalog.set_config('basewatch.leak', pg_catalog.json_build_array(
                {mine}, {theirs})::pg_catalog.text, true);
            EXIT;
        END IF;
    END LOOP;
    PERFORM pg_catalog.set_config('basewatch.tried', basewatch_tried::pg_catalog.text, true);
END
"""
_HASHED: LiteralString = (
    "pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to("
    "pg_catalog.current_setting('basewatch.salt') || {}, 'UTF8')), 'hex'), 12)"
)


def sweep_relation(
    probe: TenantProbe, relation: ProbedRelation, settings: Sequence[str], tenants: Sequence[tuple[str, ...]], salt: str
) -> SweepResult:
    """Whether any of these tenants, in turn, reads a row of `relation` that is not its own; stops at the first.

    Plans are reused from one tenant to the next, as with prepared statements of an application.
    Raises: ObservationError, if the session is lost.
    """
    connection = probe.connection
    body = _loop(relation, settings).as_string(connection)
    given = {
        "basewatch.tenants": json.dumps(tenants),
        "basewatch.salt": salt,
        "basewatch.leak": "",
        "basewatch.tried": "0",
        "plan_cache_mode": "force_generic_plan",
    }
    try:
        with connection.transaction(force_rollback=True):
            set_local(connection, given)
            connection.execute(sql.SQL("DO {}").format(sql.Literal(body)))
            query = "SELECT current_setting('basewatch.tried')::int, current_setting('basewatch.leak')"
            tried, leak = connection.execute(query).fetchone() or (0, "")
    except psycopg.Error as error:
        if error.sqlstate is None or connection.closed:
            raise observation_error(error, operation=f"sweeping {relation}") from error
        return SweepResult(sqlstate=error.sqlstate)
    mine, theirs = json.loads(leak) if leak else ("", "")
    return SweepResult(tenants_tried=tried, leak=(mine, theirs) if leak else None)


def _loop(relation: ProbedRelation, settings: Sequence[str]) -> sql.Composed:
    columns = [sql.Identifier(key) for key in relation.key]
    names = [sql.Identifier(f"basewatch_k{number}") for number in range(len(columns))]
    nth = [sql.SQL("basewatch_tenant ->> {}").format(sql.Literal(number)) for number in range(len(columns))]
    mine = sql.SQL("pg_catalog.concat_ws('/', {})").format(sql.SQL(", ").join(names))
    return sql.SQL(_LOOP).format(
        declared=sql.SQL(" ").join(
            sql.SQL("{} {}.{}%TYPE;").format(name, relation.identifier, column)
            for name, column in zip(names, columns, strict=True)
        ),
        acting=sql.SQL(", ").join(
            sql.SQL("pg_catalog.set_config({}, {}, true)").format(sql.Literal(setting), value)
            for setting, value in zip(settings, nth, strict=True)
        ),
        assigned=sql.SQL(" ").join(
            sql.SQL("{} := {};").format(name, value) for name, value in zip(names, nth, strict=True)
        ),
        keys=sql.SQL(", ").join(sql.SQL("r.{}").format(column) for column in columns),
        relation=relation.identifier,
        another=sql.SQL(" OR ").join(
            sql.SQL("r.{} IS DISTINCT FROM {}").format(column, name)
            for name, column in zip(names, columns, strict=True)
        ),
        mine=sql.SQL(_HASHED).format(mine),
        theirs=sql.SQL(_HASHED).format(sql.SQL("basewatch_other")),
    )
