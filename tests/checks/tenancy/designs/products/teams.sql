-- design teams: teams in the style of Supabase: tokens in JSON, users of several teams, roles that cannot log in, templates of everybody
-- drafted: true
-- manifest:
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
--     user_a: aaaaaaaa-0000-4000-8000-0000000000ff
--     user_b: bbbbbbbb-0000-4000-8000-0000000000ff
--   write_probes: true
-- approve:
-- - {kind: function, name: "private.my_teams()"}
CREATE ROLE platform NOLOGIN; CREATE ROLE anon NOLOGIN NOINHERIT; CREATE ROLE authenticated NOLOGIN NOINHERIT; CREATE ROLE service_role NOLOGIN NOINHERIT BYPASSRLS;
CREATE ROLE authenticator LOGIN NOINHERIT; GRANT anon, authenticated, service_role TO authenticator;
GRANT ALL ON SCHEMA public TO platform; GRANT USAGE ON SCHEMA public TO anon, authenticated, service_role;
CREATE SCHEMA auth AUTHORIZATION platform; CREATE SCHEMA private AUTHORIZATION platform; CREATE SCHEMA storage AUTHORIZATION platform;
SET ROLE platform;
CREATE TABLE auth.users (id uuid PRIMARY KEY, email varchar(255), raw_app_meta_data jsonb);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce(nullif(current_setting('request.jwt.claim.sub', true), ''), (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub'))::uuid $$;
GRANT USAGE ON SCHEMA auth TO anon, authenticated, service_role;
CREATE TABLE teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL DEFAULT '');
CREATE TABLE team_members (team_id uuid NOT NULL REFERENCES teams, user_id uuid NOT NULL REFERENCES auth.users, role text NOT NULL DEFAULT 'member', PRIMARY KEY (team_id, user_id));
CREATE INDEX ON team_members (user_id);
CREATE TABLE documents (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team_id uuid NOT NULL REFERENCES teams, title text NOT NULL DEFAULT '', author uuid DEFAULT auth.uid());
CREATE TABLE comments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), document_id uuid NOT NULL REFERENCES documents ON DELETE CASCADE, body text NOT NULL DEFAULT '');
CREATE INDEX ON documents (team_id); CREATE INDEX ON comments (document_id);
CREATE TABLE storage.objects (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team_id uuid NOT NULL REFERENCES teams, name text NOT NULL DEFAULT '');
CREATE INDEX ON storage.objects (team_id); GRANT USAGE ON SCHEMA storage TO authenticated, service_role;
CREATE TABLE countries (code char(2) PRIMARY KEY, name text NOT NULL);
CREATE FUNCTION private.my_teams() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT m.team_id FROM public.team_members m WHERE m.user_id = (SELECT auth.uid()) $$;
GRANT USAGE ON SCHEMA private TO authenticated; REVOKE ALL ON FUNCTION private.my_teams() FROM PUBLIC; GRANT EXECUTE ON FUNCTION private.my_teams() TO authenticated;
INSERT INTO auth.users SELECT ('cccccccc-0000-4000-8000-0000000000f' || n)::uuid FROM generate_series(1, 3) n;
INSERT INTO auth.users VALUES ('aaaaaaaa-0000-4000-8000-0000000000ff'), ('bbbbbbbb-0000-4000-8000-0000000000ff');
INSERT INTO teams VALUES ('aaaaaaaa-0000-4000-8000-000000000001'), ('bbbbbbbb-0000-4000-8000-000000000001'), ('cccccccc-0000-4000-8000-000000000001');
INSERT INTO team_members VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-0000000000ff'), ('bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-0000000000ff'), ('cccccccc-0000-4000-8000-000000000001', 'cccccccc-0000-4000-8000-0000000000f1');
INSERT INTO documents (id, team_id) SELECT id, id FROM teams; INSERT INTO comments (document_id) SELECT id FROM documents; INSERT INTO storage.objects (team_id) SELECT id FROM teams; INSERT INTO countries VALUES ('CH', 'Switzerland');
ALTER TABLE teams ENABLE ROW LEVEL SECURITY; ALTER TABLE team_members ENABLE ROW LEVEL SECURITY; ALTER TABLE documents ENABLE ROW LEVEL SECURITY; ALTER TABLE comments ENABLE ROW LEVEL SECURITY; ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY; ALTER TABLE countries ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON teams, team_members TO authenticated; GRANT SELECT, INSERT, UPDATE, DELETE ON documents, comments, storage.objects TO authenticated; GRANT SELECT ON countries TO anon, authenticated;
GRANT ALL ON ALL TABLES IN SCHEMA public, storage TO service_role;
CREATE POLICY see ON teams FOR SELECT TO authenticated USING (id IN (SELECT private.my_teams()));
CREATE POLICY see ON team_members FOR SELECT TO authenticated USING (team_id IN (SELECT private.my_teams()));
CREATE POLICY own ON documents TO authenticated USING (team_id IN (SELECT private.my_teams())) WITH CHECK (team_id IN (SELECT private.my_teams()));
CREATE POLICY own ON comments TO authenticated USING (EXISTS (SELECT 1 FROM documents d WHERE d.id = comments.document_id AND d.team_id IN (SELECT private.my_teams())));
CREATE POLICY own ON storage.objects TO authenticated USING (team_id IN (SELECT private.my_teams()));
CREATE POLICY public_read ON countries FOR SELECT USING (true);
-- break: everybody who is logged in reads documents | tenancy.rls.policies, tenancy.probe.cross_tenant
-- exploit: SELECT FROM documents WHERE team_id = 'bbbbbbbb-0000-4000-8000-000000000001'
CREATE POLICY everyone ON documents FOR SELECT TO authenticated USING (auth.uid() IS NOT NULL);
-- break: a team may be joined by anyone | tenancy.rls.policies
-- exploit: INSERT INTO team_members VALUES ('bbbbbbbb-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-0000000000ff')
GRANT INSERT ON team_members TO authenticated; CREATE POLICY join_team ON team_members FOR INSERT TO authenticated WITH CHECK (user_id = (SELECT auth.uid()));
-- break: a new table for the API without row security | tenancy.rls.coverage
-- exploit: SELECT FROM invitations
CREATE TABLE invitations (id int PRIMARY KEY, team_id uuid NOT NULL REFERENCES teams, email text NOT NULL); INSERT INTO invitations SELECT 1, id, 'x' FROM teams LIMIT 1; GRANT SELECT ON invitations TO authenticated;
-- break: a view of the API reads as its owner | tenancy.rls.coverage, tenancy.probe.cross_tenant
-- exploit: SELECT FROM recent WHERE team_id = 'bbbbbbbb-0000-4000-8000-000000000001'
SET ROLE platform; CREATE VIEW recent AS SELECT * FROM documents; GRANT SELECT ON recent TO authenticated;
-- break: the helper returns every team | tenancy.rls.functions
-- exploit: SELECT FROM documents WHERE team_id = 'bbbbbbbb-0000-4000-8000-000000000001'
CREATE OR REPLACE FUNCTION private.my_teams() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = '' AS $$ SELECT t.id FROM public.teams t $$;
-- break: comments are shown by their document's id alone | tenancy.rls.policies, tenancy.probe.cross_tenant
-- exploit: SELECT FROM comments WHERE document_id = 'bbbbbbbb-0000-4000-8000-000000000001'
ALTER POLICY own ON comments USING (document_id IS NOT NULL);
-- break: files of all teams can be listed | tenancy.rls.policies, tenancy.probe.cross_tenant
-- exploit: SELECT FROM storage.objects WHERE team_id = 'bbbbbbbb-0000-4000-8000-000000000001'
CREATE POLICY list ON storage.objects FOR SELECT TO authenticated USING (name = '');
-- break: the API's role may become the service's | tenancy.rls.bypass_roles
-- exploit: SELECT set_config('role', 'service_role', true)
GRANT service_role TO authenticated;
-- break: the claims of the user are trusted | tenancy.rls.policies
-- exploit unset: SELECT FROM documents, set_config('request.jwt.claims', '{"role": "admin"}', true) c WHERE c > ''
CREATE POLICY admins ON documents TO authenticated USING (current_setting('request.jwt.claims', true)::jsonb ->> 'role' = 'admin');
-- break: a document may be moved to any team | tenancy.rls.policies, tenancy.probe.canary_writes
-- exploit: UPDATE documents SET team_id = 'bbbbbbbb-0000-4000-8000-000000000001'
ALTER POLICY own ON documents WITH CHECK (true);
