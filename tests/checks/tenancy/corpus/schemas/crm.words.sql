-- @raw@
current_setting('saas.org', true)
-- @ctx@
nullif(current_setting('saas.org', true), '')
-- @A@
'canary-a'
-- @B@
'canary-b'
-- @others@
SELECT 1 FROM "Sales Desk"."Big Deals" WHERE "Org Slug" <> @A@
-- @policy@
DROP POLICY "Own Rows" ON "Sales Desk"."Big Deals";
CREATE POLICY "Own Rows" ON "Sales Desk"."Big Deals"
-- @restore@
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT polname, polrelid::regclass AS relation FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', one.polname, one.relation);
    END LOOP;
END
$$;
CREATE POLICY own ON crm.orgs FOR SELECT USING (slug = crm.current_org());
CREATE POLICY own ON crm.contacts USING (org_slug = crm.current_org());
CREATE POLICY "Own Rows" ON "Sales Desk"."Big Deals" TO crm_app, "Crm Reports" USING ("Org Slug" = current_setting('saas.org'));
CREATE POLICY own ON crm.activities USING (org_slug = (SELECT nullif(current_setting('saas.org', true), '')));
CREATE POLICY reads ON crm.tasks FOR SELECT TO crm_staff USING (org_slug = crm.current_org());
CREATE POLICY adds ON crm.tasks FOR INSERT TO crm_staff WITH CHECK (org_slug = crm.current_org());
CREATE POLICY changes ON crm.tasks FOR UPDATE TO crm_staff USING (org_slug = crm.current_org()) WITH CHECK (org_slug = crm.current_org());
CREATE POLICY removes ON crm.tasks FOR DELETE TO crm_staff USING (org_slug = crm.current_org());
CREATE POLICY shown ON crm.notes USING (NOT archived);
CREATE POLICY floor ON crm.notes AS RESTRICTIVE USING (org_slug = @ctx@);
CREATE POLICY own ON crm.audit USING (org_slug = crm.current_org())
-- @helper@
CREATE OR REPLACE FUNCTION crm.current_org() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('saas.org', true), '') $$;
