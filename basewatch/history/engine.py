"""Opens the history's database, locks it for writing, and turns its failures into readable errors."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from basewatch.errors import HistoryError

LOCK_TIMEOUT_SECONDS = 5
# An arbitrary number that every Basewatch process uses.
_ADVISORY_LOCK = 0x62617365
_OWNER_ONLY = 0o600
_NEW = "a new one begins with what was last known"
_IN_MEMORY = "basewatch_in_memory"
_FORMS = "write for example sqlite:///out/basewatch.db or postgresql://user:password@host/database"


def open_engine(address: str) -> Engine:
    """An engine for `address`, a SQLite or PostgreSQL URL; nothing is connected yet.

    Raises: HistoryError, for any other URL, and when the folder of a SQLite file cannot be created.
    """
    url = _parsed(address)
    if url.get_backend_name() == "postgresql":
        return create_engine(
            url.set(drivername="postgresql+psycopg"), connect_args={"connect_timeout": LOCK_TIMEOUT_SECONDS}
        )
    _make_folder(url)
    engine = create_engine(url.set(drivername="sqlite+pysqlite"), connect_args={"timeout": LOCK_TIMEOUT_SECONDS})
    event.listen(engine, "do_connect", _create_for_owner_only)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def open_memory_engine() -> Engine:
    """An engine for a new SQLite database in memory, which ends with the engine."""
    # The database is the one connection, so threads take turns. It is used only where a disk cannot be.
    engine = create_engine(
        "sqlite+pysqlite:///:memory:",
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
        execution_options={_IN_MEMORY: True},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def open_snapshot_engine(address: str) -> Engine | None:
    """An engine that reads the SQLite file at `address` without any lock or journal, None for PostgreSQL.

    It works in a folder that cannot be written. What is only in the write-ahead log is not seen.
    Raises: HistoryError, as `open_engine`.
    """
    url = _parsed(address)
    if url.get_backend_name() != "sqlite" or not url.database:
        return None
    file = f"file:{quote(str(Path(url.database).absolute()))}"
    query = {"immutable": "1", "mode": "ro", "uri": "true"}
    engine = create_engine(url.set(drivername="sqlite+pysqlite", database=file, query=query))
    event.listen(engine, "connect", _leave_transactions_to_us)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def is_in_memory(connection: Connection) -> bool:
    """Whether what is written to this connection ends with the process."""
    return bool(connection.get_execution_options().get(_IN_MEMORY))


def sqlite_file_missing(address: str) -> bool:
    """Whether `address` is a SQLite file that does not exist yet."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return False
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()


def file_identity(engine: Engine) -> tuple[int, int] | None:
    """The device and inode of a SQLite file, None without one. Raises: HistoryError, when the file is gone."""
    if engine.dialect.name != "sqlite" or engine.url.database in (None, "", ":memory:"):
        return None
    try:
        found = Path(engine.url.database or "").stat()
    except OSError as error:
        raise HistoryError(f"the history {redacted_url(engine)} is gone: {error.strerror}; {_NEW}") from error
    return found.st_dev, found.st_ino


def redacted_url(engine: Engine) -> str:
    """The history's URL without its password and its driver."""
    return engine.url.set(query={}, drivername=engine.url.get_backend_name()).render_as_string(hide_password=True)


@contextmanager
def read_transaction(engine: Engine) -> Generator[Connection]:
    """A connection that sees one state of the history throughout. Raises: HistoryError."""
    with as_history_error(engine), engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


@contextmanager
def write_transaction(engine: Engine, *, lasting: bool = True) -> Generator[Connection]:
    """The only connection that may write now: it commits as a whole or not at all. Raises: HistoryError.

    What is not `lasting` outlives the process, but perhaps not the machine, nor a copy of the SQLite file alone.
    """
    with as_history_error(engine), engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            _driver(connection).execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")
        connection.execution_options(basewatch_writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            yield connection
        if engine.dialect.name == "sqlite" and lasting:
            _checkpoint(connection)


@contextmanager
def as_history_error(engine: Engine) -> Generator[None]:
    """Turns the toolkit's errors into a HistoryError that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        # The toolkit's text repeats the statement and its values; the driver's text says what happened.
        detail = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        raise HistoryError(f"the history {redacted_url(engine)} failed: {detail}; {_advice(detail)}") from error


def lost_session(error: HistoryError) -> bool:
    """Whether the database closed the connection, so that the same work may succeed on another."""
    return isinstance(error.__cause__, DBAPIError) and error.__cause__.connection_invalidated


def _parsed(address: str) -> URL:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # Not chained and not repeated: the address may hold a password.
        raise HistoryError(f"the history's URL cannot be read; {_FORMS}") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise HistoryError(f"the history cannot be kept in {url.get_backend_name()}; {_FORMS}")
    return url


def _make_folder(url: URL) -> None:
    folder = Path(url.database or ".").parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HistoryError(f"the history's folder {folder} cannot be created: {error.strerror}") from error


def _create_for_owner_only(_dialect: object, _record: object, arguments: Sequence[Any], _keywords: object) -> None:
    # It lists the weaknesses of a platform. SQLite gives the files beside it the same mode.
    with suppress(OSError):
        os.close(os.open(arguments[0], os.O_CREAT | os.O_RDWR, _OWNER_ONLY))


def _leave_transactions_to_us(connection: Any, _record: object) -> None:
    # The driver's own transactions would start only at the first write, and the read before it could be stale.
    connection.isolation_level = None


def _prepare_sqlite(connection: Any, record: object) -> None:
    _leave_transactions_to_us(connection, record)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once, so that no other process writes between its reads and its writes.
    writes = connection.get_execution_options().get("basewatch_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _checkpoint(connection: Connection) -> None:
    """Moves what was committed from the write-ahead log into the file, so that a copy of the file alone holds it.

    It waits for nobody: where a reader is in the way, a later one moves it. A failure loses nothing.
    """
    with suppress(sqlite3.Error):
        _driver(connection).execute("PRAGMA wal_checkpoint(PASSIVE)")


def _driver(connection: Connection) -> Any:
    return connection.connection.driver_connection


def _advice(detail: str) -> str:
    if "locked" in detail or "lock timeout" in detail:
        return "another process is writing to it: try again later"
    if "unable to open" in detail or "readonly" in detail:
        return "make the file and its folder writable, or set history.url to another place"
    if "not a database" in detail or "malformed" in detail:
        return "move the file away and keep it: a new history starts without it"
    return "check that history.url names a database that can be reached and written to"
