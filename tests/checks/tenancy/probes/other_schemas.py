"""Schemas other than that of SecureBase with correct isolation: other keys, names and policies."""

from __future__ import annotations

from basewatch.components import Database
from basewatch.secrets import Reference
from basewatch.tenancy import Canaries, DerivedKey, Tenancy

# A text key with quoted names, a derived table, a context function, and partitions with their own grants.
WORKSPACES = """
CREATE SCHEMA "Work Space";
GRANT USAGE ON SCHEMA "Work Space" TO app;
CREATE FUNCTION "Work Space".tenant() RETURNS text LANGUAGE plpgsql STABLE
    AS $$ BEGIN RETURN nullif(current_setting('ws.tenant', true), ''); END $$;
CREATE TABLE "Work Space"."Org" (slug text PRIMARY KEY);
CREATE TABLE "Work Space"."Page" (id bigint PRIMARY KEY, "Org Slug" text NOT NULL, title text, public boolean);
CREATE INDEX ON "Work Space"."Page" ("Org Slug");
CREATE TABLE "Work Space".line (id bigint PRIMARY KEY, page_id bigint NOT NULL, body text);
CREATE TABLE "Work Space".visit ("Org Slug" text NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE "Work Space".visit_1 PARTITION OF "Work Space".visit FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE "Work Space".visit_2 PARTITION OF "Work Space".visit FOR VALUES FROM ('2027-01-01') TO ('2028-01-01');
INSERT INTO "Work Space"."Org" VALUES ('canary-a'), ('canary-b'), ('acme');
INSERT INTO "Work Space"."Page" SELECT row_number() OVER (), slug, 'x', false FROM "Work Space"."Org";
INSERT INTO "Work Space".line SELECT id, id, 'x' FROM "Work Space"."Page";
INSERT INTO "Work Space".visit SELECT slug, '2026-06-01' FROM "Work Space"."Org";
ALTER TABLE "Work Space"."Page" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Work Space".line ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Work Space".visit ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Work Space".visit_1 ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON "Work Space"."Page" USING ("Org Slug" = nullif(current_setting('ws.tenant', true), ''));
CREATE POLICY p ON "Work Space".line USING (EXISTS (SELECT FROM "Work Space"."Page" g WHERE g.id = page_id));
CREATE POLICY p ON "Work Space".visit USING ("Org Slug" = (SELECT current_setting('ws.tenant', true)));
CREATE POLICY p ON "Work Space".visit_1 USING ("Org Slug" = "Work Space".tenant());
GRANT SELECT, INSERT, UPDATE, DELETE ON "Work Space"."Page", "Work Space".line, "Work Space".visit TO app;
GRANT SELECT ON "Work Space".visit_1 TO app;
GRANT USAGE ON SCHEMA "Work Space" TO basewatch;
GRANT SELECT (slug) ON "Work Space"."Org" TO basewatch;
"""
# A key of two columns of two types, and a context of two settings.
REGIONS = """
CREATE TABLE tenants (region text, number bigint, PRIMARY KEY (region, number));
CREATE TABLE orders (region text NOT NULL, number bigint NOT NULL, id int, note text, PRIMARY KEY (region, number, id));
INSERT INTO tenants VALUES ('eu', 1), ('eu', 2), ('us', 1);
INSERT INTO orders SELECT region, number, 1, 'x' FROM tenants;
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON orders USING (region = current_setting('r.region', true)
                                 AND number = nullif(current_setting('r.number', true), '')::bigint);
GRANT USAGE ON SCHEMA public TO app, basewatch;
GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO app;
GRANT SELECT ON tenants TO basewatch;
"""


def _database(tenancy: Tenancy) -> Database:
    return Database(name="other", url=Reference("env", "X"), tenancy=tenancy)


WORKSPACES_DECLARED = _database(
    Tenancy(
        context=("ws.tenant",),
        context_type="text",
        schemas=("Work Space",),
        root="Org",
        root_key=("slug",),
        key=("Org Slug",),
        keys={"line": DerivedKey(parent="Page", on={"page_id": "id"})},
        principals=("app",),
        min_tables=3,
        canaries=Canaries(a=("canary-a",), b=("canary-b",)),
        sweep=True,
    )
)
REGIONS_DECLARED = _database(
    Tenancy(
        context=("r.region", "r.number"),
        context_type="text",
        root="tenants",
        root_key=("region", "number"),
        key=("region", "number"),
        principals=("app",),
        min_tables=1,
        canaries=Canaries(a=("eu", "1"), b=("eu", "2")),
        sweep=True,
    )
)
