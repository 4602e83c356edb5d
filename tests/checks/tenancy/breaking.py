"""Cases that break one promise of the isolation or keep it, each with its expected findings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import psycopg

from basewatch.components import Database
from basewatch.model import Finding, Severity, Status
from basewatch.tenancy import ApprovedObject, ObjectKind
from checks.engine.run import plan_checks, run_checks
from checks.tenancy.context.settings import only_the_application_sets_the_context
from checks.tenancy.identity.bypass_roles import no_principal_bypasses_row_security
from checks.tenancy.privileges.grants import no_grant_bypasses_policies
from checks.tenancy.relations.coverage import every_tenant_table_is_covered
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import DEADLINES, NOW, SECUREBASE, UrlEndpoint
from tests.checks.tenancy.remembering import remembered_inventories

CHECKS = (
    every_tenant_table_is_covered,
    no_principal_bypasses_row_security,
    no_grant_bypasses_policies,
    only_the_application_sets_the_context,
)
COVERAGE, ROLES, GRANTS, SETTINGS = (check.id for check in CHECKS)
CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
MINE = f"customer_id = {CTX}"
PROTECTED = "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY; ALTER TABLE {0} FORCE ROW LEVEL SECURITY; "
ISOLATED = PROTECTED + f"CREATE POLICY tenant_isolation ON {{0}} USING ({MINE}); "


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One expected finding that is not green; an UNVERIFIED has no severity."""

    check: str
    subject: str
    severity: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """SQL that changes the database, its repair, and the expected findings of the four checks."""

    name: str
    breaks: str
    repairs: str
    found: frozenset[Found]
    since: int = 0

    def __str__(self) -> str:
        return self.name


def broken(check: str, subject: str, severity: Severity) -> Found:
    """A FAIL of this severity."""
    return Found(check=check, subject=subject, severity=severity)


def unclear(check: str, subject: str) -> Found:
    """An UNVERIFIED."""
    return Found(check=check, subject=subject, severity=None)


def case(name: str, breaks: str, repairs: str, *found: Found, since: int = 0) -> Case:
    """A case with its findings, none if correct; `since` is the first version that supports the SQL."""
    return Case(name=name, breaks=breaks, repairs=repairs, found=frozenset(found), since=since)


def static_findings(url: str, component: Database = SECUREBASE) -> tuple[Finding, ...]:
    """Every finding of the four checks that read roles, grants, settings and coverage."""
    with remembered_inventories():
        return run_checks(plan_checks(CHECKS, [component], {}), UrlEndpoint(url), DEADLINES, NOW, lambda: NOW).findings


def not_green(findings: tuple[Finding, ...]) -> frozenset[Found]:
    """The findings that are not green, in the form of a case."""
    return frozenset(
        Found(check=f.check, subject=f.subject, severity=f.severity if f.status is Status.FAIL else None)
        for f in findings
        if f.status in {Status.FAIL, Status.UNVERIFIED}
    )


@contextmanager
def changed(database: SandboxDatabase, case: Case) -> Iterator[None]:
    """The database with a case's change, and without it afterwards."""
    database.execute(case.breaks)
    try:
        yield
    finally:
        database.execute(case.repairs)


def version(database: SandboxDatabase) -> int:
    """The major version of the server."""
    with psycopg.connect(database.superuser_url) as connection:
        return connection.info.server_version // 10000


def approval(kind: ObjectKind, name: str, digest: str) -> ApprovedObject:
    """An approval of an object in its current state."""
    return ApprovedObject(
        kind=kind, name=name, digest=digest, owner="platform", reason="was read", until=date(2027, 6, 30)
    )
