-- Users and the workspaces they are members of: the context names a user, and a table says which tenants that user sees.
CREATE ROLE wm_owner NOLOGIN;
CREATE ROLE wm_app LOGIN PASSWORD 'corpus';
CREATE SCHEMA wm AUTHORIZATION wm_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA wm TO wm_app;
SET ROLE wm_owner;
CREATE TABLE wm.workspaces (id uuid PRIMARY KEY, title text NOT NULL);
CREATE TABLE wm.users (id uuid PRIMARY KEY, email text NOT NULL);
CREATE TABLE wm.memberships (
    workspace_id uuid NOT NULL REFERENCES wm.workspaces,
    user_id uuid NOT NULL REFERENCES wm.users,
    PRIMARY KEY (user_id, workspace_id)
);
CREATE TABLE wm.projects (
    workspace_id uuid NOT NULL REFERENCES wm.workspaces,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    title text NOT NULL DEFAULT '',
    PRIMARY KEY (workspace_id, id)
);
CREATE TABLE wm.files (
    workspace_id uuid NOT NULL,
    project_id uuid NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    PRIMARY KEY (workspace_id, id),
    FOREIGN KEY (workspace_id, project_id) REFERENCES wm.projects
);
CREATE TABLE wm.audit (
    workspace_id uuid NOT NULL REFERENCES wm.workspaces,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    what text NOT NULL DEFAULT 'x',
    PRIMARY KEY (workspace_id, id)
);
CREATE FUNCTION wm.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'only added'; END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON wm.audit FOR EACH STATEMENT EXECUTE FUNCTION wm.refuse();
ALTER TABLE wm.audit ENABLE ALWAYS TRIGGER keep;
RESET ROLE;
INSERT INTO wm.workspaces SELECT md5('workspace ' || n)::uuid, 'Workspace ' || n FROM generate_series(1, 3) AS n;
INSERT INTO wm.workspaces VALUES ('aaaaaaaa-0000-4000-8000-000000000001', 'A'), ('bbbbbbbb-0000-4000-8000-000000000001', 'B');
INSERT INTO wm.users SELECT md5('user ' || n)::uuid, n || '@wm.example' FROM generate_series(1, 3) AS n;
INSERT INTO wm.users VALUES ('aaaaaaaa-0000-4000-8000-0000000000ff', 'a@x'), ('bbbbbbbb-0000-4000-8000-0000000000ff', 'b@x');
INSERT INTO wm.memberships SELECT md5('workspace ' || n)::uuid, md5('user ' || n)::uuid FROM generate_series(1, 3) AS n;
INSERT INTO wm.memberships VALUES
    ('aaaaaaaa-0000-4000-8000-000000000001', 'aaaaaaaa-0000-4000-8000-0000000000ff'),
    ('bbbbbbbb-0000-4000-8000-000000000001', 'bbbbbbbb-0000-4000-8000-0000000000ff');
INSERT INTO wm.projects (workspace_id) SELECT id FROM wm.workspaces, generate_series(1, 2);
INSERT INTO wm.files (workspace_id, project_id) SELECT workspace_id, id FROM wm.projects;
INSERT INTO wm.audit (workspace_id) SELECT id FROM wm.workspaces;
DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['memberships', 'projects', 'files', 'audit'] LOOP
        EXECUTE format('ALTER TABLE wm.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', one);
    END LOOP;
END
$$;
GRANT SELECT ON wm.memberships TO wm_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON wm.projects, wm.files TO wm_app;
GRANT SELECT, INSERT ON wm.audit TO wm_app;
