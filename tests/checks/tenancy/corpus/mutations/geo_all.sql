-- A201 critical static dynamic: a child whose rows are its parent's lost its row-level security
-- by tenancy.rls.coverage
ALTER TABLE geo.order_lines DISABLE ROW LEVEL SECURITY;
-- exploit geo_app a
@lines@;
-- repair
ALTER TABLE geo.order_lines ENABLE ROW LEVEL SECURITY;

-- A202 critical static dynamic: a copy keeps one part of the key
-- by tenancy.rls.coverage
CREATE TABLE geo.totals AS SELECT tenant_id, sum(total) AS total FROM geo.orders GROUP BY 1;
GRANT SELECT ON geo.totals TO geo_app;
-- exploit geo_app a
SELECT 1 FROM geo.totals WHERE tenant_id <> 901;
-- repair
DROP TABLE geo.totals;

-- B201 critical static dynamic: only the number is compared, and every region counts from one
-- by tenancy.rls.policies
@policy@ USING (tenant_id = nullif(current_setting('geo.tenant', true), '')::int);
-- exploit geo_app a
@others@;

-- B202 critical static dynamic: only the region is compared
-- by tenancy.rls.policies
@policy@ USING (region = nullif(current_setting('geo.region', true), ''));
-- exploit geo_app a
@others@;

-- B203 critical static dynamic: OR in place of AND
-- by tenancy.rls.policies
@policy@ USING (region = nullif(current_setting('geo.region', true), '') OR tenant_id = nullif(current_setting('geo.tenant', true), '')::int);
-- exploit geo_app a
@others@;

-- B204 critical static dynamic: both parts are compared with the same setting
-- by tenancy.rls.policies
@policy@ USING (region = nullif(current_setting('geo.region', true), '') AND tenant_id::text <> nullif(current_setting('geo.region', true), ''));
-- exploit geo_app a
@others@;

-- B205 critical static dynamic: rows are compared as a whole, by their order
-- by tenancy.rls.policies
@policy@ USING ((region, tenant_id) >= (nullif(current_setting('geo.region', true), ''), nullif(current_setting('geo.tenant', true), '')::int));
-- exploit geo_app a
@others@;

-- B206 high static: the parts are joined without a separator, so two keys may read the same
-- by tenancy.rls.policies
@policy@ USING (region || tenant_id = current_setting('geo.region', true) || current_setting('geo.tenant', true));
-- no exploit: the canaries differ in the first letter; eu1 and 2 read as eu and 12

-- B207 critical static dynamic: the child asks for a parent, and not for its own
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.region = nullif(current_setting('geo.region', true), '')
    AND o.tenant_id = nullif(current_setting('geo.tenant', true), '')::int));
-- exploit geo_app a
@lines@;

-- B208 critical static dynamic: the child's policy compares the parent with itself
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = o.id AND @mine@));
-- exploit geo_app a
@lines@;

-- B209 critical static dynamic: the child may be written to any parent
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = order_id AND @mine@)) WITH CHECK (order_id IS NOT NULL);
-- exploit geo_app a
INSERT INTO geo.order_lines (order_id) VALUES ('11111111-0000-4000-8000-000000000001');
-- prepare
INSERT INTO geo.orders (region, tenant_id, id) VALUES ('us', 901, '11111111-0000-4000-8000-000000000001');

-- B210 critical static dynamic: EXISTS with LEFT JOIN keeps every child
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM (SELECT 1) AS one LEFT JOIN geo.orders o ON o.id = order_id AND @mine@));
-- exploit geo_app a
@lines@;

-- B211 critical static dynamic: NOT EXISTS is everybody else's
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (NOT EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = order_id AND @mine@));
-- exploit geo_app a
@lines@;

-- B212 critical static dynamic: the sub-select counts, and a count is never NULL
-- by tenancy.rls.policies
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT count(*) FROM geo.orders o WHERE o.id = order_id AND @mine@));
-- exploit geo_app a
@lines@;

-- B213 critical static dynamic: the child relies on its parent's policy, and that is open
-- by tenancy.rls.policies
@policy@ USING (total >= 0);
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = order_id));
-- exploit geo_app a
@lines@;

-- B214 critical static dynamic: the parts are swapped with each other's settings
-- by tenancy.rls.policies
@policy@ USING (region = coalesce(nullif(current_setting('geo.region', true), ''), region) AND tenant_id = nullif(current_setting('geo.tenant', true), '')::int);
-- exploit geo_app as ''
SELECT set_config('geo.tenant', '901', true);
@others@;

-- C201 critical static dynamic: one of the two settings has a default
-- by tenancy.rls.settings
ALTER ROLE geo_app IN DATABASE geo SET geo.region = 'us';
-- exploit login geo_app unset
SELECT set_config('geo.tenant', '901', true);
SELECT 1 FROM geo.orders WHERE region = 'us';
-- repair
ALTER ROLE geo_app IN DATABASE geo RESET geo.region;

-- C202 critical static dynamic: the application owns a table whose row security is not forced
-- by tenancy.rls.bypass_roles tenancy.rls.coverage
ALTER TABLE geo.orders NO FORCE ROW LEVEL SECURITY;
GRANT CREATE ON SCHEMA geo TO geo_app;
ALTER TABLE geo.orders OWNER TO geo_app;
REVOKE CREATE ON SCHEMA geo FROM geo_app;
-- exploit geo_app a
@others@;
-- repair
ALTER TABLE geo.orders OWNER TO geo_owner;
ALTER TABLE geo.orders FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON geo.orders TO geo_app;

-- D201 medium static: a foreign key carries one part of the key
-- by tenancy.rls.inference
ALTER TABLE geo.orders ADD CONSTRAINT per_number UNIQUE (tenant_id, id);
ALTER TABLE geo.shipments ADD CONSTRAINT half FOREIGN KEY (tenant_id, order_id) REFERENCES geo.orders (tenant_id, id);
ALTER TABLE geo.shipments DROP CONSTRAINT shipments_region_tenant_id_order_id_fkey;
-- exploit geo_app a
INSERT INTO geo.shipments (region, tenant_id, order_id) VALUES ('eu', 901, '22222222-0000-4000-8000-000000000001');
-- prepare
INSERT INTO geo.orders (region, tenant_id, id) VALUES ('us', 901, '22222222-0000-4000-8000-000000000001');
-- repair
ALTER TABLE geo.shipments ADD CONSTRAINT shipments_region_tenant_id_order_id_fkey
    FOREIGN KEY (region, tenant_id, order_id) REFERENCES geo.orders (region, tenant_id, id) ON DELETE CASCADE;
ALTER TABLE geo.shipments DROP CONSTRAINT half;
ALTER TABLE geo.orders DROP CONSTRAINT per_number;

-- D202 medium static: a unique key has one part of the key
-- by tenancy.rls.inference
ALTER TABLE geo.orders ADD reference text;
ALTER TABLE geo.orders ADD CONSTRAINT per_number UNIQUE (tenant_id, reference);
-- exploit geo_app a
DO $$ BEGIN
    UPDATE geo.orders SET reference = 'taken' WHERE id = (SELECT id FROM geo.orders LIMIT 1);
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- prepare
UPDATE geo.orders SET reference = 'taken' WHERE id = (SELECT id FROM geo.orders WHERE region = 'us' AND tenant_id = 901 LIMIT 1);
-- repair
ALTER TABLE geo.orders DROP reference;

-- D203 critical static dynamic: an owner's view of the child
-- by tenancy.rls.coverage
-- known: the probes tell whose a row of a view is by the tenant key, and this view has no such column
CREATE VIEW geo.lines AS SELECT * FROM geo.order_lines;
GRANT SELECT ON geo.lines TO geo_app;
-- exploit geo_app a
SELECT 1 FROM geo.lines GROUP BY order_id OFFSET 2;
-- repair
DROP VIEW geo.lines;
