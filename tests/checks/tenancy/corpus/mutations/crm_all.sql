-- A101 critical static dynamic: a quoted table in another schema lost its row-level security
-- by tenancy.rls.coverage
ALTER TABLE "Sales Desk"."Big Deals" DISABLE ROW LEVEL SECURITY;
-- exploit crm_app a
@others@;
-- repair
ALTER TABLE "Sales Desk"."Big Deals" ENABLE ROW LEVEL SECURITY;

-- A102 critical static dynamic: a partition in use has a grant and no row-level security
-- by tenancy.rls.coverage
GRANT SELECT ON crm."activities 2026" TO crm_app;
-- exploit crm_app a
SELECT 1 FROM crm."activities 2026" WHERE org_slug <> @A@;
-- repair
REVOKE SELECT ON crm."activities 2026" FROM crm_app;

-- A103 critical static dynamic: the policy is on the partitions, and the parent is read
-- by tenancy.rls.coverage
ALTER TABLE crm.activities DISABLE ROW LEVEL SECURITY;
ALTER TABLE crm.activities_2025 ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm."activities 2026" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON crm.activities_2025 USING (org_slug = crm.current_org());
CREATE POLICY own ON crm."activities 2026" USING (org_slug = crm.current_org());
-- exploit crm_app a
SELECT 1 FROM crm.activities WHERE org_slug <> @A@;
-- repair
@restore@;
ALTER TABLE crm.activities ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.activities_2025 DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
ALTER TABLE crm."activities 2026" DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;

-- A104 medium static: row security of a quoted table is no longer forced
-- by tenancy.rls.coverage
ALTER TABLE "Sales Desk"."Big Deals" NO FORCE ROW LEVEL SECURITY;
-- no exploit: no principal can become the owner
-- repair
ALTER TABLE "Sales Desk"."Big Deals" FORCE ROW LEVEL SECURITY;

-- A105 critical static dynamic: a table of the same name in an undeclared schema
-- by tenancy.rls.coverage
CREATE SCHEMA "CRM";
CREATE TABLE "CRM".contacts AS SELECT org_slug, email FROM crm.contacts;
GRANT USAGE ON SCHEMA "CRM" TO crm_app;
GRANT SELECT ON "CRM".contacts TO crm_app;
-- exploit crm_app a
SELECT 1 FROM "CRM".contacts WHERE org_slug <> @A@;
-- repair
DROP SCHEMA "CRM" CASCADE;

-- A106 high static dynamic: the tenant registry loses its row-level security
-- by tenancy.rls.coverage
ALTER TABLE crm.orgs DISABLE ROW LEVEL SECURITY;
-- exploit crm_app a
SELECT title FROM crm.orgs WHERE slug <> @A@;
-- repair
ALTER TABLE crm.orgs ENABLE ROW LEVEL SECURITY;

-- B101 critical static dynamic: upper case is compared, and so names that differ in case are one tenant
-- by tenancy.rls.policies
@policy@ USING (upper("Org Slug") = upper(current_setting('saas.org')));
-- exploit crm_app as 'CANARY-B'
SELECT 1 FROM "Sales Desk"."Big Deals" WHERE "Org Slug" = @B@;

-- B102 critical static dynamic: LIKE on a text key
-- by tenancy.rls.policies
@policy@ USING ("Org Slug" LIKE current_setting('saas.org'));
-- exploit crm_app as '%'
@others@;

-- B103 high static: a prefix of a text key
-- by tenancy.rls.policies
@policy@ USING (starts_with("Org Slug", current_setting('saas.org')));
-- exploit crm_app as 'canary-'
@others@;

-- B104 high static: a text key is cut to a fixed length
-- by tenancy.rls.policies
@policy@ USING ("Org Slug"::char(4) = current_setting('saas.org')::char(4));
-- exploit crm_app a
@others@;

-- B105 high static: a list of text keys as the context
-- by tenancy.rls.policies
@policy@ USING ("Org Slug" = ANY (string_to_array(current_setting('saas.org'), ',')));
-- exploit crm_app as 'canary-a,canary-b'
@others@;

-- B106 high static: two keys are compared by a nondeterministic collation
-- by tenancy.rls.policies
-- needs icu
CREATE COLLATION crm.loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
@policy@ USING ("Org Slug" COLLATE crm.loose = current_setting('saas.org') COLLATE crm.loose);
-- exploit crm_app as 'CANARY-B'
SELECT 1 FROM "Sales Desk"."Big Deals" WHERE "Org Slug" = @B@;
-- repair
@restore@;
DROP COLLATION crm.loose;

-- B107 critical static dynamic: the RESTRICTIVE floor was dropped, and the permissive policy never asked for the tenant
-- by tenancy.rls.policies
DROP POLICY floor ON crm.notes;
-- exploit crm_app a
SELECT 1 FROM crm.notes WHERE org_slug <> @A@;

-- B108 critical static dynamic: the RESTRICTIVE floor is for one of the roles
-- by tenancy.rls.policies
ALTER POLICY floor ON crm.notes TO "Crm Reports";
-- exploit crm_app a
SELECT 1 FROM crm.notes WHERE org_slug <> @A@;

-- B109 critical static dynamic: the floor was loosened by an OR
-- by tenancy.rls.policies
ALTER POLICY floor ON crm.notes USING (org_slug = @ctx@ OR archived IS NULL OR body = '');
-- exploit crm_app a
SELECT 1 FROM crm.notes WHERE org_slug <> @A@;

-- B110 critical static dynamic: the UPDATE policy of a table with one per command has lost its WITH CHECK's tenant
-- by tenancy.rls.policies
ALTER POLICY changes ON crm.tasks WITH CHECK (true);
-- exploit crm_app a
UPDATE crm.tasks SET org_slug = @B@, id = 1000 + 1000000000 * random();

-- B111 critical static dynamic: the INSERT policy checks that some tenant is set, not which
-- by tenancy.rls.policies
ALTER POLICY adds ON crm.tasks WITH CHECK (crm.current_org() IS NOT NULL);
-- exploit crm_app a
INSERT INTO crm.tasks VALUES (@B@, 4711);

-- B112 critical static dynamic: the DELETE policy forgets the tenant
-- by tenancy.rls.policies
ALTER POLICY removes ON crm.tasks USING (done OR NOT done);
-- exploit crm_app a
DELETE FROM crm.tasks;
-- seen
SELECT 1 WHERE NOT EXISTS (SELECT FROM crm.tasks WHERE org_slug = @B@);

-- B113 critical static: the helper returns whatever was handed in another setting first
-- by tenancy.rls.policies
CREATE OR REPLACE FUNCTION crm.current_org() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT coalesce(nullif(current_setting('saas.impersonate', true), ''), nullif(current_setting('saas.org', true), '')) $$;
-- exploit crm_app a
SELECT set_config('saas.impersonate', @B@, true);
SELECT 1 FROM crm.contacts WHERE org_slug <> @A@;
-- repair
@helper@

-- B114 critical static: the helper became SECURITY DEFINER, and its text is the same
-- by tenancy.rls.functions tenancy.rls.policies
ALTER FUNCTION crm.current_org() SECURITY DEFINER;
-- no exploit: it returns the same, and its owner may change that unseen
-- repair
ALTER FUNCTION crm.current_org() SECURITY INVOKER;

-- B115 critical static: the helper became IMMUTABLE, so a plan may keep another's
-- by tenancy.rls.functions tenancy.rls.policies
ALTER FUNCTION crm.current_org() IMMUTABLE;
-- exploit crm_app a
PREPARE q AS SELECT 1 FROM crm.contacts WHERE org_slug = @A@;
SELECT set_config('plan_cache_mode', 'force_generic_plan', true);
EXECUTE q;
SELECT set_config('saas.org', @B@, true);
EXECUTE q;
-- repair
ALTER FUNCTION crm.current_org() STABLE;

-- B116 critical static dynamic: the helper carries its own context
-- by tenancy.rls.policies tenancy.rls.settings
ALTER FUNCTION crm.current_org() SET saas.org = @B@;
-- exploit crm_app a
SELECT 1 FROM crm.contacts WHERE org_slug = @B@;
-- repair
ALTER FUNCTION crm.current_org() RESET saas.org;

-- B117 critical static: the helper belongs to the application, which may replace it
-- by tenancy.rls.bypass_roles tenancy.rls.functions tenancy.rls.grants
ALTER FUNCTION crm.current_org() OWNER TO crm_app;
GRANT CREATE ON SCHEMA crm TO crm_app;
-- exploit crm_app a
CREATE OR REPLACE FUNCTION crm.current_org() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'canary-b' $$;
SELECT 1 FROM crm.contacts WHERE org_slug = @B@;
-- repair
REVOKE CREATE ON SCHEMA crm FROM crm_app;
ALTER FUNCTION crm.current_org() OWNER TO crm_owner;

-- B118 critical static dynamic: the policy is on the deal's number in place of the tenant's
-- by tenancy.rls.policies
@policy@ USING ("Deal Id"::text = current_setting('saas.org') OR "Amount" >= 0);
-- exploit crm_app a
@others@;

-- B119 critical static dynamic: a policy for a group to which PUBLIC's reports belong
-- by tenancy.rls.policies
CREATE POLICY staff ON crm.contacts FOR SELECT TO crm_staff USING (email LIKE '%@%');
-- exploit crm_app a
SELECT 1 FROM crm.contacts WHERE org_slug <> @A@;

-- B120 high static: the length of the context decides
-- by tenancy.rls.policies
@policy@ USING ("Org Slug" = current_setting('saas.org') OR length(current_setting('saas.org')) > 40);
-- exploit crm_app as '00000000000000000000000000000000000000000000'
@others@;

-- B121 critical static dynamic: both sides are concatenated with the rest of the row
-- by tenancy.rls.policies
@policy@ USING (concat("Org Slug", '') = concat(current_setting('saas.org'), "Org Slug", '') OR concat("Org Slug", "Deal Id") IS NOT NULL);
-- exploit crm_app a
@others@;

-- B122 high static: a key of a jsonb context, which may hold a wildcard
-- by tenancy.rls.policies
@policy@ USING (coalesce(current_setting('saas.claims', true)::jsonb ->> 'org', "Org Slug") = "Org Slug");
-- exploit crm_app a
@others@;

-- B123 high static: the trimmed context is compared, and what is trimmed is another tenant's name
-- by tenancy.rls.policies
@policy@ USING (rtrim("Org Slug", 'ab') = rtrim(current_setting('saas.org'), 'ab'));
-- exploit crm_app a
@others@;

-- C101 critical static dynamic: a quoted role has BYPASSRLS
-- by tenancy.rls.bypass_roles
ALTER ROLE "Crm Reports" BYPASSRLS;
-- exploit "Crm Reports" a
@others@;
-- repair
ALTER ROLE "Crm Reports" NOBYPASSRLS;

-- C102 critical static: the group of the application was given BYPASSRLS, which SET ROLE reaches
-- by tenancy.rls.bypass_roles
ALTER ROLE crm_staff BYPASSRLS;
GRANT USAGE ON SCHEMA crm TO crm_staff;
GRANT SELECT ON crm.contacts TO crm_staff;
-- exploit crm_app a
SET LOCAL ROLE crm_staff;
SELECT 1 FROM crm.contacts WHERE org_slug <> @A@;
-- repair
ALTER ROLE crm_staff NOBYPASSRLS;
REVOKE ALL ON SCHEMA crm FROM crm_staff;
REVOKE ALL ON crm.contacts FROM crm_staff;

-- C103 critical static: the application can become the tables' owner
-- by audit.table.append_only tenancy.rls.bypass_roles
GRANT crm_owner TO crm_app;
-- exploit crm_app a
SET LOCAL ROLE crm_owner;
ALTER TABLE crm.contacts NO FORCE ROW LEVEL SECURITY;
SELECT 1 FROM crm.contacts WHERE org_slug <> @A@;
-- repair
REVOKE crm_owner FROM crm_app;

-- C104 critical static dynamic: the context has a default for everybody in this database
-- by tenancy.rls.settings
ALTER DATABASE crm SET saas.org = 'canary-b';
-- exploit login crm_app unset
SELECT 1 FROM crm.contacts WHERE org_slug = @B@;
-- repair
ALTER DATABASE crm RESET saas.org;

-- C105 medium static: tables to come in the quoted schema are granted to everybody
-- by tenancy.rls.grants
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA "Sales Desk" GRANT SELECT ON TABLES TO PUBLIC;
-- exploit crm_app a
SELECT 1 FROM "Sales Desk".later WHERE org_slug <> @A@;
-- prepare
SET LOCAL ROLE crm_owner;
CREATE TABLE "Sales Desk".later (org_slug text);
RESET ROLE;
INSERT INTO "Sales Desk".later SELECT slug FROM crm.orgs;
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE crm_owner IN SCHEMA "Sales Desk" REVOKE SELECT ON TABLES FROM PUBLIC;

-- D101 critical static dynamic: a view in the quoted schema has its owner's rights
-- by tenancy.rls.coverage
-- known: the probes tell whose a row of a view is by the tenant key, and this view has no such column
CREATE VIEW "Sales Desk"."All Deals" AS SELECT * FROM "Sales Desk"."Big Deals";
GRANT SELECT ON "Sales Desk"."All Deals" TO "Crm Reports";
-- exploit "Crm Reports" a
SELECT 1 FROM "Sales Desk"."All Deals" WHERE "Org Slug" <> @A@;
-- repair
DROP VIEW "Sales Desk"."All Deals";

-- D102 critical static: a function returns other tenants' rows as jsonb
-- by tenancy.rls.functions
CREATE FUNCTION crm.export() RETURNS SETOF jsonb LANGUAGE sql STABLE SECURITY DEFINER
    BEGIN ATOMIC SELECT to_jsonb(contacts) FROM crm.contacts; END;
-- exploit crm_app a
SELECT 1 FROM crm.export() AS one WHERE one ->> 'org_slug' <> @A@;
-- repair
DROP FUNCTION crm.export;

-- D103 medium static: a unique key of text without the tenant
-- by tenancy.rls.inference
CREATE UNIQUE INDEX by_email ON crm.contacts (lower(email));
-- exploit crm_app a
DO $$ BEGIN
    INSERT INTO crm.contacts (org_slug, email) VALUES (@A@, '1@canary-b.example');
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP INDEX crm.by_email;

-- D104 high static: a foreign table inherits from a tenant table
-- by tenancy.rls.coverage tenancy.rls.exports
-- needs file_fdw
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE crm.tasks_old () INHERITS (crm.tasks) SERVER files OPTIONS (filename '/dev/null');
GRANT SELECT ON crm.tasks_old TO crm_app;
-- no exploit: the file is empty
-- repair
DROP EXTENSION file_fdw CASCADE;

-- D105 high static: the shared table is writable by a quoted role
-- by tenancy.rls.coverage
GRANT UPDATE (label) ON crm.countries TO "Crm Reports";
-- exploit "Crm Reports" a
UPDATE crm.countries SET label = 'x';
-- repair
REVOKE UPDATE (label) ON crm.countries FROM "Crm Reports";

-- D106 critical static dynamic: an owner's view of a partition
-- by tenancy.rls.coverage
CREATE VIEW crm.recent AS SELECT * FROM crm."activities 2026";
GRANT SELECT ON crm.recent TO crm_app;
-- exploit crm_app a
SELECT 1 FROM crm.recent WHERE org_slug <> @A@;
-- repair
DROP VIEW crm.recent;

-- F101 critical static: the guard of an audit table in another schema is disabled
-- by audit.table.append_only
ALTER TABLE crm.audit DISABLE TRIGGER keep;
-- exploit crm_owner a
DELETE FROM crm.audit;
-- repair
ALTER TABLE crm.audit ENABLE ALWAYS TRIGGER keep;
