"""When the database cannot be asked, nobody is told that tenants are kept apart, nor that they are not."""

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
    """SecureBase's database with something else declared of its tenancy."""
    changed = SECUREBASE.tenancy.model_copy(update=tenancy)
    return SECUREBASE.model_copy(update={"tenancy": changed})


@pytest.mark.parametrize("role", ["app", "analytics"])
def test_the_owner_of_another_login_may_not_probe_either(box_database: SandboxDatabase, role: str) -> None:
    """Logged in as one tenant-bound role, the other cannot be probed: denied, and not taken for its own."""
    url = box_database.app_url if role == "app" else box_database.analytics_url
    denied = [finding for finding in look(url, only="tenancy.probe.*") if finding.reason is Reason.DENIED]
    assert {finding.check for finding in denied} == AS_PRINCIPALS


def test_a_locked_table_is_neither_sound_nor_broken(box_database: SandboxDatabase) -> None:
    """While a migration holds a tenant table, the probes are UNVERIFIED: timeout."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        findings = look(box_database.url)
    for probe in PROBES:
        (finding,) = (f for f in findings if f.check == probe)
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.TIMEOUT)
    assert not [finding for finding in findings if finding.status is Status.FAIL]


def test_a_database_that_is_gone_is_a_fact(box_database: SandboxDatabase) -> None:
    """The server says that there is no such database: every check FAILs on the component."""
    findings = look(conninfo.make_conninfo(box_database.url, dbname="gone"))
    assert {(finding.subject, finding.status) for finding in findings} == {("", Status.FAIL)}


def test_an_empty_database_is_no_pass(box_database: SandboxDatabase) -> None:
    """In a database without any tenant table nothing is promised to be held, and nothing passes for it."""
    findings = look(conninfo.make_conninfo(box_database.superuser_url, dbname="postgres"))
    by_check = {f.check: (f.status, f.reason) for f in findings if f.subject in {"", "app"}}
    nothing = (Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)
    assert by_check["tenancy.rls.coverage"] == nothing
    assert by_check["tenancy.probe.cross_tenant"] == nothing
    assert by_check["tenancy.probe.no_context"] == nothing
    assert by_check["audit.table.append_only"] == (Status.FAIL, None)


def test_a_principal_that_does_not_exist_is_a_fact(box_database: SandboxDatabase) -> None:
    """A declared role that is not there FAILs, where it is asked for."""
    findings = look(box_database.url, declared(principals=("app", "analytics", "reporting")))
    assert broken(findings) == {
        ExpectedFinding(check="tenancy.rls.bypass_roles", component="database/securebase", subject="reporting"),
        *(
            ExpectedFinding(check=f"tenancy.probe.{probe}", component="database/securebase", subject="reporting")
            for probe in ("canary_writes", "cross_tenant", "no_context")
        ),
        # These look at all roles at once.
        ExpectedFinding(check="tenancy.probe.planner", component="database/securebase"),
        ExpectedFinding(check="audit.probe.append_only", component="database/securebase"),
    }


def test_fewer_tables_than_promised_is_a_fact(box_database: SandboxDatabase) -> None:
    """Eight tables promised and seven there: the eighth is missed."""
    finding = only_of(look(box_database.url, declared(tables=8), only="tenancy.rls.coverage"), "")
    assert (finding.status, finding.observed) == (Status.FAIL, "7 tables with a tenant key")


def test_a_shared_table_that_is_not_declared_is_found(box_database: SandboxDatabase) -> None:
    """What every tenant reads is on the list, or is a finding."""
    findings = look(box_database.url, declared(shared=("regions",)), only="tenancy.rls.coverage")
    assert {item.subject for item in broken(findings)} == set(SECUREBASE.tenancy.shared) - {"regions"}


def test_findings_hold_no_tenant_and_no_password(box_database: SandboxDatabase) -> None:
    """What is stored and shown names tables and roles, and no row's value."""
    box_database.execute("ALTER ROLE app BYPASSRLS")
    try:
        findings = look(box_database.url)
    finally:
        box_database.execute("ALTER ROLE app NOBYPASSRLS")
    with psycopg.connect(box_database.superuser_url) as connection:
        tenants = [str(tenant) for (tenant,) in connection.execute("SELECT id FROM customers").fetchall()]
    secrets = [*tenants, str(conninfo.conninfo_to_dict(box_database.url)["password"])]
    told = repr(findings)
    assert not [secret for secret in secrets if secret in told]
