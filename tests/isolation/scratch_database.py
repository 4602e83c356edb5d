"""An empty database on a real server for one test module, and the inventory read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TypeVar, cast

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import dict_row

from basewatch import components
from basewatch.facts import from_json
from basewatch.postgres import DatabaseClient, Parameters, Row, Statement, connect
from basewatch.secrets import Reference, Secret
from basewatch.tenancy import Canaries, DerivedKey, Tenancy
from demo.database import SandboxDatabase, start_database
from isolation.inventory import Inventory
from isolation.inventory.snapshot import inventory

_RUNS = count(1)

R = TypeVar("R")
DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
SECRET = "deadbeef-0000-4000-8000-0000000000aa"
CANARIES = Canaries(a=("0ca9a11e-0000-4000-8000-00000000000a",), b=("0ca9a11e-0000-4000-8000-00000000000b",))


def declared(*principals: str, keys: Mapping[str, tuple[str, ...] | DerivedKey] | None = None) -> components.Database:
    """A component with the tenant key `tenant` in every table except those of `keys`."""
    tenancy = Tenancy(
        context=("app.tenant",),
        schemas=("public", "My Schema"),
        root="tenants",
        key=("tenant",),
        keys=dict(keys or {}),
        principals=principals or ("inv_app",),
        shared=("regions",),
        min_tables=1,
        canaries=CANARIES,
    )
    return components.Database(name="scratch", cluster="scratch", url=Reference("env", "URL"), tenancy=tenancy)


@dataclass(frozen=True, slots=True)
class ScratchDatabase:
    """A database that is dropped at the end, with the URLs of the superuser and of a role with CONNECT only."""

    superuser_url: str
    connect_only_url: str

    def run(self, statements: str) -> None:
        """Runs SQL as the superuser and commits it."""
        with psycopg.connect(self.superuser_url) as connection:
            connection.execute(statements.encode())

    def read(self, component: components.Database | None = None, *, url: str = "") -> Inventory:
        """The inventory as read by the role with CONNECT only, or by the role of `url`."""
        with connect(Secret("env:URL", url or self.connect_only_url), run=f"run {next(_RUNS)}") as database:
            return inventory(database, component or declared())


@contextmanager
def scratch_database(server: SandboxDatabase) -> Iterator[ScratchDatabase]:
    """An empty database on the server; the role inv_connect has CONNECT only."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE inv TEMPLATE template0")
        connection.execute("REVOKE ALL ON DATABASE inv FROM PUBLIC")
        connection.execute("CREATE ROLE inv_connect LOGIN PASSWORD 'inv'")
        connection.execute("GRANT CONNECT ON DATABASE inv TO inv_connect")
        scratch = ScratchDatabase(
            superuser_url=conninfo.make_conninfo(server.superuser_url, dbname="inv"),
            connect_only_url=conninfo.make_conninfo(
                server.superuser_url, dbname="inv", user="inv_connect", password="inv"
            ),
        )
        scratch.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        try:
            yield ScratchDatabase(
                superuser_url=_as_url(scratch.superuser_url), connect_only_url=_as_url(scratch.connect_only_url)
            )
        finally:
            connection.execute("DROP DATABASE inv WITH (FORCE)")
            drop_roles(connection)


def drop_roles(connection: psycopg.Connection) -> None:
    """Drops every role whose name starts with inv_; none of them owns an object."""
    names = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'inv\\_%'").fetchall()
    for (name,) in names:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def start_15(folder: Path) -> SandboxDatabase:
    """The demo database on PostgreSQL 15, which must be installed."""
    return start_database(folder, now=datetime.now(UTC), binaries=DEBIAN_15)


class Uncommitted:
    """The database client of a transaction that is not committed."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def query(
        self,
        statement: Statement,
        kind: type[R],
        parameters: Parameters,
        *,
        adjust: Callable[[Row], Row] = lambda row: row,
    ) -> tuple[R, ...]:
        """Every row, converted as DatabaseClient.query() does."""
        written = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
        found = self._connection.cursor(row_factory=dict_row).execute(statement.text.encode(), written).fetchall()
        return tuple(from_json(kind, adjust(row)) for row in found)

    def as_database(self) -> DatabaseClient:
        """The same object, for functions that only use `query`."""
        return cast("DatabaseClient", self)


def _as_url(parameters: str) -> str:
    at = conninfo.conninfo_to_dict(parameters)
    return f"postgresql://{at['user']}:{at['password']}@{at['host']}:{at['port']}/{at['dbname']}"
