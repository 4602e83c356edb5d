"""The sweep: it tests every tenant or reports how many, and finds a leak to a single tenant."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from basewatch.facts import canonical
from basewatch.model import Reason, Status
from basewatch.postgres import Timeouts
from checks.tenancy.probes import sweep_facts
from checks.tenancy.probes.sweep import every_tenant_reads_only_its_own_rows as sweep
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import LIMITS, SECUREBASE
from tests.checks.tenancy.probes.other_schemas import REGIONS, REGIONS_DECLARED, WORKSPACES, WORKSPACES_DECLARED
from tests.checks.tenancy.probes.probing import ProbeEndpoints, another, broken, declared, probe, red, statuses

DECLARED = declared(sweep=True)
GRANT = "GRANT USAGE ON SCHEMA public TO basewatch; GRANT SELECT (id) ON public.customers TO basewatch"
REVOKE = "REVOKE USAGE ON SCHEMA public FROM basewatch; REVOKE SELECT (id) ON public.customers FROM basewatch"
TABLES = ("api_keys", "audit_events", "documents", "invoices", "notifications", "support_tickets", "usage_metrics")
MINE = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"
# A leak to one of fourteen tenants, which is not a canary.
ONE = "(SELECT id FROM customers WHERE status <> 'synthetic' ORDER BY id LIMIT 1)"
LEAK = (
    "DO $$ BEGIN EXECUTE format('CREATE POLICY more ON invoices USING (current_setting(%L) = %L)', "
    f"'app.current_customer_id', {ONE}); END $$"
)
LOOSE = """
CREATE TABLE loose (customer_id uuid, x int);
ALTER TABLE loose ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON loose USING (customer_id IS NULL OR MINE);
GRANT SELECT ON loose TO app;
INSERT INTO loose VALUES (NULL, 1);
""".replace("MINE", MINE)
HEAP = f"""
CREATE TABLE heap (customer_id uuid NOT NULL, x int);
ALTER TABLE heap ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON heap USING ({MINE});
GRANT SELECT ON heap TO app;
"""
FILLED = "INSERT INTO heap SELECT ids.one, x FROM generate_series(1, 20000) AS x, ONE AS ids (one)".replace("ONE", ONE)


def tenants(box: SandboxDatabase) -> list[str]:
    """All tenants."""
    with psycopg.connect(box.superuser_url) as connection:
        return [str(one) for (one,) in connection.execute("SELECT id FROM customers").fetchall()]


def test_without_the_grant_it_is_denied(box_database: SandboxDatabase) -> None:
    """Without access to the tenants it is UNVERIFIED, with the GRANT statements as remedy."""
    with broken(box_database, REVOKE, GRANT):
        (finding,) = probe(sweep, box_database.url, DECLARED).findings
    assert (finding.subject, finding.status, finding.reason) == ("", Status.UNVERIFIED, Reason.DENIED)
    assert finding.remedy == GRANT


def test_every_tenant_of_the_demo_is_isolated(box_database: SandboxDatabase) -> None:
    """All tenants and tables pass as both principals, and the evidence has no tenant id."""
    checked = probe(sweep, box_database.url, DECLARED)
    assert statuses(checked) == dict.fromkeys(TABLES, Status.PASS)
    ids = tenants(box_database)
    assert {f.observed for f in checked.findings} == {
        f"{len(ids)} of {len(ids)} tenants isolated, as app and analytics"
    }
    printed = canonical(checked.evidence[0].facts) + repr(checked.findings).encode()
    assert not [one for one in ids if one.encode() in printed]


def test_a_leak_to_one_tenant_of_many_is_found(box_database: SandboxDatabase) -> None:
    """A leak that no canary sees is found, reported with hashes, and passes after its repair."""
    with broken(box_database, LEAK, "DROP POLICY more ON invoices"):
        checked = probe(sweep, box_database.url, DECLARED)
    (finding,) = red(checked).values()
    assert (finding.subject, finding.status) == ("invoices", Status.FAIL)
    assert "as app, tenant #" in finding.observed
    printed = canonical(checked.evidence[0].facts) + repr(checked.findings).encode()
    assert not [one for one in tenants(box_database) if one.encode() in printed]
    assert red(probe(sweep, box_database.url, DECLARED)) == {}


def test_a_cached_plan_reveals_a_constant_context(box_database: SandboxDatabase) -> None:
    """The result of an IMMUTABLE context function is cached in the plan, as in an application."""
    fixed = (
        "CREATE FUNCTION fixed() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS "
        "$$ BEGIN RETURN current_setting('app.current_customer_id')::uuid; END $$; "
        "ALTER POLICY tenant_isolation ON invoices USING (customer_id = fixed())"
    )
    repair = f"ALTER POLICY tenant_isolation ON invoices USING ({MINE}); DROP FUNCTION fixed()"
    with broken(box_database, fixed, repair):
        assert set(red(probe(sweep, box_database.url, DECLARED))) == {"invoices"}


def test_rows_of_no_tenant_are_a_leak(box_database: SandboxDatabase) -> None:
    """A row with a NULL key belongs to no tenant, and is a leak to any that reads it."""
    with broken(box_database, LOOSE, "DROP TABLE loose"):
        assert set(red(probe(sweep, box_database.url, DECLARED))) == {"loose"}


def test_a_root_with_hidden_tenants_is_unverified(box_database: SandboxDatabase) -> None:
    """If row security hides tenants of the root from Basewatch, the sweep is no PASS."""
    hide = "ALTER TABLE customers ENABLE ROW LEVEL SECURITY"
    with broken(box_database, hide, "ALTER TABLE customers DISABLE ROW LEVEL SECURITY"):
        (finding,) = probe(sweep, box_database.url, DECLARED).findings
    assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)


def test_a_locked_table_is_a_timeout_and_the_others_are_swept(box_database: SandboxDatabase) -> None:
    """A lock is UNVERIFIED for its table alone."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        found = red(probe(sweep, box_database.url, DECLARED))
    assert {f.reason for f in found.values()} == {Reason.TIMEOUT}


def test_an_exhausted_time_budget_is_a_timeout(box_database: SandboxDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """The finding states how many tenants were tested."""
    monkeypatch.setattr(sweep_facts, "TIME_BUDGET", timedelta(0))
    found = red(probe(sweep, box_database.url, DECLARED))
    assert {(f.status, f.reason) for f in found.values()} == {(Status.UNVERIFIED, Reason.TIMEOUT)}
    assert set(found) == set(TABLES)
    assert all(f.observed.startswith("0 of ") for f in found.values())


def test_a_slow_statement_is_a_timeout(box_database: SandboxDatabase) -> None:
    """The statement timeout of the server makes the table UNVERIFIED."""
    slow = MINE.replace("= ", "= (SELECT CASE WHEN pg_sleep(2) IS NOT NULL THEN ") + " END)"
    change = "ALTER POLICY tenant_isolation ON documents USING ({})"
    with broken(box_database, change.format(slow), change.format(MINE)):
        endpoints = ProbeEndpoints(
            url=box_database.url, limits=Timeouts(statement=timedelta(seconds=1), lock=LIMITS.lock)
        )
        found = red(probe(sweep, endpoints, DECLARED))
    assert {(f.subject, f.reason) for f in found.values()} == {("documents", Reason.TIMEOUT)}


def test_a_large_table_without_an_index_is_a_sample(box_database: SandboxDatabase) -> None:
    """If each tenant needs a full scan, only a sample is tested, and the remedy is the index."""
    with broken(box_database, f"{HEAP}; {FILLED}; ANALYZE heap", "DROP TABLE heap"):
        found = red(probe(sweep, box_database.url, DECLARED))
        box_database.execute("CREATE INDEX ON heap (customer_id)")
        indexed = red(probe(sweep, box_database.url, DECLARED))
    assert {(f.subject, f.status, f.reason) for f in found.values()} == {
        ("heap", Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    }
    assert found["heap"].remedy == "CREATE INDEX CONCURRENTLY ON public.heap (customer_id);"
    assert indexed == {}


def test_other_schemas_are_swept(box_database: SandboxDatabase) -> None:
    """Text keys with quoted names and composite keys are swept; a derived table is NOT_APPLICABLE."""
    with another(box_database, "workspaces", WORKSPACES) as url:
        assert statuses(probe(sweep, url, WORKSPACES_DECLARED)) == {
            "Page": Status.PASS,
            "line": Status.NOT_APPLICABLE,
            "visit": Status.PASS,
            "visit_1": Status.PASS,
        }
    with another(box_database, "regions", REGIONS) as url:
        assert statuses(probe(sweep, url, REGIONS_DECLARED)) == {"orders": Status.PASS}
    half = REGIONS.replace("AND number = nullif(current_setting('r.number', true), '')::bigint", "")
    with another(box_database, "regions", half) as url:
        assert set(red(probe(sweep, url, REGIONS_DECLARED))) == {"orders"}


def test_it_applies_where_it_is_declared() -> None:
    """Without `sweep` the check does not apply."""
    assert sweep.applies_to(DECLARED)
    kept = SECUREBASE.tenancy.model_copy(update={"sweep": False})
    assert not sweep.applies_to(SECUREBASE.model_copy(update={"tenancy": kept}))
