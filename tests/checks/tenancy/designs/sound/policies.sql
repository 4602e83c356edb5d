-- design bare_cast: current_setting()::uuid as it is, which raises when nothing is set
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = current_setting('app.tenant')::uuid);

-- design coalesced: the missing setting is the nil uuid
-- known: the nil uuid may be a tenant
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = coalesce(nullif(current_setting('app.tenant', true), ''), '00000000-0000-0000-0000-000000000000')::uuid);

-- design wrapped: the setting in a sub-select, asked once
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = (SELECT nullif(current_setting('app.tenant', true), '')::uuid));

-- design sql_helper: a STABLE helper in SQL, in a schema of its own
@start@
RESET ROLE; CREATE SCHEMA app AUTHORIZATION keeper; SET ROLE keeper; GRANT USAGE ON SCHEMA app TO web;
CREATE FUNCTION app.tenant_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$ SELECT nullif(current_setting('app.tenant', true), '')::uuid $$;
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL DEFAULT app.tenant_id() REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = (SELECT app.tenant_id()));

-- design raising_helper: a helper in PL/pgSQL that raises when nothing is bound, approved as the context
-- approve: [{kind: function, name: "app.tenant_id()", returns_tenant: true}]
@start@
RESET ROLE; CREATE SCHEMA app AUTHORIZATION keeper; SET ROLE keeper; GRANT USAGE ON SCHEMA app TO web;
CREATE FUNCTION app.tenant_id() RETURNS uuid LANGUAGE plpgsql STABLE AS $$
DECLARE bound text := current_setting('app.tenant', true);
BEGIN
  IF bound IS NULL OR bound = '' THEN RAISE EXCEPTION 'no tenant is bound' USING ERRCODE = 'insufficient_privilege'; END IF;
  RETURN bound::uuid;
END $$;
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY p ON notes USING (tenant_id = app.tenant_id());

-- design per_command: four policies, each TO the role
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY notes_select ON notes FOR SELECT TO web USING (@mine@);
CREATE POLICY notes_insert ON notes FOR INSERT TO web WITH CHECK (@mine@);
CREATE POLICY notes_update ON notes FOR UPDATE TO web USING (@mine@) WITH CHECK (@mine@);
CREATE POLICY notes_delete ON notes FOR DELETE TO web USING (@mine@);

-- design append_only: rows are read and added, by grant and by policy
@start@
CREATE TABLE events (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON events (tenant_id);
INSERT INTO events SELECT row_number() OVER (), id FROM tenants;
ALTER TABLE events ENABLE ROW LEVEL SECURITY; ALTER TABLE events FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON events TO web;
CREATE POLICY see ON events FOR SELECT USING (@mine@);
CREATE POLICY add ON events FOR INSERT WITH CHECK (@mine@);

-- design restrictive_floor: a RESTRICTIVE floor below permissive policies for a feature
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, author text NOT NULL DEFAULT 'x', shared boolean NOT NULL DEFAULT true);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY floor ON notes AS RESTRICTIVE USING (@mine@);
CREATE POLICY own ON notes USING (author = current_setting('app.user', true));
CREATE POLICY shared ON notes FOR SELECT USING (shared);

-- design soft_delete: rows that were deleted are hidden, and the tenant is asked besides
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '', deleted_at timestamptz);
CREATE INDEX ON notes (tenant_id) WHERE deleted_at IS NULL; CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
INSERT INTO notes SELECT 100 + row_number() OVER (), id, 'gone', '2020-01-01' FROM tenants;
@protect(notes)@
CREATE POLICY see ON notes FOR SELECT USING (@mine@ AND deleted_at IS NULL);
CREATE POLICY add ON notes FOR INSERT WITH CHECK (@mine@);
CREATE POLICY edit ON notes FOR UPDATE USING (@mine@ AND deleted_at IS NULL) WITH CHECK (@mine@);
CREATE POLICY bin ON notes FOR DELETE USING (@mine@);

-- design soft_delete_restrictive: a RESTRICTIVE policy hides deleted rows
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '', deleted_at timestamptz);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY own ON notes USING (@mine@);
CREATE POLICY alive ON notes AS RESTRICTIVE FOR SELECT USING (deleted_at IS NULL);

-- design row_owner: rows belong to a user of the tenant
-- manifest:
--   canaries:
--     a: aaaaaaaa-0000-4000-8000-000000000001
--     b: bbbbbbbb-0000-4000-8000-000000000001
--     settings_a: {app.user_id: aaaaaaaa-0000-4000-8000-000000000001}
--     settings_b: {app.user_id: bbbbbbbb-0000-4000-8000-000000000001}
@start@
CREATE TABLE users (id uuid PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, UNIQUE (tenant_id, id));
CREATE TABLE drafts (id bigint PRIMARY KEY, tenant_id uuid NOT NULL, user_id uuid NOT NULL, body text NOT NULL DEFAULT '', FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id));
CREATE INDEX ON drafts (tenant_id, user_id);
INSERT INTO users SELECT id, id FROM tenants;
INSERT INTO drafts SELECT row_number() OVER (), id, id FROM tenants;
@own(users)@
@protect(drafts)@
CREATE POLICY own ON drafts USING (@mine@ AND user_id = nullif(current_setting('app.user_id', true), '')::uuid);

-- design role_and_tenant: an admin of the tenant sees more rows of it
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, private boolean NOT NULL DEFAULT false);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY own ON notes USING (@mine@ AND (NOT private OR current_setting('app.role', true) = 'admin'));

-- design in_list: the tenant in a list of one, and as ANY of an array
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE TABLE tags (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, word text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id); CREATE INDEX ON tags (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
INSERT INTO tags SELECT row_number() OVER (), id FROM tenants;
@protect(notes, tags)@
CREATE POLICY own ON notes USING (tenant_id IN (current_setting('app.tenant')::uuid));
CREATE POLICY own ON tags USING (tenant_id = ANY (ARRAY[nullif(current_setting('app.tenant', true), '')::uuid]));

-- design root_under_policy: tenants see their own row of the root
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@own(notes)@
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
CREATE POLICY me ON tenants FOR SELECT USING (id = nullif(current_setting('app.tenant', true), '')::uuid);
CREATE POLICY rename ON tenants FOR UPDATE USING (id = nullif(current_setting('app.tenant', true), '')::uuid);
GRANT SELECT ON tenants TO web; GRANT UPDATE (name) ON tenants TO web;

-- design is_not_distinct: equality written so that NULL is no hole, over a key that is never NULL
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, body text NOT NULL DEFAULT '');
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
@protect(notes)@
CREATE POLICY own ON notes USING (tenant_id IS NOT DISTINCT FROM nullif(current_setting('app.tenant', true), '')::uuid);

-- design columns_granted: an open check, of columns that cannot change the tenant
@start@
CREATE TABLE notes (id bigint PRIMARY KEY, tenant_id uuid NOT NULL REFERENCES tenants, title text NOT NULL DEFAULT '', body text NOT NULL DEFAULT '', secret text);
CREATE INDEX ON notes (tenant_id);
INSERT INTO notes SELECT row_number() OVER (), id FROM tenants;
ALTER TABLE notes ENABLE ROW LEVEL SECURITY; ALTER TABLE notes FORCE ROW LEVEL SECURITY;
GRANT SELECT (id, tenant_id, title, body), INSERT (id, tenant_id, title), UPDATE (title, body), DELETE ON notes TO web;
CREATE POLICY see ON notes FOR SELECT USING (@mine@);
CREATE POLICY add ON notes FOR INSERT WITH CHECK (@mine@);
CREATE POLICY edit ON notes FOR UPDATE USING (@mine@) WITH CHECK (true);
CREATE POLICY bin ON notes FOR DELETE USING (@mine@);
-- break: the tenant may be changed too | tenancy.rls.policies, tenancy.probe.counterexample, tenancy.probe.canary_writes
-- exploit: UPDATE notes SET tenant_id = 'bbbbbbbb-0000-4000-8000-000000000001'
GRANT UPDATE (tenant_id) ON notes TO web;
