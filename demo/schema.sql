-- SecureBase's database: a tenant root, seven tenant tables under row-level security, shared reference tables, and
-- internal tables that no tenant-bound role can access. The superuser runs this script; admin owns every object.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO admin;
GRANT USAGE ON SCHEMA public TO app, analytics, basewatch;
SET ROLE admin;

-- Shared tables: every tenant reads them, and they hold no tenant data.
CREATE TABLE regions (
    code text PRIMARY KEY,
    label text NOT NULL,
    partition text NOT NULL DEFAULT 'aws'
);
CREATE TABLE compliance_frameworks (
    code text PRIMARY KEY,
    label text NOT NULL,
    controls int NOT NULL CHECK (controls > 0)
);
CREATE TABLE price_plans (
    tier text PRIMARY KEY CHECK (tier IN ('standard', 'fintech', 'healthcare', 'gov-federal')),
    monthly_cents bigint NOT NULL,
    included_requests bigint NOT NULL
);
CREATE TABLE tier_features (
    tier text NOT NULL REFERENCES price_plans,
    feature text NOT NULL,
    setting text NOT NULL,
    PRIMARY KEY (tier, feature)
);
CREATE TABLE feature_flags (
    flag text PRIMARY KEY,
    enabled boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL
);
CREATE TABLE schema_migrations (
    version text PRIMARY KEY,
    applied_at timestamptz NOT NULL
);

-- The tenant root: the list of customers is confidential, so no tenant-bound role reads it.
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    tier text NOT NULL REFERENCES price_plans,
    framework text NOT NULL REFERENCES compliance_frameworks,
    region text NOT NULL REFERENCES regions,
    contact_email text NOT NULL,
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'closed', 'synthetic')),
    created_at timestamptz NOT NULL
);

-- The tenant tables: every key starts with the customer, so each tenant's rows are adjacent in every index.
CREATE TABLE usage_metrics (
    customer_id uuid NOT NULL REFERENCES customers,
    metric text NOT NULL,
    period_start timestamptz NOT NULL,
    quantity bigint NOT NULL CHECK (quantity >= 0),
    PRIMARY KEY (customer_id, metric, period_start)
);
CREATE TABLE invoices (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    period date NOT NULL,
    amount_cents bigint NOT NULL,
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'open', 'paid', 'void')),
    issued_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, id),
    UNIQUE (customer_id, period)
);
CREATE TABLE audit_events (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    occurred_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor text NOT NULL,
    action text NOT NULL,
    resource text NOT NULL,
    PRIMARY KEY (customer_id, id)
);
CREATE INDEX audit_events_by_time ON audit_events (customer_id, occurred_at);
CREATE TABLE api_keys (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    key_hash text NOT NULL,
    prefix char(12) NOT NULL,
    scopes text[] NOT NULL DEFAULT '{}',
    expires_at timestamptz NOT NULL,
    last_used_at timestamptz,
    PRIMARY KEY (customer_id, id),
    UNIQUE (customer_id, prefix)
);
CREATE TABLE support_tickets (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    subject text NOT NULL,
    priority text NOT NULL CHECK (priority IN ('low', 'normal', 'urgent')),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'waiting', 'solved')),
    opened_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, id)
);
CREATE TABLE notifications (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    body text NOT NULL,
    read_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, id)
);
CREATE TABLE documents (
    customer_id uuid NOT NULL REFERENCES customers,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    title text NOT NULL,
    classification text NOT NULL CHECK (classification IN ('public', 'internal', 'restricted')),
    size_bytes bigint NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, id)
);

-- Internal tables: only administrators have access.
CREATE TABLE billing_runs (
    period date PRIMARY KEY,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    invoices int NOT NULL DEFAULT 0
);
CREATE TABLE job_queue (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    due_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0
);
CREATE TABLE break_glass_grants (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    operator_role text NOT NULL,
    reason text NOT NULL,
    mfa boolean NOT NULL,
    granted_at timestamptz NOT NULL,
    revoked_at timestamptz
);

-- Row-level security: without a customer, nullif() makes the comparison NULL, so no row is visible.
DO $$
DECLARE
    tenant_table text;
    mine constant text := 'customer_id = nullif(current_setting(''app.current_customer_id'', true), '''')::uuid';
BEGIN
    FOREACH tenant_table IN ARRAY ARRAY['usage_metrics', 'invoices', 'audit_events', 'api_keys', 'support_tickets',
                                        'notifications', 'documents']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tenant_table);
        EXECUTE format('CREATE POLICY tenant_isolation ON %I USING (%s) WITH CHECK (%s)', tenant_table, mine, mine);
    END LOOP;
END
$$;

-- The audit trail is append-only: ENABLE ALWAYS makes the triggers fire in replica sessions too.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: audit records are only ever added', tg_op, tg_table_name;
END
$$;
CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate;

GRANT SELECT ON regions, compliance_frameworks, price_plans, tier_features, feature_flags, schema_migrations
    TO app, analytics;
GRANT SELECT, INSERT, UPDATE, DELETE ON invoices, api_keys, support_tickets, notifications, documents TO app;
GRANT SELECT, INSERT ON usage_metrics, audit_events TO app;
GRANT SELECT ON usage_metrics, invoices, audit_events, api_keys, support_tickets, notifications, documents
    TO analytics;
-- Basewatch reads the ids of tenants for its probes, and counts tenants by tier and audit records by minute and action.
-- It has no other privilege on a table.
GRANT SELECT (id, tier) ON customers TO basewatch;
GRANT SELECT (occurred_at, action) ON audit_events TO basewatch;
CREATE POLICY basewatch_counts ON audit_events FOR SELECT TO basewatch USING (true);

-- Substitutes for functions of Aurora, for code that asks for the engine.
CREATE FUNCTION aurora_version() RETURNS text LANGUAGE sql STABLE AS $$ SELECT '15.4.0' $$;
CREATE FUNCTION aurora_db_instance_identifier() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT 'securebase-production-1' $$;
RESET ROLE;
