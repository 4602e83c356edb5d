"""Measures the inventory and the judges on large catalogues: partitions, functions and roles, at two scales.

The second scale is ten times the first, so that growth which is not linear shows. For another scale:
`python -m benchmarks.tenancy_catalogue --partitions 1000 --functions 10000 --roles 5000`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from basewatch.postgres import Timeouts, connect
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
_PAGE = 4096
_MINE = "tenant = nullif(current_setting('app.tenant', true), '')::uuid"
_PARTITIONED = f"""\
CREATE TABLE parts (tenant uuid NOT NULL, id bigint NOT NULL, PRIMARY KEY (tenant, id)) PARTITION BY RANGE (id);
ALTER TABLE parts OWNER TO bench_owner;
ALTER TABLE parts ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON parts USING ({_MINE});
GRANT SELECT, INSERT, UPDATE, DELETE ON parts TO bench_app
"""
_EACH = {
    "partitions": "EXECUTE format('CREATE TABLE part_%s PARTITION OF parts FOR VALUES FROM (%s) TO (%s)', n, n, n + 1)",
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


def _measured(target: ManyTenants, scale: CatalogueScale, rows: int) -> Iterator[Measurement]:
    bound = f"2 s for each 100,000 of {rows:,} catalogue rows"
    with connect(Secret("env:BENCHMARK_URL", target.url), run=str(uuid4()), timeouts=_PATIENT) as database:
        memory, start = _resident(), time.perf_counter()
        facts = inventory(database, target.component)
        took, grown = time.perf_counter() - start, (_resident() - memory) / 1_000_000
        yield _figure(f"{scale}: inventory, {grown:.0f} MB more", took, bound, rows * _SECONDS_PER_ROW)
        start = time.perf_counter()
        fingerprint(database)
        yield _figure(f"{scale}: fingerprint", time.perf_counter() - start, "the inventory", took)
    for check, judged in _judged(target, facts):
        yield _figure(f"{scale}: judge of {check}", judged, "the inventory", took)


def _judged(target: ManyTenants, facts: Inventory) -> Iterator[tuple[str, float]]:
    for check in CHECKS:
        if check.observe is inventory:
            start = time.perf_counter()
            tuple(check.judge(facts, target.component, _NOW))
            yield check.id, time.perf_counter() - start


def _resident() -> int:
    """The resident memory of this process, in bytes, from Linux."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE


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
