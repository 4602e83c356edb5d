-- A60 high static: a shared table refers to the tenants by a name of its own
-- by tenancy.rls.coverage
ALTER TABLE price_plans ADD sponsor uuid REFERENCES customers;
UPDATE price_plans SET sponsor = @B@;
-- exploit app a
SELECT 1 FROM price_plans WHERE sponsor <> @A@;
-- repair
ALTER TABLE price_plans DROP sponsor;

-- A61 medium static: a shared table has a tenant's id without a foreign key
-- by tenancy.rls.coverage
ALTER TABLE price_plans ADD "bookedByCustomerId" uuid;
UPDATE price_plans SET "bookedByCustomerId" = @B@;
-- exploit app a
SELECT 1 FROM price_plans WHERE "bookedByCustomerId" <> @A@;
-- repair
ALTER TABLE price_plans DROP "bookedByCustomerId";

-- A62 high static: a shared table refers to a table that refers to the tenants
-- by tenancy.rls.coverage
CREATE TABLE contracts (id bigint PRIMARY KEY, signed_by uuid REFERENCES customers);
INSERT INTO contracts VALUES (1, @B@);
ALTER TABLE price_plans ADD contract bigint REFERENCES contracts;
UPDATE price_plans SET contract = 1;
-- exploit app a
SELECT 1 FROM price_plans WHERE contract = 1;
-- repair
ALTER TABLE price_plans DROP contract;
DROP TABLE contracts;

-- D80 medium static: a unique key is on one partition alone
-- by tenancy.rls.inference
SET LOCAL ROLE admin;
CREATE TABLE events (customer_id uuid NOT NULL REFERENCES customers, at date NOT NULL, slug text,
    PRIMARY KEY (customer_id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
ALTER TABLE events ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON events USING (customer_id = @ctx@);
GRANT SELECT, INSERT ON events TO app;
CREATE UNIQUE INDEX one_slug ON events_2026 (slug);
RESET ROLE;
INSERT INTO events VALUES (@B@, '2026-05-05', 'launch');
-- exploit app a
DO $$ BEGIN
    INSERT INTO events VALUES (@A@, '2026-06-06', 'launch');
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP TABLE events;

-- D81 medium static: a unique key without the tenant is reached through the owner's view
-- by tenancy.rls.inference
SET LOCAL ROLE admin;
CREATE TABLE coupons (code text PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers);
ALTER TABLE coupons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON coupons USING (customer_id = @ctx@);
CREATE VIEW my_coupons AS SELECT customer_id AS whose, code AS word FROM coupons;
GRANT INSERT ON my_coupons TO app;
RESET ROLE;
INSERT INTO coupons VALUES ('SPRING', @B@);
-- exploit app a
DO $$ BEGIN
    INSERT INTO my_coupons VALUES (@A@, 'SPRING');
EXCEPTION WHEN unique_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP VIEW my_coupons;
DROP TABLE coupons;

-- D82 medium static: an exclusion constraint names the tenant, and excludes other tenants' rows
-- by tenancy.rls.inference
-- needs btree_gist
CREATE EXTENSION btree_gist;
SET LOCAL ROLE admin;
CREATE TABLE coupons (code text NOT NULL, customer_id uuid NOT NULL REFERENCES customers,
    CONSTRAINT one_code EXCLUDE USING gist (code WITH =, customer_id WITH <>));
ALTER TABLE coupons ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_isolation ON coupons USING (customer_id = @ctx@);
GRANT INSERT ON coupons TO app;
RESET ROLE;
INSERT INTO coupons VALUES ('SPRING', @B@);
-- exploit app a
DO $$ BEGIN
    INSERT INTO coupons VALUES ('SPRING', @A@);
EXCEPTION WHEN exclusion_violation THEN PERFORM set_config('x.seen', 'yes', true);
END $$;
SELECT 1 WHERE current_setting('x.seen', true) = 'yes';
-- repair
DROP TABLE coupons;
DROP EXTENSION btree_gist;

-- C60 medium static: large objects to come are granted to the application
-- by tenancy.rls.grants
-- from version 18
ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT SELECT ON LARGE OBJECTS TO app;
-- exploit app a
SELECT lo_get(424243);
-- prepare
SET LOCAL ROLE admin;
SELECT lo_from_bytea(424243, 'tenant B contract');
-- repair
ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE SELECT ON LARGE OBJECTS FROM app;

-- D83 medium static: a published table sends all of its old rows
-- by tenancy.rls.exports
ALTER TABLE documents REPLICA IDENTITY FULL;
CREATE PUBLICATION to_search FOR TABLE documents;
-- no exploit: a subscriber is needed
-- repair
DROP PUBLICATION to_search;
ALTER TABLE documents REPLICA IDENTITY DEFAULT;
