-- V60: OR NULL lets nothing more through
@policy@ USING (customer_id = @ctx@ OR NULL);

-- V61: the comparison is compared with true
@policy@ USING ((customer_id = @ctx@) = true);

-- V62: AND with a sub-select of the tenant's own rows
@policy@ USING (customer_id = @ctx@ AND EXISTS (SELECT 1 FROM notifications n WHERE n.customer_id = documents.customer_id));

-- V63: a role that inherits nothing by itself
ALTER ROLE app NOINHERIT;
-- repair
ALTER ROLE app INHERIT;

-- V64: replica identity and statistics
ALTER TABLE documents REPLICA IDENTITY FULL;
CREATE STATISTICS of_documents ON customer_id, classification FROM documents;
-- repair
DROP STATISTICS of_documents;
ALTER TABLE documents REPLICA IDENTITY DEFAULT;

-- V65: a partial unique index with the tenant, and one on which NULL is a value
CREATE UNIQUE INDEX one_draft ON invoices (customer_id) WHERE status = 'draft';
CREATE UNIQUE INDEX one_reading ON notifications (customer_id, read_at, id) NULLS NOT DISTINCT;
-- repair
DROP INDEX one_draft;
DROP INDEX one_reading;

-- V66: the tenant's column has the context as its default
ALTER TABLE documents ALTER customer_id SET DEFAULT @ctx@;
-- repair
ALTER TABLE documents ALTER customer_id DROP DEFAULT;

-- V67: an invoker's view joins two tenant tables, with a check option on another
CREATE VIEW both_of WITH (security_invoker = true) AS SELECT customer_id, title AS words FROM documents UNION ALL SELECT customer_id, body FROM notifications;
CREATE VIEW of_public WITH (security_invoker = true) AS SELECT * FROM documents WHERE classification = 'public' WITH LOCAL CHECK OPTION;
GRANT SELECT ON both_of TO app, analytics;
GRANT SELECT, INSERT, UPDATE, DELETE ON of_public TO app;
-- repair
DROP VIEW both_of, of_public;

-- V68: a function that a policy does not ask, with the caller's rights and dynamic SQL
CREATE FUNCTION count_of(t regclass) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path = pg_catalog
    AS $$ DECLARE n bigint; BEGIN EXECUTE format('SELECT count(*) FROM %s', t) INTO n; RETURN n; END $$;
-- repair
DROP FUNCTION count_of;

-- V69: a setter of the context for one transaction
CREATE FUNCTION act_for(t uuid) RETURNS void LANGUAGE sql SET search_path = pg_catalog
    AS $$ SELECT set_config('app.current_customer_id', t::text, true) $$;
-- approved function public.act_for(uuid)
-- repair
DROP FUNCTION act_for;

-- V90: shared tables with columns that count, label or refer to shared rows
ALTER TABLE price_plans ADD max_customers int, ADD customer_label text, ADD region text REFERENCES regions, ADD external_ref uuid;
-- repair
ALTER TABLE price_plans DROP max_customers, DROP customer_label, DROP region, DROP external_ref;

-- V91: a unique key with the tenant on one partition alone
@partitioned@
CREATE UNIQUE INDEX one_day ON events_2026 (customer_id, at);
-- repair
DROP TABLE events;

-- V92: bookings of one tenant may not overlap
-- needs btree_gist
CREATE EXTENSION btree_gist;
SET LOCAL ROLE admin;
CREATE TABLE bookings (customer_id uuid NOT NULL REFERENCES customers, during daterange NOT NULL,
    EXCLUDE USING gist (customer_id WITH =, during WITH &&));
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON bookings USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON bookings TO app;
RESET ROLE;
INSERT INTO bookings SELECT id, daterange('2026-01-01', '2026-01-05') FROM customers;
-- repair
DROP TABLE bookings;
DROP EXTENSION btree_gist;

-- V93: default privileges that show no rows
ALTER DEFAULT PRIVILEGES FOR ROLE admin IN SCHEMA public GRANT USAGE ON SEQUENCES TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT EXECUTE ON FUNCTIONS TO app;
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT USAGE ON SCHEMAS TO app;
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE admin IN SCHEMA public REVOKE USAGE ON SEQUENCES FROM app;
ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE EXECUTE ON FUNCTIONS FROM app;
ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE USAGE ON SCHEMAS FROM app;

-- V94: views over catalogues that everybody may read, and those that show each role its own share
CREATE VIEW v_roles AS SELECT rolname FROM pg_roles;
CREATE VIEW v_subscriptions AS SELECT subname, subowner FROM pg_subscription;
CREATE VIEW v_sessions AS SELECT pid, query FROM pg_stat_activity;
CREATE VIEW v_stats AS SELECT tablename, most_common_vals::text AS common FROM pg_stats;
CREATE VIEW v_columns AS SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid;
CREATE VIEW v_keys AS SELECT * FROM information_schema.table_constraints;
GRANT SELECT ON v_roles, v_subscriptions, v_sessions, v_stats, v_columns, v_keys TO app;
-- repair
DROP VIEW v_roles, v_subscriptions, v_sessions, v_stats, v_columns, v_keys;

-- V95: built-in objects are granted to fewer roles
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION pg_catalog.lo_creat(integer) FROM PUBLIC;
REVOKE SELECT ON pg_catalog.pg_stat_database FROM PUBLIC;
REVOKE USAGE ON TYPE pg_catalog.money FROM PUBLIC;
-- repair
GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC;
GRANT EXECUTE ON FUNCTION pg_catalog.lo_creat(integer) TO PUBLIC;
GRANT SELECT ON pg_catalog.pg_stat_database TO PUBLIC;
GRANT USAGE ON TYPE pg_catalog.money TO PUBLIC;

-- V96: the owner's own functions in defaults, constraints, indexes, domains and operators
CREATE SCHEMA hidden;
CREATE FUNCTION hidden.folded(text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT lower($1)';
CREATE FUNCTION hidden.is_title(text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1 <> ''''';
CREATE DOMAIN short_title AS text CHECK (hidden.is_title(VALUE));
CREATE OPERATOR public.~~~~ (rightarg = text, function = hidden.folded);
ALTER TABLE documents ADD subtitle short_title DEFAULT hidden.folded('X'), ADD CONSTRAINT titled CHECK (hidden.is_title(title));
CREATE INDEX by_title ON documents (customer_id, hidden.folded(title));
-- repair
DROP INDEX by_title;
ALTER TABLE documents DROP CONSTRAINT titled, DROP subtitle;
DROP DOMAIN short_title;
DROP SCHEMA hidden CASCADE;
