"""What a tenant-bound role can do to another tenant's rows: tried on the rows of two canaries, and undone each time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import psycopg
from psycopg import sql

from basewatch.postgres.place import Canary, Condition, Outcome, Place, belongs
from basewatch.postgres.probe import TenantProbe

_CURSOR = sql.Identifier("basewatch_row")


class CanaryWrites(TenantProbe):
    """A transaction as one role in which writes are tried, each in a savepoint that is rolled back and released.

    Every write names a canary, by its key or by standing on one row of it, so that no other tenant's row is touched or
    locked. One that stands on a row (WHERE CURRENT OF) reads no column: PostgreSQL asks the policies of its own command
    alone, as it does for an UPDATE or DELETE without WHERE, and not those of SELECT besides.
    TRUNCATE is never tried. Raises: CouldNotLook, when the session is lost.
    """

    def insert_for(self, place: Place, canary: Canary) -> Outcome:
        """Add a row for this canary; the policy is asked before NOT NULL and the like, so the key alone will do."""
        values = self._tenant(canary)
        keys = sql.SQL(", ").join(map(sql.Identifier, place.key))
        marks = sql.SQL(", ").join(sql.Placeholder() for _ in place.key)
        query = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(place.identifier, keys, marks)
        return self._write(place, query, values)

    def copy_of(self, place: Place, canary: Canary, columns: Sequence[str]) -> Outcome:
        """Add a copy of a row of this canary, and count by how many its rows that can be read became more.

        `columns` are those without a default; what is not copied is made anew, as an id is.
        """
        condition, parameters = belongs(place, self._tenant(canary))
        names = sql.SQL(", ").join(map(sql.Identifier, columns))
        copy = sql.SQL("INSERT INTO {0} ({1}) OVERRIDING USER VALUE SELECT {1} FROM {0} AS r WHERE {2} LIMIT 1")
        count = sql.SQL("SELECT count(*) FROM {} AS r WHERE {}").format(place.identifier, condition)

        def more() -> int:
            before, _, after = (
                self._connection.execute(query, parameters)
                for query in (count, copy.format(place.identifier, names, condition), count)
            )
            return _number(after) - _number(before)

        return self._attempt(place, more)

    def update_of(self, place: Place, canary: Canary, column: str = "") -> Outcome:
        """Touch this canary's rows without changing them, in `column`: the first of the key, unless it is named."""
        condition, parameters = belongs(place, self._tenant(canary))
        name = sql.Identifier(column or place.key[0])
        query = sql.SQL("UPDATE {0} AS r SET {1} = r.{1} WHERE {2}").format(place.identifier, name, condition)
        return self._write(place, query, parameters)

    def move(self, place: Place, *, owner: Canary, to: Canary) -> Outcome:
        """Give one canary's rows to the other."""
        condition, parameters = belongs(place, self._tenant(owner))
        keys, values = self._keys(place, to)
        query = sql.SQL("UPDATE {} AS r SET {} WHERE {}").format(place.identifier, keys, condition)
        return self._write(place, query, (*values, *parameters))

    def delete_of(self, place: Place, canary: Canary) -> Outcome:
        """Remove this canary's rows."""
        condition, parameters = belongs(place, self._tenant(canary))
        query = sql.SQL("DELETE FROM {} AS r WHERE {}").format(place.identifier, condition)
        return self._write(place, query, parameters)

    def take(self, place: Place, *, owner: Canary, by: Canary, to: Canary) -> Outcome:
        """As canary `by`, standing on a row of `owner` and reading nothing of it, write `to` into its key."""
        keys, values = self._keys(place, to)
        query = sql.SQL("UPDATE {} SET {} WHERE CURRENT OF {}").format(place.identifier, keys, _CURSOR)
        return self._standing_on(place, owner, by, query, values, lock=True)

    def remove(self, place: Place, *, owner: Canary, by: Canary, lock: bool) -> Outcome:
        """As canary `by`, standing on a row of `owner` and reading nothing of it, delete it.

        `lock` is for a role that may UPDATE as well: with it a row can be stood on whatever its policies look up.
        """
        query = sql.SQL("DELETE FROM {} WHERE CURRENT OF {}").format(place.identifier, _CURSOR)
        return self._standing_on(place, owner, by, query, (), lock=lock)

    def _keys(self, place: Place, to: Canary) -> Condition:
        keys = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in place.key)
        return keys, self._tenant(to)

    def _standing_on(
        self, place: Place, owner: Canary, by: Canary, write: sql.Composed, values: tuple[str, ...], *, lock: bool
    ) -> Outcome:
        condition, parameters = belongs(place, self._tenant(owner))
        declare = sql.SQL("DECLARE {} NO SCROLL CURSOR FOR SELECT FROM {} AS r WHERE {}{}").format(
            _CURSOR, place.identifier, condition, sql.SQL(" FOR UPDATE" if lock else "")
        )

        def changed() -> int:
            self.act_as(owner)
            # The server takes no parameters in DECLARE.
            psycopg.ClientCursor(self._connection).execute(declare, parameters)
            self._connection.execute(sql.SQL("FETCH NEXT FROM {}").format(_CURSOR))
            self.act_as(by)
            return self._connection.execute(write, values).rowcount

        return self._attempt(place, changed)

    def _write(self, place: Place, query: sql.Composed, parameters: tuple[str, ...]) -> Outcome:
        return self._attempt(place, lambda: self._connection.execute(query, parameters).rowcount)

    def _attempt(self, place: Place, change: Callable[[], int]) -> Outcome:
        if place in self._busy:
            return Outcome(sqlstate=self._busy[place])
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                return Outcome(rows=change())
        except psycopg.Error as error:
            return self._outcome(error, place, busy=True)


def _number(cursor: psycopg.Cursor) -> int:
    row = cursor.fetchone()
    return int(row[0]) if row else 0
