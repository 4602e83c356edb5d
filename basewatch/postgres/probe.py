"""What a tenant-bound role can do with other tenants' rows: tried on two canaries, and always rolled back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import LiteralString
from uuid import UUID, uuid4

import psycopg
from psycopg import errors, sql

from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from basewatch.postgres.errors import could_not_look
from basewatch.postgres.guards import set_locally
from basewatch.postgres.place import ANY, Canary, Condition, Nobody, Outcome, Place, belongs, is_another
from basewatch.tenancy import Tenancy

__all__ = ["Canary", "Nobody", "Outcome", "Place", "TenantProbe"]

# So many relations are asked about in one statement; one that fails is asked again, relation by relation.
_TOGETHER = 32


class TenantProbe:
    """A transaction as one role, which never commits: each attempt is undone before the next.

    Reads ask whether there is a row, and for none of it. The only writes are the four below, each bound to rows of a
    canary: there is no way to name another tenant. Raises: CouldNotLook, when the session is lost.
    """

    def __init__(self, connection: psycopg.Connection, tenancy: Tenancy, busy: dict[Place, str] | None = None) -> None:
        self._connection = connection
        self._settings = tenancy.context
        self._canaries = dict(zip(Canary, tenancy.contexts, strict=True))
        self._busy = dict[Place, str]() if busy is None else busy

    @property
    def connection(self) -> psycopg.Connection:
        """The session of the transaction, for the other probes of this package."""
        return self._connection

    def context(self) -> tuple[str | None, ...]:
        """The value of each context setting: None on a session that never had one, empty after one has ended."""
        query = "SELECT " + ", ".join("pg_catalog.current_setting(%s, true)" for _ in self._settings)
        row = self._connection.execute(query.encode(), self._settings).fetchone()
        return tuple(None if value is None else str(value) for value in row or ())

    def act_as(self, who: Canary | Nobody) -> None:
        """Set the context until this transaction ends, to a canary's or to one that no tenant has."""
        canary = self._canaries[Canary.A][1]
        match who:
            case Nobody.STRANGER:
                values = tuple(_stranger(value) for value in canary)
            case Nobody.EMPTY:
                values = tuple("" for _ in canary)
            case Nobody.WILDCARD:
                values = tuple("%" for _ in canary)
            case _:
                values = self._canaries[_canary(who)][1]
        set_locally(self._connection, dict(zip(self._settings, values, strict=True)))

    def any_rows(self, places: Sequence[Place]) -> tuple[Outcome, ...]:
        """Of each relation, whether any row at all can be read."""
        return self._looks([(place, ANY) for place in places])

    def rows_of(self, places: Sequence[Place], canary: Canary) -> tuple[Outcome, ...]:
        """Of each keyed relation, whether a row of this canary can be read."""
        tenant = self._tenant(canary)
        return self._looks([(place, belongs(place, tenant)) for place in places])

    def rows_of_others(self, places: Sequence[Place], canary: Canary) -> tuple[Outcome, ...]:
        """Of each keyed relation, whether a row of anyone but this canary can be read."""
        tenant = self._tenant(canary)
        return self._looks([(place, is_another(place, tenant)) for place in places])

    def insert_for(self, place: Place, canary: Canary) -> Outcome:
        """Add a row for this canary; the policy is asked before NOT NULL and the like, so the key alone will do."""
        keys = sql.SQL(", ").join(map(sql.Identifier, place.key))
        values = sql.SQL(", ").join(sql.Placeholder() for _ in place.key)
        return self._write("INSERT INTO {place} ({keys}) VALUES ({values})", place, self._tenant(canary), keys, values)

    def update_of(self, place: Place, canary: Canary, column: str = "") -> Outcome:
        """Touch this canary's rows without changing them, in `column` (of the key, unless another is named)."""
        condition, parameters = belongs(place, self._tenant(canary))
        name = sql.Identifier(column or place.key[0])
        template: LiteralString = "UPDATE {place} AS r SET {keys} = r.{keys} WHERE {values}"
        return self._write(template, place, parameters, name, condition)

    def move(self, place: Place, *, owner: Canary, to: Canary) -> Outcome:
        """Give one canary's rows to the other."""
        condition, parameters = belongs(place, self._tenant(owner))
        keys = sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(column)) for column in place.key)
        template: LiteralString = "UPDATE {place} AS r SET {keys} WHERE {values}"
        return self._write(template, place, (*self._tenant(to), *parameters), keys, condition)

    def delete_of(self, place: Place, canary: Canary) -> Outcome:
        """Remove this canary's rows."""
        condition, parameters = belongs(place, self._tenant(canary))
        return self._write("DELETE FROM {place} AS r WHERE {values}", place, parameters, values=condition)

    def step_aside(self) -> None:
        """Raises: CouldNotLook, when another session waits for a lock that this transaction holds."""
        query = (
            "SELECT EXISTS (SELECT FROM pg_catalog.pg_locks WHERE NOT granted"
            " AND pg_catalog.pg_backend_pid() OPERATOR(pg_catalog.=) ANY (pg_catalog.pg_blocking_pids(pid)))"
        )
        row = self._connection.execute(query).fetchone()
        if row is not None and row[0]:
            detail = "stopped probing: another session waits for a lock that the probe holds"
            raise CouldNotLook(Reason.TIMEOUT, detail, remedy="Look again when the migration or the rush is over.")

    def _tenant(self, canary: Canary) -> tuple[str, ...]:
        return self._canaries[_canary(canary)][0]

    def _looks(self, asked: Sequence[tuple[Place, Condition]]) -> tuple[Outcome, ...]:
        found = list[Outcome]()
        for start in range(0, len(asked), _TOGETHER):
            some = asked[start : start + _TOGETHER]
            found.extend(self._together(some) or [self._look(place, condition) for place, condition in some])
        return tuple(found)

    def _together(self, asked: Sequence[tuple[Place, Condition]]) -> list[Outcome]:
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
        return [Outcome(rows=int(bool(there))) for there in row or ()]

    def _look(self, place: Place, condition: Condition) -> Outcome:
        query = sql.SQL("SELECT {}").format(_exists(place, condition[0]))
        if place in self._busy:
            return Outcome(sqlstate=self._busy[place])
        try:
            with self._connection.transaction(force_rollback=True):
                row = self._connection.execute(query, condition[1]).fetchone()
        except psycopg.Error as error:
            return self._outcome(error, place, busy=True)
        return Outcome(rows=int(bool(row and row[0])))

    def _write(
        self,
        template: LiteralString,
        place: Place,
        parameters: tuple[str, ...],
        keys: sql.Composable | None = None,
        values: sql.Composable | None = None,
    ) -> Outcome:
        query = sql.SQL(template).format(place=place.identifier, keys=keys or ANY[0], values=values or ANY[0])
        if place in self._busy:
            return Outcome(sqlstate=self._busy[place])
        try:
            # Nested in the probe's transaction, this is SAVEPOINT, then ROLLBACK TO and RELEASE.
            with self._connection.transaction(force_rollback=True):
                return Outcome(rows=self._connection.execute(query, parameters).rowcount)
        except psycopg.Error as error:
            return self._outcome(error, place, busy=True)

    def _outcome(self, error: psycopg.Error, place: Place, *, busy: bool = False) -> Outcome:
        if error.sqlstate is None or self._connection.closed:
            raise could_not_look(error, asking=f"probing {place}") from error
        if busy and isinstance(error, errors.LockNotAvailable | errors.QueryCanceled):
            # Whoever holds the lock is not asked to wait for us again.
            self._busy[place] = error.sqlstate
        return Outcome(sqlstate=error.sqlstate)


def _exists(place: Place, where: sql.Composable) -> sql.Composed:
    return sql.SQL("EXISTS (SELECT FROM {} AS r WHERE {})").format(place.identifier, where)


def _canary(who: object) -> Canary:
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
