-- Text keys, another context, quoted names, bigint ids, partitions by range, a helper for the context, and every way to
-- write policies: one for all, one per command, and RESTRICTIVE over PERMISSIVE.
CREATE ROLE crm_owner NOLOGIN;
CREATE ROLE crm_app LOGIN PASSWORD 'corpus';
CREATE ROLE "Crm Reports" LOGIN PASSWORD 'corpus';
CREATE ROLE crm_staff NOLOGIN;
GRANT crm_staff TO crm_app;
CREATE SCHEMA crm AUTHORIZATION crm_owner;
CREATE SCHEMA "Sales Desk" AUTHORIZATION crm_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA crm, "Sales Desk" TO crm_app, "Crm Reports";
SET ROLE crm_owner;
CREATE FUNCTION crm.current_org() RETURNS text LANGUAGE sql STABLE
    AS $$ SELECT nullif(current_setting('saas.org', true), '') $$;
CREATE TABLE crm.orgs (slug text COLLATE "C" PRIMARY KEY, title text NOT NULL);
CREATE TABLE crm.countries (code text PRIMARY KEY, label text NOT NULL);
CREATE TABLE crm.contacts (
    org_slug text NOT NULL REFERENCES crm.orgs,
    id bigint GENERATED ALWAYS AS IDENTITY,
    email text NOT NULL,
    PRIMARY KEY (org_slug, id),
    UNIQUE (org_slug, email)
);
CREATE TABLE "Sales Desk"."Big Deals" (
    "Org Slug" text NOT NULL REFERENCES crm.orgs,
    "Deal Id" bigint NOT NULL,
    "Amount" numeric NOT NULL DEFAULT 0,
    PRIMARY KEY ("Org Slug", "Deal Id")
);
CREATE TABLE crm.activities (
    org_slug text NOT NULL REFERENCES crm.orgs,
    at date NOT NULL,
    id bigint NOT NULL,
    note text NOT NULL DEFAULT '',
    PRIMARY KEY (org_slug, at, id)
) PARTITION BY RANGE (at);
CREATE TABLE crm.activities_2025 PARTITION OF crm.activities FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE crm."activities 2026" PARTITION OF crm.activities FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE crm.tasks (
    org_slug text NOT NULL REFERENCES crm.orgs,
    id bigint NOT NULL,
    done boolean NOT NULL DEFAULT false,
    PRIMARY KEY (org_slug, id)
);
CREATE TABLE crm.notes (
    org_slug text NOT NULL REFERENCES crm.orgs,
    id bigint NOT NULL,
    archived boolean NOT NULL DEFAULT false,
    body text NOT NULL DEFAULT '',
    PRIMARY KEY (org_slug, id)
);
CREATE TABLE crm.audit (
    org_slug text NOT NULL REFERENCES crm.orgs,
    id bigint GENERATED ALWAYS AS IDENTITY,
    what text NOT NULL DEFAULT 'x',
    PRIMARY KEY (org_slug, id)
);
CREATE FUNCTION crm.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'only added'; END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON crm.audit FOR EACH STATEMENT EXECUTE FUNCTION crm.refuse();
ALTER TABLE crm.audit ENABLE ALWAYS TRIGGER keep;
RESET ROLE;
INSERT INTO crm.orgs VALUES ('acme', 'Acme'), ('globex', 'Globex'), ('canary-a', 'A'), ('canary-b', 'B');
INSERT INTO crm.countries VALUES ('de', 'Germany'), ('fr', 'France');
INSERT INTO crm.contacts (org_slug, email) SELECT slug, n || '@' || slug || '.example' FROM crm.orgs, generate_series(1, 3) AS n;
INSERT INTO "Sales Desk"."Big Deals" SELECT slug, n, n FROM crm.orgs, generate_series(1, 3) AS n;
INSERT INTO crm.activities SELECT slug, date '2025-06-01' + n * 200, n FROM crm.orgs, generate_series(0, 2) AS n;
INSERT INTO crm.tasks SELECT slug, n FROM crm.orgs, generate_series(1, 3) AS n;
INSERT INTO crm.notes SELECT slug, n FROM crm.orgs, generate_series(1, 3) AS n;
INSERT INTO crm.audit (org_slug) SELECT slug FROM crm.orgs;
DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['crm.orgs', 'crm.contacts', '"Sales Desk"."Big Deals"', 'crm.activities', 'crm.tasks',
                               'crm.notes', 'crm.audit'] LOOP
        EXECUTE 'ALTER TABLE ' || one || ' ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY';
    END LOOP;
END
$$;
GRANT SELECT ON crm.orgs, crm.countries TO crm_app, "Crm Reports";
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.contacts, "Sales Desk"."Big Deals", crm.activities, crm.tasks, crm.notes TO crm_app;
GRANT SELECT, INSERT ON crm.audit TO crm_app;
GRANT SELECT ON crm.contacts, "Sales Desk"."Big Deals", crm.activities TO "Crm Reports";
