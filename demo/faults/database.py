"""The faults of the database: each undoes one part of the tenants' isolation or of the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from basewatch.model import Status
from demo.faults.fault import Expected, Fault

if TYPE_CHECKING:
    from demo.box import Box

_COMPONENT = "database/securebase"
_MINE = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"


def _expected(check: str, subject: str, status: Status = Status.FAIL) -> Expected:
    return Expected(check=check, component=_COMPONENT, subject=subject, status=status)


def _run(statement: str) -> Callable[[Box], None]:
    def act(box: Box) -> None:
        box.database.execute(statement)

    return act


def _stop(box: Box) -> None:
    box.database.stop()


def _start(box: Box) -> None:
    box.database.start()


DATABASE_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="policy-dropped",
        title="A migration drops the policy of documents, and the application sees none of them",
        apply=_run("DROP POLICY tenant_isolation ON documents"),
        repair=_run(f"CREATE POLICY tenant_isolation ON documents USING ({_MINE}) WITH CHECK ({_MINE})"),
        expects=(
            _expected("tenancy.rls.coverage", "documents"),
            # Nothing leaks, but a canary that sees nothing of its own proves nothing either.
            _expected("tenancy.probe.cross_tenant", "app", Status.UNVERIFIED),
            _expected("tenancy.probe.cross_tenant", "analytics", Status.UNVERIFIED),
        ),
    ),
    Fault(
        name="policy-using-true",
        title="A policy from a debugging session shows every tenant's notifications to the application",
        apply=_run("CREATE POLICY debugging ON notifications FOR SELECT TO app USING (true)"),
        repair=_run("DROP POLICY debugging ON notifications"),
        expects=(
            _expected("tenancy.rls.policies", "notifications"),
            _expected("tenancy.probe.no_context", "app"),
            _expected("tenancy.probe.cross_tenant", "app"),
        ),
    ),
    Fault(
        name="force-removed",
        title="Row security of invoices is no longer forced on the owner of the table",
        apply=_run("ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY"),
        repair=_run("ALTER TABLE invoices FORCE ROW LEVEL SECURITY"),
        expects=(_expected("tenancy.rls.coverage", "invoices"),),
    ),
    Fault(
        name="app-bypasses-rls",
        title="The application's role is given BYPASSRLS to make a slow query fast",
        apply=_run("ALTER ROLE app BYPASSRLS"),
        repair=_run("ALTER ROLE app NOBYPASSRLS"),
        expects=(
            _expected("tenancy.rls.bypass_roles", "app"),
            _expected("tenancy.probe.no_context", "app"),
            _expected("tenancy.probe.cross_tenant", "app"),
        ),
    ),
    Fault(
        name="with-check-lost",
        title="Any tenant may write support tickets in another's name",
        apply=_run("ALTER POLICY tenant_isolation ON support_tickets WITH CHECK (true)"),
        repair=_run(f"ALTER POLICY tenant_isolation ON support_tickets WITH CHECK ({_MINE})"),
        expects=(
            _expected("tenancy.rls.policies", "support_tickets"),
            _expected("tenancy.probe.cross_tenant", "app"),
        ),
    ),
    Fault(
        name="audit-trigger-disabled",
        title="The trigger that keeps audit records from change is disabled",
        apply=_run("ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change"),
        repair=_run("ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"),
        expects=(_expected("audit.table.append_only", "audit_events"),),
    ),
    Fault(
        name="database-stopped",
        title="The database does not answer, so nobody can say anything of it",
        apply=_stop,
        repair=_start,
        expects=tuple(
            _expected(check, "", Status.UNVERIFIED)
            for check in (
                "audit.table.append_only",
                "tenancy.probe.cross_tenant",
                "tenancy.probe.no_context",
                "tenancy.rls.bypass_roles",
                "tenancy.rls.coverage",
                "tenancy.rls.policies",
            )
        ),
    ),
)
