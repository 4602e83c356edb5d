"""Tenant isolation of many tenants: proof, fingerprint, probes and sweep, beside asking for every tenant in turn.

Figures begin with tenants/tables. Elsewhere: `python -m benchmarks.tenancy --tenants 500 --rows 50000 --tables 7`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
from psycopg import sql

from basewatch.postgres import DatabaseClient, Timeouts, connect
from basewatch.secrets import Secret
from benchmarks.tenancy_database import ManyTenants, Scale, many_tenants
from benchmarks.timing import Measurement, best_time
from checks.tenancy.probes.cross_tenant_facts import cross_tenant_reads
from checks.tenancy.probes.no_context import no_context_reads
from checks.tenancy.probes.planner_facts import statement_plans
from checks.tenancy.probes.sweep_facts import tenant_sweep
from isolation.access.effective_access import effective_access
from isolation.inventory.fingerprint import fingerprint
from isolation.inventory.snapshot import inventory
from isolation.proof import proof_obligations

SCALES = (
    Scale(tenants=1_000, rows=1_000_000, tables=7),
    Scale(tenants=10_000, rows=1_000_000, tables=7),
    Scale(tenants=1_000, rows=1_000_000, tables=500),
)
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_PATIENT = Timeouts(statement=timedelta(minutes=2), idle=timedelta(minutes=2))
_SAMPLE = 20
# What the inventory is made of, as bare rows: the least that a reader of these catalogues has to fetch.
_CATALOGUES = (
    "pg_class",
    "pg_attribute",
    "pg_policy",
    "pg_index",
    "pg_constraint",
    "pg_trigger",
    "pg_rewrite",
    "pg_roles",
    "pg_auth_members",
)


def measurements() -> Iterator[Measurement]:
    """Every way of looking at every scale, sound, and at the first ones leaky and without an index as well."""
    for scale in SCALES:
        yield from measurements_at(scale)


def measurements_at(scale: Scale) -> Iterator[Measurement]:
    """Every way of looking at one scale."""
    start = time.perf_counter()
    with many_tenants(scale) as made:
        took = time.perf_counter() - start
        yield _figure(made, "seed and analyze", took, "one row", took / max(scale.rows, 1))
        with connect(Secret("env:BENCHMARK_URL", made.url), run="benchmark", timeouts=_PATIENT) as database:
            yield from _static(made, database)
            yield from _dynamic(made, database, "sound")
            if scale.tables == scale.filled_tables:
                with made.leaky():
                    yield from _dynamic(made, database, "leaky")
                with made.unindexed():
                    yield from _dynamic(made, database, "no index")
        yield from _other_tools(made)


def _static(made: ManyTenants, database: DatabaseClient) -> Iterator[Measurement]:
    trip, bare = _round_trip(made), _bare_catalogues(made)
    before = len(database.requests)
    gates = len(proof_obligations(effective_access(inventory(database, made.component), made.component.tenancy), _NOW))
    asked = len(database.requests) - before
    reading = best_time(lambda: _prove(made, prove=False))
    yield _figure(made, "log in, inventory", reading, "a bare SELECT of those catalogues", bare)
    yield _figure(made, f"the same in {asked} statements", reading, "as many bare round trips", asked * trip)
    proving = best_time(lambda: _prove(made, prove=True))
    yield _figure(made, f"the same and proof of {gates} gates", proving, "without the proof", reading)
    yield _figure(made, "fingerprint", best_time(lambda: fingerprint(database)), "a bare round trip", trip)


def _prove(made: ManyTenants, *, prove: bool) -> None:
    # A run of its own each time: in one run the inventory is read once, and what is proven of it is remembered.
    with connect(Secret("env:BENCHMARK_URL", made.url), run=str(uuid4()), timeouts=_PATIENT) as database:
        found = inventory(database, made.component)
    if prove:
        proof_obligations(effective_access(found, made.component.tenancy), _NOW)


def _dynamic(made: ManyTenants, database: DatabaseClient, state: str) -> Iterator[Measurement]:
    trip, component, scale = _round_trip(made), made.component, made.scale
    looks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("cross-tenant rows", lambda: cross_tenant_reads(database, component)),
        ("no context", lambda: no_context_reads(database, component)),
        ("planner", lambda: statement_plans(database, component)),
    )
    for name, look in looks:
        before = len(database.requests)
        took = time_once(look)
        asked = len(database.requests) - before
        yield _figure(made, f"{name}, {state}", took, f"{asked} bare round trips", asked * trip)
    each = _naive(made) * scale.tenants
    trips = scale.tenants * (scale.tables + 4)
    yield _figure(made, f"one by one, {state}, from {_SAMPLE}", each, f"{trips:,} bare round trips", trips * trip)
    took = time_once(lambda: tenant_sweep(database, component))
    yield _figure(made, f"sweep, {state}", took, "one by one, as above", each)


def _naive(made: ManyTenants) -> float:
    """Seconds for one tenant, in a transaction of its own with one statement for each table, as a test would do it."""
    with psycopg.connect(made.superuser_url) as connection:
        query = "SELECT id::text FROM tenants ORDER BY md5(id::text) LIMIT %s"
        tenants = connection.execute(query, (_SAMPLE,)).fetchall()
    tables = range(made.scale.tables)
    with psycopg.connect(made.url) as connection:
        start = time.perf_counter()
        for (tenant,) in tenants:
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL ROLE bench_app")
                connection.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))
                for number in tables:
                    count = sql.SQL("SELECT count(*) FROM {} WHERE tenant <> %s").format(sql.Identifier(f"t{number}"))
                    connection.execute(count, (tenant,)).fetchall()
        return (time.perf_counter() - start) / len(tenants)


def _round_trip(made: ManyTenants) -> float:
    with psycopg.connect(made.url, autocommit=True) as connection:
        return best_time(lambda: connection.execute("SELECT 1").fetchall())


def _bare_catalogues(made: ManyTenants) -> float:
    with psycopg.connect(made.url, autocommit=True) as connection:
        queries = [sql.SQL("SELECT * FROM {}").format(sql.Identifier(one)) for one in _CATALOGUES]
        return best_time(lambda: [connection.execute(query).fetchall() for query in queries])


def _other_tools(made: ManyTenants) -> Iterator[Measurement]:
    """pgrls, where it is installed: it reads the same catalogues and proves policies from their text."""
    program = shutil.which("pgrls")
    if program is None:
        return
    for verb in ("lint", "verify"):
        command = [program, verb, "--database-url", made.superuser_url]
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False, timeout=600)  # noqa: S603  # a program from the PATH
        took = time.perf_counter() - start
        yield _figure(made, f"pgrls {verb}", took, "a bare SELECT of those catalogues", _bare_catalogues(made))


def time_once(work: Callable[[], object]) -> float:
    """How long one call takes: for what is too slow to be tried again and again."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _figure(made: ManyTenants, what: str, ours: float, bound: str, least: float) -> Measurement:
    return Measurement(what=f"{made.scale}: {what}", measured_seconds=ours, bound_name=bound, bound_seconds=least)


def main() -> None:
    """Measure at the scale that the arguments give."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tables", type=int, default=7)
    given = parser.parse_args()
    for figure in measurements_at(Scale(tenants=given.tenants, rows=given.rows, tables=given.tables)):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
