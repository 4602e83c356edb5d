-- A55 critical static dynamic: a shared table gains a tenant's column, and is still everybody's
-- by tenancy.rls.coverage
ALTER TABLE feature_flags ADD customer_id uuid REFERENCES customers;
INSERT INTO feature_flags SELECT 'beta-' || id, true, now(), id FROM customers;
-- exploit app a
SELECT flag FROM feature_flags WHERE customer_id <> @A@;
-- repair
DELETE FROM feature_flags WHERE customer_id IS NOT NULL;
ALTER TABLE feature_flags DROP customer_id;

-- A56 critical static dynamic: what is declared shared is now a view of tenants' rows
-- by tenancy.rls.coverage
ALTER TABLE schema_migrations RENAME TO schema_migrations_old;
CREATE VIEW schema_migrations AS SELECT title AS version, created_at AS applied_at FROM documents;
GRANT SELECT ON schema_migrations TO app, analytics;
-- exploit app a
SELECT 1 FROM schema_migrations WHERE version LIKE 'Document%' HAVING count(*) > 6;
-- repair
DROP VIEW schema_migrations;
ALTER TABLE schema_migrations_old RENAME TO schema_migrations;

-- A57 critical static dynamic: a tenant table inherits from a shared one, which shows its rows past its policies
-- known: what is declared shared is not asked whose rows it shows
-- by tenancy.rls.coverage
ALTER TABLE documents ADD flag text NOT NULL DEFAULT gen_random_uuid(), ADD enabled boolean NOT NULL DEFAULT false,
    ADD changed_at timestamptz NOT NULL DEFAULT now();
ALTER TABLE documents INHERIT feature_flags;
-- exploit app a
SELECT 1 FROM feature_flags AS f, pg_class AS c WHERE c.oid = f.tableoid AND c.relname = 'documents' HAVING count(*) > 6;
-- repair
ALTER TABLE documents NO INHERIT feature_flags;
ALTER TABLE documents DROP flag, DROP enabled, DROP changed_at;

-- A58 critical static: a tenant table inherits from one that has no columns but one
-- by tenancy.rls.coverage
CREATE TABLE titles (title text NOT NULL);
ALTER TABLE documents INHERIT titles;
GRANT SELECT ON titles TO app;
-- exploit app a
SELECT 1 FROM titles HAVING count(*) > 6;
-- repair
ALTER TABLE documents NO INHERIT titles;
DROP TABLE titles;

-- B80 critical static dynamic: two comparisons are compared, and both are false
-- by tenancy.rls.policies
@policy@ USING ((customer_id = @ctx@) = (classification = 'nothing'));
-- exploit app a
@others@;

-- B81 critical static dynamic: two comparisons are not distinct when both are false
-- by tenancy.rls.policies
@policy@ USING ((customer_id = @ctx@) IS NOT DISTINCT FROM (title = 'nothing'));
-- exploit app a
@others@;

-- B82 critical static dynamic: two comparisons are unequal, for a title that no row has today
-- by tenancy.rls.policies
@policy@ USING ((customer_id = @ctx@) <> (title = 'everybody'));
-- exploit app a
@others@;
-- prepare
UPDATE documents SET title = 'everybody' WHERE customer_id = @B@;

-- B83 critical static dynamic: the greater of both is the context
-- by tenancy.rls.policies
@policy@ USING (greatest(customer_id, @ctx@) = @ctx@);
-- exploit app b
SELECT 1 FROM documents WHERE customer_id <> @B@;

-- B84 critical static dynamic: IN a list of two, one of which is a constant
-- by tenancy.rls.policies
@policy@ USING (customer_id IN (@ctx@, @B@));
-- exploit app a
@others@;

-- B85 critical static dynamic: IN VALUES with a constant
-- by tenancy.rls.policies
@policy@ USING (customer_id IN (VALUES (@ctx@), (@B@::uuid)));
-- exploit app a
@others@;

-- B86 high static: IN the elements of the context
-- by tenancy.rls.policies
@policy@ USING (customer_id IN (SELECT unnest(string_to_array(@raw@, ',')::uuid[])));
-- exploit app as '0ca9a11e-0000-4000-8000-00000000000a,0ca9a11e-0000-4000-8000-00000000000b'
@others@;

-- B87 high static: the tenant is looked for within the context
-- by tenancy.rls.policies
@policy@ USING (strpos(@raw@, customer_id::text) > 0);
-- exploit app as '0ca9a11e-0000-4000-8000-00000000000a,0ca9a11e-0000-4000-8000-00000000000b'
@others@;

-- B88 critical static dynamic: a WITH query adds a constant tenant
-- by tenancy.rls.policies
@policy@ USING (customer_id IN (WITH mine AS (SELECT @ctx@ AS id UNION ALL SELECT @B@) SELECT id FROM mine));
-- exploit app a
@others@;

-- B89 critical static dynamic: a sub-select that finds nothing makes the context optional
-- by tenancy.rls.policies
@policy@ USING (customer_id = coalesce((SELECT n.customer_id FROM notifications n WHERE n.kind = 'none' LIMIT 1), customer_id));
-- exploit app a
@others@;

-- B90 critical static dynamic: the check is on the old tenant's word, and a column of the row decides
-- by tenancy.rls.policies
ALTER TABLE documents ADD support boolean NOT NULL DEFAULT false;
@policy@ USING (customer_id = @ctx@) WITH CHECK (customer_id = @ctx@ OR support);
-- exploit app a
UPDATE documents SET customer_id = @B@, support = true;
-- repair
@restore@;
ALTER TABLE documents DROP support;

-- C68 critical static dynamic: every role of the server starts with one tenant as its context
-- by tenancy.rls.settings
ALTER ROLE ALL SET app.current_customer_id = @B@;
-- exploit login app unset
SELECT 1 FROM documents WHERE customer_id = @B@;
-- repair
ALTER ROLE ALL RESET app.current_customer_id;

-- C70 high static: the application reads the server's files
-- by tenancy.rls.bypass_roles
GRANT pg_read_server_files TO app;
-- no exploit: it takes a table of its own to copy them to
-- repair
REVOKE pg_read_server_files FROM app;

-- C71 medium static: the reporting role watches what everybody asks
-- by tenancy.rls.bypass_roles
GRANT pg_monitor TO analytics;
-- no exploit: it takes another session with a query
-- repair
REVOKE pg_monitor FROM analytics;

-- D75 critical static dynamic: a view with WITH CHECK OPTION has its owner's rights
-- by tenancy.rls.coverage
CREATE VIEW v_checked AS SELECT * FROM documents WHERE classification = 'public' WITH CASCADED CHECK OPTION;
GRANT SELECT, UPDATE ON v_checked TO app;
-- exploit app a
UPDATE v_checked SET title = 'x' WHERE customer_id = @B@;
-- repair
DROP VIEW v_checked;

-- D76 critical static dynamic: security_invoker is written, and says no
-- by tenancy.rls.coverage
CREATE VIEW v_no WITH (security_invoker = 0, security_barrier = true) AS TABLE documents;
GRANT SELECT ON v_no TO app;
-- exploit app a
SELECT 1 FROM v_no WHERE customer_id <> @A@;
-- repair
DROP VIEW v_no;

-- D77 critical static: a column's default asks a function with its owner's rights
-- by tenancy.rls.functions
CREATE FUNCTION one_of_all() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT title FROM public.documents WHERE customer_id = @B@ LIMIT 1 $$;
ALTER TABLE documents ALTER title SET DEFAULT one_of_all();
-- exploit app a
INSERT INTO documents (customer_id, classification, size_bytes, created_at) VALUES (@A@, 'public', 1, now()) RETURNING title;
-- repair
ALTER TABLE documents ALTER title DROP DEFAULT;
DROP FUNCTION one_of_all;

-- D78 critical static: a function with its owner's rights that the reporting role alone may execute
-- by tenancy.rls.functions
CREATE FUNCTION lookup(text) RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT title FROM public.documents WHERE title LIKE $1 $$;
REVOKE EXECUTE ON FUNCTION lookup(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lookup(text) TO analytics;
-- exploit analytics a
SELECT 1 FROM lookup('%') HAVING count(*) > 6;
-- repair
DROP FUNCTION lookup(text);

-- D79 high static: a deferred foreign key without the tenant deletes others' rows later
-- by tenancy.rls.inference
ALTER TABLE documents ADD CONSTRAINT one_id UNIQUE (id);
ALTER TABLE notifications ADD document_id uuid REFERENCES documents (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;
UPDATE notifications SET document_id = (SELECT id FROM documents WHERE customer_id = @A@ LIMIT 1) WHERE customer_id = @B@;
-- exploit app a
DELETE FROM documents WHERE customer_id = @A@;
-- seen
SET CONSTRAINTS ALL IMMEDIATE;
SELECT 1 WHERE NOT EXISTS (SELECT FROM notifications WHERE customer_id = @B@);
-- repair
ALTER TABLE notifications DROP document_id;
ALTER TABLE documents DROP CONSTRAINT one_id;

-- F56 high static: the guards fire on the origin alone, and the owner's sessions are replicas
-- by tenancy.rls.settings
ALTER TABLE audit_events ENABLE TRIGGER audit_events_no_change;
ALTER ROLE admin SET session_replication_role = replica;
-- no exploit: it takes a login of the owner
-- repair
ALTER ROLE admin RESET session_replication_role;
ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change;
