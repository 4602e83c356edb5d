"""The only door to PostgreSQL for observations: transactions that never commit, with a deadline on everything."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import psycopg
from psycopg import errors, sql
from psycopg.rows import dict_row
from pydantic import ValidationError

from basewatch.errors import NotFoundError, ObservationError
from basewatch.facts import from_json
from basewatch.model import Reason, Window
from basewatch.postgres.errors import observation_error, translate_errors
from basewatch.postgres.login import Endpoints, SingleConnection
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.transaction import Timeouts, rolled_back_transaction
from basewatch.postgres.write_probe import WriteProbe
from basewatch.secrets import Secret
from basewatch.tenancy import Tenancy

R = TypeVar("R")
Parameters: TypeAlias = Mapping[str, str | tuple[str, ...]]

# From here on membership says by itself whether it may be inherited and set.
_MEMBERSHIP_OPTIONS_SINCE = 160000
_PLAIN = re.compile(r'"[a-z_][a-z0-9_]*"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement and the name it has in evidence; parameters are written `%(name)s`."""

    name: str
    text: str


class TenantSession:
    """A session in which transactions are made as one tenant-bound role.

    `own_login` says that the role logged in itself: otherwise Basewatch did and becomes it, so that what the role's
    sessions start with (ALTER ROLE ... SET) is not seen.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        tenancy: Tenancy,
        role: str,
        timeouts: Timeouts,
        locked_tables: dict[ProbedRelation, str],
        *,
        own_login: bool,
    ) -> None:
        self._connection = connection
        self._tenancy = tenancy
        self._role = role
        self._limits = timeouts
        self._busy = locked_tables
        self.own_login = own_login

    @contextmanager
    def probe(self) -> Generator[TenantProbe, None, None]:
        """One READ ONLY transaction as the role. Raises: ObservationError, naming a missing grant; NotFoundError."""
        with self._transaction(writes=False) as connection:
            yield TenantProbe(connection, self._tenancy, self._busy)

    @contextmanager
    def write_probe(self) -> Generator[WriteProbe, None, None]:
        """One transaction as the role in which writes can be tried. Raises: ObservationError; NotFoundError."""
        with self._transaction(writes=True) as connection:
            yield WriteProbe(connection, self._tenancy, self._busy)

    @contextmanager
    def _transaction(self, *, writes: bool) -> Generator[psycopg.Connection, None, None]:
        with (
            translate_errors(f"probing as {self._role}"),
            rolled_back_transaction(self._connection, self._limits, writes=writes) as connection,
        ):
            if not self.own_login:
                _become(connection, self._role)
            yield connection


class DatabaseClient:
    """A PostgreSQL database as an observation sees it; nothing asked through it can stay changed.

    Reads go to the reader where there is one, and writes to the writer; one session is open at a time. Every
    transaction is rolled back, and settings last for one of them, for poolers. `judged_window` is the span looked at.
    """

    def __init__(self, doors: SingleConnection, timeouts: Timeouts, judged_window: Window | None = None) -> None:
        self._doors = doors
        self._limits = timeouts
        self.judged_window = judged_window
        self._requests: list[str] = []
        self._snapshot: psycopg.Connection | None = None
        # Tables whose lock was not to be had: they are left alone for as long as this observation looks.
        self._busy = dict[ProbedRelation, str]()
        about = self._reader().info
        self._source, self._principal = f"postgresql:{about.host}:{about.port}/{about.dbname}", about.user

    @property
    def source(self) -> str:
        """The host, port and database that reads go to, such as `postgresql:127.0.0.1:5432/securebase`."""
        return self._source

    @property
    def principal(self) -> str:
        """The role that logged in."""
        return self._principal

    @property
    def run(self) -> str:
        """The run that this observation belongs to."""
        return self._doors.run

    @property
    def requests(self) -> tuple[str, ...]:
        """The statements and probes asked so far, by name, in order."""
        return tuple(self._requests)

    def query(
        self, statement: Statement, kind: type[R], parameters: Parameters, *, role: str = "", remedy: str = ""
    ) -> tuple[R, ...]:
        """Every row of a read-only statement as a `kind`, whose fields are the columns; a tuple is an SQL array.

        Names resolve in pg_catalog first and last: what is printed of others is qualified. It is asked as `role`;
        `remedy` is what a refusal asks for. Raises: ObservationError; NotFoundError, without such a role.
        """
        self._requests.append(statement.name)
        # The driver writes a list as an array, and a tuple as a record.
        written = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
        with translate_errors(statement.name, remedy=remedy), self._reading() as connection:
            if role:
                _become(connection, role)
            cursor = connection.cursor(row_factory=dict_row)
            found = cursor.execute(statement.text.encode(), written).fetchall()
        try:
            return tuple(from_json(kind, row) for row in found)
        except ValidationError as error:
            raise ObservationError(Reason.UNSUPPORTED, f"{statement.name}: an answer that is not understood") from error

    @contextmanager
    def snapshot(self) -> Generator[DatabaseClient, None, None]:
        """Makes every `query` within see the database at one moment. Raises: ObservationError."""
        with (
            translate_errors("opening a snapshot"),
            rolled_back_transaction(self._reader(), self._limits, repeatable_read=True) as connection,
        ):
            connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
            self._snapshot = connection
            try:
                yield self
            finally:
                self._snapshot = None

    @contextmanager
    def probe_as(
        self, role: str, tenancy: Tenancy, *, new_connection: bool = False
    ) -> Generator[TenantProbe, None, None]:
        """A READ ONLY transaction of ours as `role`; `new_connection` logs in anew for it, as pools do not.

        Raises: ObservationError, naming the missing grant when Basewatch may not become that role; NotFoundError, when
        there is no such role.
        """
        with self.session_as(role, tenancy, new_connection=new_connection) as session, session.probe() as probe:
            yield probe

    @contextmanager
    def write_probe_as(self, role: str, tenancy: Tenancy) -> Generator[WriteProbe, None, None]:
        """A transaction of ours as `role` on the writer, in which writes can be tried.

        Raises: ObservationError; NotFoundError.
        """
        self._requests.append(f"try writes as {role}")
        connection = self._doors.open(self._doors.endpoints.writer)
        with TenantSession(connection, tenancy, role, self._limits, self._busy, own_login=False).write_probe() as probe:
            yield probe

    @contextmanager
    def session_as(
        self, role: str, tenancy: Tenancy, *, new_connection: bool = False
    ) -> Generator[TenantSession, None, None]:
        """A session of ours in which several transactions are made as `role`.

        Raises: ObservationError; NotFoundError.
        """
        self._requests.append(f"probe {role}{' on a fresh session' if new_connection else ''}")
        endpoints = self._doors.endpoints
        try:
            connection = self._doors.open(endpoints.reader or endpoints.writer, new_connection=new_connection)
            yield TenantSession(connection, tenancy, role, self._limits, self._busy, own_login=False)
        finally:
            if new_connection:
                self._doors.close()

    def has_login(self, role: str, *, through_proxy: bool = False) -> bool:
        """Whether a login of `role` itself is declared."""
        return role in (self._doors.endpoints.proxy_logins if through_proxy else self._doors.endpoints.logins)

    @contextmanager
    def login_session(
        self, role: str, tenancy: Tenancy, *, through_proxy: bool = False
    ) -> Generator[TenantSession, None, None]:
        """A new session as `role` itself, by its declared login. Raises: ObservationError; NotFoundError."""
        self._requests.append(f"log in as {role}{' through the proxy' if through_proxy else ''}")
        endpoints = self._doors.endpoints
        url = (endpoints.proxy_logins if through_proxy else endpoints.logins)[role]
        connection = self._doors.open(url, new_connection=True)
        try:
            yield TenantSession(connection, tenancy, role, self._limits, self._busy, own_login=True)
        finally:
            self._doors.close()

    @contextmanager
    def _reading(self) -> Generator[psycopg.Connection, None, None]:
        if self._snapshot is not None:
            yield self._snapshot
            return
        with rolled_back_transaction(self._reader(), self._limits) as connection:
            connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
            yield connection

    def _reader(self) -> psycopg.Connection:
        return self._doors.open(self._doors.endpoints.reader or self._doors.endpoints.writer)


def _become(connection: psycopg.Connection, role: str) -> None:
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


@contextmanager
def connect(
    where: Secret | Endpoints, *, run: str, timeouts: Timeouts | None = None, judged_window: Window | None = None
) -> Generator[DatabaseClient, None, None]:
    """A database for one observation, by its URL or by all its endpoints; reads need one session, opened at once.

    `run` shows in the server's pg_stat_activity as `basewatch/<run>`.
    Raises: ObservationError, when it cannot be reached or refuses us; NotFoundError, when the server has no such
    database.
    """
    allowed = timeouts or Timeouts()
    endpoints = where if isinstance(where, Endpoints) else Endpoints(writer=lambda: where)
    doors = SingleConnection(endpoints, run, allowed)
    try:
        yield DatabaseClient(doors, allowed, judged_window)
    finally:
        doors.close()
