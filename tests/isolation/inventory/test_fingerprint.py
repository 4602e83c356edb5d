"""The fingerprint changes with everything that could break tenant isolation, and with nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from isolation.inventory.fingerprint import fingerprint
from tests.isolation.scratch_database import ScratchDatabase, Uncommitted

MINE = "tenant = nullif(current_setting('app.tenant', true), '')::uuid"
SCHEMA = f"""
    CREATE ROLE inv_app LOGIN;
    CREATE ROLE inv_admin;
    CREATE TABLE tenants (id uuid PRIMARY KEY, label text);
    CREATE TABLE bills (id int, tenant uuid NOT NULL, email text, other uuid DEFAULT gen_random_uuid());
    CREATE TABLE events (tenant uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
    CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    CREATE TABLE events_2027 (LIKE events);
    ALTER TABLE bills ENABLE ROW LEVEL SECURITY;
    ALTER TABLE bills FORCE ROW LEVEL SECURITY;
    CREATE POLICY mine ON bills USING ({MINE});
    CREATE VIEW seen AS SELECT * FROM bills;
    CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION e() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION $a$no$a$; END';
    CREATE TRIGGER guard BEFORE UPDATE ON bills FOR EACH ROW EXECUTE FUNCTION guard();
    CREATE FOREIGN DATA WRAPPER inv_wrapper;
    CREATE SERVER inv_server FOREIGN DATA WRAPPER inv_wrapper;
    SELECT lo_from_bytea(424242, 'x');
    CREATE DOMAIN code AS text;
    CREATE TYPE mood AS ENUM ('glad');
"""  # noqa: S608  # written here
# At least one change of each class of leaks: switches, predicates, roles, paths, audit, environment.
CHANGES = (
    "ALTER DOMAIN code OWNER TO inv_app",
    "ALTER TABLE bills ADD CHECK (f() = 1)",
    "UPDATE pg_init_privs SET privtype = privtype WHERE objoid = 'pg_catalog.pg_read_file(text)'::regprocedure",
    "ALTER FUNCTION pg_catalog.int4div(integer, integer) LEAKPROOF",
    "UPDATE pg_operator SET oprcode = 'uuid_ne'::regproc WHERE oid = 'pg_catalog.<=(uuid, uuid)'::regoperator",
    "UPDATE pg_cast SET castcontext = 'i' WHERE castsource = 'int8'::regtype AND casttarget = 'int4'::regtype",
    "UPDATE pg_amop SET amopopr = amopopr WHERE oid = (SELECT min(oid) FROM pg_amop)",
    "UPDATE pg_language SET lanpltrusted = true WHERE lanname = 'c'",
    "ALTER VIEW pg_catalog.pg_stats SET (security_barrier = false)",
    "CREATE TABLE information_schema.copied AS TABLE bills",
    "ALTER TABLE bills REPLICA IDENTITY FULL",
    "ALTER TABLE bills DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE bills NO FORCE ROW LEVEL SECURITY",
    "ALTER TABLE bills OWNER TO inv_admin",
    "DROP POLICY mine ON bills",
    "CREATE TABLE tickets (tenant uuid)",
    "CREATE TABLE copied AS TABLE bills",
    "GRANT SELECT ON tenants TO inv_app",
    "GRANT SELECT (id) ON tenants TO inv_app",
    "GRANT SELECT ON tenants TO PUBLIC",
    "GRANT SELECT ON bills TO inv_app WITH GRANT OPTION",
    "CREATE SCHEMA archive",
    "ALTER TABLE bills ALTER tenant DROP NOT NULL",
    "ALTER TABLE bills RENAME tenant TO owner",
    "ALTER TABLE bills ALTER other SET DEFAULT '0ca9a11e-0000-4000-8000-00000000000a'",
    'ALTER TABLE tenants ALTER label TYPE text COLLATE "C"',
    "CREATE POLICY wide ON bills USING (true)",
    f"ALTER POLICY mine ON bills USING ({MINE} OR true)",
    "ALTER POLICY mine ON bills TO inv_admin",
    "ALTER POLICY mine ON bills RENAME TO yours",
    "CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql AS 'SELECT $1'",
    "CREATE OPERATOR public.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)",
    "ALTER ROLE inv_app BYPASSRLS",
    "ALTER ROLE inv_app SUPERUSER",
    "ALTER ROLE inv_app CREATEROLE",
    "ALTER ROLE inv_app REPLICATION",
    "ALTER ROLE inv_app NOINHERIT",
    "GRANT inv_admin TO inv_app",
    "GRANT inv_admin TO inv_app WITH ADMIN OPTION",
    "GRANT pg_read_all_data TO inv_app",
    "CREATE ROLE inv_etl LOGIN BYPASSRLS",
    "ALTER ROLE inv_app SET app.tenant = '0ca9a11e-0000-4000-8000-00000000000a'",
    "ALTER DATABASE inv SET app.tenant = '0ca9a11e-0000-4000-8000-00000000000a'",
    "ALTER ROLE inv_app IN DATABASE inv SET role = 'inv_admin'",
    "GRANT SET ON PARAMETER session_replication_role TO inv_app",
    "GRANT CREATE ON SCHEMA public TO inv_app",
    "GRANT TEMPORARY ON DATABASE inv TO PUBLIC",
    "ALTER DATABASE inv OWNER TO inv_app",
    "ALTER DEFAULT PRIVILEGES FOR ROLE inv_admin GRANT SELECT ON TABLES TO inv_app",
    "CREATE VIEW v AS SELECT * FROM bills",
    "CREATE OR REPLACE VIEW seen AS SELECT * FROM bills WHERE id > 0",
    "ALTER VIEW seen SET (security_invoker = true)",
    "CREATE MATERIALIZED VIEW mv AS SELECT * FROM bills",
    "CREATE FUNCTION g() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
    "ALTER FUNCTION f() SECURITY DEFINER",
    "ALTER FUNCTION f() LEAKPROOF",
    "ALTER FUNCTION f() SET search_path = public",
    "ALTER FUNCTION f() OWNER TO inv_app",
    "REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC",
    "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
    "GRANT SELECT ON events_2026 TO inv_app",
    "ALTER TABLE events ATTACH PARTITION events_2027 FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')",
    "ALTER TABLE events DETACH PARTITION events_2026",
    "CREATE TABLE child () INHERITS (bills)",
    "CREATE FOREIGN TABLE far (tenant uuid) SERVER inv_server",
    "CREATE USER MAPPING FOR inv_app SERVER inv_server",
    "ALTER SERVER inv_server OPTIONS (ADD host 'elsewhere')",
    "GRANT TRUNCATE ON bills TO inv_app",
    "ALTER TABLE bills ADD UNIQUE (email)",
    "CREATE UNIQUE INDEX ON bills (lower(email))",
    "ALTER TABLE bills ADD FOREIGN KEY (tenant) REFERENCES tenants ON DELETE CASCADE",
    "CREATE RULE also AS ON INSERT TO bills DO ALSO NOTHING",
    "CREATE PUBLICATION p FOR ALL TABLES",
    "CREATE PUBLICATION p FOR TABLE bills",
    "CREATE PUBLICATION p FOR TABLES IN SCHEMA public",
    "CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE)",
    "GRANT SELECT ON LARGE OBJECT 424242 TO PUBLIC",
    "ALTER TABLE bills DISABLE TRIGGER guard",
    "ALTER TABLE bills ENABLE REPLICA TRIGGER guard",
    "DROP TRIGGER guard ON bills",
    "CREATE OR REPLACE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    "CREATE EVENT TRIGGER inv_e ON ddl_command_end EXECUTE FUNCTION e()",
    "GRANT SELECT ON pg_catalog.pg_authid TO inv_app",
    "GRANT SELECT (rolname) ON pg_catalog.pg_authid TO inv_app",
    "GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO inv_app",
    "ALTER FUNCTION pg_catalog.uuid_eq(uuid, uuid) NOT LEAKPROOF",
    "CREATE CAST (uuid AS jsonb) WITH INOUT AS IMPLICIT",
    "CREATE COLLATION any_case (locale = 'C')",
    "CREATE DOMAIN short AS text",
    "ALTER DOMAIN code ADD CHECK (VALUE <> 'x')",
    "ALTER DOMAIN code SET NOT NULL",
    "ALTER TYPE mood ADD VALUE 'sad'",
    "CREATE AGGREGATE total (int) (sfunc = int4pl, stype = int)",
)  # fmt: skip
NO_CHANGES = (
    "INSERT INTO bills VALUES (1, '0ca9a11e-0000-4000-8000-00000000000a', 'x')",
    "ANALYZE",
    "CREATE TEMP TABLE passing (id int DEFAULT 7 PRIMARY KEY)",
    "CREATE FUNCTION pg_temp.passing() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE TEMP TABLE a (id int PRIMARY KEY); CREATE TEMP TABLE b (id int REFERENCES a)",
    "CREATE TEMP TABLE a (id int); CREATE POLICY p ON a",
    "CREATE TEMP TABLE a (id int); CREATE TRIGGER guard BEFORE UPDATE ON a FOR EACH ROW EXECUTE FUNCTION guard()",
    "CREATE TEMP VIEW a AS SELECT * FROM bills",
    "CREATE OPERATOR pg_temp.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)",
    "CREATE COLLATION pg_temp.own (locale = 'C')",
    "SET LOCAL work_mem = '5MB'",
    "SELECT lo_from_bytea(0, 'y')",
)


@pytest.fixture(scope="module")
def built(database: ScratchDatabase) -> Iterator[psycopg.Connection]:
    """A connection of the superuser to a small schema; every test rolls back."""
    database.run(SCHEMA)
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("change", CHANGES)
def test_it_changes_with_everything_the_proof_depends_on(built: psycopg.Connection, change: str) -> None:
    """Anything that could break isolation changes the fingerprint, and a rollback restores it."""
    client = Uncommitted(built).as_database()
    before = fingerprint(client)
    with built.transaction(force_rollback=True):
        built.execute(change.encode())
        assert fingerprint(client) != before
    assert fingerprint(client) == before


@pytest.mark.parametrize("change", NO_CHANGES)
def test_it_does_not_change_with_the_work_of_the_application(built: psycopg.Connection, change: str) -> None:
    """Rows, statistics, temporary objects and session settings do not change the fingerprint."""
    client = Uncommitted(built).as_database()
    before = fingerprint(client)
    with built.transaction(force_rollback=True):
        built.execute(change.encode())
        assert fingerprint(client) == before


def test_it_does_not_change_with_maintenance(built: psycopg.Connection, database: ScratchDatabase) -> None:
    """VACUUM, also FULL, new statistics and a new session do not change the fingerprint."""
    client = Uncommitted(built).as_database()
    before = fingerprint(client)
    built.execute("INSERT INTO tenants (id) SELECT gen_random_uuid() FROM generate_series(1, 1000)")
    built.execute("VACUUM (FREEZE, ANALYZE)")
    built.execute("VACUUM FULL tenants")
    with psycopg.connect(database.connect_only_url) as other:
        assert fingerprint(Uncommitted(other).as_database()) == before
    assert fingerprint(client) == before
