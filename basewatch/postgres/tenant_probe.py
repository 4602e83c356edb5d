"""What a tenant-bound role can read of other tenants' rows: asked for two canaries and for nobody."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg
from psycopg import errors, sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.errors import observation_error
from basewatch.postgres.probe_types import (
    Canary,
    NoTenant,
    ProbedRelation,
    ProbeOutcome,
    SqlCondition,
    any_row,
    belongs_to_other,
    belongs_to_tenant,
)
from basewatch.postgres.transaction import set_local
from basewatch.tenancy import Tenancy

__all__ = ["Canary", "NoTenant", "ProbeOutcome", "ProbedRelation", "TenantProbe"]

# So many relations are asked about in one statement; one that fails is asked again, relation by relation.
_TOGETHER = 32


class TenantProbe:
    """A READ ONLY transaction as one role, which never commits.

    It asks whether there is a row, and for none of it. It acts for a canary or for nobody: there is no way to name
    another tenant. Raises: ObservationError, when the session is lost.
    """

    def __init__(
        self, connection: psycopg.Connection, tenancy: Tenancy, locked_tables: dict[ProbedRelation, str] | None = None
    ) -> None:
        self._connection = connection
        self._settings = tenancy.context
        self._canaries = dict(zip(Canary, tenancy.canary_contexts, strict=True))
        self._busy = dict[ProbedRelation, str]() if locked_tables is None else locked_tables

    @property
    def connection(self) -> psycopg.Connection:
        """The session of the transaction, for the other probes of this package."""
        return self._connection

    def context_values(self) -> tuple[str | None, ...]:
        """The value of each context setting: None on a session that never had one, empty after one has ended."""
        query = "SELECT " + ", ".join("pg_catalog.current_setting(%s, true)" for _ in self._settings)
        row = self._connection.execute(query.encode(), self._settings).fetchone()
        return tuple(None if value is None else str(value) for value in row or ())

    def set_context(self, tenant: Canary | NoTenant, *, part: int | None = None) -> None:
        """Set the context until this transaction ends, to a canary's or to one that no tenant has.

        With `part`, that part alone is nobody's, and the others are canary A's: for a context of several settings.
        """
        values = self._canaries[Canary.A][1]
        match tenant:
            case NoTenant.UNKNOWN:
                other = tuple(_stranger(value) for value in values)
            case NoTenant.EMPTY:
                other = tuple("" for _ in values)
            case NoTenant.WILDCARD:
                other = tuple("%" for _ in values)
            case _:
                other = self._canaries[require_canary(tenant)][1]
        each = zip(self._settings, values, other, strict=True)
        set_local(
            self._connection, {name: o if part in {None, index} else v for index, (name, v, o) in enumerate(each)}
        )

    def any_rows(self, relations: Sequence[ProbedRelation]) -> tuple[ProbeOutcome, ...]:
        """Of each relation, whether any row can be read: of a `loose` one, any that says whose it is."""
        return self._looks([(place, any_row(place)) for place in relations])

    def rows_of(self, relations: Sequence[ProbedRelation], canary: Canary) -> tuple[ProbeOutcome, ...]:
        """Of each keyed relation, whether a row of this canary can be read."""
        tenant = self._tenant(canary)
        return self._looks([(place, belongs_to_tenant(place, tenant)) for place in relations])

    def rows_of_others(self, relations: Sequence[ProbedRelation], canary: Canary) -> tuple[ProbeOutcome, ...]:
        """Of each keyed relation, whether a row of anyone but this canary can be read."""
        tenant = self._tenant(canary)
        return self._looks([(place, belongs_to_other(place, tenant)) for place in relations])

    def session_state(self) -> tuple[bool, bool, str]:
        """Whether the session is still its login's own, whether row security is on, and its replication role."""
        query = (
            "SELECT current_user OPERATOR(pg_catalog.=) session_user, pg_catalog.current_setting('row_security'),"
            " pg_catalog.current_setting('session_replication_role')"
        )
        own, security, replication = self._connection.execute(query).fetchone() or (False, "", "")
        return bool(own), security == "on", str(replication)

    def can_disable_triggers(self) -> bool:
        """Whether the role may set session_replication_role, with which ordinary triggers no longer fire."""
        try:
            with self._connection.transaction(force_rollback=True):
                set_local(self._connection, {"session_replication_role": "replica"})
        except errors.InsufficientPrivilege:
            return False
        return True

    def stop_if_blocking(self) -> None:
        """Raises: ObservationError, when another session waits for a lock that this transaction holds."""
        query = (
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted"
            " AND pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(pid)))"
        )
        row = self._connection.execute(query).fetchone()
        if row is not None and row[0]:
            detail = "stopped probing: another session waits for a lock that the probe holds"
            raise ObservationError(Reason.TIMEOUT, detail, remedy="Look again when the migration or the rush is over.")

    def _tenant(self, canary: Canary) -> tuple[str, ...]:
        return self._canaries[require_canary(canary)][0]

    def _looks(self, asked: Sequence[tuple[ProbedRelation, SqlCondition]]) -> tuple[ProbeOutcome, ...]:
        found = list[ProbeOutcome]()
        for start in range(0, len(asked), _TOGETHER):
            some = asked[start : start + _TOGETHER]
            found.extend(self._together(some) or [self._look(place, condition) for place, condition in some])
        return tuple(found)

    def _together(self, asked: Sequence[tuple[ProbedRelation, SqlCondition]]) -> list[ProbeOutcome]:
        """The outcomes of one statement over all of them; empty when it failed, whichever of them failed it."""
        if any(place in self._busy for place, _ in asked):
            return []
        query = sql.SQL("SELECT {}").format(sql.SQL(", ").join(_exists(place, where) for place, (where, _) in asked))
        try:
            with self._connection.transaction(force_rollback=True):
                row = self._connection.execute(
                    query, [value for _, (_, values) in asked for value in values]
                ).fetchone()
        except psycopg.Error as error:
            self._outcome(error, asked[0][0])
            return []
        return [ProbeOutcome(rows=int(bool(there))) for there in row or ()]

    def _look(self, relation: ProbedRelation, condition: SqlCondition) -> ProbeOutcome:
        query = sql.SQL("SELECT {}").format(_exists(relation, condition[0]))
        if relation in self._busy:
            return ProbeOutcome(sqlstate=self._busy[relation])
        try:
            with self._connection.transaction(force_rollback=True):
                row = self._connection.execute(query, condition[1]).fetchone()
        except psycopg.Error as error:
            return self._outcome(error, relation, busy=True)
        return ProbeOutcome(rows=int(bool(row and row[0])))

    def _outcome(self, error: psycopg.Error, relation: ProbedRelation, *, busy: bool = False) -> ProbeOutcome:
        if error.sqlstate is None or self._connection.closed:
            raise observation_error(error, operation=f"probing {relation}") from error
        if busy and isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
            # Whoever holds the lock is not asked to wait for us again.
            self._busy[relation] = error.sqlstate
        # A CHECK has a name; what is violated without one is the bounds of partitions, before any policy is asked.
        unrouted = isinstance(error, errors.CheckViolation) and not error.diag.constraint_name
        return ProbeOutcome(sqlstate=error.sqlstate, no_partition=unrouted)


def _exists(relation: ProbedRelation, where: sql.Composable) -> sql.Composed:
    return sql.SQL("EXISTS (SELECT FROM {} AS r WHERE {})").format(relation.identifier, where)


def require_canary(who: object) -> Canary:
    """A canary, when it is one. Raises: TypeError, on anything else that a mistake would hand over."""
    if not isinstance(who, Canary):
        raise TypeError("a probe acts on the declared canaries alone")
    return who


def _stranger(like: str) -> str:
    """A value of the same form that nobody has, but by an accident of one in a thousand million."""
    try:
        UUID(like)
    except ValueError:
        high = 2**30
        return str(high + secrets.randbelow(high)) if like.lstrip("-").isdigit() else f"stranger-{secrets.token_hex(8)}"
    return str(uuid4())
