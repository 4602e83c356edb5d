"""Small schemas on the demo server, each of one tenant table, and runs of every probe on them."""

from __future__ import annotations

from collections.abc import Mapping

from basewatch.components import Database
from basewatch.model import Finding, Status
from basewatch.secrets import Reference
from basewatch.tenancy import Tenancy
from checks.engine.run import plan_checks, run_checks
from checks.tenancy.probes.canary_writes import tenants_write_only_their_own_rows
from checks.tenancy.probes.counterexample import no_counterexample_is_found
from checks.tenancy.probes.cross_tenant import tenants_read_only_their_own_rows
from checks.tenancy.probes.no_context import no_rows_without_a_context
from checks.tenancy.probes.planner import every_scan_is_bound_to_the_context
from checks.tenancy.probes.proof_consistency import nothing_contradicts_the_proof
from checks.tenancy.probes.sweep import every_tenant_reads_only_its_own_rows
from tests.checks.tenancy.looking import DEADLINES, NOW
from tests.checks.tenancy.probes.probing import ProbeEndpoints

PROBES = (
    tenants_read_only_their_own_rows,
    tenants_write_only_their_own_rows,
    no_rows_without_a_context,
    nothing_contradicts_the_proof,
    every_scan_is_bound_to_the_context,
    no_counterexample_is_found,
    every_tenant_reads_only_its_own_rows,
)
A, B, C = (f"{letter * 8}-0000-4000-8000-000000000001" for letter in "abc")
MINE = "nullif(current_setting('app.tenant', true), '')::uuid"
TENANTS = f"""
GRANT USAGE ON SCHEMA public TO app, basewatch;
CREATE TABLE tenants (id uuid PRIMARY KEY);
INSERT INTO tenants VALUES ('{A}'), ('{B}'), ('{C}');
GRANT SELECT (id) ON tenants TO basewatch;
"""  # noqa: S608  # ids from above
POSTS = f"""{TENANTS}
CREATE TABLE posts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, title text NOT NULL);
INSERT INTO posts (tenant_id, title) SELECT id, 'x' FROM tenants;
ALTER TABLE posts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON posts USING (tenant_id = {MINE});
"""  # noqa: S608  # an expression from above
"""A tenant table with a sound policy, on which nothing is granted yet."""
GRANTED = f"{POSTS} GRANT SELECT, INSERT, UPDATE, DELETE ON posts TO app;"
_TENANCY: Mapping[str, object] = {
    "context": "app.tenant",
    "root": "tenants",
    "key": "tenant_id",
    "principals": ["app"],
    "min_tables": 1,
    "canaries": {"a": A, "b": B},
    "write_probes": True,
    "sweep": True,
}


def declared(**tenancy: object) -> Database:
    """The declaration of such a schema, with other tenancy values."""
    return Database(name="small", url=Reference("env", "X"), tenancy=Tenancy.model_validate({**_TENANCY, **tenancy}))


def probed(url: str | ProbeEndpoints, component: Database | None = None, *, only: str = "*") -> tuple[Finding, ...]:
    """The findings of every probe, or of those that match `only`."""
    endpoints = ProbeEndpoints(url=url) if isinstance(url, str) else url
    plan = plan_checks(PROBES, [component or declared()], {}, only=only)
    return run_checks(plan, endpoints, DEADLINES, NOW, lambda: NOW).findings


def red(findings: tuple[Finding, ...]) -> dict[str, Status]:
    """The last word of each check that is FAIL or UNVERIFIED; a FAIL takes precedence."""
    found = sorted(findings, key=lambda each: each.status is Status.FAIL)
    return {f.check.rpartition(".")[2]: f.status for f in found if f.status in {Status.FAIL, Status.UNVERIFIED}}
