-- design bigint_key: ids are numbers, the setting cast once
-- manifest: {context: rls.account_id, context_type: bigint, root: accounts, key: account_id, canaries: {a: 901, b: 902}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE accounts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE projects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account_id bigint NOT NULL REFERENCES accounts, title text NOT NULL DEFAULT '');
CREATE INDEX ON projects (account_id);
INSERT INTO accounts (id, name) OVERRIDING SYSTEM VALUE VALUES (1, 'x'), (901, 'a'), (902, 'b');
INSERT INTO projects (account_id) SELECT id FROM accounts;
@protect(projects)@
CREATE POLICY p ON projects USING (account_id = nullif(current_setting('rls.account_id', true), '')::bigint);
GRANT USAGE ON SEQUENCE projects_id_seq TO web;

-- design int_key: ids are int4, compared as text
-- manifest: {context: app.org, context_type: integer, root: orgs, key: org_id, canaries: {a: 901, b: 902}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE orgs (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE notes (id serial PRIMARY KEY, org_id int NOT NULL REFERENCES orgs, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (org_id);
INSERT INTO orgs VALUES (1, 'x'), (901, 'a'), (902, 'b');
INSERT INTO notes (org_id) SELECT id FROM orgs;
@protect(notes)@
GRANT USAGE ON SEQUENCE notes_id_seq TO web;
CREATE POLICY p ON notes USING (org_id::text = current_setting('app.org', true));

-- design text_slug: the tenant is a slug, the setting must exist
-- manifest: {context: app.slug, context_type: text, root: workspaces, root_key: slug, key: workspace, canaries: {a: acme, b: beta}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE workspaces (slug text PRIMARY KEY, title text NOT NULL DEFAULT '');
CREATE TABLE pages (workspace text NOT NULL REFERENCES workspaces, path text NOT NULL, body text NOT NULL DEFAULT '', PRIMARY KEY (workspace, path));
INSERT INTO workspaces VALUES ('acme'), ('beta'), ('gamma');
INSERT INTO pages SELECT slug, '/home' FROM workspaces;
@protect(pages)@
CREATE POLICY p ON pages USING (workspace = current_setting('app.slug'));

-- design composite_key: a shard and a number name the tenant
-- manifest: {context: [app.shard, app.no], context_type: text, root: tenants, root_key: [shard, "no"], key: [shard, tenant_no], canaries: {a: [eu, "901"], b: [us, "901"]}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE tenants (shard text, no int, PRIMARY KEY (shard, no));
CREATE TABLE jobs (shard text NOT NULL, tenant_no int NOT NULL, id bigint NOT NULL, title text, PRIMARY KEY (shard, tenant_no, id),
  FOREIGN KEY (shard, tenant_no) REFERENCES tenants);
INSERT INTO tenants VALUES ('eu', 901), ('us', 901), ('eu', 7);
INSERT INTO jobs SELECT shard, no, 1 FROM tenants;
@protect(jobs)@
CREATE POLICY p ON jobs USING (shard = current_setting('app.shard', true) AND tenant_no = nullif(current_setting('app.no', true), '')::int);

-- design domain_uuid: the key is of a domain over uuid
@start@
CREATE DOMAIN tenant_ref AS uuid;
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id tenant_ref NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = current_setting('app.tenant')::tenant_ref);

-- design domain_checked: the domain has a check, and the context is a helper of that domain
@start@
CREATE DOMAIN tenant_ref AS uuid CHECK (value <> '00000000-0000-0000-0000-000000000000');
CREATE FUNCTION here() RETURNS tenant_ref LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id tenant_ref NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = here());

-- design enum_tenant: a fixed set of brands as an enum
-- known: enums are not compared
-- manifest: {context: app.brand, context_type: text, root: brands, root_key: code, key: brand, canaries: {a: north, b: south}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TYPE brand AS ENUM ('north', 'south', 'west');
CREATE TABLE brands (code brand PRIMARY KEY, title text NOT NULL DEFAULT '');
CREATE TABLE offers (id bigint PRIMARY KEY, brand brand NOT NULL REFERENCES brands, title text NOT NULL DEFAULT '');
CREATE INDEX ON offers (brand);
INSERT INTO brands SELECT unnest(enum_range(NULL::brand));
INSERT INTO offers SELECT row_number() OVER (), code FROM brands;
@protect(offers)@
CREATE POLICY p ON offers USING (brand = nullif(current_setting('app.brand', true), '')::brand);

-- design enum_as_text: the enum compared as text
-- known: enums are not compared
-- manifest: {context: app.brand, context_type: text, root: brands, root_key: code, key: brand, canaries: {a: north, b: south}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TYPE brand AS ENUM ('north', 'south', 'west');
CREATE TABLE brands (code brand PRIMARY KEY, title text NOT NULL DEFAULT '');
CREATE TABLE offers (id bigint PRIMARY KEY, brand brand NOT NULL REFERENCES brands, title text NOT NULL DEFAULT '');
CREATE INDEX ON offers (brand);
INSERT INTO brands SELECT unnest(enum_range(NULL::brand));
INSERT INTO offers SELECT row_number() OVER (), code FROM brands;
@protect(offers)@
CREATE POLICY p ON offers USING (brand::text = current_setting('app.brand', true));

-- design varchar_key: the key is varchar(36), a uuid kept as text
-- manifest: {context_type: text, root: orgs, key: org, canaries: {a: aaaaaaaa-0000-4000-8000-000000000001, b: bbbbbbbb-0000-4000-8000-000000000001}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE orgs (id varchar(36) PRIMARY KEY);
CREATE TABLE notes (id bigint PRIMARY KEY, org varchar(36) NOT NULL REFERENCES orgs, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (org);
INSERT INTO orgs VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001'), ('x');
INSERT INTO notes SELECT row_number() OVER (), id FROM orgs;
@protect(notes)@
CREATE POLICY p ON notes USING (org = current_setting('app.tenant', true));

-- break: the setting is cut to the length of a prefix | tenancy.probe.counterexample
ALTER POLICY p ON notes USING (left(org, 8) = left(current_setting('app.tenant', true), 8));

-- design citext_names: citext beside the key, unique for each tenant
-- needs: citext
@start@
RESET ROLE; CREATE EXTENSION citext; SET ROLE keeper;
CREATE TABLE people (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, email citext NOT NULL, UNIQUE (tenant_id, email));
INSERT INTO people SELECT row_number() OVER (), id, 'a@example.com' FROM tenants;
@own(people)@

-- design key_name_differs: one table calls its tenant by another name
-- manifest: {keys: {invoices: owner_org}}
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE TABLE invoices (id bigint PRIMARY KEY, owner_org uuid NOT NULL REFERENCES tenants, total numeric NOT NULL DEFAULT 0);
CREATE INDEX ON notes (tenant_id); CREATE INDEX ON invoices (owner_org);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
INSERT INTO invoices SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
@protect(invoices)@
CREATE POLICY own ON invoices USING (owner_org = current_setting('app.tenant', true)::uuid);
