"""A database of one's own on a real server, and the inventory read from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
from basewatch.postgres import DatabaseClient, Parameters, Statement, connect
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
    """A component whose tenants are in the column `tenant` of every table but those of `keys`."""
    tenancy = Tenancy(
        context=("app.tenant",),
        schemas=("public", "My Schema"),
        root="tenants",
        key=("tenant",),
        keys=dict(keys or {}),
        principals=principals or ("inv_app",),
        shared=("regions",),
        tables=1,
        canaries=CANARIES,
    )
    return components.Database(name="own", cluster="own", url=Reference("env", "URL"), tenancy=tenancy)


@dataclass(frozen=True, slots=True)
class Own:
    """A database that is dropped at the end, by the superuser's URL and by that of a role with CONNECT alone."""

    superuser: str
    nobody: str

    def run(self, statements: str) -> None:
        """Run SQL as the superuser and commit it."""
        with psycopg.connect(self.superuser) as connection:
            connection.execute(statements.encode())

    def read(self, component: components.Database | None = None, *, url: str = "") -> Inventory:
        """The inventory, as the role with CONNECT alone unless there is another URL."""
        with connect(Secret("env:URL", url or self.nobody), run=f"asking {next(_RUNS)}") as database:
            return inventory(database, component or declared())


@contextmanager
def own(server: SandboxDatabase) -> Iterator[Own]:
    """An empty database on the server, without any role but those it has and inv_nobody."""
    with psycopg.connect(server.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE inv TEMPLATE template0")
        connection.execute("REVOKE ALL ON DATABASE inv FROM PUBLIC")
        connection.execute("CREATE ROLE inv_nobody LOGIN PASSWORD 'inv'")
        connection.execute("GRANT CONNECT ON DATABASE inv TO inv_nobody")
        made = Own(
            superuser=conninfo.make_conninfo(server.superuser_url, dbname="inv"),
            nobody=conninfo.make_conninfo(server.superuser_url, dbname="inv", user="inv_nobody", password="inv"),
        )
        made.run("REVOKE ALL ON SCHEMA public FROM PUBLIC")
        try:
            yield Own(superuser=_as_url(made.superuser), nobody=_as_url(made.nobody))
        finally:
            connection.execute("DROP DATABASE inv WITH (FORCE)")
            drop_roles(connection)


def drop_roles(connection: psycopg.Connection) -> None:
    """Drop every role whose name starts with inv_; they own nothing any more."""
    names = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE 'inv\\_%'").fetchall()
    for (name,) in names:
        connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def start_15(folder: Path) -> SandboxDatabase:
    """The box on PostgreSQL 15, which must be installed."""
    return start_database(folder, now=datetime.now(UTC), binaries=DEBIAN_15)


class Uncommitted:
    """A database as a statement sees it from inside a transaction that is not committed."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def query(self, statement: Statement, kind: type[R], parameters: Parameters) -> tuple[R, ...]:
        """Every row, as Database.rows() gives them."""
        written = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters.items()}
        found = self._connection.cursor(row_factory=dict_row).execute(statement.text.encode(), written).fetchall()
        return tuple(from_json(kind, row) for row in found)

    def as_database(self) -> DatabaseClient:
        """The same, for what asks nothing else of a database."""
        return cast("DatabaseClient", self)


def _as_url(parameters: str) -> str:
    at = conninfo.conninfo_to_dict(parameters)
    return f"postgresql://{at['user']}:{at['password']}@{at['host']}:{at['port']}/{at['dbname']}"
