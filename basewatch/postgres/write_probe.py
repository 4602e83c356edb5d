"""Write probes of a tenant-bound role on rows of two canaries, each rolled back."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg
from psycopg import sql

from basewatch.postgres.probe_types import Canary, ProbedRelation, ProbeOutcome, StoredKey, belongs_to_tenant
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.write_statements import (
    CURSOR,
    CopiedColumn,
    copy_statement,
    insert_statement,
    key_columns,
    names,
    reassignment,
)

_Key = tuple[object, ...]


class WriteProbe(TenantProbe):
    """A transaction as one role in which writes are attempted, each in a savepoint that is rolled back and released.

    Every write selects rows of a canary, by key or at a cursor, so that rows of other tenants are not changed or
    locked. A write at a cursor (WHERE CURRENT OF) reads no column: PostgreSQL applies only the policies of its command,
    as for an UPDATE or DELETE without WHERE, and not those of SELECT. TRUNCATE is never attempted. With `look`, the
    outcome says whose row was written, for a relation whose key a trigger or a rule may replace.
    Raises: ObservationError, if the session is lost.
    """

    def insert_for(
        self, relation: ProbedRelation, canary: Canary, *, nulls: Sequence[str] = (), look: bool = False
    ) -> ProbeOutcome | None:
        """As the other canary, insert a row for this one: its key, and NULL in `nulls`, whose defaults do not run.

        Policies are evaluated before NOT NULL constraints. None if no row of the parent names the tenant.
        """
        key = self._key(relation, canary)
        if key is None:
            return None
        query = insert_statement(relation, key, nulls)
        return self._write(relation, query, look=(canary.other, 1) if look else None)

    def copy_for(
        self, relation: ProbedRelation, canary: Canary, *, of: Canary, columns: Sequence[CopiedColumn], look: bool
    ) -> ProbeOutcome | None:
        """As `of`, insert a copy of its row for this canary, which meets other conditions of the policy.

        None if no row of the parent names the tenant.
        """
        key = self._key(relation, canary)
        if key is None:
            return None
        query = copy_statement(relation, key, columns, of=self._tenant(of, relation))
        return self._write(relation, query, look=(of, 1) if look else None)

    def insert_own_copy(
        self, relation: ProbedRelation, canary: Canary, columns: Sequence[CopiedColumn]
    ) -> ProbeOutcome:
        """Insert a copy of a row of this canary; the outcome is the increase of its readable rows."""
        copy = copy_statement(relation, (), columns, of=self._tenant(canary, relation))

        def added() -> int:
            before = self._count(relation, canary)
            self._connection.execute(copy)
            return self._count(relation, canary) - before

        return self._attempt(relation, added)

    def insert_is_discarded(self, relation: ProbedRelation, canary: Canary) -> bool:
        """Whether a rule rewrites an INSERT to nothing, by its plan, so that it silently adds no row."""
        key = self._key(relation, canary)
        query = sql.SQL("EXPLAIN (FORMAT JSON, COSTS OFF) {}").format(insert_statement(relation, key or (), ()))
        try:
            with self._connection.transaction(force_rollback=True):
                row = self._connection.execute(query).fetchone()
        except psycopg.Error as error:
            self._outcome(error, relation)
            return False
        return row is not None and row[0] == []

    def update_of(self, relation: ProbedRelation, canary: Canary, column: str = "") -> ProbeOutcome:
        """Update `column` of the rows of this canary to its own value; by default the first key column."""
        name = sql.Identifier(column or key_columns(relation)[0])
        query = sql.SQL("UPDATE {0} AS r SET {1} = r.{1} WHERE {2}").format(
            relation.identifier, name, belongs_to_tenant(relation, self._tenant(canary, relation))
        )
        return self._write(relation, query)

    def reassign(self, relation: ProbedRelation, *, of: Canary, to: Canary, look: bool = False) -> ProbeOutcome | None:
        """As `of`, change the key of its rows to that of the other canary; None without a parent of that one."""
        key = self._key(relation, to)
        if key is None:
            return None
        query = sql.SQL("UPDATE {} AS r SET {} WHERE {}").format(
            relation.identifier, reassignment(relation, key), belongs_to_tenant(relation, self._tenant(of, relation))
        )
        return self._write(relation, query, look=(of, 0) if look else None)

    def delete_of(self, relation: ProbedRelation, canary: Canary) -> ProbeOutcome:
        """Delete the rows of this canary."""
        condition = belongs_to_tenant(relation, self._tenant(canary, relation))
        return self._write(relation, sql.SQL("DELETE FROM {} AS r WHERE {}").format(relation.identifier, condition))

    def reassign_current(
        self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, to: Canary, look: bool = False
    ) -> ProbeOutcome | None:
        """As canary `acting_as`, at a cursor on a row of `of`, change its key to `to`, without reading the row."""
        key = self._key(relation, to)
        if key is None:
            return None
        query = sql.SQL("UPDATE {} SET {} WHERE CURRENT OF {}").format(
            relation.identifier, reassignment(relation, key), CURSOR
        )
        return self._at_cursor(relation, of, acting_as, query, lock=True, look=(acting_as, 0) if look else None)

    def update_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, column: str) -> ProbeOutcome:
        """As canary `acting_as`, at a cursor on a row of `of`, set `column` to NULL without reading the row."""
        query = sql.SQL("UPDATE {} SET {} = NULL WHERE CURRENT OF {}").format(
            relation.identifier, sql.Identifier(column), CURSOR
        )
        return self._at_cursor(relation, of, acting_as, query, lock=True)

    def delete_current(self, relation: ProbedRelation, *, of: Canary, acting_as: Canary, lock: bool) -> ProbeOutcome:
        """As canary `acting_as`, at a cursor on a row of `of`, delete it without reading it.

        `lock` is for a role with UPDATE: FOR UPDATE allows a cursor whatever lookups the policies contain.
        """
        query = sql.SQL("DELETE FROM {} WHERE CURRENT OF {}").format(relation.identifier, CURSOR)
        return self._at_cursor(relation, of, acting_as, query, lock=lock)

    def _key(self, relation: ProbedRelation, canary: Canary) -> _Key | None:
        """The key of this canary; for a derived one, that of one of its rows, or of a row of its parent."""
        if relation.key:
            return self._tenant(canary, relation)
        own = self._one(relation, key_columns(relation), canary)
        if own is None and relation.parent is not None:
            own = self._one(relation.parent, tuple(theirs for _, theirs in relation.on), canary)
        return own

    def _one(self, relation: ProbedRelation, columns: Sequence[str], canary: Canary) -> _Key | None:
        """These columns of one row of this canary, as it reads it; None without one."""
        condition = belongs_to_tenant(relation, self._tenant(canary, relation))
        query = sql.SQL("SELECT {} FROM {} AS r WHERE {} LIMIT 1").format(
            names(columns), relation.identifier, condition
        )
        try:
            # The rollback restores the context that was set before.
            with self._connection.transaction(force_rollback=True):
                self.set_context(canary)
                return self._connection.execute(query).fetchone()
        except psycopg.Error as error:
            self._outcome(error, relation)
            return None

    def _at_cursor(
        self,
        relation: ProbedRelation,
        owner: Canary,
        by: Canary,
        write: sql.Composed,
        *,
        lock: bool,
        look: tuple[Canary, int] | None = None,
    ) -> ProbeOutcome:
        declare = sql.SQL("DECLARE {} NO SCROLL CURSOR FOR SELECT FROM {} AS r WHERE {}{}").format(
            CURSOR,
            relation.identifier,
            belongs_to_tenant(relation, self._tenant(owner, relation)),
            sql.SQL(" FOR UPDATE" if lock else ""),
        )

        def changed() -> int:
            self.set_context(owner)
            self._connection.execute(declare)
            self._connection.execute(sql.SQL("FETCH NEXT FROM {}").format(CURSOR))
            self.set_context(by)
            return self._connection.execute(write).rowcount

        return self._attempt(relation, changed, look=look)

    def _write(
        self, relation: ProbedRelation, query: sql.Composed, *, look: tuple[Canary, int] | None = None
    ) -> ProbeOutcome:
        return self._attempt(relation, lambda: self._connection.execute(query).rowcount, look=look)

    def _attempt(
        self, relation: ProbedRelation, change: Callable[[], int], *, look: tuple[Canary, int] | None = None
    ) -> ProbeOutcome:
        """The outcome of a change; `look` is the writer and the rows that it gains if the stored key is its own."""
        if relation in self._locked_tables:
            return ProbeOutcome(sqlstate=self._locked_tables[relation])
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                if look is None:
                    return ProbeOutcome(rows=change())
                writer, gain = look
                before = self._counts(relation, writer)
                rows = change()
                after = self._counts(relation, writer) if rows else before
                return ProbeOutcome(rows=rows, stored=_stored(before, after, gain) if rows else None)
        except psycopg.Error as error:
            return self._outcome(error, relation, skip_later=True)

    def _counts(self, relation: ProbedRelation, writer: Canary) -> tuple[int, int]:
        """The readable rows of the other canary and of the writer, each in its own context; the writer's stays set."""
        found = list[int]()
        for canary in (writer.other, writer):
            self.set_context(canary)
            found.append(self._count(relation, canary))
        return found[0], found[1]

    def _count(self, relation: ProbedRelation, canary: Canary) -> int:
        condition = belongs_to_tenant(relation, self._tenant(canary, relation))
        query = sql.SQL("SELECT pg_catalog.count(*) FROM {} AS r WHERE {}").format(relation.identifier, condition)
        row = self._connection.execute(query).fetchone()
        return int(row[0]) if row else 0


def _stored(before: tuple[int, int], after: tuple[int, int], gain: int) -> StoredKey:
    if after[0] > before[0]:
        return StoredKey.OTHER
    return StoredKey.OWN if after[1] - before[1] == gain else StoredKey.UNKNOWN
