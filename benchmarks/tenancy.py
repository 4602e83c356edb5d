"""Measures tenant isolation checks with many tenants: proof, fingerprint, probes, and the sweep beside index probes.

Each result begins with tenants/tables. For another scale:
`python -m benchmarks.tenancy --tenants 500 --rows 50000 --tables 7`. Five million rows in each of seven tables, with
`--tenants 10000 --rows 35000000`, take 4 GB and three minutes to make; the leak and the missing index are left out.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from basewatch.postgres import DatabaseClient, Timeouts, connect
from basewatch.secrets import Secret
from benchmarks.tenancy_database import ManyTenants, Scale, many_tenants
from benchmarks.timing import Measurement, best_time
from checks.tenancy.probes.cross_tenant_facts import cross_tenant_reads
from checks.tenancy.probes.no_context_facts import no_context_reads
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
_LONG_TIMEOUTS = Timeouts(statement=timedelta(minutes=2), idle=timedelta(minutes=2))
_SAMPLE = 20
# With more rows, to break and repair an index takes minutes.
_MOST_ROWS_TO_BREAK = 5_000_000
# One transaction of an application, for a tenant at random.
_TRANSACTION = """\
\\set n random(0, {last})
BEGIN;
SET LOCAL ROLE bench_app;
SELECT set_config('app.tenant', md5(:n::text)::uuid::text, true);
SELECT 1 FROM t0 LIMIT 1;
ROLLBACK;
"""
# The catalogues of the inventory: the lower bound is a plain SELECT of their rows.
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
    """All measurements at all scales; at scales with rows in every table, also with a leak and without an index."""
    for scale in SCALES:
        yield from measurements_at(scale)


def measurements_at(scale: Scale) -> Iterator[Measurement]:
    """All measurements at one scale."""
    start = time.perf_counter()
    with many_tenants(scale) as target:
        took = time.perf_counter() - start
        yield _figure(target, "seed and analyze", took, "one row", took / max(scale.rows, 1))
        with connect(Secret("env:BENCHMARK_URL", target.url), run="benchmark", timeouts=_LONG_TIMEOUTS) as database:
            yield from _static(target, database)
            yield from _dynamic(target, database, "sound")
            if scale.tables == scale.filled_tables and scale.rows <= _MOST_ROWS_TO_BREAK:
                with target.leaky():
                    yield from _dynamic(target, database, "leaky")
                with target.unindexed():
                    yield from _dynamic(target, database, "no index")
        yield from _other_tools(target)


def _static(target: ManyTenants, database: DatabaseClient) -> Iterator[Measurement]:
    trip, bare = _round_trip(target), _bare_catalogues(target)
    before = len(database.requests)
    gates = len(
        proof_obligations(effective_access(inventory(database, target.component), target.component.tenancy), _NOW)
    )
    statements = len(database.requests) - before
    reading = best_time(lambda: _prove(target, prove=False))
    yield _figure(target, "log in, inventory", reading, "a bare SELECT of those catalogues", bare)
    yield _figure(
        target, f"the same in {statements} statements", reading, "as many bare round trips", statements * trip
    )
    proving = best_time(lambda: _prove(target, prove=True))
    yield _figure(target, f"the same and proof of {gates} gates", proving, "without the proof", reading)
    yield _figure(target, "fingerprint", best_time(lambda: fingerprint(database)), "a bare round trip", trip)


def _prove(target: ManyTenants, *, prove: bool) -> None:
    # A new run each time: within one run, the inventory and its proof are cached.
    with connect(Secret("env:BENCHMARK_URL", target.url), run=str(uuid4()), timeouts=_LONG_TIMEOUTS) as database:
        found = inventory(database, target.component)
    if prove:
        proof_obligations(effective_access(found, target.component.tenancy), _NOW)


def _dynamic(target: ManyTenants, database: DatabaseClient, state: str) -> Iterator[Measurement]:
    trip, component, scale = _round_trip(target), target.component, target.scale
    probes: tuple[tuple[str, Callable[[], object]], ...] = (
        ("cross-tenant rows", lambda: cross_tenant_reads(database, component)),
        ("no context", lambda: no_context_reads(database, component)),
        ("planner", lambda: statement_plans(database, component)),
    )
    for name, probe in probes:
        before = len(database.requests)
        took = time_once(probe)
        statements = len(database.requests) - before
        yield _figure(target, f"{name}, {state}", took, f"{statements} bare round trips", statements * trip)
    each = _naive(target) * scale.tenants
    trips = scale.tenants * (scale.tables + 4)
    yield _figure(target, f"one by one, {state}, from {_SAMPLE}", each, f"{trips:,} bare round trips", trips * trip)
    took = time_once(lambda: tenant_sweep(database, component))
    yield _figure(target, f"sweep, {state}", took, "an index probe for each tenant and table", _index_probes(target))
    if (transaction := _transaction(target)) is not None:
        every = transaction * scale.tenants * scale.tables
        yield _figure(target, f"sweep, {state}", took, "pgbench, a transaction for each tenant and table", every)


def _index_probes(target: ManyTenants) -> float:
    """Seconds of one row by the index for each tenant, in one statement for each table, without row security."""
    probe = "SELECT count(*) FROM tenants AS x, LATERAL (SELECT FROM {} AS t WHERE t.tenant = x.id LIMIT 1) AS found"
    tables = [sql.Identifier(f"t{number}") for number in range(target.scale.tables)]
    with psycopg.connect(target.superuser_url, autocommit=True) as connection:
        connection.execute("SET enable_seqscan = off")
        return best_time(lambda: [connection.execute(sql.SQL(probe).format(one)).fetchall() for one in tables])


def _transaction(target: ManyTenants) -> float | None:
    """Seconds of one transaction of pgbench, on one connection; None without that program."""
    program = Path(target.server.binaries.program("pgbench"))
    if not program.is_file():
        return None
    with tempfile.TemporaryDirectory() as directory:
        script = Path(directory, "transaction.sql")
        script.write_text(_TRANSACTION.format(last=target.scale.tenants - 1), encoding="utf-8")
        command = [str(program), "-n", "-M", "prepared", "-t", "2000", "-f", str(script), target.url]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)  # noqa: S603  # PostgreSQL's own program
    found = re.search(r"latency average = ([\d.]+) ms", done.stdout)
    return float(found[1]) / 1000 if found else None


def _naive(target: ManyTenants) -> float:
    """Seconds for one tenant, in its own transaction with one statement for each table."""
    with psycopg.connect(target.superuser_url) as connection:
        query = "SELECT id::text FROM tenants ORDER BY md5(id::text) LIMIT %s"
        tenants = connection.execute(query, (_SAMPLE,)).fetchall()
    tables = range(target.scale.tables)
    with psycopg.connect(target.url) as connection:
        start = time.perf_counter()
        for (tenant,) in tenants:
            with connection.transaction(force_rollback=True):
                connection.execute("SET LOCAL ROLE bench_app")
                connection.execute("SELECT set_config('app.tenant', %s, true)", (tenant,))
                for number in tables:
                    count = sql.SQL("SELECT count(*) FROM {} WHERE tenant <> %s").format(sql.Identifier(f"t{number}"))
                    connection.execute(count, (tenant,)).fetchall()
        return (time.perf_counter() - start) / len(tenants)


def _round_trip(target: ManyTenants) -> float:
    with psycopg.connect(target.url, autocommit=True) as connection:
        return best_time(lambda: connection.execute("SELECT 1").fetchall())


def _bare_catalogues(target: ManyTenants) -> float:
    with psycopg.connect(target.url, autocommit=True) as connection:
        queries = [sql.SQL("SELECT * FROM {}").format(sql.Identifier(one)) for one in _CATALOGUES]
        return best_time(lambda: [connection.execute(query).fetchall() for query in queries])


def _other_tools(target: ManyTenants) -> Iterator[Measurement]:
    """pgrls, if it is installed: it reads the same catalogues and analyses the text of policies."""
    program = shutil.which("pgrls")
    if program is None:
        return
    for verb in ("lint", "verify"):
        command = [program, verb, "--database-url", target.superuser_url]
        start = time.perf_counter()
        subprocess.run(command, capture_output=True, check=False, timeout=600)  # noqa: S603  # a program from the PATH
        took = time.perf_counter() - start
        yield _figure(target, f"pgrls {verb}", took, "a bare SELECT of those catalogues", _bare_catalogues(target))


def time_once(work: Callable[[], object]) -> float:
    """Seconds of one call, for work that is too slow to be repeated."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _figure(target: ManyTenants, what: str, ours: float, bound: str, least: float) -> Measurement:
    return Measurement(what=f"{target.scale}: {what}", measured_seconds=ours, bound_name=bound, bound_seconds=least)


def main() -> None:
    """Measures at the scale of the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tenants", type=int, default=1_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tables", type=int, default=7)
    arguments = parser.parse_args()
    for figure in measurements_at(Scale(tenants=arguments.tenants, rows=arguments.rows, tables=arguments.tables)):
        print(figure, flush=True)


if __name__ == "__main__":
    main()
