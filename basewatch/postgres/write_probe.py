"""What a tenant-bound role can do to another tenant's rows: tried on the rows of two canaries, and undone each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import sql

from basewatch.postgres.probe_types import Canary, ProbedRelation, ProbeOutcome, belongs_to_tenant
from basewatch.postgres.tenant_probe import TenantProbe

_CURSOR = sql.Identifier("basewatch_row")


class WriteProbe(TenantProbe):
    """A transaction as one role in which writes are tried, each in a savepoint that is rolled back and released.

    Every write names a canary, by its key or by standing on one row of it, so that no other tenant's row is touched or
    locked. One that stands on a row (WHERE CURRENT OF) reads no column: PostgreSQL asks the policies of its own command
    alone, as it does for an UPDATE or DELETE without WHERE, and not those of SELECT besides.
    TRUNCATE is never tried. Raises: ObservationError, when the session is lost.
    """

    def insert_for(self, relation: ProbedRelation, canary: Canary) -> ProbeOutcome:
        """Add a row for this canary; the policy is asked before NOT NULL and the like, so the key alone will do."""
        columns, values = self._key(relation, canary)
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(relation.identifier, _names(columns), _marks(values))
        return self._write(relation, query, values)

    def copy_for(self, relation: ProbedRelation, canary: Canary, *, of: Canary, columns: Sequence[str]) -> ProbeOutcome:
        """Add a copy of a row of canary `of` for this canary: what else a policy asks of a row, its own have."""
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
        """Add a copy of a row of this canary, and count by how many its rows that can be read became more.

        `columns` are those without a default; what is not copied is made anew, as an id is.
        """
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        copy = sql.SQL("INSERT INTO {0} ({1}) OVERRIDING USER VALUE SELECT {1} FROM {0} AS r WHERE {2} LIMIT 1").format(
            relation.identifier, _names(columns), condition
        )
        count = sql.SQL("SELECT count(*) FROM {} AS r WHERE {}").format(relation.identifier, condition)

        def more() -> int:
            before, _, after = (self._connection.execute(query, parameters) for query in (count, copy, count))
            return _number(after) - _number(before)

        return self._attempt(relation, more)

    def insert_is_discarded(self, relation: ProbedRelation, canary: Canary) -> bool:
        """Whether an INSERT is rewritten to nothing, as the planner says of it: no row is added, and nobody is told."""
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
        """Touch this canary's rows without changing them, in `column`: the first of the key, unless it is named."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        name = sql.Identifier(column or self._columns(relation)[0])
        query = sql.SQL("UPDATE {0} AS r SET {1} = r.{1} WHERE {2}").format(relation.identifier, name, condition)
        return self._write(relation, query, parameters)

    def reassign(self, relation: ProbedRelation, *, of: Canary, to: Canary) -> ProbeOutcome:
        """Give one canary's rows to the other."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(of))
        columns, values = self._key(relation, to)
        query = sql.SQL("UPDATE {} AS r SET {} WHERE {}").format(relation.identifier, _set(columns), condition)
        return self._write(relation, query, (*values, *parameters))

    def delete_of(self, relation: ProbedRelation, canary: Canary) -> ProbeOutcome:
        """Remove this canary's rows."""
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        query = sql.SQL("DELETE FROM {} AS r WHERE {}").format(relation.identifier, condition)
        return self._write(relation, query, parameters)

    def reassign_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, to: Canary) -> ProbeOutcome:
        """As canary `acting_as`, standing on a row of `of` and reading nothing of it, write `to` into its key."""
        columns, values = self._key(relation, to)
        query = sql.SQL("UPDATE {} SET {} WHERE CURRENT OF {}").format(relation.identifier, _set(columns), _CURSOR)
        return self._standing_on(relation, of, acting_as, query, values, lock=True)

    def delete_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, lock: bool) -> ProbeOutcome:
        """As canary `acting_as`, standing on a row of `of` and reading nothing of it, delete it.

        `lock` is for a role that may UPDATE as well: with it a row can be stood on whatever its policies look up.
        """
        query = sql.SQL("DELETE FROM {} WHERE CURRENT OF {}").format(relation.identifier, _CURSOR)
        return self._standing_on(relation, of, acting_as, query, (), lock=lock)

    def _columns(self, relation: ProbedRelation) -> tuple[str, ...]:
        return relation.key or tuple(own for own, _ in relation.on)

    def _key(self, relation: ProbedRelation, canary: Canary) -> tuple[tuple[str, ...], tuple[Any, ...]]:
        """The columns that say whose a row is, and this canary's values: its id, or what one of its rows refers to."""
        columns = self._columns(relation)
        if relation.key:
            return columns, self._tenant(canary)
        condition, parameters = belongs_to_tenant(relation, self._tenant(canary))
        query = sql.SQL("SELECT {} FROM {} AS r WHERE {} LIMIT 1").format(
            _names(columns), relation.identifier, condition
        )
        try:
            # The context is the canary's own meanwhile, and what it was again when this is rolled back.
            with self._connection.transaction(force_rollback=True):
                self.set_context(canary)
                return columns, self._connection.execute(query, parameters).fetchone() or (None,) * len(columns)
        except psycopg.Error as error:
            self._outcome(error, relation)
            return columns, (None,) * len(columns)

    def _standing_on(
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
        if relation in self._busy:
            return ProbeOutcome(sqlstate=self._busy[relation])
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                return ProbeOutcome(rows=change())
        except psycopg.Error as error:
            return self._outcome(error, relation, busy=True)


def _names(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _marks(values: Sequence[object]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Placeholder() for _ in values)


def _set(columns: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in columns)


def _number(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
