-- D01 critical static dynamic: a view with the rights of an owner who is exempt
-- by tenancy.rls.coverage
CREATE VIEW v_doc AS SELECT * FROM documents;
GRANT SELECT ON v_doc TO app;
-- exploit app a
SELECT 1 FROM v_doc WHERE customer_id <> @A@;
-- repair
DROP VIEW v_doc;

-- D02 critical static dynamic: an invoker's view over an owner's view
-- by tenancy.rls.coverage
CREATE VIEW v1 AS SELECT * FROM documents;
CREATE VIEW v2 WITH (security_invoker = true) AS SELECT * FROM v1;
GRANT SELECT ON v1, v2 TO app;
-- exploit app a
SELECT 1 FROM v2 WHERE customer_id <> @A@;
-- repair
DROP VIEW v2, v1;

-- D03 critical static dynamic: a materialized view holds every tenant's rows
-- by tenancy.rls.coverage
CREATE MATERIALIZED VIEW mv AS SELECT * FROM documents;
GRANT SELECT ON mv TO app;
-- exploit app a
SELECT 1 FROM mv WHERE customer_id <> @A@;
-- repair
DROP MATERIALIZED VIEW mv;

-- D04 critical static: a function with its owner's rights returns rows
-- by tenancy.rls.functions
CREATE FUNCTION all_documents() RETURNS SETOF documents LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT * FROM documents';
-- exploit app a
SELECT 1 FROM all_documents() WHERE customer_id <> @A@;
-- repair
DROP FUNCTION all_documents;

-- D05 high static: a function with its owner's rights has no pinned search_path
-- by tenancy.rls.functions
CREATE FUNCTION touch() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
-- no exploit: its body does nothing yet
-- repair
DROP FUNCTION touch;

-- D06 critical static dynamic: a partition is granted directly
-- by tenancy.rls.coverage
@partitioned@
GRANT SELECT ON events_2026 TO app;
-- exploit app a
SELECT 1 FROM events_2026 WHERE customer_id <> @A@;
-- repair
DROP TABLE events;

-- D07 critical static dynamic: a table that inherits has no row-level security of its own
-- by tenancy.rls.coverage
SET LOCAL ROLE admin;
CREATE TABLE documents_eu () INHERITS (documents);
GRANT SELECT ON documents_eu TO app;
RESET ROLE;
INSERT INTO documents_eu (customer_id, title, classification, size_bytes, created_at) VALUES (@B@, 'x', 'public', 1, now());
-- exploit app a
SELECT 1 FROM documents_eu WHERE customer_id <> @A@;
-- repair
DROP TABLE documents_eu;

-- D08 high static dynamic: a foreign table leads back as a superuser
-- by tenancy.rls.coverage tenancy.rls.exports
-- needs postgres_fdw
CREATE EXTENSION postgres_fdw;
CREATE SERVER loop FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host @host@, port @port@, dbname 'securebase');
CREATE USER MAPPING FOR app SERVER loop OPTIONS (user 'postgres', password @password@);
CREATE FOREIGN TABLE f_doc (id uuid, customer_id uuid) SERVER loop OPTIONS (schema_name 'public', table_name 'documents');
GRANT SELECT ON f_doc TO app;
-- exploit app a
SELECT 1 FROM f_doc WHERE customer_id <> @A@;
-- repair
DROP EXTENSION postgres_fdw CASCADE;

-- D09 high static: TRUNCATE asks no policy
-- by tenancy.rls.grants
GRANT TRUNCATE ON documents TO app;
-- exploit app a
TRUNCATE documents;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents);
-- repair
REVOKE TRUNCATE ON documents FROM app;

-- D10 high static: TRIGGER lets code run for other tenants' statements
-- by tenancy.rls.grants
GRANT TRIGGER ON documents TO app;
-- no exploit: a function of its own is needed, which it may not create here
-- repair
REVOKE TRIGGER ON documents FROM app;

-- D11 low static: REFERENCES is an oracle of keys
-- by tenancy.rls.grants
GRANT REFERENCES ON documents TO app;
-- no exploit: a table of its own is needed, which it may not create here
-- repair
REVOKE REFERENCES ON documents FROM app;

-- D12 medium static: a unique key without the tenant tells what others have
-- by tenancy.rls.inference
ALTER TABLE api_keys ADD CONSTRAINT one_prefix UNIQUE (prefix);
-- exploit app a
DO $$ BEGIN
    INSERT INTO api_keys (customer_id, key_hash, prefix, expires_at) VALUES (@A@, 'x', @prefix_of_b@, now());
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
ALTER TABLE api_keys DROP CONSTRAINT one_prefix;

-- D13 medium static: a foreign key without the tenant links to others' rows
-- by tenancy.rls.inference
ALTER TABLE documents ADD CONSTRAINT one_id UNIQUE (id);
ALTER TABLE notifications ADD document_id uuid REFERENCES documents (id);
-- exploit app a
UPDATE notifications SET document_id = @document_of_b@;
-- repair
ALTER TABLE notifications DROP document_id;
ALTER TABLE documents DROP CONSTRAINT one_id;

-- D14 high static: ON DELETE CASCADE without the tenant deletes others' rows
-- by tenancy.rls.inference
ALTER TABLE documents ADD CONSTRAINT one_id UNIQUE (id);
ALTER TABLE notifications ADD document_id uuid REFERENCES documents (id) ON DELETE CASCADE;
UPDATE notifications SET document_id = (SELECT id FROM documents WHERE customer_id = @A@ LIMIT 1) WHERE customer_id = @B@;
-- exploit app a
DELETE FROM documents WHERE customer_id = @A@;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM notifications WHERE customer_id = @B@);
-- repair
ALTER TABLE notifications DROP document_id;
ALTER TABLE documents DROP CONSTRAINT one_id;

-- D15 high static: a rule copies what is inserted to an unprotected log
-- by tenancy.rls.coverage tenancy.rls.triggers
SET LOCAL ROLE admin;
CREATE TABLE doc_log (at timestamptz DEFAULT now(), who uuid, what text);
GRANT SELECT ON doc_log TO app;
CREATE RULE cp AS ON INSERT TO documents DO ALSO INSERT INTO doc_log (who, what) VALUES (NEW.customer_id, NEW.title);
-- exploit app b
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at) VALUES (@B@, 'secret', 'public', 1, now());
SELECT set_config('app.current_customer_id', @A@, true);
SELECT what FROM doc_log WHERE who = @B@;
-- repair
DROP RULE cp ON documents;
DROP TABLE doc_log;

-- D16 high static: a trigger with its owner's rights copies rows to an unprotected table
-- by tenancy.rls.coverage tenancy.rls.triggers
CREATE TABLE doc_hist (doc jsonb);
GRANT SELECT ON doc_hist TO app;
CREATE FUNCTION cp() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
    AS $$ BEGIN INSERT INTO doc_hist VALUES (to_jsonb(new)); RETURN new; END $$;
CREATE TRIGGER cp AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION cp();
-- exploit app b
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at) VALUES (@B@, 'secret', 'public', 1, now());
SELECT set_config('app.current_customer_id', @A@, true);
SELECT 1 FROM doc_hist WHERE doc ->> 'customer_id' = @B@;
-- repair
DROP TRIGGER cp ON documents;
DROP FUNCTION cp;
DROP TABLE doc_hist;

-- D17 medium static: a publication of all tables
-- by tenancy.rls.exports
CREATE PUBLICATION everything FOR ALL TABLES;
-- no exploit: a subscriber is needed
-- repair
DROP PUBLICATION everything;

-- D18 medium static: a publication of one tenant table without a row filter
-- by tenancy.rls.exports
CREATE PUBLICATION p1 FOR TABLE documents;
-- no exploit: a subscriber is needed
-- repair
DROP PUBLICATION p1;

-- D19 low static: a sequence tells how many rows everybody adds
-- by tenancy.rls.coverage
CREATE SEQUENCE document_numbers;
ALTER TABLE documents ADD number bigint DEFAULT nextval('document_numbers');
GRANT SELECT, USAGE ON SEQUENCE document_numbers TO app;
-- exploit app a
SELECT 1 FROM document_numbers WHERE last_value > (SELECT count(*) FROM documents);
-- repair
ALTER TABLE documents DROP number;
DROP SEQUENCE document_numbers;

-- D20 medium static: everybody reads a large object
-- by tenancy.rls.exports
SELECT lo_from_bytea(424242, 'tenant B contract');
GRANT SELECT ON LARGE OBJECT 424242 TO PUBLIC;
-- exploit app a
SELECT lo_get(424242);
-- repair
SELECT lo_unlink(424242);

-- D21 medium static: the application reads the statements of everybody
-- by tenancy.rls.bypass_roles tenancy.rls.exports
-- needs pg_stat_statements
CREATE EXTENSION pg_stat_statements;
GRANT pg_read_all_stats TO app;
-- no exploit: the library has to be loaded at start
-- repair
REVOKE pg_read_all_stats FROM app;
DROP EXTENSION pg_stat_statements;

-- D22 medium static: a trigger sends rows to every listening session
-- by tenancy.rls.triggers
CREATE FUNCTION nt() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog
    AS $$ BEGIN PERFORM pg_notify('doc', to_jsonb(new)::text); RETURN new; END $$;
CREATE TRIGGER nt AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION nt();
-- no exploit: it takes two sessions
-- repair
DROP TRIGGER nt ON documents;
DROP FUNCTION nt;

-- D23 high static: a function of our own is LEAKPROOF, so it sees rows before the policy
-- by tenancy.rls.functions
CREATE FUNCTION snoop(uuid) RETURNS bool LANGUAGE plpgsql LEAKPROOF COST 0.0000001 AS $$ BEGIN
    IF $1 = @B@ THEN PERFORM set_config('x.seen', 'yes', true); END IF;
    RETURN true;
END $$;
-- exploit app a
SELECT count(*) FROM documents WHERE snoop(customer_id);
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP FUNCTION snoop;

-- D24 high static: a filtered view with its owner's rights is no security_barrier
-- by tenancy.rls.coverage
CREATE VIEW v_f AS SELECT * FROM documents WHERE customer_id = @ctx@;
GRANT SELECT ON v_f TO app;
CREATE FUNCTION leaky(uuid) RETURNS bool LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN
    IF $1 = @B@ THEN PERFORM set_config('x.seen', 'yes', true); END IF;
    RETURN true;
END $$;
-- exploit app a
SELECT set_config('enable_indexscan', 'off', true), set_config('enable_bitmapscan', 'off', true), set_config('enable_indexonlyscan', 'off', true);
SELECT count(*) FROM v_f WHERE leaky(customer_id);
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP VIEW v_f;
DROP FUNCTION leaky;

-- D25 critical static: a function's SET clause is the context of another tenant
-- by tenancy.rls.settings
CREATE FUNCTION demo_count() RETURNS bigint LANGUAGE sql STABLE SET app.current_customer_id = @B@
    AS 'SELECT count(*) FROM public.documents';
-- exploit app unset
SELECT 1 FROM demo_count() AS n WHERE n > 0;
-- repair
DROP FUNCTION demo_count;

-- D26 high static: a function changes the context of the session
-- by tenancy.rls.settings
CREATE FUNCTION become(t text) RETURNS void LANGUAGE sql AS $$ SELECT set_config('app.current_customer_id', t, false) $$;
-- exploit app a
SELECT become(@B@);
@others@;
-- repair
DROP FUNCTION become;

-- D27 critical static dynamic: a view belongs to a role with a broad policy
-- by tenancy.rls.coverage
CREATE ROLE mut_rep NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO mut_rep;
GRANT SELECT ON documents TO mut_rep;
CREATE POLICY rep ON documents FOR SELECT TO mut_rep USING (true);
SET LOCAL ROLE mut_rep;
CREATE VIEW v_rep AS SELECT * FROM documents;
GRANT SELECT ON v_rep TO app;
-- exploit app a
SELECT 1 FROM v_rep WHERE customer_id <> @A@;
-- repair
DROP VIEW v_rep;
@restore@;
REVOKE ALL ON documents FROM mut_rep;
REVOKE ALL ON SCHEMA public FROM mut_rep;
DROP ROLE mut_rep;

-- D28 high static: a shared table can be written
-- by tenancy.rls.coverage
GRANT INSERT, UPDATE ON feature_flags TO app;
-- exploit app a
UPDATE feature_flags SET enabled = false;
-- repair
REVOKE INSERT, UPDATE ON feature_flags FROM app;

-- D29 high static: the application can connect to anywhere from within
-- by tenancy.rls.exports
-- needs dblink
CREATE EXTENSION dblink;
-- no exploit: it takes a password
-- repair
DROP EXTENSION dblink;

-- D30 critical static dynamic: a view over a materialized view
-- by tenancy.rls.coverage
CREATE MATERIALIZED VIEW mv2 AS SELECT * FROM documents;
CREATE VIEW v_mv WITH (security_invoker = true) AS SELECT * FROM mv2;
GRANT SELECT ON mv2, v_mv TO app;
-- exploit app a
SELECT 1 FROM v_mv WHERE customer_id <> @A@;
-- repair
DROP VIEW v_mv;
DROP MATERIALIZED VIEW mv2;

-- D31 critical static dynamic: writes through a view with its owner's rights
-- by tenancy.rls.coverage
CREATE VIEW v_w AS SELECT customer_id, title, classification, size_bytes, created_at FROM documents;
GRANT INSERT, UPDATE ON v_w TO app;
-- exploit app a
INSERT INTO v_w VALUES (@B@, 'forged', 'public', 1, now());
-- repair
DROP VIEW v_w;

-- D50 critical static dynamic: an invoker's view calls a function with its owner's rights
-- by tenancy.rls.functions
CREATE FUNCTION titles() RETURNS TABLE (customer_id uuid, title text) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT customer_id, title FROM documents';
CREATE VIEW v_titles WITH (security_invoker = true) AS SELECT * FROM titles();
GRANT SELECT ON v_titles TO app;
-- exploit app a
SELECT 1 FROM v_titles WHERE customer_id <> @A@;
-- repair
DROP VIEW v_titles;
DROP FUNCTION titles;

-- D51 critical static: a function with its owner's rights runs the SQL it is given
-- by tenancy.rls.functions
CREATE FUNCTION run(q text) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ DECLARE n bigint; BEGIN EXECUTE q INTO n; RETURN n; END $$;
-- exploit app a
SELECT 1 FROM run('SELECT count(*) FROM public.customers') AS n WHERE n > 1;
-- repair
DROP FUNCTION run;

-- D52 critical static: a procedure with its owner's rights gives rows away
-- by tenancy.rls.functions
CREATE PROCEDURE hand_over(t uuid) LANGUAGE sql SECURITY DEFINER SET search_path = public
    AS 'UPDATE documents SET customer_id = t';
-- exploit app a
CALL hand_over(@A@);
SELECT 1 FROM documents HAVING count(*) > 6;
-- repair
DROP PROCEDURE hand_over;

-- D53 critical static: an aggregate whose state function has its owner's rights
-- by tenancy.rls.functions
CREATE FUNCTION gather(bigint, uuid) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public
    AS 'SELECT (SELECT count(*) FROM documents WHERE customer_id <> $2)';
CREATE AGGREGATE gathered(uuid) (SFUNC = gather, STYPE = bigint, INITCOND = '0');
-- exploit app a
SELECT 1 FROM (SELECT gathered(@A@::uuid) AS n) AS g WHERE n > 0;
-- repair
DROP AGGREGATE gathered(uuid);
DROP FUNCTION gather;

-- D54 high static: a view's INSTEAD OF trigger writes with its owner's rights
-- by tenancy.rls.triggers
CREATE VIEW v_in WITH (security_invoker = true) AS SELECT customer_id, title FROM documents;
CREATE FUNCTION put() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$ BEGIN
    INSERT INTO documents (customer_id, title, classification, size_bytes, created_at)
    VALUES (new.customer_id, new.title, 'public', 1, now());
    RETURN new;
END $$;
CREATE TRIGGER put INSTEAD OF INSERT ON v_in FOR EACH ROW EXECUTE FUNCTION put();
GRANT SELECT, INSERT ON v_in TO app;
-- exploit app a
INSERT INTO v_in VALUES (@B@, 'forged');
-- repair
DROP VIEW v_in;
DROP FUNCTION put;

-- D55 high static: a rule on a view deletes with the rights of the view's owner
-- by tenancy.rls.triggers
CREATE VIEW v_rule AS SELECT 1 AS one;
CREATE RULE wipe AS ON DELETE TO v_rule DO INSTEAD DELETE FROM documents;
GRANT SELECT, DELETE ON v_rule TO app;
-- exploit app a
DELETE FROM v_rule;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents);
-- repair
DROP VIEW v_rule;

-- D56 critical static: a chain of three views, of which the innermost has its owner's rights
-- by tenancy.rls.coverage
CREATE VIEW w1 AS SELECT * FROM documents;
CREATE VIEW w2 WITH (security_invoker = true) AS SELECT * FROM w1;
CREATE VIEW w3 WITH (security_invoker = true) AS SELECT title, customer_id FROM w2;
GRANT SELECT ON w3, w2, w1 TO app;
-- exploit app a
SELECT 1 FROM w3 WHERE customer_id <> @A@;
-- repair
DROP VIEW w3, w2, w1;

-- D57 high static: an event trigger disables row-level security of what is created
-- by tenancy.rls.triggers
CREATE FUNCTION on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
    IF EXISTS (SELECT 1 FROM pg_event_trigger_ddl_commands() WHERE object_type = 'view') THEN
        ALTER TABLE public.documents DISABLE ROW LEVEL SECURITY;
    END IF;
END $$;
CREATE EVENT TRIGGER on_ddl ON ddl_command_end WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION on_ddl();
-- exploit app a
@others@;
-- prepare
CREATE VIEW anything AS SELECT 1 AS one;
-- repair
DROP EVENT TRIGGER on_ddl;
DROP FUNCTION on_ddl;

-- D58 high static: ON DELETE SET NULL without the tenant changes others' rows
-- by tenancy.rls.inference
ALTER TABLE documents ADD CONSTRAINT one_id UNIQUE (id);
ALTER TABLE notifications ADD document_id uuid REFERENCES documents (id) ON DELETE SET NULL;
UPDATE notifications SET document_id = (SELECT id FROM documents WHERE customer_id = @A@ LIMIT 1) WHERE customer_id = @B@;
-- exploit app a
DELETE FROM documents WHERE customer_id = @A@;
-- seen
SELECT 1 FROM notifications WHERE customer_id = @B@ AND document_id IS NULL;
-- repair
ALTER TABLE notifications DROP document_id;
ALTER TABLE documents DROP CONSTRAINT one_id;

-- D59 high static: ON UPDATE CASCADE without the tenant changes others' rows
-- by tenancy.rls.inference
ALTER TABLE documents ADD CONSTRAINT one_id UNIQUE (id);
ALTER TABLE notifications ADD document_id uuid REFERENCES documents (id) ON UPDATE CASCADE;
UPDATE notifications SET document_id = (SELECT id FROM documents WHERE customer_id = @A@ LIMIT 1) WHERE customer_id = @B@;
-- exploit app a
UPDATE documents SET id = gen_random_uuid() WHERE customer_id = @A@;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM notifications n WHERE customer_id = @B@ AND document_id IN (SELECT md5('document ' || @A@ || g)::uuid FROM generate_series(1, 6) AS g));
-- repair
ALTER TABLE notifications DROP document_id;
ALTER TABLE documents DROP CONSTRAINT one_id;

-- D60 medium static: an exclusion constraint without the tenant tells what others have
-- by tenancy.rls.inference
-- needs btree_gist
CREATE EXTENSION btree_gist;
CREATE TABLE bookings (customer_id uuid NOT NULL REFERENCES customers, room int, during tstzrange,
    EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE INDEX ON bookings (customer_id);
ALTER TABLE bookings ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON bookings USING (customer_id = @ctx@);
INSERT INTO bookings VALUES (@A@, 1, '[2026-01-01,2026-01-02)'), (@B@, 7, '[2026-01-01,2026-01-02)');
GRANT SELECT, INSERT ON bookings TO app;
-- exploit app a
DO $$ BEGIN
    INSERT INTO bookings VALUES (@A@, 7, '[2026-01-01,2026-01-02)');
EXCEPTION WHEN exclusion_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP TABLE bookings;
DROP EXTENSION btree_gist;

-- D61 critical static: the tenant column has a default, and the application may leave it out
-- by tenancy.rls.coverage tenancy.rls.policies
ALTER TABLE documents ALTER customer_id SET DEFAULT @B@;
@policy@ USING (customer_id = @ctx@) WITH CHECK (customer_id = @ctx@ OR title = 'imported');
-- exploit app a
INSERT INTO documents (title, classification, size_bytes, created_at) VALUES ('imported', 'public', 1, now());
-- repair
ALTER TABLE documents ALTER customer_id DROP DEFAULT;
@restore@;

-- D62 high static: a BEFORE trigger moves the row after the application wrote it
-- by tenancy.rls.triggers
CREATE FUNCTION reassign() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
    AS $$ BEGIN UPDATE notifications SET body = new.title WHERE customer_id <> new.customer_id; RETURN new; END $$;
CREATE TRIGGER reassign BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION reassign();
-- exploit app a
INSERT INTO documents (customer_id, title, classification, size_bytes, created_at) VALUES (@A@, 'x', 'public', 1, now());
-- seen
SELECT 1 FROM notifications WHERE customer_id = @B@ AND body = 'x';
-- repair
DROP TRIGGER reassign ON documents;
DROP FUNCTION reassign;

-- D63 critical static: a function may read the files of the server
-- by tenancy.rls.functions
CREATE FUNCTION slurp(p text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ BEGIN RETURN pg_read_file(p); END $$;
-- exploit app a
SELECT slurp('PG_VERSION');
-- repair
DROP FUNCTION slurp;

-- D64 critical static: a function in SQL's standard form has its owner's rights
-- by tenancy.rls.functions
CREATE FUNCTION std() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
    BEGIN ATOMIC SELECT count(*) FROM public.documents; END;
-- exploit app unset
SELECT 1 FROM std() AS n WHERE n > 0;
-- repair
DROP FUNCTION std;

-- D65 high static: a function in PL/pgSQL changes the context by dynamic SQL
-- by tenancy.rls.settings
CREATE FUNCTION use_tenant(t text) RETURNS void LANGUAGE plpgsql
    AS $$ BEGIN EXECUTE format('SET app.%I = %L', 'current_customer_id', t); END $$;
-- exploit app a
SELECT use_tenant(@B@);
@others@;
-- repair
DROP FUNCTION use_tenant;

-- D66 critical static: a function only a group may execute, and the application is in it
-- by tenancy.rls.functions
CREATE ROLE mut_support NOLOGIN;
GRANT mut_support TO app;
CREATE FUNCTION support_view() RETURNS SETOF documents LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS 'SELECT * FROM documents';
REVOKE EXECUTE ON FUNCTION support_view() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION support_view() TO mut_support;
-- exploit app a
SELECT 1 FROM support_view() WHERE customer_id <> @A@;
-- repair
DROP FUNCTION support_view;
DROP ROLE mut_support;

-- D67 medium static: a publication of a whole schema
-- by tenancy.rls.exports
CREATE PUBLICATION whole_schema FOR TABLES IN SCHEMA public;
-- no exploit: a subscriber is needed
-- repair
DROP PUBLICATION whole_schema;

-- D68 critical static dynamic: a partition is attached with grants of its own
-- by tenancy.rls.coverage
@partitioned@
CREATE TABLE events_2027 (LIKE events);
GRANT SELECT ON events_2027 TO app;
ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
INSERT INTO events SELECT id, '2027-05-05' FROM customers;
-- exploit app a
SELECT 1 FROM events_2027 WHERE customer_id <> @A@;
-- repair
DROP TABLE events;

-- D69 critical static dynamic: a partition's own policy is broader than the parent's
-- by tenancy.rls.policies
@partitioned@
ALTER TABLE events_2026 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY all_of_it ON events_2026 USING (at IS NOT NULL);
GRANT SELECT ON events_2026 TO app;
-- exploit app a
SELECT 1 FROM events_2026 WHERE customer_id <> @A@;
-- repair
DROP TABLE events;

-- D70 high static: a cast of our own makes every tenant the same
-- by tenancy.rls.policies
CREATE TYPE tenant_code AS (id uuid);
CREATE FUNCTION to_code(uuid) RETURNS tenant_code LANGUAGE sql IMMUTABLE AS $$ SELECT ROW(@B@::uuid)::tenant_code $$;
CREATE CAST (uuid AS tenant_code) WITH FUNCTION to_code(uuid) AS ASSIGNMENT;
@policy@ USING (customer_id::tenant_code = @ctx@::tenant_code);
-- exploit app a
@others@;
-- repair
@restore@;
DROP CAST (uuid AS tenant_code);
DROP FUNCTION to_code;
DROP TYPE tenant_code;

-- D71 critical static: a function the application may replace is called by a trigger of the owner's table
-- by tenancy.rls.triggers
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
ALTER FUNCTION stamp() OWNER TO app;
CREATE TRIGGER stamp BEFORE INSERT ON documents FOR EACH ROW EXECUTE FUNCTION stamp();
-- exploit app a
ALTER FUNCTION stamp() SECURITY DEFINER SET search_path = pg_temp;
SELECT 1;
-- repair
DROP TRIGGER stamp ON documents;
DROP FUNCTION stamp;

-- D72 critical static dynamic: a materialized view is hidden behind columns of a view with its owner's rights
-- by tenancy.rls.coverage
CREATE SCHEMA reporting;
CREATE MATERIALIZED VIEW reporting."Totals" AS SELECT customer_id, sum(size_bytes) AS total FROM documents GROUP BY 1;
CREATE VIEW v_totals AS SELECT * FROM reporting."Totals";
GRANT SELECT (total, customer_id) ON v_totals TO analytics;
-- exploit analytics a
SELECT 1 FROM v_totals WHERE customer_id <> @A@;
-- repair
DROP VIEW v_totals;
DROP SCHEMA reporting CASCADE;

-- D73 high static: a foreign table of files of the server
-- by tenancy.rls.coverage tenancy.rls.exports
-- needs file_fdw
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE server_file (line text) SERVER files OPTIONS (filename 'PG_VERSION');
GRANT SELECT ON server_file TO app;
-- exploit app a
SELECT line FROM server_file;
-- repair
DROP EXTENSION file_fdw CASCADE;

-- D74 high static: the application may make servers of a foreign data wrapper that reads files
-- by tenancy.rls.exports tenancy.rls.grants
-- needs file_fdw
CREATE EXTENSION file_fdw;
GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO app;
-- no exploit: it takes the right to create in a schema
-- repair
DROP EXTENSION file_fdw CASCADE;
