-- A301 medium static dynamic: the table of memberships shows who is a member of what
-- by tenancy.rls.coverage
ALTER TABLE wm.memberships DISABLE ROW LEVEL SECURITY;
-- exploit wm_app a
SELECT 1 FROM wm.memberships WHERE workspace_id = @B@;
-- repair
ALTER TABLE wm.memberships ENABLE ROW LEVEL SECURITY;

-- A302 critical static dynamic: users of every workspace are granted
-- by tenancy.rls.coverage
GRANT SELECT ON wm.users TO wm_app;
-- exploit wm_app a
SELECT email FROM wm.users WHERE email = 'b@x';
-- repair
REVOKE SELECT ON wm.users FROM wm_app;

-- B301 critical static dynamic: who may write memberships may join any workspace
-- by tenancy.rls.policies
GRANT INSERT ON wm.memberships TO wm_app;
CREATE POLICY joins ON wm.memberships FOR INSERT WITH CHECK (user_id = @user@);
-- exploit wm_app a
INSERT INTO wm.memberships VALUES (@B@, @user@);
@others@;
-- repair
@restore@;
REVOKE INSERT ON wm.memberships FROM wm_app;

-- B302 critical static: a membership may be moved to any workspace
-- by tenancy.rls.policies
GRANT UPDATE (workspace_id) ON wm.memberships TO wm_app;
CREATE POLICY moves ON wm.memberships FOR UPDATE USING (user_id = @user@);
-- exploit wm_app a
UPDATE wm.memberships SET workspace_id = @B@ WHERE user_id = @user@;
@others@;
-- repair
@restore@;
REVOKE UPDATE (workspace_id) ON wm.memberships FROM wm_app;

-- B303 critical static dynamic: the sub-select forgets the user
-- by tenancy.rls.policies
@policy@ USING (workspace_id IN (SELECT m.workspace_id FROM wm.memberships m));
DROP POLICY mine ON wm.memberships;
CREATE POLICY mine ON wm.memberships FOR SELECT USING (true);
-- exploit wm_app a
@others@;

-- B304 critical static dynamic: the sub-select compares the membership with itself
-- by tenancy.rls.policies
@policy@ USING (EXISTS (SELECT 1 FROM wm.memberships m WHERE m.workspace_id = m.workspace_id AND m.user_id = @user@));
-- exploit wm_app a
@others@;

-- B305 critical static dynamic: the row's own column shadows the membership's
-- by tenancy.rls.policies
@policy@ USING (EXISTS (SELECT 1 FROM wm.memberships m WHERE workspace_id = m.workspace_id AND m.user_id = @user@));
-- exploit wm_app a
@others@;

-- B306 critical static dynamic: NOT IN
-- by tenancy.rls.policies
@policy@ USING (workspace_id NOT IN (SELECT m.workspace_id FROM wm.memberships m WHERE m.user_id = @user@));
-- exploit wm_app a
@others@;

-- B307 critical static dynamic: any member of anything
-- by tenancy.rls.policies
@policy@ USING (@user@ IN (SELECT m.user_id FROM wm.memberships m));
-- exploit wm_app a
@others@;

-- B308 critical static dynamic: UNION adds a second table that tenants write
-- by tenancy.rls.coverage tenancy.rls.policies
CREATE TABLE wm.invited (workspace_id uuid);
GRANT SELECT, INSERT ON wm.invited TO wm_app;
@policy@ USING (workspace_id IN (SELECT m.workspace_id FROM wm.memberships m WHERE m.user_id = @user@
    UNION SELECT f.workspace_id FROM wm.invited f));
-- exploit wm_app a
INSERT INTO wm.invited VALUES (@B@);
@others@;
-- repair
@restore@;
DROP TABLE wm.invited;

-- B309 critical static: a function that asks the memberships has its owner's rights and a parameter
-- by tenancy.rls.functions tenancy.rls.policies
CREATE FUNCTION wm.is_member(w uuid, u uuid DEFAULT NULL) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = wm
    AS $$ SELECT EXISTS (SELECT 1 FROM memberships m WHERE m.workspace_id = w AND m.user_id = coalesce(u, m.user_id)) $$;
@policy@ USING (wm.is_member(workspace_id));
-- exploit wm_app a
@others@;
-- repair
@restore@;
DROP FUNCTION wm.is_member;

-- B310 critical static dynamic: everything is open to who has no user
-- by tenancy.rls.policies
@policy@ USING (@mine@ OR @user@ IS NULL);
-- exploit wm_app unset
@others@;

-- C301 critical static dynamic: a default names one of the users
-- by tenancy.rls.settings
ALTER ROLE wm_app SET app.user_id = 'bbbbbbbb-0000-4000-8000-0000000000ff';
-- exploit login wm_app unset
@others@;
-- repair
ALTER ROLE wm_app RESET app.user_id;

-- D301 critical static: a function makes any user a member
-- by tenancy.rls.functions
CREATE FUNCTION wm.join_workspace(w uuid) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = wm
    AS $$ INSERT INTO memberships VALUES (w, nullif(current_setting('app.user_id', true), '')::uuid) $$;
-- exploit wm_app a
SELECT wm.join_workspace(@B@);
@others@;
-- repair
DROP FUNCTION wm.join_workspace;

-- D302 critical static dynamic: an owner's view of the memberships
-- by tenancy.rls.coverage
CREATE VIEW wm.people AS SELECT m.workspace_id, u.email FROM wm.memberships m JOIN wm.users u ON u.id = m.user_id;
GRANT SELECT ON wm.people TO wm_app;
-- exploit wm_app a
SELECT email FROM wm.people WHERE workspace_id <> @A@;
-- repair
DROP VIEW wm.people;
