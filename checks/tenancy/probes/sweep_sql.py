"""Server-side loop over tenants that searches for a row of another tenant; no row leaves the server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import set_local
from isolation.inventory.naming import qualified, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIds:
    """Ids of tenants in random order, and their total; `rls_active` says that row security may hide some tenants."""

    ids: tuple[tuple[str, ...], ...]
    total: int
    rls_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SweptRelation:
    """A relation with a tenant key of its own, and the types of the key columns as format_type() prints them."""

    relation: ProbedRelation
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepResult:
    """The number of tenants tested, and the first leak as the hashes of reader and owner; or the SQLSTATE."""

    tenants_tried: int = 0
    leak: tuple[str, str] | None = None
    sqlstate: str | None = None


def read_tenants(probe: TenantProbe, root: ProbedRelation, limit: int, *, remedy: str, login: str) -> TenantIds:
    """Up to `limit` tenants of the root table, at random, as Basewatch's own role `login`.

    Raises: ObservationError, with `remedy` if denied.
    """
    # By their output functions: a cast may be one of somebody's own.
    query = sql.SQL(
        "SELECT ARRAY[{keys}], pg_catalog.count(*) OVER () FROM {root} AS r ORDER BY pg_catalog.random() LIMIT {most}"
    ).format(
        keys=sql.SQL(", ").join(sql.SQL("pg_catalog.concat(r.{})").format(sql.Identifier(key)) for key in root.key),
        root=root.identifier,
        most=sql.Literal(limit),
    )
    active = sql.SQL("SELECT pg_catalog.row_security_active({})").format(
        sql.Literal(root.identifier.as_string(probe.connection))
    )
    try:
        (rls_active,) = probe.connection.execute(active).fetchone() or (True,)
        found = probe.connection.execute(query).fetchall()
    except psycopg.Error as error:
        found_error = observation_error(error, operation=f"reading the tenants of {root}", remedy=remedy)
        if found_error.reason is not Reason.BUG:
            raise found_error from error
        # A policy of the root raised it: for instance, as no context is set.
        detail = (
            f"{found_error.detail}: policies of {root} apply to {login}, Basewatch's own role, which needs the ids of "
            "all tenants without a context"
        )
        policy = reading_policy(qualified(root.schema, root.name), login)
        raise ObservationError(Reason.DENIED, detail, remedy=policy) from error
    return TenantIds(
        ids=tuple(tuple(ids) for ids, _ in found), total=found[0][1] if found else 0, rls_active=bool(rls_active)
    )


def reading_policy(root: str, login: str) -> str:
    """The statement by which Basewatch's own role reads all rows of the root table; permissive, so TRUE suffices."""
    return f"CREATE POLICY basewatch_reads ON {root} FOR SELECT TO {quoted(login)} USING (true)"


# One statement for each tenant, so that policies read the context again: one statement may read it only once.
_LOOP: LiteralString = """
#variable_conflict use_variable
DECLARE
    basewatch_other pg_catalog.text;
    basewatch_tried pg_catalog.int4 := 0;
    basewatch_as pg_catalog.text[];
    {declared}
BEGIN
    -- The literals are read as values of the type of each column, whatever casts exist.
    FOR basewatch_as, {names} IN SELECT ARRAY[{texts}], {typed} FROM ROWS FROM ({lists}) AS t ({columns}) LOOP
        PERFORM {acting};
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
    probe: TenantProbe, swept: SweptRelation, settings: Sequence[str], tenants: Sequence[tuple[str, ...]], salt: str
) -> SweepResult:
    """Whether any of these tenants, in turn, reads a row of the relation that is not its own; stops at the first.

    Plans are reused from one tenant to the next, as with prepared statements of an application.
    Raises: ObservationError, if the session is lost.
    """
    connection = probe.connection
    body = _loop(swept, settings, tenants).as_string(connection)
    given = {
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
            raise observation_error(error, operation=f"sweeping {swept.relation}") from error
        return SweepResult(sqlstate=error.sqlstate)
    mine, theirs = json.loads(leak) if leak else ("", "")
    return SweepResult(tenants_tried=tried, leak=(mine, theirs) if leak else None)


def _loop(swept: SweptRelation, settings: Sequence[str], tenants: Sequence[tuple[str, ...]]) -> sql.Composed:
    relation = swept.relation
    columns = [sql.Identifier(key) for key in relation.key]
    numbers = range(len(columns))
    names = [sql.Identifier(f"basewatch_k{number}") for number in numbers]
    texts, values = ([sql.Identifier(f"{letter}{number}") for number in numbers] for letter in "tv")
    lists = [sql.Literal([tenant[number] for tenant in tenants]) for number in numbers]
    types = [_type_name(name) for name in swept.types]
    mine = sql.SQL("pg_catalog.concat_ws('/', {})").format(sql.SQL(", ").join(names))

    def each(parts: Iterable[sql.Composable], separator: LiteralString = ", ") -> sql.Composed:
        return sql.SQL(separator).join(parts)

    return sql.SQL(_LOOP).format(
        declared=each((sql.SQL("{} {};").format(name, kind) for name, kind in zip(names, types, strict=True)), " "),
        names=each(names),
        texts=each(texts),
        typed=each(values),
        columns=each((*texts, *values)),
        lists=each(
            (
                *(sql.SQL("pg_catalog.unnest({}::pg_catalog.text[])").format(one) for one in lists),
                *(
                    sql.SQL("pg_catalog.unnest({}::{}[])").format(one, kind)
                    for one, kind in zip(lists, types, strict=True)
                ),
            )
        ),
        acting=each(
            sql.SQL("pg_catalog.set_config({}, basewatch_as[{}], true)").format(
                sql.Literal(setting), sql.Literal(number + 1)
            )
            for number, setting in enumerate(settings)
        ),
        keys=each(sql.SQL("r.{}").format(column) for column in columns),
        relation=relation.identifier,
        another=each(
            (
                sql.SQL("r.{} IS DISTINCT FROM {}").format(column, name)
                for name, column in zip(names, columns, strict=True)
            ),
            " OR ",
        ),
        mine=sql.SQL(_HASHED).format(mine),
        theirs=sql.SQL(_HASHED).format(sql.SQL("basewatch_other")),
    )


def _type_name(text: str) -> sql.SQL:
    # From format_type() of the catalogues, which quotes names.
    return sql.SQL(cast("LiteralString", text))  # type: ignore[redundant-cast]  # only pyright tells them apart
