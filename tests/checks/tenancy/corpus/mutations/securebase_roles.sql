-- C01 critical static dynamic: the application has BYPASSRLS
-- by tenancy.rls.bypass_roles
ALTER ROLE app BYPASSRLS;
-- exploit app a
@others@;
-- repair
ALTER ROLE app NOBYPASSRLS;

-- C02 critical static dynamic: the application is a superuser
-- by audit.table.append_only tenancy.rls.bypass_roles
ALTER ROLE app SUPERUSER;
-- exploit app a
@others@;
-- repair
ALTER ROLE app NOSUPERUSER;

-- C03 critical static: the application can become the owner, who may switch row security off
-- by audit.table.append_only tenancy.rls.bypass_roles
GRANT admin TO app;
-- exploit app a
SET LOCAL ROLE admin;
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
@others@;
-- repair
REVOKE admin FROM app;

-- C04 critical static: by way of another role the application can become one with BYPASSRLS
-- by tenancy.rls.bypass_roles
CREATE ROLE mut_mid NOLOGIN NOINHERIT;
CREATE ROLE mut_rep NOLOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA public TO mut_rep;
GRANT SELECT ON documents TO mut_rep;
GRANT mut_rep TO mut_mid;
GRANT mut_mid TO app;
-- exploit app a
SET LOCAL ROLE mut_rep;
@others@;
-- repair
REVOKE ALL ON SCHEMA public FROM mut_rep;
REVOKE ALL ON documents FROM mut_rep;
DROP ROLE mut_mid;
DROP ROLE mut_rep;

-- C05 critical static: before version 16 CREATEROLE may make itself a member of any role
-- by tenancy.rls.bypass_roles
-- before version 16
ALTER ROLE app CREATEROLE;
-- exploit app a
GRANT pg_write_all_data, pg_read_all_data, admin TO app;
SET LOCAL ROLE admin;
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
@others@;
-- repair
ALTER ROLE app NOCREATEROLE;

-- C06 critical static dynamic: the reporting role has BYPASSRLS
-- by tenancy.rls.bypass_roles
ALTER ROLE analytics BYPASSRLS;
-- exploit analytics a
@others@;
-- repair
ALTER ROLE analytics NOBYPASSRLS;

-- C07 high static dynamic: the reporting role reads every table that has no row-level security, and the statistics
-- by tenancy.rls.bypass_roles
GRANT pg_read_all_data TO analytics;
-- exploit analytics a
SELECT name FROM customers WHERE id <> @A@;
-- repair
REVOKE pg_read_all_data FROM analytics;

-- C08 high static dynamic: the application writes every table that has no row-level security
-- by tenancy.rls.bypass_roles
GRANT pg_write_all_data TO app;
-- exploit app a
UPDATE feature_flags SET enabled = true;
-- repair
REVOKE pg_write_all_data FROM app;

-- C09 high static: the application may replicate the whole cluster
-- by tenancy.rls.bypass_roles
ALTER ROLE app REPLICATION;
-- no exploit: a walsender is needed
-- repair
ALTER ROLE app NOREPLICATION;

-- C10 high static dynamic: PUBLIC reads the tenant registry
-- by tenancy.rls.grants
GRANT SELECT ON customers TO PUBLIC;
-- exploit app a
SELECT name FROM customers WHERE id <> @A@;
-- repair
REVOKE SELECT ON customers FROM PUBLIC;

-- C11 critical static: the application can run programs on the server
-- by tenancy.rls.bypass_roles
GRANT pg_execute_server_program TO app;
-- no exploit: it would run a program
-- repair
REVOKE pg_execute_server_program FROM app;

-- C12 high static: an undeclared login role has BYPASSRLS
-- by tenancy.rls.bypass_roles
CREATE ROLE mut_etl LOGIN BYPASSRLS PASSWORD 'corpus';
GRANT CONNECT ON DATABASE securebase TO mut_etl;
GRANT USAGE ON SCHEMA public TO mut_etl;
GRANT SELECT ON documents TO mut_etl;
-- exploit mut_etl a
@others@;
-- repair
REVOKE CONNECT ON DATABASE securebase FROM mut_etl;
REVOKE ALL ON SCHEMA public FROM mut_etl;
REVOKE ALL ON documents FROM mut_etl;
DROP ROLE mut_etl;

-- C13 critical static dynamic: the role starts with one tenant as its context
-- by tenancy.rls.settings
ALTER ROLE app SET app.current_customer_id = @B@;
-- exploit login app unset
SELECT 1 FROM documents WHERE customer_id = @B@;
-- repair
ALTER ROLE app RESET app.current_customer_id;

-- C14 critical static dynamic: the database starts with one tenant as its context
-- by tenancy.rls.settings
ALTER DATABASE securebase SET app.current_customer_id = @B@;
-- exploit login app unset
SELECT 1 FROM documents WHERE customer_id = @B@;
-- repair
ALTER DATABASE securebase RESET app.current_customer_id;

-- C15 high static dynamic: the application may switch triggers off for itself
-- by tenancy.rls.grants
GRANT SET ON PARAMETER session_replication_role TO app;
-- exploit app a
SELECT set_config('session_replication_role', 'replica', true);
-- repair
REVOKE SET ON PARAMETER session_replication_role FROM app;

-- C16 critical static dynamic: the application becomes another role when it logs in
-- by audit.table.append_only tenancy.rls.bypass_roles tenancy.rls.settings
GRANT admin TO app;
ALTER ROLE app SET role = 'admin';
-- exploit login app a
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
@others@;
-- repair
ALTER ROLE app RESET role;
REVOKE admin FROM app;

-- C17 high static: the application may create objects in the schema
-- by tenancy.rls.grants
GRANT CREATE ON SCHEMA public TO app;
-- exploit app a
CREATE TABLE public.mut_trap (x int);
SELECT 1;
-- repair
REVOKE CREATE ON SCHEMA public FROM app;

-- C18 high static: the owner's sessions start with triggers switched off
-- by tenancy.rls.settings
ALTER ROLE admin SET session_replication_role = replica;
-- no exploit: the guards of the audit trail are ENABLE ALWAYS here
-- repair
ALTER ROLE admin RESET session_replication_role;

-- C19 high static: the application may hand on a role
-- by tenancy.rls.bypass_roles
CREATE ROLE mut_grp NOLOGIN;
GRANT mut_grp TO app WITH ADMIN OPTION;
-- exploit app a
GRANT mut_grp TO analytics;
SELECT 1;
-- repair
DROP ROLE mut_grp;

-- C20 medium static: tables to come are granted to the application
-- by tenancy.rls.grants
ALTER DEFAULT PRIVILEGES FOR ROLE admin IN SCHEMA public GRANT SELECT ON TABLES TO app;
-- exploit app a
SELECT 1 FROM later WHERE customer_id <> @A@;
-- prepare
SET LOCAL ROLE admin;
CREATE TABLE later (customer_id uuid);
RESET ROLE;
INSERT INTO later SELECT id FROM customers;
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE admin IN SCHEMA public REVOKE SELECT ON TABLES FROM app;

-- C21 medium static: the application may grant a tenant table to others
-- by tenancy.rls.grants
GRANT SELECT ON documents TO app WITH GRANT OPTION;
-- exploit app a
GRANT SELECT ON documents TO PUBLIC;
SELECT 1;
-- seen
SELECT 1 FROM pg_class, aclexplode(relacl) AS acl WHERE oid = 'documents'::regclass AND acl.grantee = 0;
-- repair
REVOKE GRANT OPTION FOR SELECT ON documents FROM app;

-- C22 low static: everybody may make temporary tables, which a pooled session keeps
-- by tenancy.rls.grants
GRANT TEMPORARY ON DATABASE securebase TO PUBLIC;
-- exploit app a
CREATE TEMP TABLE kept AS SELECT * FROM documents;
SELECT set_config('app.current_customer_id', @B@, true);
SELECT 1 FROM kept WHERE customer_id = @A@;
-- repair
REVOKE TEMPORARY ON DATABASE securebase FROM PUBLIC;

-- C50 critical static: the membership is INHERIT FALSE, and SET TRUE all the same
-- by tenancy.rls.bypass_roles
-- from version 16
CREATE ROLE mut_rep NOLOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA public TO mut_rep;
GRANT SELECT ON documents TO mut_rep;
GRANT mut_rep TO app WITH INHERIT FALSE, SET TRUE;
-- exploit app a
SET LOCAL ROLE mut_rep;
@others@;
-- repair
REVOKE ALL ON SCHEMA public FROM mut_rep;
REVOKE ALL ON documents FROM mut_rep;
DROP ROLE mut_rep;

-- C51 high static dynamic: the membership is SET FALSE, and INHERIT TRUE reads an unprotected table
-- by tenancy.rls.coverage
-- from version 16
CREATE ROLE mut_readers NOLOGIN;
GRANT SELECT ON customers TO mut_readers;
GRANT mut_readers TO app WITH INHERIT TRUE, SET FALSE;
-- exploit app a
SELECT name FROM customers WHERE id <> @A@;
-- repair
REVOKE ALL ON customers FROM mut_readers;
DROP ROLE mut_readers;

-- C52 critical static: neither INHERIT nor SET, and ADMIN OPTION grants itself both
-- by tenancy.rls.bypass_roles
-- from version 16
CREATE ROLE mut_rep NOLOGIN BYPASSRLS;
GRANT USAGE ON SCHEMA public TO mut_rep;
GRANT SELECT ON documents TO mut_rep;
GRANT mut_rep TO app WITH ADMIN TRUE, INHERIT FALSE, SET FALSE;
-- exploit app a
GRANT mut_rep TO app WITH SET TRUE;
SET LOCAL ROLE mut_rep;
@others@;
-- repair
REVOKE ALL ON SCHEMA public FROM mut_rep;
REVOKE ALL ON documents FROM mut_rep;
DROP ROLE mut_rep;

-- C53 medium static: MAINTAIN lets the application lock and rewrite a table of all tenants
-- by tenancy.rls.grants
-- from version 17
GRANT MAINTAIN ON documents TO app;
-- exploit app a
REINDEX TABLE documents;
SELECT 1;
-- repair
REVOKE MAINTAIN ON documents FROM app;

-- C54 critical static: the application owns the schema, and so what is created in it
-- by audit.table.append_only tenancy.rls.bypass_roles
ALTER SCHEMA public OWNER TO app;
-- exploit app a
CREATE TABLE public.mut_trap (x int);
SELECT 1;
-- repair
ALTER SCHEMA public OWNER TO pg_database_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO app;

-- C55 critical static: the application owns the database
-- by audit.table.append_only tenancy.rls.bypass_roles
ALTER DATABASE securebase OWNER TO app;
-- exploit app a
SELECT set_config('search_path', 'public', true);
CREATE SCHEMA mut_trap;
SELECT 1;
-- repair
ALTER DATABASE securebase OWNER TO admin;
GRANT CONNECT ON DATABASE securebase TO app;

-- C56 medium static: schemas to come are granted to everybody, with the right to create
-- by tenancy.rls.grants
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT ALL ON SCHEMAS TO PUBLIC;
-- exploit app a
CREATE TABLE later.mut_trap (x int);
SELECT 1;
-- prepare
GRANT CREATE ON DATABASE securebase TO admin;
SET LOCAL ROLE admin;
CREATE SCHEMA later;
RESET ROLE;
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE ALL ON SCHEMAS FROM PUBLIC;

-- C57 low static: the database turns row_security off for one role
-- by tenancy.rls.settings
ALTER ROLE app IN DATABASE securebase SET row_security = off;
-- no exploit: an ordinary role gets an error in place of rows
-- repair
ALTER ROLE app IN DATABASE securebase RESET row_security;

-- C58 critical static dynamic: the role starts with one tenant as its context in this database alone
-- by tenancy.rls.settings
ALTER ROLE analytics IN DATABASE securebase SET app.current_customer_id = @B@;
-- exploit login analytics unset
SELECT 1 FROM documents WHERE customer_id = @B@;
-- repair
ALTER ROLE analytics IN DATABASE securebase RESET app.current_customer_id;

-- C59 high static: a search_path default puts a schema that the application may write first
-- by tenancy.rls.grants
CREATE SCHEMA scratch;
GRANT USAGE, CREATE ON SCHEMA scratch TO app;
ALTER ROLE app SET search_path = scratch, public;
-- exploit app a
CREATE TABLE scratch.regions (code text);
SELECT 1;
-- repair
ALTER ROLE app RESET search_path;
DROP SCHEMA scratch;

-- C60 high static: every role reads server files by a function of PostgreSQL's own
-- by tenancy.rls.grants
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC;
-- exploit app a
SELECT pg_read_file('PG_VERSION');
-- repair
REVOKE EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) FROM PUBLIC;

-- C61 high static: the application reads the statistics of every table, most common values and all
-- by tenancy.rls.grants
GRANT SELECT ON pg_catalog.pg_statistic TO app;
-- exploit app a
SELECT 1 FROM pg_statistic WHERE starelid = 'public.customers'::regclass;
-- repair
REVOKE SELECT ON pg_catalog.pg_statistic FROM app;

-- C62 high static: one column of the statistics is granted to the application
-- by tenancy.rls.grants
GRANT SELECT (starelid, staattnum, stavalues1) ON pg_catalog.pg_statistic TO app;
-- exploit app a
SELECT stavalues1 FROM pg_statistic WHERE starelid = 'public.customers'::regclass;
-- repair
REVOKE SELECT (starelid, staattnum, stavalues1) ON pg_catalog.pg_statistic FROM app;

-- C63 critical static: the reporting role can become the application, and the application the owner
-- by audit.table.append_only tenancy.rls.bypass_roles
GRANT admin TO app;
GRANT app TO analytics;
-- exploit analytics a
SET LOCAL ROLE admin;
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
@others@;
-- repair
REVOKE app FROM analytics;
REVOKE admin FROM app;

-- C64 critical static dynamic: the application inherits the other principal's broad policy
-- by tenancy.rls.policies
GRANT analytics TO app;
CREATE POLICY reports ON documents FOR SELECT TO analytics USING (true);
-- exploit app a
@others@;
-- repair
REVOKE analytics FROM app;
@restore@;

-- C65 high static: the application may set a server parameter that loads code
-- by tenancy.rls.grants
GRANT ALTER SYSTEM ON PARAMETER session_preload_libraries TO app;
-- no exploit: ALTER SYSTEM cannot run in a transaction
-- repair
REVOKE ALTER SYSTEM ON PARAMETER session_preload_libraries FROM app;

-- C66 medium static: the reporting role was granted TRIGGER and REFERENCES on a column's table
-- by tenancy.rls.grants
GRANT TRIGGER, TRUNCATE ON documents TO analytics;
-- exploit analytics a
TRUNCATE documents;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM documents);
-- repair
REVOKE TRIGGER, TRUNCATE ON documents FROM analytics;

-- C67 high static: everybody may create in the schema
-- by tenancy.rls.grants
GRANT CREATE ON SCHEMA public TO PUBLIC;
-- exploit app a
CREATE FUNCTION public.mut_trap() RETURNS int LANGUAGE sql AS 'SELECT 1';
SELECT 1;
-- repair
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
