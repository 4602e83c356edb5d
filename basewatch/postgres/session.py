"""The only door to PostgreSQL for observations: transactions that never commit, with a deadline on everything."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import conninfo, errors, sql
from psycopg.rows import dict_row
from pydantic import ValidationError

from basewatch.errors import Absent, CouldNotLook
from basewatch.facts import from_json
from basewatch.model import Reason
from basewatch.postgres.errors import at_login, could_not_look, translated
from basewatch.postgres.probe import TenantProbe
from basewatch.secrets import Secret
from basewatch.tenancy import Tenancy

R = TypeVar("R")
Parameters: TypeAlias = Mapping[str, str | tuple[str, ...]]

# From here on membership says by itself whether it may be inherited and set.
_MEMBERSHIP_OPTIONS_SINCE = 160000


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement and the name it has in evidence; parameters are written `%(name)s`."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long the database may take: to let us in, over one statement, over one lock, and while we think."""

    connect: timedelta = timedelta(seconds=5)
    statement: timedelta = timedelta(seconds=5)
    lock: timedelta = timedelta(milliseconds=500)
    idle: timedelta = timedelta(seconds=15)


class Database:
    """A PostgreSQL database as an observation sees it; nothing asked through it can stay changed.

    Every transaction is rolled back. Settings last for one transaction, so that it works behind a pooling proxy too.
    """

    def __init__(self, connection: psycopg.Connection, again: Callable[[], psycopg.Connection], limits: Limits) -> None:
        self._connection = connection
        self._again = again
        self._limits = limits
        self._requests: list[str] = []
        self._within = False

    @property
    def source(self) -> str:
        """The host, port and database, such as `postgresql:127.0.0.1:5432/securebase`."""
        about = self._connection.info
        return f"postgresql:{about.host}:{about.port}/{about.dbname}"

    @property
    def principal(self) -> str:
        """The role that logged in."""
        return self._connection.info.user

    @property
    def requests(self) -> tuple[str, ...]:
        """The statements and probes asked so far, by name, in order."""
        return tuple(self._requests)

    def rows(self, statement: Statement, kind: type[R], parameters: Parameters) -> tuple[R, ...]:
        """Every row of a read-only statement as a `kind`, whose fields are the columns; a tuple is an SQL array.

        Names resolve in pg_catalog first and last: what is printed of other schemas is qualified.
        Raises: CouldNotLook.
        """
        self._requests.append(statement.name)
        # The driver writes a list as an array, and a tuple as a record.
        written = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
        with translated(statement.name), self._reading() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            found = cursor.execute(statement.text.encode(), written).fetchall()
        try:
            return tuple(from_json(kind, row) for row in found)
        except ValidationError as error:
            raise CouldNotLook(Reason.UNSUPPORTED, f"{statement.name}: an answer that is not understood") from error

    @contextmanager
    def snapshot(self) -> Generator[Database, None, None]:
        """Makes every `rows` within see the database at one moment. Raises: CouldNotLook."""
        with translated("opening a snapshot"), self._transaction(self._connection, writes=False) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
            self._within = True
            try:
                yield self
            finally:
                self._within = False

    @contextmanager
    def _reading(self) -> Generator[psycopg.Connection, None, None]:
        if self._within:
            yield self._connection
            return
        with self._transaction(self._connection, writes=False) as connection:
            connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
            yield connection

    @contextmanager
    def probe(
        self, role: str, tenancy: Tenancy, *, fresh: bool = False, writes: bool = False
    ) -> Generator[TenantProbe, None, None]:
        """A transaction as `role` that is rolled back at its end; `fresh` logs in anew for it, as pools do not.

        Raises: CouldNotLook, naming the missing grant when Basewatch may not become that role; Absent, when there is
        no such role.
        """
        self._requests.append(f"probe {role}{' on a fresh session' if fresh else ''}")
        connection = self._again() if fresh else self._connection
        try:
            with translated(f"probing as {role}"), self._transaction(connection, writes=writes):
                self._become(connection, role)
                yield TenantProbe(connection, tenancy)
        finally:
            if fresh:
                connection.close()

    @contextmanager
    def _transaction(
        self, connection: psycopg.Connection, *, writes: bool
    ) -> Generator[psycopg.Connection, None, None]:
        connection.read_only = not writes
        with connection.transaction(force_rollback=True):
            limits = self._limits
            for name, limit in (
                ("statement_timeout", limits.statement),
                ("lock_timeout", limits.lock),
                ("idle_in_transaction_session_timeout", limits.idle),
            ):
                milliseconds = str(limit // timedelta(milliseconds=1))
                connection.execute("SELECT pg_catalog.set_config(%s, %s, true)", (name, milliseconds))
            yield connection

    def _become(self, connection: psycopg.Connection, role: str) -> None:
        try:
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
        except errors.InvalidParameterValue as error:
            raise Absent(f"the role {role} does not exist") from error
        except errors.InsufficientPrivilege as error:
            options = connection.info.server_version >= _MEMBERSHIP_OPTIONS_SINCE
            grant = f"GRANT {role} TO {self.principal}{' WITH INHERIT FALSE, SET TRUE' if options else ''}"
            raise could_not_look(error, asking=f"probing as {role}", remedy=grant) from error


@contextmanager
def connect(url: Secret, *, run: str, limits: Limits | None = None) -> Generator[Database, None, None]:
    """A database for one observation; `run` shows in the server's pg_stat_activity as `basewatch/<run>`.

    Raises: CouldNotLook, when it cannot be reached or refuses us; Absent, when the server has no such database.
    """
    allowed = limits or Limits()
    where = _parameters(url, run, allowed)

    def log_in() -> psycopg.Connection:
        try:
            # Nothing is prepared on the server: a pooling proxy would pin the session for it.
            return psycopg.connect(conninfo.make_conninfo("", **where), prepare_threshold=None)
        except psycopg.OperationalError as error:
            host, user, database = (str(where.get(name, "")) for name in ("host", "user", "dbname"))
            raise at_login(error, source=f"{host}:{where.get('port', 5432)}", user=user, database=database) from error

    connection = log_in()
    try:
        yield Database(connection, log_in, allowed)
    finally:
        connection.close()


def _parameters(url: Secret, run: str, limits: Limits) -> dict[str, str | int]:
    try:
        given = conninfo.conninfo_to_dict(url.reveal())
    except psycopg.ProgrammingError:
        # The driver's own words would repeat the URL, password and all.
        detail = f"{url} is not the URL of a PostgreSQL database"
        remedy = "Write it as postgresql://user:password@host:5432/database, with %-escapes in the password."
        raise CouldNotLook(Reason.UNREACHABLE, detail, remedy=remedy) from None
    patience = limits.connect + limits.statement
    return {
        **{name: value for name, value in given.items() if value is not None},
        "application_name": f"basewatch/{run}",
        "connect_timeout": round(limits.connect.total_seconds()),
        "tcp_user_timeout": patience // timedelta(milliseconds=1),
    }
