"""The planner probe: every scan of a tenant table is bound to the context, for any form of the policy."""

from __future__ import annotations

import psycopg
import pytest

from basewatch.facts import canonical
from basewatch.model import Reason, Status
from checks.tenancy.probes.planner import every_scan_is_bound_to_the_context as planner
from checks.tenancy.probes.planner_conditions import KeyBinding, KnownNames, ScanBinding, scan_binding
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A, CANARY_B
from tests.checks.tenancy.probes.other_schemas import REGIONS, REGIONS_DECLARED, WORKSPACES, WORKSPACES_DECLARED
from tests.checks.tenancy.probes.probing import another, broken, declared, probe, red, statuses

CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
FIXED = (
    f"CREATE FUNCTION fixed() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN {CTX}; END $$; "
    "ALTER POLICY tenant_isolation ON invoices USING (customer_id = fixed())"
)
WORDS = KnownNames(
    key=("customer_id",),
    settings=frozenset({"app.c"}),
    context_functions=frozenset({"mine"}),
    functions=frozenset({"mine", "f"}),
)
SET = "(i.customer_id = (current_setting('app.c'::text))::uuid)"
READ = "no condition on the tenant: invoices SELECT"
UNCLEAR = "some rows of invoices pass by a condition without the tenant"


def test_the_demo_passes(box_database: SandboxDatabase) -> None:
    """In SecureBase every plan of every principal is bound to the context."""
    assert statuses(probe(planner, box_database.url)) == {"app": Status.PASS, "analytics": Status.PASS}


@pytest.mark.parametrize(
    ("breaks", "repairs", "found"),
    [
        (
            "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY",
            "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY",
            {"app": f"{READ}, invoices UPDATE, invoices DELETE", "analytics": READ},
        ),
        (
            "CREATE POLICY open ON invoices FOR DELETE USING (true)",
            "DROP POLICY open ON invoices",
            {"app": "no condition on the tenant: invoices DELETE"},
        ),
        (
            "CREATE POLICY open ON invoices FOR UPDATE TO app USING (status <> 'x')",
            "DROP POLICY open ON invoices",
            {"app": f"invoices UPDATE: {UNCLEAR}"},
        ),
        (
            FIXED,
            f"ALTER POLICY tenant_isolation ON invoices USING (customer_id = {CTX}); DROP FUNCTION fixed()",
            {
                "app": "the context is a constant in the plan: invoices SELECT, invoices UPDATE, invoices DELETE",
                "analytics": "the context is a constant in the plan: invoices SELECT",
            },
        ),
        (
            f"ALTER POLICY tenant_isolation ON invoices USING (customer_id = '{CANARY_A}')",
            f"ALTER POLICY tenant_isolation ON invoices USING (customer_id = {CTX})",
            {"app": f"{READ}, invoices UPDATE, invoices DELETE", "analytics": READ},
        ),
    ],
)
def test_an_unbound_scan_is_found_until_repaired(
    box_database: SandboxDatabase, breaks: str, repairs: str, found: dict[str, str]
) -> None:
    """Disabled row security, an open policy and a constant context fail for the affected principals alone."""
    with broken(box_database, breaks, repairs):
        checked = probe(planner, box_database.url)
    assert {subject: finding.observed for subject, finding in red(checked).items()} == found
    (evidence,) = checked.evidence
    assert not [id_ for id_ in (CANARY_A, CANARY_B) if id_.encode() in canonical(evidence.facts)]
    assert red(probe(planner, box_database.url)) == {}


@pytest.mark.parametrize(
    "predicate",
    [
        f"customer_id = (SELECT {CTX})",
        f"NOT (customer_id <> {CTX})",
        f"customer_id = ANY (ARRAY[{CTX}])",
        f"(customer_id = {CTX} AND status = 'paid') OR (status <> 'paid' AND customer_id = {CTX})",
        f"{CTX} IS NOT NULL AND customer_id IS NOT DISTINCT FROM {CTX}",
        "customer_id::text = current_setting('App.Current_Customer_Id', true)",
        "false",
    ],
)
def test_every_form_of_a_correct_policy_passes(box_database: SandboxDatabase, predicate: str) -> None:
    """No form of a correct comparison is reported."""
    change = "ALTER POLICY tenant_isolation ON invoices USING ({})"
    with broken(box_database, change.format(predicate), change.format(f"customer_id = {CTX}")):
        assert red(probe(planner, box_database.url)) == {}


def test_other_schemas_pass(box_database: SandboxDatabase) -> None:
    """Quoted names, context functions, partitions with grants, derived tables and composite keys are supported."""
    with another(box_database, "workspaces", WORKSPACES) as url:
        assert statuses(probe(planner, url, WORKSPACES_DECLARED)) == {"app": Status.PASS}
    with another(box_database, "regions", REGIONS) as url:
        assert statuses(probe(planner, url, REGIONS_DECLARED)) == {"app": Status.PASS}


def test_half_a_key_is_not_enough(box_database: SandboxDatabase) -> None:
    """A policy that compares one of two key columns does not restrict rows to the tenant."""
    half = REGIONS.replace("AND number = nullif(current_setting('r.number', true), '')::bigint", "")
    with another(box_database, "regions", half) as url:
        finding = red(probe(planner, url, REGIONS_DECLARED))["app"]
    assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)


def test_an_open_partition_is_found(box_database: SandboxDatabase) -> None:
    """A partition with a grant and without row security has a plan without a condition."""
    granted = WORKSPACES + 'GRANT SELECT ON "Work Space".visit_2 TO app;'
    with another(box_database, "workspaces", granted) as url:
        finding = red(probe(planner, url, WORKSPACES_DECLARED))["app"]
    assert (finding.status, finding.observed) == (Status.FAIL, "no condition on the tenant: visit_2 SELECT")


def test_a_locked_table_is_a_timeout(box_database: SandboxDatabase) -> None:
    """While a migration locks a table, its plans are UNVERIFIED."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        found = red(probe(planner, box_database.url))
    assert {(f.status, f.reason) for f in found.values()} == {(Status.UNVERIFIED, Reason.TIMEOUT)}


def test_without_the_grant_it_is_denied(box_database: SandboxDatabase) -> None:
    """A role that Basewatch may not become is UNVERIFIED, with the GRANT as remedy."""
    (finding,) = probe(planner, box_database.url, declared(principals=("admin",))).findings
    assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.DENIED)
    assert finding.remedy.startswith("GRANT admin TO basewatch")


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ([SET], ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.SETTING,))),
        ([f"({SET} OR i.open)"], ScanBinding(every_row=False, some_rows=True, bindings=(KeyBinding.SETTING,))),
        ([f"({SET} AND i.open)"], ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.SETTING,))),
        (
            ["i.open", "(i.customer_id = $0)"],
            ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.PARAMETER,)),
        ),
        (
            ["(i.customer_id = (InitPlan 1).col1)"],
            ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.PARAMETER,)),
        ),
        (["(hashed SubPlan 1)"], ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.SUBPLAN,))),
        (
            ["(i.customer_id = mine())"],
            ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.CONTEXT_FUNCTION,)),
        ),
        (["f(i.customer_id)"], ScanBinding(every_row=True, some_rows=True, bindings=(KeyBinding.FUNCTION,))),
        (["(i.note = 'customer_id = app.c'::text)"], ScanBinding(every_row=False, some_rows=False, bindings=())),
        (["(i.customer_id IS NOT NULL)"], ScanBinding(every_row=False, some_rows=False, bindings=())),
        ([], ScanBinding(every_row=False, some_rows=False, bindings=())),
    ],
)
def test_conditions_are_analysed(conditions: list[str], expected: ScanBinding) -> None:
    """AND binds the key, OR only if each branch does, and quoted text does not count."""
    assert scan_binding(conditions, WORDS) == expected
