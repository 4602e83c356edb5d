"""Opens the history's database, locks it for writing, and turns its failures into readable errors."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from basewatch.errors import HistoryError

LOCK_TIMEOUT_SECONDS = 5
# An arbitrary number that every Basewatch process uses.
_ADVISORY_LOCK = 0x62617365
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
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def sqlite_file_missing(address: str) -> bool:
    """Whether `address` is a SQLite file that does not exist yet."""
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        return False
    return url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file()


def redacted_url(engine: Engine) -> str:
    """The history's URL without its password."""
    return engine.url.set(query={}).render_as_string(hide_password=True)


@contextmanager
def read_transaction(engine: Engine) -> Generator[Connection]:
    """A connection that sees one state of the history throughout. Raises: HistoryError."""
    with as_history_error(engine), engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        yield connection


@contextmanager
def write_transaction(engine: Engine) -> Generator[Connection]:
    """The only connection that may write now: it commits as a whole or not at all. Raises: HistoryError."""
    with as_history_error(engine), engine.connect() as connection:
        connection.execution_options(basewatch_writes=True)
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _ADVISORY_LOCK})
            yield connection


@contextmanager
def as_history_error(engine: Engine) -> Generator[None]:
    """Turns the toolkit's errors into a HistoryError that says what to do."""
    try:
        yield
    except SQLAlchemyError as error:
        # The toolkit's text repeats the statement and its values; the driver's text says what happened.
        detail = str(error.orig if isinstance(error, DBAPIError) else error).strip().partition("\n")[0]
        raise HistoryError(f"the history {redacted_url(engine)} failed: {detail}; {_advice(detail)}") from error


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


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own transactions would start only at the first write, and the read before it could be stale.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes the lock at once, so that no other process writes between its reads and its writes.
    writes = connection.get_execution_options().get("basewatch_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _advice(detail: str) -> str:
    if "locked" in detail or "lock timeout" in detail:
        return "another process is writing to it: try again later"
    if "unable to open" in detail or "readonly" in detail:
        return "make the file and its folder writable, or set history.url to another place"
    if "not a database" in detail or "malformed" in detail:
        return "move the file away and keep it: a new history starts without it"
    return "check that history.url names a database that can be reached and written to"
