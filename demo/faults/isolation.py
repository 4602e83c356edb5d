"""The faults around the policies: grants, settings, functions, triggers and copies that lead past them."""

from __future__ import annotations

from basewatch.model import Status
from demo.faults.database import expected, run
from demo.faults.fault import Fault
from demo.tenants import CANARY_B

_MINE = "customer_id = nullif(current_setting('app.current_customer_id', true), '')::uuid"
_POLICY = "ALTER POLICY tenant_isolation ON {} USING ({}) WITH CHECK ({})"

ISOLATION_FAULTS: tuple[Fault, ...] = (
    Fault(
        name="truncate-granted",
        title="The application may empty every tenant's invoices at once",
        apply=run("GRANT TRUNCATE ON invoices TO app"),
        repair=run("REVOKE TRUNCATE ON invoices FROM app"),
        expects=(expected("tenancy.rls.grants", "invoices"),),
    ),
    Fault(
        name="tenant-preset",
        title="Sessions of the application begin with a tenant already set, for a test that was never undone",
        apply=run(f"ALTER ROLE app SET app.current_customer_id = '{CANARY_B}'"),
        repair=run("ALTER ROLE app RESET app.current_customer_id"),
        expects=(
            expected("tenancy.probe.no_context", "app"),
            expected("tenancy.probe.pool", "app"),
            expected("tenancy.rls.settings", "role app"),
        ),
    ),
    Fault(
        name="definer-function",
        title="A reporting function runs with the rights of the superuser that made it",
        apply=run(
            "CREATE FUNCTION revenue() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public "
            "AS 'SELECT sum(amount_cents)::bigint FROM invoices'"
        ),
        repair=run("DROP FUNCTION revenue()"),
        expects=(expected("tenancy.rls.functions", "public.revenue()"),),
    ),
    Fault(
        name="rows-broadcast",
        title="A trigger tells every listener of every new invoice",
        apply=run(
            "CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "PERFORM pg_notify('invoices', to_jsonb(new)::text); RETURN new; END $$; "
            "CREATE TRIGGER tell AFTER INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION tell()"
        ),
        repair=run("DROP TRIGGER tell ON invoices; DROP FUNCTION tell()"),
        expects=(
            expected("tenancy.probe.canary_writes", "app", Status.UNVERIFIED),
            expected("tenancy.rls.triggers", "trigger tell on invoices"),
        ),
    ),
    Fault(
        name="number-unique-everywhere",
        title="A unique invoice number tells a tenant which numbers others have used",
        apply=run(
            "ALTER TABLE invoices ADD number text; ALTER TABLE invoices ADD CONSTRAINT one_number UNIQUE (number)"
        ),
        repair=run("ALTER TABLE invoices DROP COLUMN number"),
        expects=(expected("tenancy.rls.inference", "one_number on invoices"),),
    ),
    Fault(
        name="everything-published",
        title="A trial of change capture publishes every table",
        apply=run("CREATE PUBLICATION everything FOR ALL TABLES"),
        repair=run("DROP PUBLICATION everything"),
        expects=(expected("tenancy.rls.exports", "publication everything"),),
    ),
    Fault(
        name="context-folded",
        title="A helper that reads the tenant is declared IMMUTABLE, so that a plan may keep somebody else's",
        apply=run(
            "CREATE FUNCTION current_customer() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN "
            "RETURN nullif(current_setting('app.current_customer_id', true), '')::uuid; END $$; "
            + _POLICY.format("documents", *["customer_id = current_customer()"] * 2)
        ),
        repair=run(_POLICY.format("documents", _MINE, _MINE) + "; DROP FUNCTION current_customer()"),
        expects=(
            expected("tenancy.probe.planner", "analytics"),
            expected("tenancy.probe.planner", "app"),
            expected("tenancy.probe.sweep", "documents"),
            expected("tenancy.rls.functions", "public.current_customer()"),
            expected("tenancy.rls.policies", "documents"),
        ),
    ),
    Fault(
        name="audit-records-dropped",
        title="A rule throws audit records away as they come",
        apply=run("CREATE RULE quiet AS ON INSERT TO audit_events DO INSTEAD NOTHING"),
        repair=run("DROP RULE quiet ON audit_events"),
        expects=(
            expected("audit.probe.append_only", ""),
            expected("audit.table.append_only", "audit_events"),
            expected("tenancy.probe.canary_writes", "app", Status.UNVERIFIED),
        ),
    ),
    Fault(
        name="shared-table-renamed",
        title="A table that the manifest calls shared is there no more",
        apply=run("ALTER TABLE regions RENAME TO places"),
        repair=run("ALTER TABLE places RENAME TO regions"),
        expects=(
            expected("tenancy.probe.cross_tenant", "analytics"),
            expected("tenancy.probe.cross_tenant", "app"),
            expected("tenancy.rls.coverage", "places"),
            expected("tenancy.rls.manifest", "shared regions"),
        ),
    ),
    Fault(
        name="built-in-turned-around",
        title="Somebody who may do anything has turned PostgreSQL's own equality of fixed-width texts around",
        apply=run("UPDATE pg_catalog.pg_operator SET oprcode = 'pg_catalog.bpcharne'::regproc WHERE oid = 1054"),
        repair=run("UPDATE pg_catalog.pg_operator SET oprcode = 'pg_catalog.bpchareq'::regproc WHERE oid = 1054"),
        expects=(
            expected("tenancy.rls.engine", ""),
            expected("tenancy.rls.policies", "api_keys", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "audit_events", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "documents", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "invoices", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "notifications", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "support_tickets", Status.UNVERIFIED),
            expected("tenancy.rls.policies", "usage_metrics", Status.UNVERIFIED),
        ),
    ),
)
