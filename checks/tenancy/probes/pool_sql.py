"""State that earlier transactions left in a session: one statement for the start of a transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import dict_row

from basewatch.errors import ObservationError
from basewatch.facts import from_json
from basewatch.model import Reason
from basewatch.postgres.errors import observation_error
from basewatch.postgres.tenant_probe import TenantProbe

LEFTOVER_STATE: LiteralString = """
SELECT EXISTS (SELECT FROM pg_catalog.unnest(%(settings)s::pg_catalog.text[]) AS name
               WHERE pg_catalog.current_setting(name, true) <> '') AS has_context,
       current_user <> session_user AS role_changed,
       pg_catalog.current_setting('session_replication_role') <> 'origin' AS replication_role_changed,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_class
        WHERE relnamespace = pg_catalog.pg_my_temp_schema()) AS temp_tables,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_cursors WHERE is_holdable) AS holdable_cursors,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_prepared_statements WHERE from_sql) AS prepared_statements,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_listening_channels()) AS listen_channels,
       (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_locks
        WHERE pid = pg_catalog.pg_backend_pid() AND locktype = 'advisory') AS advisory_locks,
       pg_catalog.pg_backend_pid() AS backend_pid
"""
"""The statement; an application can run it as the first one of a transaction, with its context settings.

Protocol-level prepared statements are not counted: poolers keep them for their clients. `backend_pid` is the server
process, which identifies the session.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverState:
    """The state of a session at the start of a transaction: presence or number of each kind, never a value."""

    has_context: bool
    role_changed: bool
    replication_role_changed: bool
    temp_tables: int
    holdable_cursors: int
    prepared_statements: int
    listen_channels: int
    advisory_locks: int
    backend_pid: int


def leftover_state(probe: TenantProbe, settings: tuple[str, ...]) -> LeftoverState:
    """The state left in the session; call it first in a transaction. Raises: ObservationError."""
    cursor = probe.connection.cursor(row_factory=dict_row)
    try:
        row = cursor.execute(LEFTOVER_STATE, {"settings": list(settings)}).fetchone()
    except psycopg.Error as error:
        raise observation_error(error, operation="reading the state of a pooled session") from error
    if row is None:
        raise ObservationError(Reason.UNSUPPORTED, "the query for the session state returned no row")
    return from_json(LeftoverState, row)


def has_lastval(probe: TenantProbe) -> bool:
    """Whether lastval() reveals a sequence number of another transaction; the number is not read."""
    try:
        with probe.connection.transaction(force_rollback=True):
            probe.connection.execute("SELECT pg_catalog.lastval() IS NULL")
    except errors.ObjectNotInPrerequisiteState:
        return False
    except psycopg.Error as error:
        # 42501: the sequence was used, and we lack the privilege to read it.
        if isinstance(error, errors.InsufficientPrivilege):
            return True
        raise observation_error(error, operation="reading the state of a pooled session") from error
    return True
