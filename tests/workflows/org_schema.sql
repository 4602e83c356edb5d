-- Another platform's database: a text key called org, names that need quotes, two schemas, a helper, a derived table.
CREATE SCHEMA crm;
CREATE SCHEMA ref;
CREATE TABLE crm."Org Units" (code text PRIMARY KEY, label text);
CREATE TABLE crm.deals (
    org text NOT NULL REFERENCES crm."Org Units", id bigint UNIQUE, title text, PRIMARY KEY (org, id)
);
CREATE TABLE crm."Contacts" (
    org text NOT NULL REFERENCES crm."Org Units", id bigint, "E Mail" text, PRIMARY KEY (org, id)
);
CREATE TABLE crm.deal_notes (id bigint PRIMARY KEY, deal bigint NOT NULL REFERENCES crm.deals (id), body text);
CREATE TABLE ref.countries (code text PRIMARY KEY);
CREATE FUNCTION crm.current_org() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('crm.org', true), '') $$;
CREATE FUNCTION crm.deals_of_all() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog
    AS $$ SELECT count(*) FROM crm.deals $$;
ALTER TABLE crm.deals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm."Contacts" ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE crm.deal_notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY held ON crm.deals USING (org = nullif(current_setting('crm.org', true), ''));
CREATE POLICY held ON crm."Contacts" USING (crm.current_org() = org);
CREATE POLICY held ON crm.deal_notes USING (
    EXISTS (SELECT FROM crm.deals d WHERE d.id = deal AND d.org = nullif(current_setting('crm.org', true), ''))
);
CREATE ROLE crm_web LOGIN;
GRANT USAGE ON SCHEMA crm, ref TO crm_web;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.deals, crm."Contacts", crm.deal_notes TO crm_web;
GRANT SELECT ON ref.countries TO crm_web;
INSERT INTO crm."Org Units" VALUES ('canary-a', 'A'), ('canary-b', 'B');
INSERT INTO crm.deals VALUES ('canary-a', 1, 'a'), ('canary-b', 2, 'b');
INSERT INTO crm."Contacts" VALUES ('canary-a', 1, 'a@a'), ('canary-b', 2, 'b@b');
INSERT INTO crm.deal_notes VALUES (1, 1, 'a'), (2, 2, 'b');
