"""Measures the inventory and the judges on large catalogues: partitions, functions and roles, at three scales.

Each scale is about three times the one before, so that growth which is not linear shows. Times are CPU seconds of the
client and of its server process, so that other work on the machine counts less; memory is that of a process which reads
one inventory. For another scale:
`python -m benchmarks.tenancy_catalogue --partitions 1000 --functions 10000 --roles 5000`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from basewatch.components import Database
from basewatch.postgres import Statement, Timeouts, connect
from basewatch.secrets import Secret
from benchmarks.tenancy_database import ManyTenants, Scale, many_tenants
from benchmarks.timing import Measurement
from checks.tenancy import CHECKS
from isolation.inventory import Inventory
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.snapshot import inventory

_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENT = Timeouts(statement=timedelta(minutes=5), idle=timedelta(minutes=5))
_ROWS = "pg_class pg_attribute pg_proc pg_depend pg_constraint pg_index pg_authid pg_auth_members pg_type pg_inherits"
_SECONDS_PER_ROW = 2 / 100_000
_MINE = "tenant = nullif(current_setting('app.tenant', true), '')::uuid"
_PARTITIONED = f"""\
CREATE TABLE parts (tenant uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant, id)) PARTITION BY RANGE (id);
ALTER TABLE parts OWNER TO bench_owner;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING ({_MINE});
GRANT SELECT, INSERT, UPDATE, DELETE ON parts TO bench_app
"""
_EACH = {
    "partitions": "EXECUTE format('CREATE TABLE part_%s PARTITION OF parts FOR VALUES FROM (%s) TO (%s)', n, n, n+1); "
    "EXECUTE format('ALTER TABLE part_%s ENABLE ROW LEVEL SECURITY, ADD CHECK (id >= 0)', n); "
    f"EXECUTE format($p$CREATE POLICY own ON part_%s USING ({_MINE})$p$, n); "
    "EXECUTE format('GRANT SELECT ON part_%s TO bench_app', n)",
    "functions": "EXECUTE format('CREATE FUNCTION f_%s(a int) RETURNS int LANGUAGE sql AS ''SELECT a + %s''', n, n)",
    # Half of them are roles that the application is a member of.
    "roles": "EXECUTE format('CREATE ROLE user_%s', n); "
    "IF n % 2 = 0 THEN EXECUTE format('GRANT user_%s TO bench_app', n); END IF",
}
# All locks of one transaction have to fit into the server's table of locks.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueScale:
    """The number of partitions of one table, of functions and of roles."""

    partitions: int
    functions: int
    roles: int

    def __str__(self) -> str:
        return f"{self.partitions:,} partitions, {self.functions:,} functions, {self.roles:,} roles"


SCALES = (
    CatalogueScale(partitions=1_000, functions=10_000, roles=5_000),
    CatalogueScale(partitions=3_000, functions=30_000, roles=15_000),
    CatalogueScale(partitions=10_000, functions=100_000, roles=50_000),
)


def measurements(scales: tuple[CatalogueScale, ...] = SCALES) -> Iterator[Measurement]:
    """The inventory, its memory, the fingerprint and every judge at each scale, beside 2 seconds for 100,000 rows."""
    for scale in scales:
        with many_tenants(Scale(tenants=10, rows=100, tables=3)) as target:
            rows = _grow(target, scale)
            yield from _measured(target, scale, rows)


def _grow(target: ManyTenants, scale: CatalogueScale) -> int:
    """Fills the catalogues, and returns the number of their rows."""
    with psycopg.connect(target.superuser_url, autocommit=True) as connection:
        connection.execute(_PARTITIONED)
        for what, each in _EACH.items():
            count: int = getattr(scale, what)
            for first in range(0, count, _AT_ONCE):
                last = min(count, first + _AT_ONCE) - 1
                connection.execute(f"DO $$ BEGIN FOR n IN {first}..{last} LOOP {each}; END LOOP; END $$".encode())
        connection.execute("VACUUM ANALYZE")
        queries = (sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name)) for name in _ROWS.split())
        return sum(int(found[0]) for query in queries if (found := connection.execute(query).fetchone()))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One inventory in a process of its own: CPU seconds of client and server, and the memory that it added at most."""

    client: float
    server: float
    megabytes: float
    fingerprint: float
    judges: dict[str, float]


def _measured(target: ManyTenants, scale: CatalogueScale, rows: int) -> Iterator[Measurement]:
    bound, least = f"2 s for each 100,000 of {rows:,} catalogue rows", rows * _SECONDS_PER_ROW
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as apart:
        found = apart.submit(_read, target.url, target.component).result()
    took = found.client + found.server
    each = f"client {found.client:.1f} s, server {found.server:.1f} s, {found.megabytes:.0f} MB"
    yield _figure(f"{scale}: inventory, {each}", took, bound, least)
    yield _figure(f"{scale}: fingerprint", found.fingerprint, "the inventory", took)
    for check, judged in found.judges.items():
        yield _figure(f"{scale}: judge of {check}", judged, "the inventory", took)


def _read(url: str, component: Database) -> _Reading:
    with connect(Secret("env:BENCHMARK_URL", url), run=str(uuid4()), timeouts=_PATIENT) as database:
        # What is loaded once for any inventory does not count: the pool of the first statement, and the types of all.
        fingerprint(database)
        (backend,) = database.query(Statement(name="pid", text="SELECT pg_backend_pid() AS pid"), _Backend, {})
        memory, before, started = _memory("VmRSS"), _cpu_of(backend.pid), time.process_time()
        facts = inventory(database, component)
        client, server = time.process_time() - started, _cpu_of(backend.pid) - before
        peak = _memory("VmHWM") - memory
        before = _cpu_of(backend.pid)
        fingerprint(database)
        return _Reading(
            client=client,
            server=server,
            megabytes=peak / 1000,
            fingerprint=_cpu_of(backend.pid) - before,
            judges=dict(_judged(component, facts)),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Backend:
    pid: int


def _judged(component: Database, facts: Inventory) -> Iterator[tuple[str, float]]:
    for check in CHECKS:
        if check.observe is inventory:
            started = time.process_time()
            tuple(check.judge(facts, component, _NOW))
            yield check.id, time.process_time() - started


def _memory(what: str) -> int:
    """The resident memory of this process, or its peak, in kB, from Linux."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{what}:"))


def _cpu_of(process: int) -> float:
    """The CPU seconds of a process on this machine, from Linux."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _figure(what: str, ours: float, bound: str, least: float) -> Measurement:
    return Measurement(what=what, measured_seconds=ours, bound_name=bound, bound_seconds=least)


def main() -> None:
    """Measures at the scale of the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("partitions", 1_000), ("functions", 10_000), ("roles", 5_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    scale = CatalogueScale(partitions=given.partitions, functions=given.functions, roles=given.roles)
    for figure in measurements((scale,)):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
