"""Transactions on an observed database: with timeouts, and always rolled back."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg
from psycopg import errors, sql

from basewatch.errors import NotFoundError
from basewatch.postgres.errors import observation_error

_MILLISECOND = timedelta(milliseconds=1)
# Since version 16, each membership has the options INHERIT and SET.
_MEMBERSHIP_OPTIONS_SINCE = 160000
_PLAIN = re.compile(r'"[a-z_][a-z0-9_]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Timeouts of the login, of one statement, of one lock, and of an idle transaction."""

    connect: timedelta = timedelta(seconds=5)
    statement: timedelta = timedelta(seconds=5)
    lock: timedelta = timedelta(milliseconds=200)
    idle: timedelta = timedelta(seconds=15)


@contextmanager
def rolled_back_transaction(
    connection: psycopg.Connection, timeouts: Timeouts, *, writes: bool = False, repeatable_read: bool = False
) -> Generator[psycopg.Connection, None, None]:
    """A transaction that is always rolled back, and READ ONLY unless `writes`.

    With `repeatable_read`, all its statements see the state of the database at the first one. All settings are local
    to the transaction, so that a pooled session is returned unchanged. `search_path` is not set: functions in policies
    resolve names as for the application.
    """
    settings = {
        "statement_timeout": str(timeouts.statement // _MILLISECOND),
        "lock_timeout": str(timeouts.lock // _MILLISECOND),
        "idle_in_transaction_session_timeout": str(timeouts.idle // _MILLISECOND),
        # The server cancels the statement if the client has disconnected.
        "client_connection_check_interval": "1000",
        # JIT costs more than it saves here, and a cached plan of another context would prove nothing.
        "jit": "off",
        "plan_cache_mode": "force_custom_plan",
    }
    # For writes, default_transaction_read_only of a reader stays in effect.
    connection.read_only = None if writes else True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ if repeatable_read else None
    with connection.transaction(force_rollback=True):
        set_local(connection, settings)
        yield connection


def set_local(connection: psycopg.Connection, settings: dict[str, str]) -> None:
    """Set each of `settings` until the transaction ends, in one statement."""
    each = ", ".join("pg_catalog.set_config(%s, %s, true)" for _ in settings)
    flat = [text for pair in settings.items() for text in pair]
    connection.execute(f"SELECT {each}".encode(), flat)


def set_role(connection: psycopg.Connection, role: str) -> None:
    """Become `role` until the transaction ends.

    Raises: ObservationError, naming the missing grant; NotFoundError, if the role does not exist.
    """
    try:
        connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
    except errors.InvalidParameterValue as error:
        raise NotFoundError(f"the role {role} does not exist") from error
    except errors.InsufficientPrivilege as error:
        options = connection.info.server_version >= _MEMBERSHIP_OPTIONS_SINCE
        names = (sql.Identifier(name).as_string(connection) for name in (role, connection.info.user))
        member, us = (name.strip('"') if _PLAIN.fullmatch(name) else name for name in names)
        grant = f"GRANT {member} TO {us}{' WITH INHERIT FALSE, SET TRUE' if options else ''}"
        raise observation_error(error, operation=f"probing as {role}", remedy=grant) from error
