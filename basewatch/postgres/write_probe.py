"""Write probes of a tenant-bound role on rows of two canaries, each rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from basewatch.postgres.probe_types import Canary, ProbedRelation, ProbeOutcome, belongs_to_tenant
from basewatch.postgres.tenant_probe import TenantProbe

_CURSOR = sql.Identifier("basewatch_row")


class WriteProbe(TenantProbe):
    """A transaction as one role in which writes are attempted, each in a savepoint that is rolled back and released.

    Every write selects rows of a canary, by key or at a cursor, so that rows of other tenants are not changed or
    locked. A write at a cursor (WHERE CURRENT OF) reads no column: PostgreSQL applies only the policies of its command,
    as for an UPDATE or DELETE without WHERE, and not those of SELECT. TRUNCATE is never attempted.
    Raises: ObservationError, if the session is lost.
    """

    def insert_for(self, relation: ProbedRelation, canary: Canary) -> ProbeOutcome:
        """Insert a row for this canary with the key alone; policies are evaluated before NOT NULL constraints."""
        columns, values = self._key(relation, canary)
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(relation.identifier, _names(columns), _marks(values))
        return self._write(relation, query, values)

    def copy_for(self, relation: ProbedRelation, canary: Canary, *, of: Canary, columns: Sequence[str]) -> ProbeOutcome:
        """Insert a copy of a row of canary `of` for this canary, which meets other conditions of the policy."""
        keys, values = self._key(relation, canary)
        others = [column for column in columns if column not in keys]
        condition, parameters = belongs_to_tenant(relation, self._tenant(of))
        query = sql.SQL("INSERT INTO {} ({}) OVERRIDING USER VALUE SELECT {} FROM {} AS r WHERE {} LIMIT 1").format(
            relation.identifier,
            _names((*keys, *others)),
            sql.SQL(", ").join((*(sql.Placeholder() for _ in keys), *(sql.Identifier("r", name) for name in others))),
            relation.identifier,
            condition,
        )
        return self._write(relation, query, (*values, *parameters))

    def insert_own_copy(self, relation: ProbedRelation, canary: Canary, columns: Sequence[str]) -> ProbeOutcome:
        """Insert a copy of a row of this canary; the outcome is the increase of its readable rows.

        `columns` are those without a default; other columns, such as an id, get new values.
        """
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        copy = sql.SQL("INSERT INTO {0} ({1}) OVERRIDING USER VALUE SELECT {1} FROM {0} AS r WHERE {2} LIMIT 1").format(
            relation.identifier, _names(columns), condition
        )
        count = sql.SQL("SELECT count(*) FROM {} AS r WHERE {}").format(relation.identifier, condition)

        def added() -> int:
            before, _, after = (self._connection.execute(query, parameters) for query in (count, copy, count))
            return _number(after) - _number(before)

        return self._attempt(relation, added)

    def insert_is_discarded(self, relation: ProbedRelation, canary: Canary) -> bool:
        """Whether a rule rewrites an INSERT to nothing, by its plan, so that it silently adds no row."""
        columns, values = self._key(relation, canary)
        query = sql.SQL("EXPLAIN (FORMAT JSON, COSTS OFF) INSERT INTO {} ({}) VALUES ({})").format(
            relation.identifier, _names(columns), _marks(values)
        )
        try:
            with self._connection.transaction(force_rollback=True):
                row = self._connection.execute(query, values).fetchone()
        except psycopg.Error as error:
            self._outcome(error, relation)
            return False
        return row is not None and row[0] == []

    def update_of(self, relation: ProbedRelation, canary: Canary, column: str = "") -> ProbeOutcome:
        """Update `column` of the rows of this canary to its own value; by default the first key column."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        name = sql.Identifier(column or self._columns(relation)[0])
        query = sql.SQL("UPDATE {0} AS r SET {1} = r.{1} WHERE {2}").format(relation.identifier, name, condition)
        return self._write(relation, query, parameters)

    def reassign(self, relation: ProbedRelation, *, of: Canary, to: Canary) -> ProbeOutcome:
        """Change the key of the rows of one canary to that of the other."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(of))
        columns, values = self._key(relation, to)
        query = sql.SQL("UPDATE {} AS r SET {} WHERE {}").format(relation.identifier, _set(columns), condition)
        return self._write(relation, query, (*values, *parameters))

    def delete_of(self, relation: ProbedRelation, canary: Canary) -> ProbeOutcome:
        """Delete the rows of this canary."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        query = sql.SQL("DELETE FROM {} AS r WHERE {}").format(relation.identifier, condition)
        return self._write(relation, query, parameters)

    def reassign_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, to: Canary) -> ProbeOutcome:
        """As canary `acting_as`, at a cursor on a row of `of`, change its key to `to`, without reading the row."""
        columns, values = self._key(relation, to)
        query = sql.SQL("UPDATE {} SET {} WHERE CURRENT OF {}").format(relation.identifier, _set(columns), _CURSOR)
        return self._at_cursor(relation, of, acting_as, query, values, lock=True)

    def delete_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, lock: bool) -> ProbeOutcome:
        """As canary `acting_as`, at a cursor on a row of `of`, delete it without reading it.

        `lock` is for a role with UPDATE: FOR UPDATE allows a cursor whatever lookups the policies contain.
        """
        query = sql.SQL("DELETE FROM {} WHERE CURRENT OF {}").format(relation.identifier, _CURSOR)
        return self._at_cursor(relation, of, acting_as, query, (), lock=lock)

    def _columns(self, relation: ProbedRelation) -> tuple[str, ...]:
        return relation.key or tuple(own for own, _ in relation.on)

    def _key(self, relation: ProbedRelation, canary: Canary) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """The columns of the tenant key and the values of this canary; for a derived key, those of one of its rows."""
        columns = self._columns(relation)
        if relation.key:
            return columns, self._tenant(canary)
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        query = sql.SQL("SELECT {} FROM {} AS r WHERE {} LIMIT 1").format(
            _names(columns), relation.identifier, condition
        )
        try:
            # The rollback restores the context that was set before.
            with self._connection.transaction(force_rollback=True):
                self.set_context(canary)
                return columns, self._connection.execute(query, parameters).fetchone() or (None,) * len(columns)
        except psycopg.Error as error:
            self._outcome(error, relation)
            return columns, (None,) * len(columns)

    def _at_cursor(
        self,
        relation: ProbedRelation,
        owner: Canary,
        by: Canary,
        write: sql.Composed,
        values: tuple[Any, ...],
        *,
        lock: bool,
    ) -> ProbeOutcome:
        condition, parameters = belongs_to_tenant(relation, self._tenant(owner))
        declare = sql.SQL("DECLARE {} NO SCROLL CURSOR FOR SELECT FROM {} AS r WHERE {}{}").format(
            _CURSOR, relation.identifier, condition, sql.SQL(" FOR UPDATE" if lock else "")
        )

        def changed() -> int:
            self.set_context(owner)
            # The server takes no parameters in DECLARE.
            psycopg.ClientCursor(self._connection).execute(declare, parameters)
            self._connection.execute(sql.SQL("FETCH NEXT FROM {}").format(_CURSOR))
            self.set_context(by)
            return self._connection.execute(write, values).rowcount

        return self._attempt(relation, changed)

    def _write(self, relation: ProbedRelation, query: sql.Composed, parameters: tuple[Any, ...]) -> ProbeOutcome:
        return self._attempt(relation, lambda: self._connection.execute(query, parameters).rowcount)

    def _attempt(self, relation: ProbedRelation, change: Callable[[], int]) -> ProbeOutcome:
        if relation in self._locked_tables:
            return ProbeOutcome(sqlstate=self._locked_tables[relation])
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                return ProbeOutcome(rows=change())
        except psycopg.Error as error:
            return self._outcome(error, relation, skip_later=True)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _marks(values: Sequence[object]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Placeholder() for _ in values)


def _set(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns)


def _number(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
