-- A60 high static: a shared table refers to the tenants by a name of its own
-- by tenancy.rls.coverage
ALTER TABLE price_plans ADD sponsor uuid REFERENCES customers;
UPDATE price_plans SET sponsor = @B@;
-- exploit app a
SELECT 1 FROM price_plans WHERE sponsor <> @A@;
-- repair
ALTER TABLE price_plans DROP sponsor;

-- A61 medium static: a shared table has a tenant's id without a foreign key
-- by tenancy.rls.coverage
ALTER TABLE price_plans ADD "bookedByCustomerId" uuid;
UPDATE price_plans SET "bookedByCustomerId" = @B@;
-- exploit app a
SELECT 1 FROM price_plans WHERE "bookedByCustomerId" <> @A@;
-- repair
ALTER TABLE price_plans DROP "bookedByCustomerId";

-- A62 high static: a shared table refers to a table that refers to the tenants
-- by tenancy.rls.coverage
CREATE TABLE contracts (id bigint PRIMARY KEY, signed_by uuid REFERENCES customers);
INSERT INTO contracts VALUES (1, @B@);
ALTER TABLE price_plans ADD contract bigint REFERENCES contracts;
UPDATE price_plans SET contract = 1;
-- exploit app a
SELECT 1 FROM price_plans WHERE contract = 1;
-- repair
ALTER TABLE price_plans DROP contract;
DROP TABLE contracts;

-- A63 high dynamic: a shared table tells of one tenant inside a document
-- by tenancy.probe.cross_tenant
ALTER TABLE price_plans ADD terms jsonb;
UPDATE price_plans SET terms = jsonb_build_object('agreed', jsonb_build_array(jsonb_build_object('with', @B@, 'off', 7)));
-- exploit app a
SELECT 1 FROM price_plans WHERE terms -> 'agreed' -> 0 ->> 'with' <> @A@::text;
-- repair
ALTER TABLE price_plans DROP terms;

-- B95 high static: a policy calls a function that tells of the rows it is given
-- by tenancy.rls.functions
CREATE FUNCTION told(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN
    INSERT INTO public.told VALUES ($1);
    RETURN true;
END $$;
CREATE TABLE told (what text);
GRANT INSERT ON told TO PUBLIC;
CREATE POLICY told ON invoices AS RESTRICTIVE FOR SELECT USING (told(status || period));
-- exploit app a
SELECT count(*) FROM invoices;
-- seen
SELECT 1 FROM told JOIN invoices ON told.what = invoices.status || invoices.period WHERE invoices.customer_id <> @A@;
-- repair
DROP POLICY told ON invoices;
DROP FUNCTION told(text);
DROP TABLE told;

-- D80 medium static: a unique key is on one partition alone
-- by tenancy.rls.inference
SET LOCAL ROLE admin;
CREATE TABLE events (customer_id uuid NOT NULL REFERENCES customers, at date NOT NULL, slug text,
    PRIMARY KEY (customer_id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON events TO app;
CREATE UNIQUE INDEX one_slug ON events_2026 (slug);
RESET ROLE;
INSERT INTO events VALUES (@B@, '2026-05-05', 'launch');
-- exploit app a
DO $$ BEGIN
    INSERT INTO events VALUES (@A@, '2026-06-06', 'launch');
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP TABLE events;

-- D81 medium static: a unique key without the tenant is reached through the owner's view
-- by tenancy.rls.inference
SET LOCAL ROLE admin;
CREATE TABLE coupons (code text PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers);
ALTER TABLE coupons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON coupons USING (customer_id = @ctx@);
CREATE VIEW my_coupons AS SELECT customer_id AS whose, code AS word FROM coupons;
GRANT INSERT ON my_coupons TO app;
RESET ROLE;
INSERT INTO coupons VALUES ('SPRING', @B@);
-- exploit app a
DO $$ BEGIN
    INSERT INTO my_coupons VALUES (@A@, 'SPRING');
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP VIEW my_coupons;
DROP TABLE coupons;

-- D82 medium static: an exclusion constraint names the tenant, and excludes other tenants' rows
-- by tenancy.rls.inference
-- needs btree_gist
CREATE EXTENSION btree_gist;
SET LOCAL ROLE admin;
CREATE TABLE coupons (code text NOT NULL, customer_id uuid NOT NULL REFERENCES customers,
    CONSTRAINT one_code EXCLUDE USING gist (code WITH =, customer_id WITH <>));
ALTER TABLE coupons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON coupons USING (customer_id = @ctx@);
GRANT INSERT ON coupons TO app;
RESET ROLE;
INSERT INTO coupons VALUES ('SPRING', @B@);
-- exploit app a
DO $$ BEGIN
    INSERT INTO coupons VALUES ('SPRING', @A@);
EXCEPTION WHEN exclusion_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP TABLE coupons;
DROP EXTENSION btree_gist;

-- C90 medium static: large objects to come are granted to the application
-- by tenancy.rls.grants
-- from version 18
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT SELECT ON LARGE OBJECTS TO app;
-- exploit app a
SELECT lo_get(424243);
-- prepare
SET LOCAL ROLE admin;
SELECT lo_from_bytea(424243, 'tenant B contract');
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE SELECT ON LARGE OBJECTS FROM app;

-- D83 medium static: a published table sends all of its old rows
-- by tenancy.rls.exports
ALTER TABLE documents REPLICA IDENTITY FULL;
CREATE PUBLICATION to_search FOR TABLE documents;
-- no exploit: a subscriber is needed
-- repair
DROP PUBLICATION to_search;
ALTER TABLE documents REPLICA IDENTITY DEFAULT;

-- D84 high static: a built-in function is marked LEAKPROOF, and its errors tell of hidden rows
-- by tenancy.rls.engine
ALTER FUNCTION pg_catalog.int4div(integer, integer) LEAKPROOF;
-- no exploit: whether the condition is evaluated before the policy depends on the planner's costs
-- repair
ALTER FUNCTION pg_catalog.int4div(integer, integer) NOT LEAKPROOF;

-- D85 critical static: a built-in function is replaced
-- by tenancy.rls.engine
CREATE OR REPLACE FUNCTION pg_catalog.to_hex(integer) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
    AS 'SELECT string_agg(title, '','') FROM public.documents';
-- no exploit: built-in functions are called by number, unless the planner inlines the replacement
-- repair
CREATE OR REPLACE FUNCTION pg_catalog.to_hex(integer) RETURNS text LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE
    SECURITY INVOKER AS 'to_hex32';

-- D86 high static: a built-in function has settings of its own
-- by tenancy.rls.engine
ALTER FUNCTION pg_catalog.to_hex(bigint) SET session_replication_role = replica;
-- no exploit: what it does depends on the setting
-- repair
ALTER FUNCTION pg_catalog.to_hex(bigint) RESET ALL;

-- D87 critical static: the view of statistics shows the values of all tables
-- by tenancy.rls.engine
SET LOCAL allow_system_table_mods = on;
ALTER VIEW pg_catalog.pg_stats SET (security_barrier = false);
-- no exploit: it takes a function of one's own, which is cheaper than the view's own filter
-- repair
ALTER VIEW pg_catalog.pg_stats SET (security_barrier = true);

-- D88 critical static: a built-in operator runs another function
-- by tenancy.rls.engine
UPDATE pg_operator SET oprcode = 'pg_catalog.uuid_ne'::regproc WHERE oid = 'pg_catalog.<=(uuid, uuid)'::regoperator;
-- no exploit: what it does depends on who uses it
-- repair
UPDATE pg_operator SET oprcode = 'pg_catalog.uuid_le'::regproc WHERE oid = 'pg_catalog.<=(uuid, uuid)'::regoperator;

-- D89 critical static: the language c is trusted
-- by tenancy.rls.engine
UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c';
-- no exploit: it takes a library
-- repair
UPDATE pg_language SET lanpltrusted = false WHERE lanname = 'c';

-- D90 critical static: a rule on a system view stores what everybody sets
-- by tenancy.rls.engine
SET LOCAL allow_system_table_mods = on;
CREATE RULE told AS ON UPDATE TO pg_catalog.pg_settings DO ALSO NOTIFY told;
-- no exploit: it takes a second session
-- repair
SET LOCAL allow_system_table_mods = on;
DROP RULE told ON pg_catalog.pg_settings;

-- D91 critical static: the application owns a built-in function
-- by tenancy.rls.engine
ALTER FUNCTION pg_catalog.to_hex(integer) OWNER TO app;
-- exploit app a
ALTER FUNCTION pg_catalog.to_hex(integer) SECURITY DEFINER;
SELECT 1;
-- repair
ALTER FUNCTION pg_catalog.to_hex(integer) OWNER TO CURRENT_USER;

-- D92 critical static: a view shows the sampled values of all tables
-- by tenancy.rls.coverage
CREATE VIEW column_values AS SELECT starelid::regclass AS relation, stavalues1::text AS common FROM pg_catalog.pg_statistic;
GRANT SELECT ON column_values TO app;
-- exploit app a
SELECT 1 FROM column_values WHERE common IS NOT NULL;
-- repair
DROP VIEW column_values;

-- D93 critical static: a view of a view shows passwords
-- by tenancy.rls.coverage
CREATE VIEW logins AS SELECT rolname, rolpassword FROM pg_catalog.pg_authid;
CREATE VIEW names AS SELECT * FROM logins;
GRANT SELECT ON names TO app;
-- exploit app a
SELECT 1 FROM names WHERE rolpassword IS NOT NULL;
-- repair
DROP VIEW names;
DROP VIEW logins;

-- D94 critical static: a view reads the TOAST table of a tenant table
-- by tenancy.rls.coverage
DO $$ BEGIN
    EXECUTE format('CREATE VIEW chunks AS SELECT * FROM %s',
                   (SELECT reltoastrelid::regclass FROM pg_class WHERE oid = 'documents'::regclass));
END $$;
GRANT SELECT ON chunks TO app;
-- exploit app a
SELECT 1 FROM chunks HAVING count(*) >= 0;
-- repair
DROP VIEW chunks;

-- D95 critical static: what is declared shared stores the statistics that its owner sees
-- by tenancy.rls.coverage
ALTER TABLE schema_migrations RENAME TO schema_migrations_old;
CREATE MATERIALIZED VIEW schema_migrations AS
    SELECT tablename::text AS version, most_common_vals::text AS common FROM pg_catalog.pg_stats WHERE schemaname = 'public';
GRANT SELECT ON schema_migrations TO app, analytics;
-- exploit app a
SELECT 1 FROM schema_migrations WHERE common IS NOT NULL;
-- repair
DROP MATERIALIZED VIEW schema_migrations;
ALTER TABLE schema_migrations_old RENAME TO schema_migrations;

-- D96 critical static: what is declared shared stores a file of the server
-- by tenancy.rls.coverage
ALTER TABLE schema_migrations RENAME TO schema_migrations_old;
CREATE MATERIALIZED VIEW schema_migrations AS
    SELECT pg_read_file('PG_VERSION') AS version;
GRANT SELECT ON schema_migrations TO app, analytics;
-- exploit app a
SELECT 1 FROM schema_migrations WHERE rtrim(version, E'\n') = (current_setting('server_version_num')::int / 10000)::text;
-- repair
DROP MATERIALIZED VIEW schema_migrations;
ALTER TABLE schema_migrations_old RENAME TO schema_migrations;

-- D97 critical static: a function of a role that sees all sessions
-- by tenancy.rls.functions
CREATE ROLE mut_watcher NOLOGIN;
GRANT pg_read_all_stats TO mut_watcher;
CREATE FUNCTION statements() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS 'SELECT query FROM pg_stat_activity WHERE usename IS NOT NULL';
ALTER FUNCTION statements() OWNER TO mut_watcher;
-- exploit app a
SELECT 1 FROM statements() AS s WHERE s NOT LIKE '<insufficient%';
-- repair
DROP FUNCTION statements;
DROP ROLE mut_watcher;

-- D98 critical static dynamic: a copy is in the schema of the standard's own views
-- by tenancy.rls.coverage
CREATE TABLE information_schema.documents AS TABLE documents;
GRANT SELECT ON information_schema.documents TO PUBLIC;
-- exploit app a
SELECT 1 FROM information_schema.documents WHERE customer_id <> @A@;
-- repair
DROP TABLE information_schema.documents;

-- D99 critical static: a rule stores sampled values with the rights of the table's owner
-- by tenancy.rls.triggers
CREATE TABLE mut_sink (line text);
CREATE TABLE mut_source (line text);
GRANT INSERT ON mut_source TO app;
GRANT SELECT ON mut_sink TO app;
CREATE RULE sampled AS ON INSERT TO mut_source DO ALSO
    INSERT INTO mut_sink SELECT stavalues1::text FROM pg_catalog.pg_statistic WHERE stavalues1 IS NOT NULL;
-- exploit app a
INSERT INTO mut_source VALUES ('x');
SELECT 1 FROM mut_sink;
-- repair
DROP TABLE mut_source;
DROP TABLE mut_sink;

-- D100 high static: a LEAKPROOF function hides among PostgreSQL's own
-- by tenancy.rls.functions
CREATE FUNCTION pg_catalog.tidy(text) RETURNS text LANGUAGE internal IMMUTABLE LEAKPROOF AS 'upper';
-- no exploit: what it does depends on the function
-- repair
DROP FUNCTION pg_catalog.tidy(text);

-- D401 critical static: a function of the owner's rights hides among those of a harmless extension
-- by tenancy.rls.functions
-- needs pg_trgm
CREATE EXTENSION pg_trgm;
CREATE FUNCTION similar_documents() RETURNS SETOF documents LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT * FROM documents';
ALTER EXTENSION pg_trgm ADD FUNCTION similar_documents();
-- exploit app a
SELECT 1 FROM similar_documents() WHERE customer_id <> @A@;
-- repair
DROP EXTENSION pg_trgm CASCADE;

-- D402 critical static: an operator runs a function of a schema that nobody may use
-- by tenancy.rls.functions
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.titles(text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT string_agg(title, '','') FROM documents';
CREATE OPERATOR public.~~~~ (rightarg = text, function = hidden.titles);
-- exploit app a
SELECT 1 WHERE length(~~~~ 'x'::text) > 100;
-- repair
DROP SCHEMA hidden CASCADE;

-- D403 critical static: a default runs a function of a schema that nobody may use
-- by tenancy.rls.functions
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.titles() RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT string_agg(title, '','') FROM documents';
ALTER TABLE notifications ADD note text DEFAULT hidden.titles();
-- no exploit: which columns a new row needs depends on the table
-- repair
ALTER TABLE notifications DROP note;
DROP SCHEMA hidden CASCADE;

-- D404 critical static: an aggregate and a parsed body run functions of a schema that nobody may use
-- by tenancy.rls.functions
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.titles(text, text) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT string_agg(title, '','') FROM documents';
CREATE AGGREGATE hidden.every_title(text) (sfunc = hidden.titles, stype = text);
CREATE FUNCTION public.overview() RETURNS text LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT hidden.every_title('x'); END;
-- exploit app a
SELECT 1 WHERE length(overview()) > 100;
-- repair
DROP FUNCTION overview;
DROP SCHEMA hidden CASCADE;

-- D405 critical static: the CHECK of a domain runs a function of a schema that nobody may use
-- by tenancy.rls.functions
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.told(text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public
    AS $$ BEGIN RAISE EXCEPTION '%', (SELECT string_agg(title, ',') FROM documents) USING ERRCODE = 'P0042'; END $$;
CREATE DOMAIN public.asking AS text CHECK (hidden.told(VALUE));
-- exploit app a
DO $$ BEGIN
    PERFORM 'x'::asking;
EXCEPTION WHEN SQLSTATE 'P0042' THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP SCHEMA hidden CASCADE;
DROP DOMAIN asking;

-- D406 critical static: the application may replace a function that a constraint of a tenant table calls
-- by tenancy.rls.functions
CREATE FUNCTION is_title(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
ALTER TABLE documents ADD CONSTRAINT titled CHECK (is_title(title));
ALTER FUNCTION is_title(text) OWNER TO app;
-- exploit app a
ALTER FUNCTION is_title(text) SECURITY DEFINER;
SELECT 1;
-- repair
ALTER TABLE documents DROP CONSTRAINT titled;
DROP FUNCTION is_title;

-- D407 critical static: the application may replace a function that an index and a view of others call
-- by tenancy.rls.functions
CREATE FUNCTION folded(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE INDEX by_title ON documents (customer_id, folded(title));
CREATE VIEW titles WITH (security_invoker = true) AS SELECT folded(title) AS title FROM documents;
ALTER VIEW titles OWNER TO admin;
GRANT SELECT ON titles TO app, analytics;
ALTER FUNCTION folded(text) OWNER TO app;
-- exploit app a
ALTER FUNCTION folded(text) SECURITY DEFINER;
SELECT 1;
-- repair
DROP VIEW titles;
DROP INDEX by_title;
DROP FUNCTION folded;

-- C91 medium static: the application owns a domain of a tenant table and an operator
-- by tenancy.rls.bypass_roles
CREATE DOMAIN short_title AS text;
ALTER TABLE documents ADD subtitle short_title;
ALTER DOMAIN short_title OWNER TO app;
CREATE OPERATOR public.=== (leftarg = text, rightarg = text, function = texteq);
ALTER OPERATOR public.=== (text, text) OWNER TO app;
-- exploit app a
ALTER DOMAIN short_title ADD CHECK (length(VALUE) < 5);
SELECT 1;
-- repair
ALTER TABLE documents DROP subtitle;
DROP DOMAIN short_title;
DROP OPERATOR public.=== (text, text);

-- C92 high static: a grant is written into the initial privileges, where it looks as if initdb had made it
-- by tenancy.rls.grants
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO app;
DELETE FROM pg_init_privs WHERE objoid = 'pg_catalog.pg_read_file(text)'::regprocedure;
INSERT INTO pg_init_privs SELECT oid, 'pg_proc'::regclass, 0, 'i', proacl FROM pg_proc
WHERE oid = 'pg_catalog.pg_read_file(text)'::regprocedure;
-- exploit app a
SELECT pg_read_file('PG_VERSION');
-- repair
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM app;
UPDATE pg_init_privs SET initprivs = (SELECT proacl FROM pg_proc WHERE oid = objoid)
WHERE objoid = 'pg_catalog.pg_read_file(text)'::regprocedure;

-- D408 high static: a function that sets the context hides among those of a harmless extension
-- by tenancy.rls.settings
-- needs pg_trgm
CREATE EXTENSION pg_trgm;
CREATE FUNCTION similar_tenant(uuid) RETURNS text LANGUAGE sql
    AS $$ SELECT set_config('app.current_customer_id', $1::text, false) $$;
ALTER EXTENSION pg_trgm ADD FUNCTION similar_tenant(uuid);
-- exploit app a
SELECT similar_tenant(@B@);
SELECT 1 FROM invoices WHERE customer_id <> @A@;
-- repair
DROP EXTENSION pg_trgm CASCADE;

-- D409 critical static: a policy calls a function that sets the context to the row's, among those of an extension
-- by tenancy.rls.policies tenancy.rls.settings
-- needs pg_trgm
CREATE EXTENSION pg_trgm;
CREATE FUNCTION is_similar(uuid) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN
    EXECUTE 'SET LOCAL app.current_customer_id = ' || quote_literal($1);
    RETURN true;
END $$;
ALTER EXTENSION pg_trgm ADD FUNCTION is_similar(uuid);
ALTER POLICY tenant_isolation ON invoices USING (is_similar(customer_id) AND customer_id = @ctx@);
-- exploit app a
SELECT 1 FROM invoices WHERE customer_id <> @A@;
-- repair
ALTER POLICY tenant_isolation ON invoices USING (customer_id = @ctx@);
DROP EXTENSION pg_trgm CASCADE;

-- D410 critical static: a trigger copies rows by a function among those of a harmless extension
-- by tenancy.rls.triggers
-- needs pg_trgm
CREATE EXTENSION pg_trgm;
CREATE FUNCTION index_words() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO public.regions (code, label) VALUES (NEW.id, NEW.status);
    RETURN NEW;
END $$;
ALTER EXTENSION pg_trgm ADD FUNCTION index_words();
CREATE TRIGGER index_words AFTER INSERT OR UPDATE ON invoices FOR EACH ROW EXECUTE FUNCTION index_words();
UPDATE invoices SET status = status WHERE customer_id = @B@;
-- exploit app a
SELECT 1 FROM regions WHERE code NOT IN (SELECT id::text FROM invoices) AND length(code) = 36;
-- repair
DROP EXTENSION pg_trgm CASCADE;
DELETE FROM regions WHERE length(code) = 36;
