"""The tenants of the root table, as Basewatch's own role reads them."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg
from psycopg import sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from isolation.inventory.naming import qualified, quoted


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantIds:
    """Ids of tenants in random order, and their total; `rls_active` says that row security may hide some tenants."""

    ids: tuple[tuple[str, ...], ...]
    total: int
    rls_active: bool


def read_tenants(probe: TenantProbe, root: ProbedRelation, limit: int, *, remedy: str, login: str) -> TenantIds:
    """Up to `limit` tenants of the root table, at random, as Basewatch's own role `login`.

    Raises: ObservationError, with `remedy` if denied.
    """
    # By their output functions: a cast may be user-defined.
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
