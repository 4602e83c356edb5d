-- Keys of two columns and a context of two settings, a child whose rows are its parent's, and a composite foreign key.
CREATE ROLE geo_owner NOLOGIN;
CREATE ROLE geo_app LOGIN PASSWORD 'corpus';
CREATE SCHEMA geo AUTHORIZATION geo_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA geo TO geo_app;
SET ROLE geo_owner;
CREATE TABLE geo.tenants (region text NOT NULL, tenant_id int NOT NULL, label text NOT NULL, PRIMARY KEY (region, tenant_id));
CREATE TABLE geo.orders (
    region text NOT NULL,
    tenant_id int NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    total numeric NOT NULL DEFAULT 0,
    PRIMARY KEY (region, tenant_id, id),
    FOREIGN KEY (region, tenant_id) REFERENCES geo.tenants
);
CREATE TABLE geo.order_lines (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES geo.orders (id),
    sku text NOT NULL DEFAULT 'x'
);
CREATE INDEX ON geo.order_lines (order_id);
CREATE TABLE geo.shipments (
    region text NOT NULL,
    tenant_id int NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL,
    PRIMARY KEY (region, tenant_id, id),
    FOREIGN KEY (region, tenant_id, order_id) REFERENCES geo.orders (region, tenant_id, id) ON DELETE CASCADE
);
CREATE TABLE geo.audit (
    region text NOT NULL,
    tenant_id int NOT NULL,
    id uuid NOT NULL DEFAULT gen_random_uuid(),
    what text NOT NULL DEFAULT 'x',
    PRIMARY KEY (region, tenant_id, id)
);
CREATE FUNCTION geo.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'only added'; END $$;
CREATE TRIGGER keep BEFORE UPDATE OR DELETE OR TRUNCATE ON geo.audit FOR EACH STATEMENT EXECUTE FUNCTION geo.refuse();
ALTER TABLE geo.audit ENABLE ALWAYS TRIGGER keep;
RESET ROLE;
INSERT INTO geo.tenants SELECT region, n, region || n FROM unnest(ARRAY['eu', 'us']) AS region, generate_series(1, 3) AS n;
INSERT INTO geo.tenants VALUES ('eu', 901, 'canary a'), ('us', 901, 'canary b');
INSERT INTO geo.orders (region, tenant_id) SELECT region, tenant_id FROM geo.tenants, generate_series(1, 2);
INSERT INTO geo.order_lines (order_id) SELECT id FROM geo.orders, generate_series(1, 2);
INSERT INTO geo.shipments (region, tenant_id, order_id) SELECT region, tenant_id, id FROM geo.orders;
INSERT INTO geo.audit (region, tenant_id) SELECT region, tenant_id FROM geo.tenants;
DO $$
DECLARE one text;
BEGIN
    FOREACH one IN ARRAY ARRAY['orders', 'order_lines', 'shipments', 'audit'] LOOP
        EXECUTE format('ALTER TABLE geo.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', one);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, UPDATE, DELETE ON geo.orders, geo.order_lines, geo.shipments TO geo_app;
GRANT SELECT, INSERT ON geo.audit TO geo_app;
