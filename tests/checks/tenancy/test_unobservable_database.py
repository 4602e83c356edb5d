"""A database that cannot be observed is neither a PASS nor a FAIL; one that does not exist is a FAIL."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import conninfo

from basewatch.components import Database
from basewatch.model import Reason, Status
from demo.database import SandboxDatabase
from demo.faults.fault import ExpectedFinding
from tests.checks.tenancy.looking import SECUREBASE, broken, look, only_of

PROBES = ("tenancy.probe.cross_tenant", "tenancy.probe.no_context")
AS_PRINCIPALS = {*PROBES, "tenancy.probe.canary_writes", "tenancy.probe.planner", "tenancy.probe.sweep"}


def declared(**tenancy: object) -> Database:
    """The database of SecureBase with other tenancy values."""
    changed = SECUREBASE.tenancy.model_copy(update=tenancy)
    return SECUREBASE.model_copy(update={"tenancy": changed})


@pytest.mark.parametrize("role", ["app", "analytics"])
def test_a_tenant_bound_login_cannot_probe_the_other(box_database: SandboxDatabase, role: str) -> None:
    """With a login of one tenant-bound role, the other is UNVERIFIED: denied."""
    url = box_database.app_url if role == "app" else box_database.analytics_url
    denied = [finding for finding in look(url, only="tenancy.probe.*") if finding.reason is Reason.DENIED]
    assert {finding.check for finding in denied} == AS_PRINCIPALS


def test_a_locked_table_is_unverified(box_database: SandboxDatabase) -> None:
    """While a migration locks a tenant table, no probe passes it: each is UNVERIFIED on it, by timeout alone."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        findings = look(box_database.url)
    unclear = [finding for finding in findings if finding.check in PROBES and finding.status is Status.UNVERIFIED]
    assert {finding.check for finding in unclear} == set(PROBES)
    assert {finding.reason for finding in unclear} == {Reason.TIMEOUT}
    assert not [finding for finding in findings if finding.status is Status.FAIL]


def test_a_missing_database_fails(box_database: SandboxDatabase) -> None:
    """If the database does not exist, every check FAILs on the component."""
    findings = look(conninfo.make_conninfo(box_database.url, dbname="gone"))
    assert {(finding.subject, finding.status) for finding in findings} == {("", Status.FAIL)}


def test_an_empty_database_is_no_pass(box_database: SandboxDatabase) -> None:
    """Without tenant tables, no check passes."""
    findings = look(conninfo.make_conninfo(box_database.superuser_url, dbname="postgres"))
    by_check = {f.check: (f.status, f.reason) for f in findings if f.subject in {"", "app"}}
    nothing = (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert by_check["tenancy.rls.coverage"] == nothing
    assert by_check["tenancy.probe.cross_tenant"] == nothing
    assert by_check["tenancy.probe.no_context"] == nothing
    assert by_check["audit.table.append_only"] == (Status.FAIL, None)


def test_a_missing_principal_fails(box_database: SandboxDatabase) -> None:
    """A declared role that does not exist is a FAIL of the checks that use it."""
    findings = look(box_database.url, declared(principals=("app", "analytics", "reporting")))
    assert broken(findings) == {
        ExpectedFinding(check="tenancy.rls.bypass_roles", component="database/securebase", subject="reporting"),
        *(
            ExpectedFinding(check=f"tenancy.probe.{probe}", component="database/securebase", subject="reporting")
            for probe in ("canary_writes", "cross_tenant", "no_context", "planner", "sweep")
        ),
        # This check judges all roles together.
        ExpectedFinding(check="audit.probe.append_only", component="database/securebase"),
    }


def test_missing_tables_fail(box_database: SandboxDatabase) -> None:
    """Seven tables instead of the declared eight are a FAIL."""
    finding = only_of(look(box_database.url, declared(min_tables=8), only="tenancy.rls.coverage"), "")
    assert (finding.status, finding.observed) == (Status.FAIL, "7 tables with a tenant key")


def test_an_undeclared_shared_table_is_found(box_database: SandboxDatabase) -> None:
    """A table that every tenant reads is declared as shared, or a finding."""
    findings = look(box_database.url, declared(shared=("regions",)), only="tenancy.rls.coverage")
    assert {item.subject for item in broken(findings)} == set(SECUREBASE.tenancy.shared) - {"regions"}


def test_findings_hold_no_tenant_and_no_password(box_database: SandboxDatabase) -> None:
    """Evidence and findings contain names of tables and roles, and no values of rows."""
    box_database.execute("ALTER ROLE app BYPASSRLS")
    try:
        findings = look(box_database.url)
    finally:
        box_database.execute("ALTER ROLE app NOBYPASSRLS")
    with psycopg.connect(box_database.superuser_url) as connection:
        tenants = [str(tenant) for (tenant,) in connection.execute("SELECT id FROM customers").fetchall()]
    secrets = [*tenants, str(conninfo.conninfo_to_dict(box_database.url)["password"])]
    printed = repr(findings)
    assert not [secret for secret in secrets if secret in printed]
