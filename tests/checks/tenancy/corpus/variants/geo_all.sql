-- V201: the whole key is compared as a row
@policy@ USING ((region, tenant_id) = (nullif(current_setting('geo.region', true), ''), nullif(current_setting('geo.tenant', true), '')::int));

-- V202: the parts are compared in the other order, with more besides
@policy@ USING (total >= 0 AND nullif(current_setting('geo.tenant', true), '')::int = tenant_id AND region = nullif(current_setting('geo.region', true), ''));

-- V203: the child asks its parent, whose own policy holds the tenant
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (EXISTS (SELECT 1 FROM geo.orders o WHERE o.id = order_id));

-- V204: the child asks by IN
DROP POLICY own ON geo.order_lines;
CREATE POLICY own ON geo.order_lines USING (order_id IN (SELECT o.id FROM geo.orders o WHERE @mine@));

-- V205: a grandchild
-- manifest {"keys": {"line_notes": {"parent": "order_lines", "on": {"line_id": "id"}}}}
SET LOCAL ROLE geo_owner;
CREATE TABLE geo.line_notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), line_id uuid NOT NULL REFERENCES geo.order_lines (id));
CREATE INDEX ON geo.line_notes (line_id);
ALTER TABLE geo.line_notes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own ON geo.line_notes USING (EXISTS (SELECT 1 FROM geo.order_lines l WHERE l.id = line_id));
GRANT SELECT, INSERT ON geo.line_notes TO geo_app;
RESET ROLE;
INSERT INTO geo.line_notes (line_id) SELECT id FROM geo.order_lines;
-- repair
DROP TABLE geo.line_notes;

-- V206: each part has a floor of its own
@policy@ USING (true);
CREATE POLICY by_region ON geo.orders AS RESTRICTIVE USING (region = nullif(current_setting('geo.region', true), ''));
CREATE POLICY by_number ON geo.orders AS RESTRICTIVE USING (tenant_id = nullif(current_setting('geo.tenant', true), '')::int);
