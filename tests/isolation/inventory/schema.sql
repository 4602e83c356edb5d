-- Every kind of object that the inventory contains, with one tenant's id wherever a constant is possible.
CREATE ROLE inv_admin;
CREATE ROLE inv_app LOGIN;
CREATE ROLE inv_reports BYPASSRLS;
GRANT inv_reports TO inv_admin;
CREATE SCHEMA "My Schema";
GRANT USAGE ON SCHEMA public, "My Schema" TO inv_app;
CREATE TABLE regions (code text PRIMARY KEY);
CREATE TABLE tenants (id uuid PRIMARY KEY, name text DEFAULT 'deadbeef-0000-4000-8000-0000000000aa');
CREATE TABLE "Order Items" (
    id int GENERATED ALWAYS AS IDENTITY,
    tenant uuid NOT NULL REFERENCES tenants ON DELETE CASCADE,
    region text REFERENCES regions,
    email text,
    UNIQUE (tenant, id) INCLUDE (email)
);
ALTER TABLE "Order Items" ENABLE ROW LEVEL SECURITY;
ALTER TABLE "Order Items" FORCE ROW LEVEL SECURITY;
GRANT SELECT, INSERT ON "Order Items" TO inv_app;
GRANT SELECT (code) ON regions TO PUBLIC;
CREATE TABLE invoices (tenant uuid, at date) PARTITION BY RANGE (at);
CREATE TABLE "My Schema".invoices_2026 PARTITION OF invoices FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE lines ("order" int, note text);
CREATE TABLE more (extra int) INHERITS ("Order Items");
CREATE FUNCTION helper() RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT nullif(current_setting('app.tenant', true), '')::uuid -- not 'deadbeef-0000-4000-8000-0000000000aa'
$$;
CREATE FUNCTION atomic(text) RETURNS bigint LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT count(*) FROM tenants WHERE id = 'deadbeef-0000-4000-8000-0000000000aa'; END;
CREATE FUNCTION copies() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
    SET app.tenant = 'deadbeef-0000-4000-8000-0000000000aa' AS $$
BEGIN
    INSERT INTO "Order Items" (tenant) VALUES ('deadbeef-0000-4000-8000-0000000000aa');
    PERFORM set_config('app.tenant', 'deadbeef-0000-4000-8000-0000000000aa', false);
    RETURN new;
END
$$;
CREATE POLICY mine ON "Order Items"
    USING (tenant = helper() OR tenant = 'deadbeef-0000-4000-8000-0000000000aa')
    WITH CHECK (tenant::text = current_setting('app.tenant') AND region IN (SELECT code FROM regions));
CREATE TRIGGER copying AFTER INSERT ON tenants FOR EACH ROW
    WHEN (new.name <> 'deadbeef-0000-4000-8000-0000000000aa')
    EXECUTE FUNCTION copies('deadbeef-0000-4000-8000-0000000000aa');
CREATE TRIGGER plainly AFTER UPDATE OF name ON tenants FOR EACH ROW EXECUTE FUNCTION copies();
CREATE RULE also AS ON INSERT TO lines DO ALSO
    INSERT INTO "Order Items" (tenant) VALUES ('deadbeef-0000-4000-8000-0000000000aa');
CREATE VIEW seen WITH (security_invoker = true, security_barrier) AS
    SELECT o.*, helper() FROM "Order Items" o WHERE tenant = 'deadbeef-0000-4000-8000-0000000000aa';
CREATE MATERIALIZED VIEW totals AS SELECT tenant, count(*) FROM "Order Items" GROUP BY 1;
CREATE FUNCTION ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER inv_watch ON ddl_command_end EXECUTE FUNCTION ddl();
CREATE CAST (uuid AS jsonb) WITH INOUT AS ASSIGNMENT;
CREATE FOREIGN DATA WRAPPER inv_wrapper;
CREATE SERVER inv_server FOREIGN DATA WRAPPER inv_wrapper OPTIONS (host 'elsewhere');
CREATE USER MAPPING FOR inv_app SERVER inv_server OPTIONS (password 'hunter2');
CREATE FOREIGN TABLE far (a int) SERVER inv_server;
CREATE PUBLICATION everything FOR ALL TABLES;
CREATE PUBLICATION filtered FOR TABLE "Order Items" WHERE (tenant = 'deadbeef-0000-4000-8000-0000000000aa'), tenants;
CREATE PUBLICATION whole FOR TABLES IN SCHEMA "My Schema";
CREATE SUBSCRIPTION inv_copy CONNECTION 'host=nowhere password=hunter2' PUBLICATION filtered WITH (connect = false);
SELECT lo_from_bytea(n, 'hunter2') FROM generate_series(424242, 424245) AS n;
GRANT SELECT ON LARGE OBJECT 424243 TO inv_app;
GRANT SELECT ON pg_catalog.pg_authid TO inv_app;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO inv_app;
GRANT SET ON PARAMETER session_replication_role TO inv_app;
ALTER ROLE inv_app SET app.tenant = 'deadbeef-0000-4000-8000-0000000000aa';
ALTER ROLE inv_app SET work_mem = '5MB';
ALTER ROLE inv_app SET app.empty = '';
ALTER DEFAULT PRIVILEGES FOR ROLE inv_admin IN SCHEMA public GRANT SELECT ON TABLES TO inv_app;
