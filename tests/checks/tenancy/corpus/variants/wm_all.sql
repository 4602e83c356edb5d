-- V301: EXISTS over the memberships
@policy@ USING (EXISTS (SELECT 1 FROM wm.memberships m WHERE m.workspace_id = projects.workspace_id AND m.user_id = @user@));

-- V302: ANY of a sub-select
@policy@ USING (workspace_id = ANY (SELECT m.workspace_id FROM wm.memberships m WHERE m.user_id = @user@));

-- V303: the memberships' own policy holds the user
@policy@ USING (workspace_id IN (SELECT m.workspace_id FROM wm.memberships m));

-- V304: a child that asks its parent
DROP POLICY own ON wm.files;
CREATE POLICY own ON wm.files USING (EXISTS (SELECT 1 FROM wm.projects p WHERE p.workspace_id = files.workspace_id AND p.id = files.project_id));
