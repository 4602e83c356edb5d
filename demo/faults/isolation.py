"""Faults of grants, settings, functions, triggers and publications, which let data bypass the policies."""

from __future__ import annotations

from basewatch.model import Status
from demo.faults.database import expected_finding, run_sql
from demo.faults.fault import Fault
from demo.tenants import CANARY_B

_MINE = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"
_POLICY = "ALTER POLICY tenant_isolation ON {} USING ({}) WITH CHECK ({})"

ISOLATION_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="truncate-granted",
        title="The application may TRUNCATE the invoices of all tenants",
        apply=run_sql("GRANT TRUNCATE ON invoices TO app"),
        repair=run_sql("REVOKE TRUNCATE ON invoices FROM app"),
        expected_findings=(expected_finding("tenancy.rls.grants", "invoices"),),
    ),
    Fault(
        name="tenant-preset",
        title="After a test, sessions of the application still start with a preset tenant",
        apply=run_sql(f"ALTER ROLE app SET app.current_customer_id = '{CANARY_B}'"),
        repair=run_sql("ALTER ROLE app RESET app.current_customer_id"),
        expected_findings=(
            expected_finding("tenancy.probe.no_context", "app"),
            expected_finding("tenancy.probe.pool", "app"),
            expected_finding("tenancy.rls.settings", "role app"),
        ),
    ),
    Fault(
        name="definer-function",
        title="A reporting function runs with the privileges of the superuser that created it",
        apply=run_sql(
            "CREATE FUNCTION revenue() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public "
            "AS 'SELECT sum(amount_cents)::bigint FROM invoices'"
        ),
        repair=run_sql("DROP FUNCTION revenue()"),
        expected_findings=(expected_finding("tenancy.rls.functions", "public.revenue()"),),
    ),
    Fault(
        name="rows-broadcast",
        title="A trigger sends every new invoice to all listeners by NOTIFY",
        apply=run_sql(
            "CREATE FUNCTION send_invoice() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_notify('invoices', to_jsonb(new)::text); RETURN new; END $$; "
            "CREATE TRIGGER send_invoice AFTER INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION send_invoice()"
        ),
        repair=run_sql("DROP TRIGGER send_invoice ON invoices; DROP FUNCTION send_invoice()"),
        expected_findings=(
            expected_finding("tenancy.probe.canary_writes", "app", Status.UNVERIFIED),
            expected_finding("tenancy.rls.triggers", "trigger send_invoice on invoices"),
        ),
    ),
    Fault(
        name="unique-across-tenants",
        title="A unique constraint on invoice numbers shows a tenant which numbers others use",
        apply=run_sql(
            "ALTER TABLE invoices ADD number text; ALTER TABLE invoices ADD CONSTRAINT one_number UNIQUE (number)"
        ),
        repair=run_sql("ALTER TABLE invoices DROP COLUMN number"),
        expected_findings=(expected_finding("tenancy.rls.inference", "one_number on invoices"),),
    ),
    Fault(
        name="everything-published",
        title="A trial of change data capture publishes every table",
        apply=run_sql("CREATE PUBLICATION everything FOR ALL TABLES"),
        repair=run_sql("DROP PUBLICATION everything"),
        expected_findings=(expected_finding("tenancy.rls.exports", "publication everything"),),
    ),
    Fault(
        name="context-folded",
        title="The function that reads the tenant is IMMUTABLE, so a cached plan can keep another tenant's id",
        apply=run_sql(
            "CREATE FUNCTION current_customer() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN "
            "RETURN nullif(current_setting('app.current_customer_id', true), '')::uuid; END $$; "
            + _POLICY.format("documents", *["customer_id = current_customer()"] * 2)
        ),
        repair=run_sql(_POLICY.format("documents", _MINE, _MINE) + "; DROP FUNCTION current_customer()"),
        expected_findings=(
            expected_finding("tenancy.probe.planner", "analytics"),
            expected_finding("tenancy.probe.planner", "app"),
            expected_finding("tenancy.probe.sweep", "documents"),
            expected_finding("tenancy.rls.functions", "public.current_customer()"),
            expected_finding("tenancy.rls.policies", "documents"),
        ),
    ),
    Fault(
        name="audit-records-dropped",
        title="A rewrite rule discards new audit records",
        apply=run_sql("CREATE RULE quiet AS ON INSERT TO audit_events DO INSTEAD NOTHING"),
        repair=run_sql("DROP RULE quiet ON audit_events"),
        expected_findings=(
            expected_finding("audit.probe.append_only", ""),
            expected_finding("audit.table.append_only", "audit_events"),
            expected_finding("tenancy.probe.canary_writes", "app", Status.UNVERIFIED),
        ),
    ),
    Fault(
        name="shared-table-renamed",
        title="A declared shared table was renamed",
        apply=run_sql("ALTER TABLE regions RENAME TO places"),
        repair=run_sql("ALTER TABLE places RENAME TO regions"),
        expected_findings=(
            expected_finding("tenancy.probe.cross_tenant", "analytics"),
            expected_finding("tenancy.probe.cross_tenant", "app"),
            expected_finding("tenancy.rls.coverage", "places"),
            expected_finding("tenancy.rls.manifest", "shared regions"),
        ),
    ),
    Fault(
        name="builtin-operator-tampered",
        title="A superuser reversed PostgreSQL's built-in equality of fixed-width texts",
        apply=run_sql("UPDATE pg_catalog.pg_operator SET oprcode = 'pg_catalog.bpcharne'::regproc WHERE oid = 1054"),
        repair=run_sql("UPDATE pg_catalog.pg_operator SET oprcode = 'pg_catalog.bpchareq'::regproc WHERE oid = 1054"),
        expected_findings=(
            expected_finding("tenancy.rls.engine", ""),
            expected_finding("tenancy.rls.engine", "operator pg_catalog.=(character, character)"),
            expected_finding("tenancy.rls.policies", "api_keys", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "audit_events", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "documents", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "invoices", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "notifications", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "support_tickets", Status.UNVERIFIED),
            expected_finding("tenancy.rls.policies", "usage_metrics", Status.UNVERIFIED),
        ),
    ),
)
