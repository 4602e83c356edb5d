-- design never_forced: the owner never forces row security, migrates alone, and is accepted for it once
-- manifest: {unforced_owners: {keeper: "runs the migrations, and no application becomes it"}}
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE TABLE tags (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, word text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id); CREATE INDEX ON tags (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants; INSERT INTO tags SELECT row_number() OVER (), id FROM tenants;
@own(notes, tags)@
ALTER TABLE notes NO FORCE ROW LEVEL SECURITY; ALTER TABLE tags NO FORCE ROW LEVEL SECURITY;
-- break: the application becomes the owner | tenancy.rls.coverage
-- exploit: SELECT FROM notes WHERE tenant_id <> 'aaaaaaaa-0000-4000-8000-000000000001'
GRANT keeper TO web;
-- break: the application owns a table | tenancy.rls.coverage
-- exploit: SELECT FROM tags WHERE tenant_id <> 'aaaaaaaa-0000-4000-8000-000000000001'
ALTER TABLE tags OWNER TO web;
-- break: another owner does not force either | tenancy.rls.coverage
RESET ROLE; CREATE ROLE builder NOLOGIN; ALTER TABLE tags OWNER TO builder;
-- break: a view of the owner reads past the policies | tenancy.rls.coverage, tenancy.probe.cross_tenant
-- exploit: SELECT FROM all_notes WHERE tenant_id <> 'aaaaaaaa-0000-4000-8000-000000000001'
SET ROLE keeper; CREATE VIEW all_notes AS SELECT * FROM notes; GRANT SELECT ON all_notes TO web;
