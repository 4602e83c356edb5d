"""Read probes of a tenant-bound role, in the context of a canary or of no tenant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import psycopg
from psycopg import errors, sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.context_values import id_in, unknown_value, value_with
from basewatch.postgres.errors import observation_error
from basewatch.postgres.mentions import ids_of, mentions_one_of
from basewatch.postgres.probe_types import (
    Canary,
    NoTenant,
    ProbedRelation,
    ProbeOutcome,
    any_row,
    belongs_to_other,
    belongs_to_tenant,
)
from basewatch.postgres.transaction import set_local
from basewatch.postgres.whole_scans import sample_percent, whole_scans
from basewatch.tenancy import Tenancy

__all__ = ["Canary", "NoTenant", "ProbeOutcome", "ProbedRelation", "TenantProbe"]

# The server's function behind RAISE of PL/pgSQL, whatever SQLSTATE it names.
_RAISE = "exec_stmt_raise"
_LOCKED = "55P03"
# Relations in one statement; if it fails, each relation is queried separately.
_BATCH = 32


class TenantProbe:
    """A READ ONLY transaction as one role, which is always rolled back.

    It queries whether rows exist, and reads no content. It acts for a canary or for no tenant; another tenant cannot be
    named. Raises: ObservationError, if the session is lost.
    """

    def __init__(
        self, connection: psycopg.Connection, tenancy: Tenancy, locked_tables: dict[ProbedRelation, str] | None = None
    ) -> None:
        self._connection = connection
        self._settings = tenancy.context
        self._claim = tenancy.claim
        self._canaries = dict(zip(Canary, tenancy.canary_contexts, strict=True))
        self._more = dict(zip(Canary, (tenancy.canaries.settings_a, tenancy.canaries.settings_b), strict=True))
        self._locked_tables = dict[ProbedRelation, str]() if locked_tables is None else locked_tables

    @property
    def connection(self) -> psycopg.Connection:
        """The connection of the transaction, for statements of other modules."""
        return self._connection

    def context_values(self) -> tuple[str | None, ...]:
        """The value of each context setting: None if never set in the session, empty after a transaction with one."""
        query = "SELECT " + ", ".join("pg_catalog.current_setting(%s, true)" for _ in self._settings)
        row = self._connection.execute(query.encode(), self._settings).fetchone()
        return tuple(None if value is None else str(value) for value in row or ())

    def set_context(self, tenant: Canary | NoTenant, *, part: int | None = None) -> None:
        """Set the context until the transaction ends, to that of a canary or of no tenant.

        With `part`, only that part of a composite context names no tenant, and the others are those of canary A. The
        further settings of a canary are set too; those of canary A for no tenant.
        """
        values, more = self._canaries[Canary.A][1], self._more[Canary.A]
        match tenant:
            case NoTenant.UNKNOWN:
                other = tuple(unknown_value(value, self._claim) for value in values)
            case NoTenant.EMPTY:
                other = tuple("" for _ in values)
            case NoTenant.WILDCARD:
                other = tuple(value_with(value, self._claim, "%") for value in values)
            case _:
                other, more = self._canaries[require_canary(tenant)][1], self._more[require_canary(tenant)]
        each = zip(self._settings, values, other, strict=True)
        named = {name: o if part in {None, index} else v for index, (name, v, o) in enumerate(each)}
        unset = dict.fromkeys((name for one in self._more.values() for name in one), "")
        set_local(self._connection, {**unset, **more, **named})

    def any_rows(self, relations: Sequence[ProbedRelation]) -> tuple[ProbeOutcome, ...]:
        """For each relation, whether any row can be read; with `allows_null_key`, any row with a tenant."""
        return self._outcomes([(relation, any_row(relation)) for relation in relations])

    def rows_of(self, relations: Sequence[ProbedRelation], canary: Canary) -> tuple[ProbeOutcome, ...]:
        """For each keyed relation, whether a row of this canary can be read."""
        return self._outcomes([(one, belongs_to_tenant(one, self._tenant(canary, one))) for one in relations])

    def rows_of_others(self, relations: Sequence[ProbedRelation], canary: Canary) -> tuple[ProbeOutcome, ...]:
        """For each keyed relation, whether a row of any other tenant can be read."""
        return self._outcomes([(one, belongs_to_other(one, self._tenant(canary, one))) for one in relations])

    def mentions(self, relation: ProbedRelation, columns: Sequence[str], names: Sequence[str]) -> ProbeOutcome | None:
        """Whether a row mentions a canary or its user; None if ids like these cannot be searched for."""
        condition = mentions_one_of(columns, ids_of(self._canaries.values(), self._claim or ()), names)
        return None if condition is None else self._single(relation, condition)

    def planned(self, relation: ProbedRelation) -> ProbeOutcome:
        """Whether a read of the visible rows of a relation would read a large one as a whole; nothing is read."""
        query = sql.SQL("SELECT {}").format(_exists(relation, any_row(relation)))
        try:
            with self._connection.transaction(force_rollback=True):
                return ProbeOutcome(rows=0, unindexed=self._whole_scans(query))
        except psycopg.Error as error:
            return self._outcome(error, relation)

    def session_state(self) -> tuple[bool, bool, str]:
        """Whether the current role is the login role, whether row security is on, and the replication role."""
        query = (
            "SELECT current_user OPERATOR(pg_catalog.=) session_user, pg_catalog.current_setting('row_security'),"
            " pg_catalog.current_setting('session_replication_role')"
        )
        own, security, replication = self._connection.execute(query).fetchone() or (False, "", "")
        return bool(own), security == "on", str(replication)

    def can_disable_triggers(self) -> bool:
        """Whether the role may set session_replication_role, which disables ordinary triggers."""
        try:
            with self._connection.transaction(force_rollback=True):
                set_local(self._connection, {"session_replication_role": "replica"})
        except errors.InsufficientPrivilege:
            return False
        return True

    def stop_if_blocking(self, relations: Sequence[ProbedRelation] = ()) -> None:
        """Give way to sessions that wait for a lock of this transaction.

        Those of `relations` that they wait for are not queried again. Raises: ObservationError, if a session waits for
        another lock.
        """
        query = (
            "SELECT DISTINCT n.nspname, c.relname FROM pg_catalog.pg_locks AS l"
            " LEFT JOIN pg_catalog.pg_class AS c ON c.oid OPERATOR(pg_catalog.=) l.relation"
            " LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid OPERATOR(pg_catalog.=) c.relnamespace"
            " WHERE NOT l.granted"
            " AND pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(l.pid))"
        )
        waited = {(schema, name) for schema, name in self._connection.execute(query).fetchall()}
        known = {(relation.schema, relation.name): relation for relation in relations}
        for name in waited & known.keys():
            self._locked_tables[known[name]] = _LOCKED
        if waited - known.keys():
            detail = "stopped probing: another session waits for a lock that the probe holds"
            raise ObservationError(
                Reason.TIMEOUT, detail, remedy="Run the check again after the migration or at lower load."
            )

    def _tenant(self, canary: Canary, relation: ProbedRelation) -> tuple[str, ...]:
        """The key of the rows of a canary in a relation: its id, or that of its user."""
        tenant, values = self._canaries[require_canary(canary)]
        return tuple(id_in(value, self._claim or ()) for value in values) if relation.of_users else tenant

    def _outcomes(self, queries: Sequence[tuple[ProbedRelation, sql.Composable]]) -> tuple[ProbeOutcome, ...]:
        found = list[ProbeOutcome]()
        for start in range(0, len(queries), _BATCH):
            batch = queries[start : start + _BATCH]
            found.extend(self._batch(batch) or [self._single(relation, condition) for relation, condition in batch])
        return tuple(found)

    def _batch(self, queries: Sequence[tuple[ProbedRelation, sql.Composable]]) -> list[ProbeOutcome]:
        """The outcomes of one statement over all relations; empty if it failed."""
        if any(relation in self._locked_tables for relation, _ in queries):
            return []
        query = sql.SQL("SELECT {}").format(sql.SQL(", ").join(_exists(relation, where) for relation, where in queries))
        try:
            with self._connection.transaction(force_rollback=True):
                if self._whole_scans(query):
                    return []
                row = self._connection.execute(query).fetchone()
        except psycopg.Error as error:
            self._outcome(error, queries[0][0])
            return []
        return [ProbeOutcome(rows=int(bool(exists))) for exists in row or ()]

    def _single(self, relation: ProbedRelation, condition: sql.Composable) -> ProbeOutcome:
        query = sql.SQL("SELECT {}").format(_exists(relation, condition))
        if relation in self._locked_tables:
            return ProbeOutcome(sqlstate=self._locked_tables[relation])
        try:
            with self._connection.transaction(force_rollback=True):
                unindexed = self._whole_scans(query)
                row = None if unindexed else self._connection.execute(query).fetchone()
        except psycopg.Error as error:
            return self._outcome(error, relation, skip_later=True)
        if unindexed:
            return ProbeOutcome(rows=int(self._finds_in_part(relation, condition)), unindexed=unindexed)
        return ProbeOutcome(rows=int(bool(row and row[0])))

    def _whole_scans(self, query: sql.Composable) -> tuple[str, ...]:
        # The planner then scans a table only where no index answers.
        set_local(self._connection, {"enable_seqscan": "off"})
        return whole_scans(self._connection, query)

    def _finds_in_part(self, relation: ProbedRelation, condition: sql.Composable) -> bool:
        """Whether there is such a row among those of the canaries, as far as an index finds them, or in some blocks."""
        tenants = [self._tenant(canary, relation) for canary in Canary] if relation.keyed else []
        parts = [partial(_of_tenant, relation, condition, tenant) for tenant in tenants]
        return any(self._finds(relation, part) for part in (*parts, partial(self._sample, relation, condition)))

    def _sample(self, relation: ProbedRelation, condition: sql.Composable) -> sql.Composed:
        return sql.SQL("SELECT EXISTS (SELECT FROM {} AS r TABLESAMPLE pg_catalog.system ({}) WHERE {})").format(
            relation.identifier, sql.Literal(sample_percent(self._connection, relation.identifier)), condition
        )

    def _finds(self, relation: ProbedRelation, part: Callable[[], sql.Composed]) -> bool:
        try:
            with self._connection.transaction(force_rollback=True):
                query = part()
                row = None if self._whole_scans(query) else self._connection.execute(query).fetchone()
        except psycopg.Error as error:
            self._outcome(error, relation)
            return False
        return bool(row and row[0])

    def _outcome(self, error: psycopg.Error, relation: ProbedRelation, *, skip_later: bool = False) -> ProbeOutcome:
        if error.sqlstate is None or self._connection.closed:
            raise observation_error(error, operation=f"probing {relation}") from error
        if skip_later and isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
            # Do not queue again behind the lock on this relation.
            self._locked_tables[relation] = error.sqlstate
        # A CHECK violation without a constraint name is one of partition bounds, before any policy is evaluated.
        unrouted = isinstance(error, errors.CheckViolation) and not error.diag.constraint_name
        return ProbeOutcome(
            sqlstate=error.sqlstate,
            no_partition=unrouted,
            in_function=bool(error.diag.context),
            raised=error.diag.source_function == _RAISE,
        )


def _exists(relation: ProbedRelation, where: sql.Composable) -> sql.Composed:
    return sql.SQL("EXISTS (SELECT FROM {} AS r WHERE {})").format(relation.identifier, where)


def _of_tenant(relation: ProbedRelation, condition: sql.Composable, tenant: tuple[str, ...]) -> sql.Composed:
    own = sql.SQL("{} AND ({})").format(belongs_to_tenant(relation, tenant), condition)
    return sql.SQL("SELECT {}").format(_exists(relation, own))


def require_canary(who: object) -> Canary:
    """The argument, if it is a canary. Raises: TypeError, for any other value."""
    if not isinstance(who, Canary):
        raise TypeError("a probe acts on the declared canaries alone")
    return who
