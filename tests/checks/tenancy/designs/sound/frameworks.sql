-- design supabase_teams: Supabase: auth.uid() over JSON claims, teams by membership, a SETOF helper with its owner's rights
-- manifest:
--   context: request.jwt.claims
--   claim: sub
--   root: teams
--   key: team_id
--   members: {table: team_members, member: user_id, key: team_id}
--   principals: [authenticated, anon]
--   privileged: {keeper: owns the tables, authenticator: "logs in for the API, and becomes these roles alone"}
--   unforced_owners: {keeper: runs the migrations}
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
--     user_a: aaaaaaaa-0000-4000-8000-0000000000ff
--     user_b: bbbbbbbb-0000-4000-8000-0000000000ff
-- approve:
-- - {kind: function, name: "auth.uid()", returns_tenant: true}
-- - {kind: function, name: "private.my_teams()"}
CREATE ROLE keeper NOLOGIN; CREATE ROLE anon NOLOGIN NOINHERIT; CREATE ROLE authenticated NOLOGIN NOINHERIT;
CREATE ROLE authenticator LOGIN NOINHERIT; GRANT anon, authenticated TO authenticator;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO anon, authenticated;
CREATE SCHEMA auth AUTHORIZATION keeper; CREATE SCHEMA private AUTHORIZATION keeper;
SET ROLE keeper;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''),
                  (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated; GRANT EXECUTE ON FUNCTION auth.uid() TO anon, authenticated;
CREATE TABLE teams (id uuid PRIMARY KEY, name text NOT NULL DEFAULT '');
CREATE TABLE team_members (team_id uuid NOT NULL REFERENCES teams, user_id uuid NOT NULL REFERENCES auth.users, PRIMARY KEY (team_id, user_id));
CREATE INDEX ON team_members (user_id);
CREATE TABLE boards (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, team_id uuid NOT NULL REFERENCES teams, title text NOT NULL DEFAULT '');
CREATE INDEX ON boards (team_id);
CREATE FUNCTION private.my_teams() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$
  SELECT m.team_id FROM public.team_members m WHERE m.user_id = (SELECT auth.uid()) $$;
GRANT USAGE ON SCHEMA private TO authenticated; REVOKE ALL ON FUNCTION private.my_teams() FROM PUBLIC; GRANT EXECUTE ON FUNCTION private.my_teams() TO authenticated;
INSERT INTO auth.users VALUES ('aaaaaaaa-0000-4000-8000-0000000000ff'), ('bbbbbbbb-0000-4000-8000-0000000000ff');
INSERT INTO teams VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001');
INSERT INTO team_members VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-0000000000ff'), ('bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-0000000000ff');
INSERT INTO boards (team_id) SELECT id FROM teams;
ALTER TABLE teams ENABLE ROW LEVEL SECURITY; ALTER TABLE team_members ENABLE ROW LEVEL SECURITY; ALTER TABLE boards ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON teams, team_members TO authenticated; GRANT SELECT, INSERT, UPDATE, DELETE ON boards TO authenticated;
CREATE POLICY see ON teams FOR SELECT TO authenticated USING (id IN (SELECT private.my_teams()));
CREATE POLICY see ON team_members FOR SELECT TO authenticated USING (team_id IN (SELECT private.my_teams()));
CREATE POLICY own ON boards TO authenticated USING (team_id IN (SELECT private.my_teams())) WITH CHECK (team_id IN (SELECT private.my_teams()));

-- design supabase_claim: the tenant itself is a claim of the token, by auth.jwt()
-- manifest:
--   context: request.jwt.claims
--   claim: [app_metadata, org_id]
--   root: orgs
--   key: org_id
--   principals: [authenticated]
--   privileged: {keeper: owns the tables, authenticator: "logs in for the API, and becomes these roles alone"}
--   unforced_owners: {keeper: runs the migrations}
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
-- approve: [{kind: function, name: "auth.jwt()", returns_tenant: true}]
CREATE ROLE keeper NOLOGIN; CREATE ROLE authenticated NOLOGIN; CREATE ROLE authenticator LOGIN NOINHERIT; GRANT authenticated TO authenticator;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO authenticated;
CREATE SCHEMA auth AUTHORIZATION keeper; GRANT USAGE ON SCHEMA auth TO authenticated;
SET ROLE keeper;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;
CREATE FUNCTION auth.org() RETURNS uuid LANGUAGE sql STABLE SET search_path = '' AS $$ SELECT (auth.jwt() -> 'app_metadata' ->> 'org_id')::uuid $$;
CREATE TABLE orgs (id uuid PRIMARY KEY, name text NOT NULL DEFAULT '');
CREATE TABLE files (id bigint PRIMARY KEY, org_id uuid NOT NULL REFERENCES orgs, path text NOT NULL DEFAULT '');
CREATE INDEX ON files (org_id);
INSERT INTO orgs VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001');
INSERT INTO files SELECT row_number() OVER (), id FROM orgs;
ALTER TABLE files ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON files TO authenticated;
CREATE POLICY own ON files TO authenticated USING (org_id = (SELECT auth.org()));

-- design postgrest_inline: PostgREST: the claim is read in the policy itself
-- manifest:
--   context: request.jwt.claims
--   claim: tenant_id
--   schemas: [api]
--   root: tenants
--   principals: [member]
--   privileged: {keeper: owns the tables, authenticator: "logs in for the API, and becomes member alone"}
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
--     user_a: '{"tenant_id": "aaaaaaaa-0000-4000-8000-000000000001", "role": "member"}'
--     user_b: '{"tenant_id": "bbbbbbbb-0000-4000-8000-000000000001", "role": "member"}'
CREATE ROLE keeper NOLOGIN; CREATE ROLE member NOLOGIN; CREATE ROLE authenticator LOGIN NOINHERIT; GRANT member TO authenticator;
CREATE SCHEMA api AUTHORIZATION keeper; GRANT USAGE ON SCHEMA api TO member;
SET ROLE keeper;
CREATE TABLE api.tenants (id uuid PRIMARY KEY);
CREATE TABLE api.todos (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES api.tenants, task text NOT NULL DEFAULT '');
CREATE INDEX ON api.todos (tenant_id);
INSERT INTO api.tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001');
INSERT INTO api.todos SELECT row_number() OVER (), id FROM api.tenants;
ALTER TABLE api.todos ENABLE ROW LEVEL SECURITY; ALTER TABLE api.todos FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON api.todos TO member;
CREATE POLICY own ON api.todos USING (tenant_id = (current_setting('request.jwt.claims', true)::json ->> 'tenant_id')::uuid);

-- design hasura_user: Hasura: session variables in one JSON setting
-- manifest:
--   context: hasura.user
--   claim: x-hasura-tenant-id
--   root: tenants
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
--     user_a: '{"x-hasura-role": "user", "x-hasura-tenant-id": "aaaaaaaa-0000-4000-8000-000000000001"}'
--     user_b: '{"x-hasura-role": "user", "x-hasura-tenant-id": "bbbbbbbb-0000-4000-8000-000000000001"}'
@start@
CREATE TABLE orders (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, note text NOT NULL DEFAULT '');
CREATE INDEX ON orders (tenant_id);
INSERT INTO orders SELECT row_number() OVER (), id FROM tenants;
@protect(orders)@
CREATE POLICY own ON orders USING (tenant_id = (nullif(current_setting('hasura.user', true), '')::jsonb ->> 'x-hasura-tenant-id')::uuid);

-- design postgrest_legacy: one setting for each claim, as PostgREST had until version 9
-- manifest: {context: request.jwt.claim.tenant_id, schemas: [api], privileged: {keeper: owns the tables, authenticator: "logs in for the API, and becomes web alone"}}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web NOLOGIN; CREATE ROLE authenticator LOGIN NOINHERIT; GRANT web TO authenticator;
CREATE SCHEMA api AUTHORIZATION keeper; GRANT USAGE ON SCHEMA api TO web;
SET ROLE keeper;
CREATE TABLE api.tenants (id uuid PRIMARY KEY);
CREATE TABLE api.todos (id bigint PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT nullif(current_setting('request.jwt.claim.tenant_id', true), '')::uuid REFERENCES api.tenants, task text NOT NULL DEFAULT '');
CREATE INDEX ON api.todos (tenant_id);
INSERT INTO api.tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001');
INSERT INTO api.todos SELECT row_number() OVER (), id FROM api.tenants;
ALTER TABLE api.todos ENABLE ROW LEVEL SECURITY; ALTER TABLE api.todos FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON api.todos TO web;
CREATE POLICY own ON api.todos USING (tenant_id = nullif(current_setting('request.jwt.claim.tenant_id', true), '')::uuid);

-- design django_rls: Django: policies that a library writes, with the schema's owner apart from the login
-- manifest: {context: rls.tenant_id, context_type: integer, root: customers_customer, key: customer_id, canaries: {a: 901, b: 902}, shared: [django_migrations, django_content_type]}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE django_migrations (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app varchar(255) NOT NULL, name varchar(255) NOT NULL);
CREATE TABLE django_content_type (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app_label varchar(100) NOT NULL, model varchar(100) NOT NULL, UNIQUE (app_label, model));
CREATE TABLE customers_customer (id int PRIMARY KEY, name varchar(100) NOT NULL DEFAULT '');
CREATE TABLE billing_invoice (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, number varchar(20) NOT NULL, customer_id int NOT NULL REFERENCES customers_customer DEFERRABLE INITIALLY DEFERRED, UNIQUE (customer_id, number));
INSERT INTO customers_customer VALUES (1), (901), (902); INSERT INTO billing_invoice (number, customer_id) SELECT '1', id FROM customers_customer; SET CONSTRAINTS ALL IMMEDIATE;
GRANT SELECT ON django_migrations, django_content_type TO web;
@protect(billing_invoice)@
GRANT USAGE ON SEQUENCE billing_invoice_id_seq TO web;
CREATE POLICY billing_invoice_rls ON billing_invoice USING (customer_id = (SELECT nullif(current_setting('rls.tenant_id', true), '')::int)) WITH CHECK (customer_id = (SELECT nullif(current_setting('rls.tenant_id', true), '')::int));

-- design django_rls_case: the policy of a library that asks by CASE, so that the empty text is never cast
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY own ON notes USING (CASE WHEN coalesce(current_setting('app.tenant', true), '') = '' THEN false ELSE tenant_id = current_setting('app.tenant', true)::uuid END);

-- design laravel: Laravel: timestamps, soft deletes, jobs that no tenant reaches, one pivot
-- manifest: {context_type: bigint, root: companies, key: company_id, canaries: {a: 901, b: 902}, shared: [migrations]}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN; CREATE ROLE queue LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web, queue;
SET ROLE keeper;
CREATE TABLE migrations (id serial PRIMARY KEY, migration varchar(255) NOT NULL, batch int NOT NULL);
CREATE TABLE jobs (id bigserial PRIMARY KEY, queue varchar(255) NOT NULL, payload text NOT NULL);
CREATE TABLE companies (id bigint PRIMARY KEY, name varchar(255) NOT NULL DEFAULT '', created_at timestamp(0));
CREATE TABLE users (id bigint PRIMARY KEY, company_id bigint NOT NULL REFERENCES companies, email varchar(255) NOT NULL, deleted_at timestamp(0), UNIQUE (company_id, email), UNIQUE (company_id, id));
CREATE TABLE roles (id bigint PRIMARY KEY, company_id bigint NOT NULL REFERENCES companies, name varchar(50) NOT NULL, UNIQUE (company_id, id));
CREATE TABLE role_user (company_id bigint NOT NULL, role_id bigint NOT NULL, user_id bigint NOT NULL, PRIMARY KEY (company_id, role_id, user_id),
  FOREIGN KEY (company_id, role_id) REFERENCES roles (company_id, id), FOREIGN KEY (company_id, user_id) REFERENCES users (company_id, id));
CREATE INDEX ON role_user (company_id, user_id);
INSERT INTO companies VALUES (1), (901), (902);
INSERT INTO users SELECT id, id, 'a@example.com' FROM companies; INSERT INTO roles SELECT id, id, 'admin' FROM companies; INSERT INTO role_user SELECT id, id, id FROM companies;
GRANT SELECT ON migrations TO web; GRANT ALL ON jobs TO queue;
@protect(users, roles, role_user)@
CREATE POLICY tenant ON users USING (company_id = current_setting('app.tenant')::bigint);
CREATE POLICY tenant ON roles USING (company_id = current_setting('app.tenant')::bigint);
CREATE POLICY tenant ON role_user USING (company_id = current_setting('app.tenant')::bigint);

-- design nile_like: the tenant in every primary key, and a setting of a vendor's name
-- manifest: {context: nile.tenant_id}
@start@
CREATE TABLE todos (tenant_id uuid NOT NULL REFERENCES tenants, id uuid NOT NULL DEFAULT gen_random_uuid(), title varchar(256), PRIMARY KEY (tenant_id, id));
INSERT INTO todos (tenant_id) SELECT id FROM tenants;
@protect(todos)@
CREATE POLICY tenant ON todos USING (tenant_id = current_setting('nile.tenant_id', true)::uuid);

-- design citus_like: distributed by the tenant: composite keys everywhere, reference tables shared
-- manifest: {context_type: bigint, root: companies, key: company_id, canaries: {a: 901, b: 902}, shared: [geo_ips]}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN;
GRANT ALL ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE geo_ips (addrs cidr NOT NULL PRIMARY KEY, latlon point NOT NULL);
CREATE TABLE companies (id bigint PRIMARY KEY, name text NOT NULL DEFAULT '');
CREATE TABLE campaigns (company_id bigint NOT NULL REFERENCES companies, id bigint NOT NULL, name text NOT NULL DEFAULT '', PRIMARY KEY (company_id, id));
CREATE TABLE ads (company_id bigint NOT NULL, id bigint NOT NULL, campaign_id bigint NOT NULL, PRIMARY KEY (company_id, id), FOREIGN KEY (company_id, campaign_id) REFERENCES campaigns (company_id, id));
INSERT INTO companies VALUES (1), (901), (902); INSERT INTO campaigns SELECT id, 1 FROM companies; INSERT INTO ads SELECT id, 1, 1 FROM companies;
GRANT SELECT ON geo_ips TO web;
@protect(campaigns, ads)@
CREATE POLICY own ON campaigns TO web USING (company_id = current_setting('app.tenant')::bigint);
CREATE POLICY own ON ads TO web USING (company_id = current_setting('app.tenant')::bigint);

-- design aws_prescriptive: the pool model of a cloud's guide: the setting, FORCE, a role without ownership
@start@
CREATE TABLE tenant_users (user_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL REFERENCES tenants ON DELETE RESTRICT, email varchar(255) NOT NULL, UNIQUE (tenant_id, email));
INSERT INTO tenant_users (tenant_id, email) SELECT id, 'a@example.com' FROM tenants;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON tenants USING (id = current_setting('app.tenant')::uuid);
GRANT SELECT, UPDATE ON tenants TO web;
@protect(tenant_users)@
CREATE POLICY tenant_user_isolation ON tenant_users USING (tenant_id = current_setting('app.tenant')::uuid);
