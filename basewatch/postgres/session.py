"""Sessions for observations: transactions that are always rolled back, with timeouts."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import psycopg

from basewatch.errors import looking_at
from basewatch.model import Window
from basewatch.postgres.errors import translate_errors
from basewatch.postgres.login import Endpoints, SingleConnection
from basewatch.postgres.probe_types import ProbedRelation
from basewatch.postgres.rows import Row, converted_rows
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.postgres.tenant_session import TenantSession
from basewatch.postgres.transaction import Timeouts, rolled_back_transaction, set_role
from basewatch.postgres.write_probe import WriteProbe
from basewatch.secrets import Secret
from basewatch.tenancy import Tenancy

R = TypeVar("R")
Parameters: TypeAlias = Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One SQL statement and its name in evidence; parameters are written `%(name)s`."""

    name: str
    text: str


class DatabaseClient:
    """A PostgreSQL database for one observation; every transaction is rolled back.

    Reads go to the reader if there is one, and writes to the writer; one session is open at a time. Settings are local
    to a transaction, for poolers. `judged_window` is the window of the observation.
    """

    def __init__(self, connections: SingleConnection, timeouts: Timeouts, judged_window: Window | None = None) -> None:
        self._connections = connections
        self._timeouts = timeouts
        self.judged_window = judged_window
        self._requests: list[str] = []
        self._snapshot: psycopg.Connection | None = None
        # Relations with a lock timeout, by SQLSTATE: this observation does not query them again.
        self._locked_tables = dict[ProbedRelation, str]()
        about = self._reader().info
        self._address, self._principal = f"{about.host}:{about.port}/{about.dbname}", about.user

    @property
    def source(self) -> str:
        """The endpoint that reads go to, such as `postgresql:main/reader`; of a database without a name its address."""
        endpoints = self._connections.endpoints
        return endpoints.source_of(endpoints.reads) or f"postgresql:{self._address}"

    @property
    def address(self) -> str:
        """The host, port and database that reads go to, such as `127.0.0.1:5432/securebase`."""
        return self._address

    @property
    def principal(self) -> str:
        """The role that logged in."""
        return self._principal

    @property
    def run(self) -> str:
        """The run of this observation."""
        return self._connections.run

    @property
    def requests(self) -> tuple[str, ...]:
        """The names of the statements and probes so far, in order."""
        return tuple(self._requests)

    @property
    def action(self) -> str:
        """The statement or probe that is running now, or was last; empty before the first."""
        return self._requests[-1] if self._requests else ""

    def query(
        self,
        statement: Statement,
        kind: type[R],
        parameters: Parameters,
        *,
        role: str = "",
        remedy: str = "",
        adjust: Callable[[Row], Row] | None = None,
    ) -> tuple[R, ...]:
        """The rows of a read-only statement as `kind`, whose fields are the columns; a tuple is an SQL array.

        The search path is pg_catalog alone, so that other names in results are qualified. The statement runs as `role`;
        `remedy` is for a missing privilege. `adjust` changes each row before it is converted, a few rows at a time, so
        that large columns need not be kept. Raises: ObservationError; NotFoundError, if the role does not exist.
        """
        self._requests.append(statement.name)
        # The driver adapts a list to an array, and a tuple to a record.
        written = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
        with translate_errors(statement.name, remedy=remedy), self._reading() as connection:
            if role:
                set_role(connection, role)
            return tuple(converted_rows(connection, statement.text.encode(), written, kind, adjust))

    @contextmanager
    def snapshot(self) -> Generator[DatabaseClient, None, None]:
        """Runs every `query` in one snapshot of the database. Raises: ObservationError."""
        with (
            translate_errors("opening a snapshot"),
            rolled_back_transaction(self._reader(), self._timeouts, repeatable_read=True) as connection,
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
        """A READ ONLY transaction as `role` by SET ROLE; `new_connection` opens a new session for it.

        Raises: ObservationError, naming the missing grant if Basewatch may not become the role; NotFoundError, if the
        role does not exist.
        """
        with self.session_as(role, tenancy, new_connection=new_connection) as session, session.probe() as probe:
            yield probe

    @contextmanager
    def write_probe_as(self, role: str, tenancy: Tenancy) -> Generator[WriteProbe, None, None]:
        """A transaction on the writer as `role` by SET ROLE, for write attempts. Raises: as `probe_as`."""
        self._requests.append(f"try writes as {role}")
        endpoints = self._connections.endpoints
        connection = self._connections.open(endpoints.writer)
        session = TenantSession(connection, tenancy, role, self._timeouts, self._locked_tables, own_login=False)
        with looking_at(endpoints.source_of(endpoints.writer)), session.write_probe() as probe:
            yield probe

    @contextmanager
    def session_as(
        self, role: str, tenancy: Tenancy, *, new_connection: bool = False
    ) -> Generator[TenantSession, None, None]:
        """A session for several transactions as `role` by SET ROLE. Raises: as `probe_as`."""
        self._requests.append(f"probe {role}{' on a fresh session' if new_connection else ''}")
        endpoints = self._connections.endpoints
        try:
            connection = self._connections.open(endpoints.reads, new_connection=new_connection)
            yield TenantSession(connection, tenancy, role, self._timeouts, self._locked_tables, own_login=False)
        finally:
            if new_connection:
                self._connections.close()

    def has_login(self, role: str, *, through_proxy: bool = False) -> bool:
        """Whether the configuration has a login of `role`."""
        return role in (
            self._connections.endpoints.proxy_logins if through_proxy else self._connections.endpoints.logins
        )

    @contextmanager
    def login_session(
        self, role: str, tenancy: Tenancy, *, through_proxy: bool = False
    ) -> Generator[TenantSession, None, None]:
        """A new session by the declared login of `role`. Raises: ObservationError; NotFoundError."""
        self._requests.append(f"log in as {role}{' through the proxy' if through_proxy else ''}")
        endpoints = self._connections.endpoints
        url = (endpoints.proxy_logins if through_proxy else endpoints.logins)[role]
        connection = self._connections.open(url, new_connection=True)
        try:
            with looking_at(endpoints.source_of(url)):
                yield TenantSession(connection, tenancy, role, self._timeouts, self._locked_tables, own_login=True)
        finally:
            self._connections.close()

    @contextmanager
    def _reading(self) -> Generator[psycopg.Connection, None, None]:
        if self._snapshot is not None:
            yield self._snapshot
            return
        with rolled_back_transaction(self._reader(), self._timeouts) as connection:
            connection.execute("SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)")
            yield connection

    def _reader(self) -> psycopg.Connection:
        return self._connections.open(self._connections.endpoints.reads)


@contextmanager
def connect(
    where: Secret | Endpoints, *, run: str, timeouts: Timeouts | None = None, judged_window: Window | None = None
) -> Generator[DatabaseClient, None, None]:
    """A database for one observation, by its URL or its endpoints; opens a session for reads at once.

    `run` is shown in pg_stat_activity as `basewatch/<run>`.
    Raises: ObservationError, if the server cannot be reached or rejects the login; NotFoundError, if the database does
    not exist.
    """
    allowed = timeouts or Timeouts()
    endpoints = where if isinstance(where, Endpoints) else Endpoints(writer=lambda: where)
    connections = SingleConnection(endpoints, run, allowed)
    try:
        yield DatabaseClient(connections, allowed, judged_window)
    finally:
        connections.close()
