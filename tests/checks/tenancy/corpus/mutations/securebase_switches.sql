-- A01 critical static dynamic: row-level security is disabled on a tenant table
-- by tenancy.rls.coverage
ALTER TABLE documents DISABLE ROW LEVEL SECURITY;
-- exploit app a
@others@;
-- repair
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;

-- A02 low static dynamic: row-level security is on and every policy was dropped, so nothing works
-- by tenancy.rls.coverage
DROP POLICY tenant_isolation ON documents;
-- no exploit: nothing is shown, not even the tenant's own

-- A03 critical static dynamic: the application owns the table, and row security is not forced
-- by tenancy.rls.bypass_roles tenancy.rls.coverage
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
GRANT CREATE ON SCHEMA public TO app;
ALTER TABLE documents OWNER TO app;
REVOKE CREATE ON SCHEMA public FROM app;
-- exploit app a
@others@;
-- repair
ALTER TABLE documents OWNER TO admin;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON documents TO app;

-- A04 critical static dynamic: the application inherits the owner, and row security is not forced
-- by tenancy.rls.bypass_roles tenancy.rls.coverage
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
CREATE ROLE mut_owner NOLOGIN;
GRANT USAGE, CREATE ON SCHEMA public TO mut_owner;
ALTER TABLE documents OWNER TO mut_owner;
GRANT mut_owner TO app;
-- exploit app a
@others@;
-- repair
REVOKE mut_owner FROM app;
ALTER TABLE documents OWNER TO admin;
ALTER TABLE documents FORCE ROW LEVEL SECURITY;
REVOKE ALL ON SCHEMA public FROM mut_owner;
DROP ROLE mut_owner;

-- A05 medium static: row security is no longer forced on an owner who is no tenant's role
-- by tenancy.rls.coverage
ALTER TABLE documents NO FORCE ROW LEVEL SECURITY;
-- no exploit: only the owner is let through, and no principal can become it
-- repair
ALTER TABLE documents FORCE ROW LEVEL SECURITY;

-- A06 critical static dynamic: a new tenant table is granted and has no row-level security
-- by tenancy.rls.coverage
SET LOCAL ROLE admin;
CREATE TABLE tickets (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), customer_id uuid NOT NULL REFERENCES customers, body text);
GRANT SELECT ON tickets TO app;
RESET ROLE;
INSERT INTO tickets (customer_id, body) SELECT id, 'x' FROM customers;
-- exploit app a
SELECT 1 FROM tickets WHERE customer_id <> @A@;
-- repair
DROP TABLE tickets;

-- A07 critical static dynamic: the tenant column has another name, and there is no row-level security
-- by tenancy.rls.coverage
SET LOCAL ROLE admin;
CREATE TABLE legacy_notes (id serial PRIMARY KEY, org uuid REFERENCES customers, body text);
GRANT SELECT ON legacy_notes TO app;
RESET ROLE;
INSERT INTO legacy_notes (org, body) SELECT id, 'x' FROM customers;
-- exploit app a
SELECT 1 FROM legacy_notes WHERE org <> @A@;
-- repair
DROP TABLE legacy_notes;

-- A08 critical static dynamic: a child table has no tenant column and no row-level security
-- by tenancy.rls.coverage
SET LOCAL ROLE admin;
CREATE TABLE document_versions (id serial PRIMARY KEY, owner_id uuid, document_id uuid, body text,
    FOREIGN KEY (owner_id, document_id) REFERENCES documents (customer_id, id));
GRANT SELECT (id, document_id, body) ON document_versions TO app;
RESET ROLE;
INSERT INTO document_versions (owner_id, document_id, body) SELECT customer_id, id, title FROM documents;
-- exploit app a
SELECT 1 FROM document_versions WHERE document_id NOT IN (SELECT id FROM documents);
-- repair
DROP TABLE document_versions;

-- A09 critical static dynamic: a backup copy of a tenant table is granted
-- by tenancy.rls.coverage
SET LOCAL ROLE admin;
CREATE TABLE invoices_bak (LIKE invoices);
GRANT SELECT ON invoices_bak TO app;
RESET ROLE;
INSERT INTO invoices_bak SELECT * FROM invoices;
-- exploit app a
SELECT 1 FROM invoices_bak WHERE customer_id <> @A@;
-- repair
DROP TABLE invoices_bak;

-- A10 critical static dynamic: a privilege on an unclassified internal table
-- by tenancy.rls.coverage
GRANT SELECT ON job_queue TO app;
-- exploit app a
SELECT 1 FROM job_queue;
-- repair
REVOKE SELECT ON job_queue FROM app;

-- A11 critical static dynamic: another schema has a copy without row-level security
-- by tenancy.rls.coverage
CREATE SCHEMA archive AUTHORIZATION admin;
SET LOCAL ROLE admin;
CREATE TABLE archive.invoices (LIKE public.invoices);
GRANT USAGE ON SCHEMA archive TO app;
GRANT SELECT ON archive.invoices TO app;
RESET ROLE;
INSERT INTO archive.invoices SELECT * FROM public.invoices;
-- exploit app a
SELECT 1 FROM archive.invoices WHERE customer_id <> @A@;
-- repair
DROP SCHEMA archive CASCADE;

-- A12 medium static dynamic: columns of the tenant registry are granted
-- by tenancy.rls.coverage
GRANT SELECT (id, name) ON customers TO app;
-- exploit app a
SELECT name FROM customers WHERE id <> @A@;
-- repair
REVOKE SELECT (id, name) ON customers FROM app;

-- A50 critical static dynamic: a copy in another schema is unlogged, and granted to PUBLIC
-- by tenancy.rls.coverage
CREATE SCHEMA "Old Stuff";
CREATE UNLOGGED TABLE "Old Stuff"."Copy of documents" (LIKE documents);
INSERT INTO "Old Stuff"."Copy of documents" SELECT * FROM documents;
GRANT USAGE ON SCHEMA "Old Stuff" TO PUBLIC;
GRANT SELECT ON "Old Stuff"."Copy of documents" TO PUBLIC;
-- exploit app a
SELECT 1 FROM "Old Stuff"."Copy of documents" WHERE customer_id <> @A@;
-- repair
DROP SCHEMA "Old Stuff" CASCADE;

-- A51 critical static dynamic: the tenant is a key inside jsonb, and there is no row-level security
-- by tenancy.rls.coverage
CREATE TABLE settings (id int PRIMARY KEY, doc jsonb NOT NULL);
INSERT INTO settings SELECT row_number() OVER (), jsonb_build_object('customer_id', id) FROM customers;
GRANT SELECT ON settings TO app;
-- exploit app a
SELECT 1 FROM settings WHERE doc ->> 'customer_id' <> @A@;
-- repair
DROP TABLE settings;

-- A52 critical static dynamic: only one column of a table without row-level security is granted
-- by tenancy.rls.coverage
CREATE TABLE emails (customer_id uuid REFERENCES customers, address text);
INSERT INTO emails SELECT id, contact_email FROM customers;
GRANT SELECT (address) ON emails TO app;
-- exploit app a
SELECT 1 FROM emails HAVING count(address) > 1;
-- repair
DROP TABLE emails;

-- A53 critical static dynamic: the child's policy exists, and its row-level security was never enabled
-- by tenancy.rls.coverage
CREATE TABLE comments (customer_id uuid NOT NULL REFERENCES customers, id int, body text, PRIMARY KEY (customer_id, id));
CREATE POLICY tenant_isolation ON comments USING (customer_id = @ctx@);
INSERT INTO comments SELECT id, 1, 'x' FROM customers;
GRANT SELECT, INSERT ON comments TO app;
-- exploit app a
SELECT 1 FROM comments WHERE customer_id <> @A@;
-- repair
DROP TABLE comments;

-- A54 critical static: a table that can only be written takes rows of any tenant
-- by tenancy.rls.coverage
CREATE TABLE inbox (customer_id uuid NOT NULL REFERENCES customers, body text);
GRANT INSERT ON inbox TO app;
-- exploit app a
INSERT INTO inbox VALUES (@B@, 'forged');
-- repair
DROP TABLE inbox;
