-- V101: text keys in the collation C
@policy@ USING ("Org Slug" COLLATE "C" = current_setting('saas.org') COLLATE "C");

-- V102: a cast of text to varchar without a length
@policy@ USING ("Org Slug"::varchar = current_setting('saas.org')::varchar);

-- V103: a cast to the type it has
@policy@ USING ("Org Slug"::text = current_setting('saas.org')::text);

-- V104: the helper in a sub-select, and per command
@policy@ FOR SELECT TO crm_app, "Crm Reports" USING ("Org Slug" = (SELECT crm.current_org()));
CREATE POLICY w ON "Sales Desk"."Big Deals" FOR ALL TO crm_app USING ("Org Slug" = (SELECT crm.current_org()));

-- V105: another partition, attached without grants
CREATE TABLE crm.activities_2027 PARTITION OF crm.activities FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
-- repair
DROP TABLE crm.activities_2027;

-- V106: partitions of partitions
SET LOCAL ROLE crm_owner;
CREATE TABLE crm.activities_2028 PARTITION OF crm.activities FOR VALUES FROM ('2028-01-01') TO ('2029-01-01') PARTITION BY LIST (org_slug);
CREATE TABLE crm.activities_2028_acme PARTITION OF crm.activities_2028 FOR VALUES IN ('acme');
-- repair
DROP TABLE crm.activities_2028;

-- V107: a second floor
CREATE POLICY second ON crm.notes AS RESTRICTIVE USING (body IS NOT NULL);

-- V108: an invoker's view with names that need quotes
CREATE VIEW "Sales Desk"."My Deals" WITH (security_invoker = true) AS SELECT * FROM "Sales Desk"."Big Deals";
GRANT SELECT ON "Sales Desk"."My Deals" TO crm_app;
-- repair
DROP VIEW "Sales Desk"."My Deals";

-- V109: the helper calls another helper
CREATE FUNCTION crm.org() RETURNS text LANGUAGE sql STABLE AS 'SELECT crm.current_org()';
@policy@ USING ("Org Slug" = crm.org());
-- repair
@restore@;
DROP FUNCTION crm.org;

-- V110: a foreign key with the tenant in it
SET LOCAL ROLE crm_owner;
CREATE TABLE crm.calls (org_slug text NOT NULL, contact_id bigint NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (org_slug, id), FOREIGN KEY (org_slug, contact_id) REFERENCES crm.contacts ON DELETE CASCADE);
ALTER TABLE crm.calls ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON crm.calls USING (org_slug = crm.current_org());
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.calls TO crm_app;
RESET ROLE;
INSERT INTO crm.calls (org_slug, contact_id) SELECT org_slug, id FROM crm.contacts;
-- repair
DROP TABLE crm.calls;
