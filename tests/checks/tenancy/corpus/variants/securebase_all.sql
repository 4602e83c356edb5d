-- V01: the context must be set
@policy@ USING (customer_id = current_setting('app.current_customer_id')::uuid);

-- V02: the context may be missing
@policy@ USING (customer_id = current_setting('app.current_customer_id', true)::uuid);

-- V03: the context in a sub-select, asked once per statement
@policy@ USING (customer_id = (SELECT nullif(current_setting('app.current_customer_id', true), '')::uuid));

-- V04: the column is cast in place of the context
@policy@ USING (customer_id::text = current_setting('app.current_customer_id', true));

-- V05: the sides are swapped
@policy@ USING (@ctx@ = customer_id);

-- V06: AND narrows further
@policy@ USING (customer_id = @ctx@ AND classification <> 'restricted' OR customer_id = @ctx@ AND size_bytes > 0);

-- V07: IN with the context alone
@policy@ USING (customer_id IN (@ctx@));

-- V08: ANY of an array with the context alone
@policy@ USING (customer_id = ANY (ARRAY[@ctx@]));

-- V09: a RESTRICTIVE floor under a broad permissive policy
DROP POLICY tenant_isolation ON documents;
CREATE POLICY everybody ON documents USING (true);
CREATE POLICY tenant_isolation ON documents AS RESTRICTIVE USING (customer_id = @ctx@);

-- V10: a policy for each command
@policy@ FOR SELECT USING (customer_id = @ctx@);
CREATE POLICY i ON documents FOR INSERT WITH CHECK (customer_id = @ctx@);
CREATE POLICY u ON documents FOR UPDATE USING (customer_id = @ctx@) WITH CHECK (customer_id = @ctx@);
CREATE POLICY d ON documents FOR DELETE USING (customer_id = @ctx@);

-- V11: a policy for each role
@policy@ TO app USING (customer_id = @ctx@);
CREATE POLICY for_reports ON documents FOR SELECT TO analytics USING (customer_id = @ctx@);

-- V12: a policy for a group of both roles
CREATE ROLE var_tenants NOLOGIN;
GRANT var_tenants TO app, analytics;
@policy@ TO var_tenants USING (customer_id = @ctx@);
-- repair
@restore@;
DROP ROLE var_tenants;

-- V13: a helper in SQL
CREATE FUNCTION current_customer() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT @ctx@ $$;
@policy@ USING (customer_id = current_customer());
-- repair
@restore@;
DROP FUNCTION current_customer;

-- V14: a helper in SQL's standard form, in another schema
CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO app, analytics;
CREATE FUNCTION auth.customer() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('app.current_customer_id', true), '')::uuid;
@policy@ USING (customer_id = (SELECT auth.customer()));
-- repair
@restore@;
DROP SCHEMA auth CASCADE;

-- V15: a helper in PL/pgSQL that is approved
-- approved context function public.current_customer()
CREATE FUNCTION current_customer() RETURNS uuid LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$ BEGIN RETURN nullif(current_setting('app.current_customer_id', true), '')::uuid; END $$;
@policy@ USING (customer_id = current_customer());
-- repair
@restore@;
DROP FUNCTION current_customer;

-- V16: an invoker's view
CREATE VIEW mine WITH (security_invoker = true) AS SELECT * FROM documents;
GRANT SELECT ON mine TO app;
-- repair
DROP VIEW mine;

-- V17: a chain of invoker's views with a filter
CREATE VIEW mine WITH (security_invoker = on, security_barrier = true) AS SELECT * FROM documents;
CREATE VIEW small WITH (security_invoker = 1) AS SELECT title, customer_id FROM mine WHERE size_bytes < 10000;
GRANT SELECT ON mine, small TO app, analytics;
-- repair
DROP VIEW small, mine;

-- V18: a view that belongs to a role bound by the policies
CREATE VIEW mine WITH (security_barrier = true) AS SELECT * FROM documents;
GRANT CREATE ON SCHEMA public TO app;
ALTER VIEW mine OWNER TO app;
REVOKE CREATE ON SCHEMA public FROM app;
GRANT SELECT ON mine TO analytics;
-- repair
DROP VIEW mine;

-- V19: a view that belongs to the owner of the tables, whose row security is forced
SET LOCAL ROLE admin;
CREATE VIEW mine WITH (security_barrier = true) AS SELECT * FROM documents;
GRANT SELECT ON mine TO app;
-- repair
DROP VIEW mine;

-- V20: partitions without grants
@partitioned@
-- repair
DROP TABLE events;

-- V21: partitions with grants and policies of their own
@partitioned@
ALTER TABLE events_2026 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events_2026 USING (customer_id = @ctx@);
GRANT SELECT ON events_2026 TO app;
-- repair
DROP TABLE events;

-- V22: a table that inherits, with row-level security of its own
SET LOCAL ROLE admin;
CREATE TABLE documents_eu (PRIMARY KEY (customer_id, id)) INHERITS (documents);
ALTER TABLE documents_eu ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON documents_eu USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON documents_eu TO app;
-- repair
DROP TABLE documents_eu;

-- V23: a table that inherits, without grants
SET LOCAL ROLE admin;
CREATE TABLE documents_old (PRIMARY KEY (customer_id, id)) INHERITS (documents);
ALTER TABLE documents_old ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
-- repair
DROP TABLE documents_old;

-- V24: a child table with the tenant in its foreign key
SET LOCAL ROLE admin;
CREATE TABLE pages (customer_id uuid NOT NULL, document_id uuid NOT NULL, number int NOT NULL,
    PRIMARY KEY (customer_id, document_id, number),
    FOREIGN KEY (customer_id, document_id) REFERENCES documents ON DELETE CASCADE);
ALTER TABLE pages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON pages USING (customer_id = @ctx@);
GRANT SELECT, INSERT, UPDATE, DELETE ON pages TO app;
RESET ROLE;
INSERT INTO pages SELECT customer_id, id, 1 FROM documents;
-- repair
DROP TABLE pages;

-- V25: a unique key that starts with the tenant
ALTER TABLE documents ADD CONSTRAINT one_title UNIQUE (customer_id, title);
CREATE UNIQUE INDEX one_lower_title ON documents (customer_id, lower(title));
-- repair
ALTER TABLE documents DROP CONSTRAINT one_title;
DROP INDEX one_lower_title;

-- V26: a trigger that sets a time, approved
-- approved trigger touched on documents
ALTER TABLE documents ADD updated_at timestamptz;
CREATE FUNCTION touched() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$ BEGIN new.updated_at := now(); RETURN new; END $$;
CREATE TRIGGER touched BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION touched();
-- repair
DROP TRIGGER touched ON documents;
DROP FUNCTION touched;
ALTER TABLE documents DROP updated_at;

-- V27: a function with its owner's rights, approved
-- approved function public.price_of(text)
CREATE FUNCTION price_of(text) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT monthly_cents FROM public.price_plans WHERE tier = $1';
-- repair
DROP FUNCTION price_of;

-- V28: a function with its owner's rights that only the owner may execute
SET LOCAL ROLE admin;
CREATE FUNCTION close_month() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT count(*) FROM public.billing_runs';
REVOKE EXECUTE ON FUNCTION close_month() FROM PUBLIC;
-- repair
DROP FUNCTION close_month;

-- V29: another shared table
-- manifest {"shared": ["currencies"]}
SET LOCAL ROLE admin;
CREATE TABLE currencies (code text PRIMARY KEY);
GRANT SELECT ON currencies TO app, analytics;
-- repair
DROP TABLE currencies;

-- V30: columns are granted in place of a table
REVOKE SELECT ON api_keys FROM analytics;
GRANT SELECT (customer_id, id, prefix, expires_at) ON api_keys TO analytics;
-- repair
REVOKE SELECT (customer_id, id, prefix, expires_at) ON api_keys FROM analytics;
GRANT SELECT ON api_keys TO analytics;

-- V31: grants by way of a group that inherits
CREATE ROLE var_readers NOLOGIN;
GRANT USAGE ON SCHEMA public TO var_readers;
GRANT SELECT ON documents, notifications TO var_readers;
GRANT var_readers TO analytics;
-- repair
REVOKE ALL ON documents, notifications FROM var_readers;
REVOKE ALL ON SCHEMA public FROM var_readers;
DROP ROLE var_readers;

-- V32: another schema, which no principal may enter
CREATE SCHEMA warehouse AUTHORIZATION admin;
CREATE TABLE warehouse.facts AS SELECT customer_id, title FROM documents;
CREATE VIEW warehouse.titles AS SELECT title FROM documents;
CREATE MATERIALIZED VIEW warehouse.counts AS SELECT customer_id, count(*) FROM documents GROUP BY 1;
-- repair
DROP SCHEMA warehouse CASCADE;

-- V33: a default for another database
ALTER DATABASE postgres SET app.current_customer_id = @B@;
-- repair
ALTER DATABASE postgres RESET app.current_customer_id;

-- V34: harmless defaults of a role
ALTER ROLE app SET statement_timeout = '30s';
ALTER ROLE app SET application_name = 'api';
ALTER ROLE app SET work_mem = '8MB';
-- repair
ALTER ROLE app RESET ALL;

-- V35: an empty default of the context
ALTER ROLE app SET app.current_customer_id = '';
-- repair
ALTER ROLE app RESET app.current_customer_id;

-- V36: the extension citext
-- needs citext
CREATE EXTENSION citext;
-- repair
DROP EXTENSION citext;

-- V37: the extension pgcrypto
-- needs pgcrypto
CREATE EXTENSION pgcrypto;
-- repair
DROP EXTENSION pgcrypto;

-- V38: a generated column
ALTER TABLE documents ADD shown text GENERATED ALWAYS AS (upper(title)) STORED;
-- repair
ALTER TABLE documents DROP shown;

-- V39: a key of identity, after the tenant
SET LOCAL ROLE admin;
CREATE TABLE events_log (customer_id uuid NOT NULL REFERENCES customers, id bigint GENERATED ALWAYS AS IDENTITY, PRIMARY KEY (customer_id, id));
ALTER TABLE events_log ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events_log USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON events_log TO app;
RESET ROLE;
INSERT INTO events_log (customer_id) SELECT id FROM customers;
-- repair
DROP TABLE events_log;

-- V40: the tenant's column is of a domain over uuid
CREATE DOMAIN customer_ref AS uuid;
SET LOCAL ROLE admin;
CREATE TABLE letters (customer_id customer_ref NOT NULL REFERENCES customers, id uuid DEFAULT gen_random_uuid(), PRIMARY KEY (customer_id, id));
ALTER TABLE letters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON letters USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON letters TO app;
RESET ROLE;
INSERT INTO letters (customer_id) SELECT id FROM customers;
-- repair
DROP TABLE letters;
DROP DOMAIN customer_ref;

-- V41: a bound from both sides is equality
@policy@ USING (customer_id >= @ctx@ AND customer_id <= @ctx@);

-- V42: BETWEEN the context and itself
@policy@ USING (customer_id BETWEEN @ctx@ AND @ctx@);

-- V43: not unequal
@policy@ USING (NOT customer_id <> @ctx@);

-- V44: IS TRUE
@policy@ USING ((customer_id = @ctx@) IS TRUE);

-- V45: CASE with ELSE false
@policy@ USING (CASE WHEN @ctx@ IS NOT NULL THEN customer_id = @ctx@ ELSE false END);

-- V46: coalesce with false
@policy@ USING (coalesce(customer_id = @ctx@, false));

-- V47: two permissive policies, each of which holds the tenant
@policy@ USING (customer_id = @ctx@ AND classification = 'public');
CREATE POLICY internal ON documents USING (customer_id = @ctx@ AND classification <> 'public');

-- V48: a RESTRICTIVE policy for one command beside a sound permissive one
CREATE POLICY no_deletes ON documents AS RESTRICTIVE FOR DELETE USING (classification <> 'restricted');

-- V49: a child that asks its parent by the whole key
SET LOCAL ROLE admin;
CREATE TABLE pages (customer_id uuid NOT NULL, document_id uuid NOT NULL, number int NOT NULL,
    PRIMARY KEY (customer_id, document_id, number), FOREIGN KEY (customer_id, document_id) REFERENCES documents);
ALTER TABLE pages ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON pages USING (EXISTS (SELECT 1 FROM documents d
    WHERE d.customer_id = pages.customer_id AND d.id = pages.document_id AND d.customer_id = @ctx@));
GRANT SELECT, INSERT ON pages TO app;
RESET ROLE;
INSERT INTO pages SELECT customer_id, id, 1 FROM documents;
-- repair
DROP TABLE pages;

-- V50: a policy for a role that no principal can become
CREATE ROLE var_support NOLOGIN;
CREATE POLICY for_support ON documents FOR SELECT TO var_support USING (true);
-- repair
@restore@;
DROP ROLE var_support;

-- V51: a function with the caller's rights over tenant tables
CREATE FUNCTION my_titles() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT title FROM public.documents';
-- repair
DROP FUNCTION my_titles;

-- V52: row(customer) = row(context)
@policy@ USING (ROW(customer_id) = ROW(@ctx@));

-- V53: an owner's view over an invoker's view, which the caller's own rights still bind
CREATE VIEW w1 WITH (security_invoker = true) AS SELECT * FROM documents;
ALTER VIEW w1 OWNER TO admin;
CREATE VIEW w2 WITH (security_invoker = true) AS SELECT * FROM w1;
GRANT SELECT ON w1, w2 TO app;
-- repair
DROP VIEW w2, w1;

-- V54: an index that serves the policy besides the key
CREATE INDEX ON documents (customer_id, created_at);
CREATE INDEX documents_by_title ON documents (title);
-- repair
DROP INDEX documents_customer_id_created_at_idx;
DROP INDEX documents_by_title;

-- V55: a NOTIFY without rows in a function of the owner alone
SET LOCAL ROLE admin;
CREATE FUNCTION wake() RETURNS void LANGUAGE sql AS $$ SELECT pg_notify('wake', '') $$;
REVOKE EXECUTE ON FUNCTION wake() FROM PUBLIC;
-- repair
DROP FUNCTION wake;

-- V56: a privileged role that is declared
-- manifest {"privileged": {"var_backup": "nightly dumps"}}
CREATE ROLE var_backup LOGIN BYPASSRLS;
GRANT CONNECT ON DATABASE securebase TO var_backup;
GRANT USAGE ON SCHEMA public TO var_backup;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO var_backup;
-- repair
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM var_backup;
REVOKE ALL ON SCHEMA public FROM var_backup;
REVOKE ALL ON DATABASE securebase FROM var_backup;
DROP ROLE var_backup;

-- V57: a table with names that need quotes
-- manifest {"keys": {"Customer Letters": ["Customer Id"]}}
SET LOCAL ROLE admin;
CREATE TABLE "Customer Letters" ("Customer Id" uuid NOT NULL REFERENCES customers, "No." int NOT NULL, PRIMARY KEY ("Customer Id", "No."));
ALTER TABLE "Customer Letters" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY "it's mine" ON "Customer Letters" USING ("Customer Id" = @ctx@);
GRANT SELECT, INSERT, UPDATE, DELETE ON "Customer Letters" TO app;
RESET ROLE;
INSERT INTO "Customer Letters" SELECT id, 1 FROM customers;
-- repair
DROP TABLE "Customer Letters";

-- V58: partitions by hash of the tenant
SET LOCAL ROLE admin;
CREATE TABLE spread (customer_id uuid NOT NULL REFERENCES customers, id uuid NOT NULL, PRIMARY KEY (customer_id, id)) PARTITION BY HASH (customer_id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
ALTER TABLE spread ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON spread USING (customer_id = @ctx@);
GRANT SELECT, INSERT, UPDATE, DELETE ON spread TO app;
RESET ROLE;
INSERT INTO spread SELECT customer_id, id FROM documents;
-- repair
DROP TABLE spread;

-- V59: a publication that is approved
-- approved publication warehouse
CREATE PUBLICATION warehouse FOR TABLE regions, documents;
-- repair
DROP PUBLICATION warehouse;
