"""One server with the four schemas of the corpus, on which cases are made and repaired."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from demo.database import SandboxDatabase, start_database
from tests.checks.tenancy.corpus.cases import HERE, Exploit, _expanded
from tests.checks.tenancy.corpus.declared import SCHEMAS

PASSWORD = "corpus"


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusServer:
    """Every schema in a database of its own name, on one cluster and so with one set of roles."""

    box: SandboxDatabase

    @property
    def version(self) -> int:
        """The major version of the server."""
        return _version(self.box.superuser_url)

    def url(self, schema: str) -> str:
        """The URL by which Basewatch reads a schema: as its own role, which is granted its principals alone."""
        return conninfo.make_conninfo(self.box.url, dbname=schema)

    def run(self, schema: str, statements: str) -> None:
        """Run SQL as the superuser, in one transaction that is committed."""
        with self._superuser(schema) as connection:
            self._bare(connection, schema)
            connection.execute(self._placed(statements).encode())

    def has_extension(self, name: str) -> bool:
        """Whether an extension could be created here, or `icu` collations."""
        query = """SELECT 1 FROM pg_available_extensions WHERE name = %(name)s
                   UNION ALL SELECT 1 FROM pg_collation WHERE %(name)s = 'icu' AND collname = 'und-x-icu'"""
        with self._superuser("securebase") as connection:
            return connection.execute(query, {"name": name}).fetchone() is not None

    def works(self, schema: str, exploit: Exploit) -> bool:
        """Whether the exploit's last statement returns or changes a row; what it did is rolled back."""
        try:
            with self._as(schema, exploit) as connection:
                for name, value in self._context(schema, exploit.context):
                    connection.execute("SELECT set_config(%s, %s, true)", (name, value))
                rows = _last(connection, exploit.statements)
                if not exploit.seen:
                    return rows > 0
                connection.execute("RESET SESSION AUTHORIZATION")
                return _last(connection, exploit.seen) > 0
        except psycopg.Error:
            return False

    @contextmanager
    def _as(self, schema: str, exploit: Exploit) -> Generator[psycopg.Connection, None, None]:
        if exploit.login:
            with psycopg.connect(self.login(schema, exploit.role)) as connection:
                yield connection
                connection.rollback()
            return
        with self._superuser(schema) as connection, connection.transaction(force_rollback=True):
            self._bare(connection, schema)
            if exploit.prepare:
                connection.execute(exploit.prepare.encode())
            connection.execute(sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(sql.Identifier(exploit.role)))
            yield connection

    def login(self, schema: str, role: str) -> str:
        """The URL by which a principal, or a role that a mutation made, logs in itself."""
        known = {"app": self.box.app_url, "analytics": self.box.analytics_url}
        if role in known:
            return known[role]
        return conninfo.make_conninfo(self.box.url, dbname=schema, user=role, password=PASSWORD)

    def _context(self, schema: str, context: str) -> Iterator[tuple[str, str]]:
        tenancy = SCHEMAS[schema].tenancy
        (_, a), (_, b) = tenancy.canary_contexts
        values = {"a": a, "b": b, "empty": tuple("" for _ in a), "unset": ()}
        yield from zip(tenancy.context, values.get(context, (context.strip("'"),)), strict=False)

    def _superuser(self, schema: str) -> psycopg.Connection:
        return psycopg.connect(self.box.superuser_url, dbname=schema)

    def _bare(self, connection: psycopg.Connection, schema: str) -> None:
        # What ALTER DATABASE or a test of it sets must not change how mutations are written.
        connection.execute("SET LOCAL search_path = public")

    def _placed(self, statements: str) -> str:
        where = conninfo.conninfo_to_dict(self.box.superuser_url)
        for word in ("host", "port", "password"):
            statements = statements.replace(f"@{word}@", f"'{where[word]}'")
        return statements


@cache
def _version(url: str) -> int:
    with psycopg.connect(url) as connection:
        return connection.info.server_version // 10000


@contextmanager
def start_corpus(directory: Path, *, binaries: Path | None = None) -> Generator[CorpusServer, None, None]:
    """A running server with every schema, sound. Raises: PostgresUnavailable."""
    with start_database(directory, now=datetime.now(UTC), binaries=binaries) as box:
        server = CorpusServer(box=box)
        for name, database in SCHEMAS.items():
            if name != "securebase":
                _make(server, name, database.tenancy.principals)
        yield server


def _make(server: CorpusServer, name: str, principals: tuple[str, ...]) -> None:
    identifier = sql.Identifier(name)
    with psycopg.connect(server.box.superuser_url, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(identifier))
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(identifier))
    server.run(name, (HERE / "schemas" / f"{name}.sql").read_text(encoding="utf-8"))
    server.run(name, _expanded(name, "@restore@;"))
    with psycopg.connect(server.box.superuser_url, autocommit=True) as connection:
        roles = sql.SQL(", ").join(sql.Identifier(principal) for principal in principals)
        options = " WITH INHERIT FALSE, SET TRUE" if server.version >= 16 else ""
        connection.execute(sql.SQL("GRANT {} TO basewatch" + options).format(roles))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}, basewatch").format(identifier, roles))


def _last(connection: psycopg.Connection, statements: str) -> int:
    cursor = connection.execute(statements.encode())
    rows = cursor.rowcount
    while cursor.nextset():
        rows = cursor.rowcount
    return rows
