"""What a tenant-bound role can do with other tenants' rows: tried on two canaries, and always rolled back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import sql

from basewatch.postgres.errors import could_not_look, is_answer
from basewatch.tenancy import Tenancy


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How one attempt ended: rows seen or changed, or the SQLSTATE with which it was refused."""

    rows: int | None = None
    sqlstate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A relation by schema and name, exactly as the catalogue spells them."""

    schema: str
    name: str


class TenantProbe:
    """A transaction as one role, which never commits: each attempt is undone before the next.

    Reads ask for one row at most. The only writes are the four below, each bound to rows of a declared canary; any
    other tenant is refused here, before the database is asked. Raises: CouldNotLook, when the server could not tell.
    """

    def __init__(self, connection: psycopg.Connection, tenancy: Tenancy) -> None:
        self._connection = connection
        self._context = tenancy.context[0]
        self._key = sql.Identifier(tenancy.key[0])
        self._canaries = (tenancy.canaries.a[0], tenancy.canaries.b[0])

    def context(self) -> str | None:
        """The tenant that is set: None on a session that never had one, empty after one was set and ended."""
        query = "SELECT pg_catalog.current_setting(%s, true)"
        row = self._connection.execute(query, (self._context,)).fetchone()
        return None if row is None or row[0] is None else str(row[0])

    def act_as(self, tenant: str) -> None:
        """Set the tenant until this transaction ends."""
        query = "SELECT pg_catalog.set_config(%s, %s, true)"
        self._connection.execute(query, (self._context, self._canary(tenant)))

    def any_row(self, place: Place) -> Outcome:
        """Whether any row at all can be read."""
        return self._attempt("SELECT 1 FROM {place} LIMIT 1", place)

    def row_of(self, place: Place, tenant: str) -> Outcome:
        """Whether a row of this canary can be read."""
        return self._attempt("SELECT 1 FROM {place} WHERE {key} = %s LIMIT 1", place, tenant)

    def row_of_others(self, place: Place, tenant: str) -> Outcome:
        """Whether a row of anyone but this canary can be read."""
        return self._attempt("SELECT 1 FROM {place} WHERE {key} IS DISTINCT FROM %s LIMIT 1", place, tenant)

    def insert_for(self, place: Place, tenant: str) -> Outcome:
        """Add a row for this canary; the policy is asked before NOT NULL and the like, so the key alone will do."""
        return self._attempt("INSERT INTO {place} ({key}) VALUES (%s)", place, tenant)

    def update_of(self, place: Place, tenant: str) -> Outcome:
        """Touch this canary's rows without changing them."""
        return self._attempt("UPDATE {place} SET {key} = {key} WHERE {key} = %s", place, tenant)

    def move(self, place: Place, *, owner: str, to: str) -> Outcome:
        """Give one canary's rows to the other."""
        return self._attempt("UPDATE {place} SET {key} = %s WHERE {key} = %s", place, to, owner)

    def delete_of(self, place: Place, tenant: str) -> Outcome:
        """Remove this canary's rows."""
        return self._attempt("DELETE FROM {place} WHERE {key} = %s", place, tenant)

    def _canary(self, tenant: str) -> str:
        if tenant not in self._canaries:
            raise ValueError("a probe acts on the declared canaries alone")
        return tenant

    def _attempt(self, template: LiteralString, place: Place, *tenants: str) -> Outcome:
        query = sql.SQL(template).format(place=sql.Identifier(place.schema, place.name), key=self._key)
        canaries = tuple(self._canary(tenant) for tenant in tenants)
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                return Outcome(rows=self._connection.execute(query, canaries).rowcount)
        except psycopg.Error as error:
            if error.sqlstate is not None and is_answer(error):
                return Outcome(sqlstate=error.sqlstate)
            raise could_not_look(error, asking=f"probing {place.schema}.{place.name}") from error
