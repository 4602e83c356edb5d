"""Faults of the database: each breaks one part of the tenant isolation or of the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from basewatch.model import Status
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_COMPONENT = "database/securebase"
_MINE = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"


def expected_finding(check: str, subject: str, status: Status = Status.FAIL) -> ExpectedFinding:
    """An expected finding on the sandbox's database."""
    return ExpectedFinding(check=check, component=_COMPONENT, subject=subject, status=status)


def run_sql(statement: str) -> Callable[[Sandbox], None]:
    """An action that runs SQL as the superuser."""

    def execute(sandbox: Sandbox) -> None:
        sandbox.database.execute(statement)

    return execute


def _stop(sandbox: Sandbox) -> None:
    sandbox.database.stop()


def _start(sandbox: Sandbox) -> None:
    sandbox.database.start()


DATABASE_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="policy-dropped",
        title="A migration drops the policy of documents, so the application reads no row",
        apply=run_sql("DROP POLICY tenant_isolation ON documents"),
        repair=run_sql(f"CREATE POLICY tenant_isolation ON documents USING ({_MINE}) WITH CHECK ({_MINE})"),
        expected_findings=(
            expected_finding("tenancy.probe.canary_writes", "app", Status.UNVERIFIED),
            expected_finding("tenancy.probe.cross_tenant", "analytics", Status.UNVERIFIED),
            expected_finding("tenancy.probe.cross_tenant", "app", Status.UNVERIFIED),
            expected_finding("tenancy.rls.coverage", "documents"),
        ),
    ),
    Fault(
        name="policy-using-true",
        title="A policy from a debugging session lets the application read every tenant's notifications",
        apply=run_sql("CREATE POLICY debugging ON notifications FOR SELECT TO app USING (true)"),
        repair=run_sql("DROP POLICY debugging ON notifications"),
        expected_findings=(
            expected_finding("tenancy.probe.counterexample", "notifications"),
            expected_finding("tenancy.probe.cross_tenant", "app"),
            expected_finding("tenancy.probe.no_context", "app"),
            expected_finding("tenancy.probe.planner", "app"),
            expected_finding("tenancy.probe.sweep", "notifications"),
            expected_finding("tenancy.rls.policies", "notifications"),
        ),
    ),
    Fault(
        name="force-removed",
        title="Row-level security of invoices is no longer forced on the table's owner",
        apply=run_sql("ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY"),
        repair=run_sql("ALTER TABLE invoices FORCE ROW LEVEL SECURITY"),
        expected_findings=(expected_finding("tenancy.rls.coverage", "invoices"),),
    ),
    Fault(
        name="app-bypasses-rls",
        title="The application's role gets BYPASSRLS to speed up a query",
        apply=run_sql("ALTER ROLE app BYPASSRLS"),
        repair=run_sql("ALTER ROLE app NOBYPASSRLS"),
        expected_findings=(
            expected_finding("tenancy.probe.canary_writes", "app"),
            expected_finding("tenancy.probe.cross_tenant", "app"),
            expected_finding("tenancy.probe.no_context", "app"),
            expected_finding("tenancy.probe.planner", "app"),
            expected_finding("tenancy.probe.sweep", "api_keys"),
            expected_finding("tenancy.probe.sweep", "audit_events"),
            expected_finding("tenancy.probe.sweep", "documents"),
            expected_finding("tenancy.probe.sweep", "invoices"),
            expected_finding("tenancy.probe.sweep", "notifications"),
            expected_finding("tenancy.probe.sweep", "support_tickets"),
            expected_finding("tenancy.probe.sweep", "usage_metrics"),
            expected_finding("tenancy.rls.bypass_roles", "app"),
        ),
    ),
    Fault(
        name="with-check-true",
        title="Every tenant can write support tickets for other tenants",
        apply=run_sql("ALTER POLICY tenant_isolation ON support_tickets WITH CHECK (true)"),
        repair=run_sql(f"ALTER POLICY tenant_isolation ON support_tickets WITH CHECK ({_MINE})"),
        expected_findings=(
            expected_finding("tenancy.probe.canary_writes", "app"),
            expected_finding("tenancy.probe.counterexample", "support_tickets"),
            expected_finding("tenancy.rls.policies", "support_tickets"),
        ),
    ),
    Fault(
        name="audit-trigger-disabled",
        title="The trigger that protects audit records from changes is disabled",
        apply=run_sql("ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change"),
        repair=run_sql("ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"),
        expected_findings=(expected_finding("audit.table.append_only", "audit_events"),),
    ),
    Fault(
        name="logins-failing",
        title="An attacker tries API keys: thirty failed logins per minute for half an hour",
        apply=run_sql(
            "INSERT INTO audit_events (customer_id, occurred_at, actor, action, resource) "
            "SELECT id, now() - n * interval '2 seconds', 'service/auth', 'auth.failed', 'login' "
            "FROM generate_series(1, 900) AS n, (SELECT id FROM customers ORDER BY id LIMIT 1) AS customer"
        ),
        repair=run_sql(
            "ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change; "
            "DELETE FROM audit_events WHERE action = 'auth.failed'; "
            "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"
        ),
        expected_findings=(expected_finding("service.database.failed_logins", ""),),
    ),
    Fault(
        name="database-stopped",
        title="The database server is stopped, so no check of it has facts",
        apply=_stop,
        repair=_start,
        expected_findings=(
            # The API answers 503, and shows a canary nothing of its own.
            ExpectedFinding(
                check="tenancy.api.cross_tenant", component="api/securebase-production", status=Status.UNVERIFIED
            ),
            *(
                expected_finding(check, "", Status.UNVERIFIED)
                for check in (
                    "audit.probe.append_only",
                    "audit.table.append_only",
                    "service.database.failed_logins",
                    "tenancy.probe.canary_writes",
                    "tenancy.probe.counterexample",
                    "tenancy.probe.cross_tenant",
                    "tenancy.probe.model",
                    "tenancy.probe.no_context",
                    "tenancy.probe.planner",
                    "tenancy.probe.pool",
                    "tenancy.probe.sweep",
                    "tenancy.rls.bypass_roles",
                    "tenancy.rls.coverage",
                    "tenancy.rls.engine",
                    "tenancy.rls.exports",
                    "tenancy.rls.functions",
                    "tenancy.rls.grants",
                    "tenancy.rls.inference",
                    "tenancy.rls.manifest",
                    "tenancy.rls.policies",
                    "tenancy.rls.settings",
                    "tenancy.rls.triggers",
                )
            ),
        ),
    ),
)
