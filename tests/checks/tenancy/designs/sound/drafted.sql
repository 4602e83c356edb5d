-- design nil_uuid: the nil UUID where no tenant is set
-- drafted: true
-- manifest:
--   write_probes: true
--   canaries: {a: aaaaaaaa-0000-4000-8000-000000000001, b: bbbbbbbb-0000-4000-8000-000000000001}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000'::uuid) $$;
CREATE TABLE tenants (id uuid PRIMARY KEY CHECK (id <> '00000000-0000-0000-0000-000000000000'), name text); CREATE TABLE things (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, v text);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE things ENABLE ROW LEVEL SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY; ALTER TABLE things FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON tenants USING (id = coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, '00000000-0000-0000-0000-000000000000'::uuid));
CREATE POLICY p ON things USING (tenant_id = current_tenant());
GRANT SELECT ON tenants TO web; GRANT SELECT, INSERT, UPDATE, DELETE ON things TO web; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO web;
RESET ROLE;
INSERT INTO tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001','A'),('bbbbbbbb-0000-4000-8000-000000000001','B'); INSERT INTO things(tenant_id) VALUES ('aaaaaaaa-0000-4000-8000-000000000001'),('bbbbbbbb-0000-4000-8000-000000000001');
-- break: the id in place of none is that of a tenant | tenancy.rls.policies, tenancy.probe.no_context
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT coalesce(nullif(current_setting('app.tenant_id', true), '')::uuid, 'bbbbbbbb-0000-4000-8000-000000000001'::uuid) $$;
-- exploit unset: SELECT FROM things

-- design system_tenant: templates of a fixed tenant, which everybody reads
-- drafted: true
-- manifest:
--   write_probes: true
--   canaries: {a: aaaaaaaa-0000-4000-8000-000000000001, b: bbbbbbbb-0000-4000-8000-000000000001}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE tenants (id uuid PRIMARY KEY, name text); CREATE TABLE templates (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text); CREATE TABLE letters (id bigserial PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text);
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE templates ENABLE ROW LEVEL SECURITY; ALTER TABLE letters ENABLE ROW LEVEL SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY; ALTER TABLE templates FORCE ROW LEVEL SECURITY; ALTER TABLE letters FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON tenants USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY p ON letters USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY r ON templates FOR SELECT USING (tenant_id = '00000000-0000-0000-0000-000000000001' OR tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY i ON templates FOR INSERT WITH CHECK (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY u ON templates FOR UPDATE USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
CREATE POLICY d ON templates FOR DELETE USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
GRANT SELECT ON tenants TO web; GRANT SELECT, INSERT, UPDATE, DELETE ON templates, letters TO web; GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO web;
RESET ROLE;
INSERT INTO tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001','A'),('bbbbbbbb-0000-4000-8000-000000000001','B'),('00000000-0000-0000-0000-000000000001','system'); INSERT INTO templates(tenant_id) VALUES ('aaaaaaaa-0000-4000-8000-000000000001'),('bbbbbbbb-0000-4000-8000-000000000001'),('00000000-0000-0000-0000-000000000001'); INSERT INTO letters(tenant_id) VALUES ('aaaaaaaa-0000-4000-8000-000000000001'),('bbbbbbbb-0000-4000-8000-000000000001');
-- break: another tenant's templates are shown too | tenancy.rls.policies, tenancy.probe.cross_tenant
ALTER POLICY r ON templates USING (tenant_id IN ('00000000-0000-0000-0000-000000000001', 'bbbbbbbb-0000-4000-8000-000000000001') OR tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid);
-- exploit: SELECT FROM templates WHERE tenant_id = 'bbbbbbbb-0000-4000-8000-000000000001'
-- break: a tenant adds templates for all | tenancy.probe.counterexample
ALTER POLICY i ON templates WITH CHECK (tenant_id IN ('00000000-0000-0000-0000-000000000001', nullif(current_setting('app.tenant_id', true), '')::uuid));
-- exploit: INSERT INTO templates(tenant_id) VALUES ('00000000-0000-0000-0000-000000000001')

-- design own_rows_and_teams: teams of Supabase beside tables of the user's own rows
-- drafted: true
-- manifest:
--   write_probes: true
--   canaries: {a: aaaaaaaa-0000-4000-8000-000000000001, b: bbbbbbbb-0000-4000-8000-000000000001, user_a: 11111111-0000-4000-8000-000000000001, user_b: 22222222-0000-4000-8000-000000000001}
CREATE ROLE keeper NOLOGIN; CREATE ROLE anon NOLOGIN; CREATE ROLE authenticated NOLOGIN; CREATE ROLE service_role NOLOGIN BYPASSRLS; CREATE ROLE authenticator LOGIN NOINHERIT;
GRANT anon, authenticated, service_role TO authenticator; GRANT CREATE, USAGE ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO keeper', current_database()); END $$;
SET ROLE keeper; CREATE SCHEMA auth; GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email text UNIQUE, raw_app_meta_data jsonb);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ select coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
CREATE FUNCTION auth.role() RETURNS text LANGUAGE sql STABLE AS $$ select coalesce(nullif(current_setting('request.jwt.claim.role', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role'))::text $$;
CREATE FUNCTION auth.jwt() RETURNS jsonb LANGUAGE sql STABLE AS $$ select coalesce(nullif(current_setting('request.jwt.claim', true), ''), nullif(current_setting('request.jwt.claims', true), ''))::jsonb $$;
RESET ROLE;
SET ROLE keeper;
CREATE TABLE profiles (id uuid PRIMARY KEY REFERENCES auth.users, full_name text);
CREATE TABLE orgs (id uuid PRIMARY KEY, name text); CREATE TABLE org_members (org_id uuid NOT NULL REFERENCES orgs, user_id uuid NOT NULL REFERENCES auth.users, role text NOT NULL DEFAULT 'member', PRIMARY KEY (org_id, user_id)); CREATE TABLE pages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), org_id uuid NOT NULL REFERENCES orgs, title text);
CREATE TABLE notifications (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL REFERENCES auth.users, body text, read_at timestamptz);
ALTER TABLE profiles ENABLE ROW LEVEL SECURITY; ALTER TABLE orgs ENABLE ROW LEVEL SECURITY; ALTER TABLE org_members ENABLE ROW LEVEL SECURITY; ALTER TABLE pages ENABLE ROW LEVEL SECURITY; ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY m ON org_members FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()));
CREATE POLICY o ON orgs FOR SELECT TO authenticated USING (id IN (SELECT org_id FROM org_members WHERE user_id = (SELECT auth.uid())));
CREATE POLICY p ON pages TO authenticated USING (org_id IN (SELECT org_id FROM org_members WHERE user_id = (SELECT auth.uid())));
CREATE POLICY own ON profiles TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY own ON notifications TO authenticated USING (user_id = (SELECT auth.uid()));
GRANT SELECT ON orgs, org_members TO authenticated; GRANT SELECT, UPDATE ON profiles TO authenticated; GRANT SELECT, UPDATE ON notifications TO authenticated; GRANT SELECT, INSERT, UPDATE, DELETE ON pages TO authenticated;
RESET ROLE;
INSERT INTO auth.users VALUES ('11111111-0000-4000-8000-000000000001','a'),('22222222-0000-4000-8000-000000000001','b'); INSERT INTO profiles VALUES ('11111111-0000-4000-8000-000000000001'),('22222222-0000-4000-8000-000000000001'); INSERT INTO orgs VALUES ('aaaaaaaa-0000-4000-8000-000000000001','A'),('bbbbbbbb-0000-4000-8000-000000000001','B'); INSERT INTO org_members VALUES ('aaaaaaaa-0000-4000-8000-000000000001','11111111-0000-4000-8000-000000000001'),('bbbbbbbb-0000-4000-8000-000000000001','22222222-0000-4000-8000-000000000001'); INSERT INTO pages(org_id) VALUES ('aaaaaaaa-0000-4000-8000-000000000001'),('bbbbbbbb-0000-4000-8000-000000000001'); INSERT INTO notifications(user_id) VALUES ('11111111-0000-4000-8000-000000000001'),('22222222-0000-4000-8000-000000000001');
-- break: everybody reads profiles | tenancy.rls.policies, tenancy.probe.cross_tenant
ALTER POLICY own ON profiles USING (true);
-- exploit: SELECT FROM profiles WHERE id = '22222222-0000-4000-8000-000000000001'
-- break: unread notifications are shown to all | tenancy.rls.policies, tenancy.probe.cross_tenant
ALTER POLICY own ON notifications USING (user_id = (SELECT auth.uid()) OR read_at IS NULL);
-- exploit: SELECT FROM notifications WHERE user_id = '22222222-0000-4000-8000-000000000001'

-- design published: rows that their tenant publishes
-- drafted: true
-- manifest:
--   write_probes: true
--   canaries: {a: aaaaaaaa-0000-4000-8000-000000000001, b: bbbbbbbb-0000-4000-8000-000000000001}
CREATE ROLE keeper NOLOGIN; CREATE ROLE web LOGIN; GRANT CREATE, USAGE ON SCHEMA public TO keeper; GRANT USAGE ON SCHEMA public TO web;
SET ROLE keeper;
CREATE TABLE tenants (id uuid PRIMARY KEY, name text, archived boolean NOT NULL DEFAULT false);
CREATE TABLE articles (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, is_public boolean NOT NULL DEFAULT false, v text);
ALTER TABLE articles ENABLE ROW LEVEL SECURITY; ALTER TABLE articles FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON articles USING (tenant_id = nullif(current_setting('app.tenant_id', true), '')::uuid); CREATE POLICY pub ON articles FOR SELECT USING (is_public); GRANT SELECT, INSERT, UPDATE, DELETE ON articles TO web;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON tenants USING (id = nullif(current_setting('app.tenant_id', true), '')::uuid); GRANT SELECT ON tenants TO web;
RESET ROLE;
INSERT INTO tenants VALUES ('aaaaaaaa-0000-4000-8000-000000000001','A'),('bbbbbbbb-0000-4000-8000-000000000001','B');
INSERT INTO articles VALUES (1,'aaaaaaaa-0000-4000-8000-000000000001',false),(2,'bbbbbbbb-0000-4000-8000-000000000001',false),(3,'bbbbbbbb-0000-4000-8000-000000000001',true);
-- break: drafts are shown too | tenancy.rls.policies, tenancy.probe.cross_tenant
ALTER POLICY pub ON articles USING (is_public IS NOT NULL);
-- exploit: SELECT FROM articles WHERE id = 2
