-- @user@
nullif(current_setting('app.user_id', true), '')::uuid
-- @A@
'aaaaaaaa-0000-4000-8000-000000000001'
-- @B@
'bbbbbbbb-0000-4000-8000-000000000001'
-- @others@
SELECT 1 FROM wm.projects WHERE workspace_id <> @A@
-- @mine@
workspace_id IN (SELECT m.workspace_id FROM wm.memberships m WHERE m.user_id = @user@)
-- @policy@
DROP POLICY own ON wm.projects;
CREATE POLICY own ON wm.projects
-- @restore@
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT polname, polrelid::regclass AS relation FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', one.polname, one.relation);
    END LOOP;
END
$$;
CREATE POLICY mine ON wm.memberships FOR SELECT USING (user_id = @user@);
CREATE POLICY own ON wm.projects USING (@mine@);
CREATE POLICY own ON wm.files USING (@mine@);
CREATE POLICY own ON wm.audit USING (@mine@)
