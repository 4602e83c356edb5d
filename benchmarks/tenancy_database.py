"""A database for measurements, with given numbers of tenants, tables and rows, with or without a leak."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from basewatch.components import Database
from basewatch.postgres.binaries import find_binaries
from basewatch.postgres.private_server import SUPERUSER, PostgresServer
from basewatch.secrets import Reference
from basewatch.tenancy import Canaries, Tenancy

NAME = "tenancy"
_MINE = "tenant = nullif(current_setting('app.tenant', true), '')::uuid"
_ROLES = """\
CREATE ROLE bench_owner NOLOGIN;
CREATE ROLE bench_app NOLOGIN;
CREATE ROLE bench_watch LOGIN NOINHERIT PASSWORD 'benchmark';
GRANT bench_app TO bench_watch;
"""
_ROOT = """\
GRANT USAGE, CREATE ON SCHEMA public TO bench_owner;
GRANT USAGE ON SCHEMA public TO bench_app, bench_watch;
SET ROLE bench_owner;
CREATE TABLE tenants (id uuid PRIMARY KEY);
GRANT SELECT ON tenants TO bench_watch;
INSERT INTO tenants SELECT md5(n::text)::uuid FROM generate_series(0, {last}) AS n
"""
# A fifth of the rows belongs to the first ten tenants; the others share the rest evenly.
_ROWS = """\
INSERT INTO t{number} SELECT md5(CASE WHEN n % 5 = 0 THEN n / 5 % 10 ELSE n % {tenants} END::text)::uuid, n
FROM generate_series(1, {rows}) AS n
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The size: `rows` is the total of all tables, and only the first `filled_tables` tables have rows."""

    tenants: int
    rows: int
    tables: int
    filled_tables: int = 7

    def __str__(self) -> str:
        return f"{self.tenants:,}/{self.tables}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ManyTenants:
    """A running server with one database; each table is `tenant uuid, id bigint` with one policy."""

    scale: Scale
    server: PostgresServer
    component: Database

    @property
    def url(self) -> str:
        """The URL of a role that can SET ROLE to the application and read the tenants' ids."""
        return self.server.url(NAME, "bench_watch", "benchmark")

    @property
    def superuser_url(self) -> str:
        """The URL of the superuser."""
        return self.server.url(NAME, SUPERUSER, self.server.password)

    def execute(self, statements: str) -> None:
        """Runs SQL as the superuser and commits it."""
        with psycopg.connect(self.superuser_url) as connection:
            connection.execute(statements.encode())

    @contextmanager
    def leaky(self) -> Generator[None, None, None]:
        """In this context, the policy of the first table lets some rows of all tenants through."""
        self.execute(f"ALTER POLICY own ON t0 USING ({_MINE} OR id % 100000 = 7)")
        yield
        self.execute(f"ALTER POLICY own ON t0 USING ({_MINE})")

    @contextmanager
    def unindexed(self) -> Generator[None, None, None]:
        """In this context, the first table has no index, so that each tenant reads the whole table."""
        self.execute("ALTER TABLE t0 DROP CONSTRAINT t0_pkey; ANALYZE t0")
        yield
        self.execute("ALTER TABLE t0 ADD PRIMARY KEY (tenant, id); ANALYZE t0")


@contextmanager
def many_tenants(scale: Scale) -> Generator[ManyTenants, None, None]:
    """A database of that scale, without a leak and with an index on every key; it is removed at the end.

    Raises: PostgresUnavailable.
    """
    with tempfile.TemporaryDirectory() as directory:
        password = secrets.token_urlsafe(24)
        server = PostgresServer.create(Path(directory), binaries=find_binaries(), password=password)
        try:
            with psycopg.connect(server.url("postgres", SUPERUSER, password), autocommit=True) as connection:
                connection.execute(_ROLES)
                connection.execute(f"CREATE DATABASE {NAME}".encode())
            target = ManyTenants(scale=scale, server=server, component=_component(scale))
            _seed(target)
            yield target
        finally:
            server.remove()


def _seed(target: ManyTenants) -> None:
    scale = target.scale
    target.execute(_ROOT.format(last=scale.tenants - 1))
    for number in range(scale.tables):
        rows = scale.rows // min(scale.filled_tables, scale.tables) if number < scale.filled_tables else 0
        target.execute(
            f"SET ROLE bench_owner; CREATE UNLOGGED TABLE t{number} (tenant uuid NOT NULL, id bigint NOT NULL);"
            + _ROWS.format(number=number, tenants=scale.tenants, rows=rows)
            + f"""; ALTER TABLE t{number} ADD PRIMARY KEY (tenant, id);
CREATE POLICY own ON t{number} USING ({_MINE});
ALTER TABLE t{number} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON t{number} TO bench_app"""
        )
    with psycopg.connect(target.superuser_url, autocommit=True) as connection:
        connection.execute("VACUUM (ANALYZE)")


def _component(scale: Scale) -> Database:
    return Database(
        name=NAME,
        url=Reference("env", "BENCHMARK_URL"),
        tenancy=Tenancy(
            context=("app.tenant",),
            root="tenants",
            key=("tenant",),
            principals=("bench_app",),
            privileged={"bench_owner": "owns the tables", "bench_watch": "reads for Basewatch"},
            min_tables=scale.tables,
            sweep=True,
            # The md5 of 21 and of 22: both are among the tenants, and have rows.
            canaries=Canaries(a=("3c59dc04-8e88-5024-3be8-079a5c74d079",), b=("b6d767d2-f8ed-5d21-a44b-0e5886680cb9",)),
        ),
    )
