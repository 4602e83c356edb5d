"""The database of the sandbox: SecureBase's schema, roles and tenants on a real PostgreSQL server."""

from __future__ import annotations

import secrets
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from basewatch.postgres.binaries import PostgresUnavailable, find_binaries
from basewatch.postgres.private_server import HOST, SUPERUSER, PostgresServer
from demo.tenants import seed_tenants

NAME = "securebase"
_HISTORY = "basewatch_history"
_LOGIN_ROLES = ("admin", "app", "analytics", "basewatch", "historian")
_HERE = Path(__file__).parent


@dataclass(slots=True, kw_only=True)
class SandboxDatabase:
    """A running SecureBase database, as a context manager that removes it."""

    _server: PostgresServer
    _passwords: Mapping[str, str] = field(repr=False)

    @property
    def url(self) -> str:
        """The URL of Basewatch's own least-privilege role, for BASEWATCH_DATABASE_URL."""
        return self._url("basewatch")

    @property
    def app_url(self) -> str:
        """The URL of the application's role, which row-level security restricts."""
        return self._url("app")

    @property
    def analytics_url(self) -> str:
        """The URL of the read-only reporting role, which row-level security restricts."""
        return self._url("analytics")

    @property
    def admin_url(self) -> str:
        """The URL of the role that owns the tables."""
        return self._url("admin")

    @property
    def superuser_url(self) -> str:
        """The URL of the superuser, for faults and repairs."""
        return self._url(SUPERUSER)

    @property
    def history_url(self) -> str:
        """The SQLAlchemy URL of an empty database on the same server, for Basewatch's history."""
        url = self._server.url(_HISTORY, "historian", self._passwords["historian"])
        return url.replace("postgresql://", "postgresql+psycopg://", 1)

    def execute(self, statements: str, *, as_role: str = SUPERUSER) -> None:
        """Run SQL as `as_role` in one transaction, and commit it."""
        with psycopg.connect(self.superuser_url) as connection:
            connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(as_role)))
            connection.execute(statements.encode())

    def dump(self) -> bytes:
        """A real `pg_dump` of the database in the custom format.

        Raises: PostgresUnavailable, with pg_dump's own message.
        """
        program = self._server.binaries.program("pg_dump")
        if not Path(program).is_file():
            raise PostgresUnavailable(f"the database could not be dumped: there is no {program}")
        command = [program, "--format=custom", "--dbname", NAME]
        connection = {"PGHOST": HOST, "PGPORT": str(self._server.port), "PGUSER": SUPERUSER}
        environment = {**connection, "PGPASSWORD": self._server.password, "LC_ALL": "C"}
        answer = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
        if answer.returncode != 0:
            raise PostgresUnavailable(
                f"the database could not be dumped: {answer.stderr.decode(errors='replace').strip()}"
            )
        return answer.stdout

    def stop(self) -> None:
        """Stop the server; the data is kept."""
        self._server.stop()

    def start(self) -> None:
        """Start the stopped server again, with the same URLs and data."""
        self._server.start()

    def close(self) -> None:
        """Stop the server and remove its folder."""
        self._server.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _url(self, user: str) -> str:
        password = self._server.password if user == SUPERUSER else self._passwords[user]
        return self._server.url(NAME, user, password)


def start_database(directory: Path, *, now: datetime, binaries: Path | None = None) -> SandboxDatabase:
    """A running SecureBase database with tenants as of `now` (aware UTC), and with its files below `directory`.

    `binaries` is a folder with PostgreSQL's programs; with None they are searched.
    Raises: PostgresUnavailable, with the remedy or the server's own message; then nothing is left running.
    """
    server = PostgresServer.create(directory, binaries=find_binaries(binaries), password=secrets.token_urlsafe(24))
    try:
        passwords = {role: secrets.token_urlsafe(24) for role in _LOGIN_ROLES}
        _create_databases(server, passwords)
        database = SandboxDatabase(_server=server, _passwords=passwords)
        with psycopg.connect(database.superuser_url) as connection:
            connection.execute((_HERE / "schema.sql").read_bytes())
            seed_tenants(connection, now)
    except BaseException:
        server.remove()
        raise
    return database


def _create_databases(server: PostgresServer, passwords: Mapping[str, str]) -> None:
    with psycopg.connect(server.url("postgres", SUPERUSER, server.password), autocommit=True) as connection:
        connection.execute((_HERE / "roles.sql").read_bytes())
        for role, password in passwords.items():
            command = sql.SQL("ALTER ROLE {} PASSWORD {}")
            connection.execute(command.format(sql.Identifier(role), sql.Literal(password)))
        for name, owner in ((NAME, "admin"), (_HISTORY, "historian")):
            command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
            connection.execute(command.format(sql.Identifier(name), sql.Identifier(owner)))
            connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO app, analytics, basewatch").format(sql.Identifier(NAME))
        )
