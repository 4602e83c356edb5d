-- @raw@
current_setting('app.current_customer_id', true)
-- @ctx@
nullif(current_setting('app.current_customer_id', true), '')::uuid
-- @A@
'0ca9a11e-0000-4000-8000-00000000000a'
-- @B@
'0ca9a11e-0000-4000-8000-00000000000b'
-- @others@
SELECT 1 FROM documents WHERE customer_id <> @A@
-- @plant@
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at)
VALUES (@B@, 'forged', 'public', 1, now())
-- @policy@
DROP POLICY tenant_isolation ON documents;
CREATE POLICY tenant_isolation ON documents
-- @rewrite@
UPDATE audit_events SET actor = 'nobody'
-- @prefix_of_b@
'sbk_' || left(md5(@B@::text || 1), 8)
-- @document_of_b@
md5('document ' || @B@::text || 1)::uuid
-- @guard@
DROP TRIGGER audit_events_no_change ON audit_events;
CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
-- @refuse@
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % refused: audit records are only ever added', tg_op, tg_table_name;
END
$$;
-- @partitioned@
SET LOCAL ROLE admin;
CREATE TABLE events (customer_id uuid NOT NULL REFERENCES customers, at date NOT NULL, PRIMARY KEY (customer_id, at))
    PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events ENABLE ROW LEVEL SECURITY;
ALTER TABLE events FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON events TO app;
RESET ROLE;
INSERT INTO events SELECT id, '2026-05-05' FROM customers;
-- @restore@
DO $$
DECLARE
    one record;
    mine constant text := 'customer_id = nullif(current_setting(''app.current_customer_id'', true), '''')::uuid';
BEGIN
    FOR one IN SELECT polname, polrelid::regclass AS relation FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', one.polname, one.relation);
    END LOOP;
    FOR one IN SELECT unnest(ARRAY['usage_metrics', 'invoices', 'audit_events', 'api_keys', 'support_tickets',
                                   'notifications', 'documents']) AS relation LOOP
        EXECUTE format('CREATE POLICY tenant_isolation ON %I USING (%s) WITH CHECK (%s)', one.relation, mine, mine);
    END LOOP;
END
$$
