"""What holds in every transaction on a database that is watched: deadlines on everything, and never a commit."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

import psycopg

_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the database may take: to let us in, over one statement, over one lock, and while we think."""

    connect: timedelta = timedelta(seconds=5)
    statement: timedelta = timedelta(seconds=5)
    lock: timedelta = timedelta(milliseconds=200)
    idle: timedelta = timedelta(seconds=15)


@contextmanager
def rolled_back_transaction(
    connection: psycopg.Connection, timeouts: Timeouts, *, writes: bool = False, repeatable_read: bool = False
) -> Generator[psycopg.Connection, None, None]:
    """A transaction that is rolled back whatever happens, and READ ONLY unless `writes`.

    With `repeatable_read` it is REPEATABLE READ: all of its statements see the database as it was at the first.
    Every setting is local to it, so that a pooled session is handed back as it came. `search_path` is left alone: the
    functions in policies resolve names as they do for the application.
    """
    settings = {
        "statement_timeout": str(timeouts.statement // _MILLISECOND),
        "lock_timeout": str(timeouts.lock // _MILLISECOND),
        "idle_in_transaction_session_timeout": str(timeouts.idle // _MILLISECOND),
        # The server gives up by itself when we are gone.
        "client_connection_check_interval": "1000",
        # Compiling costs more than such small statements, and a plan kept from another context would prove nothing.
        "jit": "off",
        "plan_cache_mode": "force_custom_plan",
    }
    # Where writes are meant, a reader's own default_transaction_read_only stays as it is.
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
