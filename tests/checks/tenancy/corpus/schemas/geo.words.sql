-- @mine@
region = nullif(current_setting('geo.region', true), '') AND tenant_id = nullif(current_setting('geo.tenant', true), '')::int
-- @policy@
DROP POLICY own ON geo.orders;
CREATE POLICY own ON geo.orders
-- @others@
SELECT 1 FROM geo.orders WHERE (region, tenant_id) <> ('eu', 901)
-- @lines@
SELECT 1 FROM geo.order_lines GROUP BY order_id OFFSET 2
-- @restore@
DO $$
DECLARE one record;
BEGIN
    FOR one IN SELECT polname, polrelid::regclass AS relation FROM pg_policy LOOP
        EXECUTE format('DROP POLICY %I ON %s', one.polname, one.relation);
    END LOOP;
END
$$;
CREATE POLICY own ON geo.orders USING (@mine@);
CREATE POLICY own ON geo.shipments USING (@mine@);
CREATE POLICY own ON geo.audit USING (@mine@);
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = order_id
    AND o.region = nullif(current_setting('geo.region', true), '')
    AND o.tenant_id = nullif(current_setting('geo.tenant', true), '')::int))
