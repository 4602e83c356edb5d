"""Policy expressions of every shape on one small schema, with the expected status of each."""

# All SQL is built from the constants of this file.
# ruff: noqa: S608

from __future__ import annotations

from typing import Final

from tests.isolation.proof.clauses import (
    CTX,
    ROWS_OF_ANYBODY,
    ROWS_WHATEVER_WHERE_SAYS,
    SOME_OF_THE_ROWS,
    TWO_ROWS_OF_ONE_NUMBER,
    VALUES_THAT_MAY_BE_NULL,
)

ROLE: Final = "shaped_tenant"
ID: Final = "aaaaaaaa-0000-4000-8000-000000000001"
SCHEMA: Final = """
CREATE DOMAIN short AS text CHECK (length(VALUE) < 9);
CREATE TABLE customers (id uuid PRIMARY KEY, name text);
CREATE TABLE invoices (id uuid PRIMARY KEY, customer_id uuid NOT NULL, status text, paid boolean, partner uuid,
                       shared uuid[], document jsonb NOT NULL DEFAULT '{}',
                       rule jsonpath NOT NULL DEFAULT '$.x == 1',
                       mirror uuid GENERATED ALWAYS AS (customer_id) STORED);
CREATE TABLE notes (id uuid PRIMARY KEY, customer_id uuid, body text);
CREATE TABLE lines (id uuid PRIMARY KEY, invoice uuid NOT NULL REFERENCES invoices (id), status text);
CREATE TABLE links (parent uuid, child uuid);
CREATE TABLE memberships (user_id text, tenant uuid);
CREATE FUNCTION ctx_sql() RETURNS uuid LANGUAGE sql STABLE AS
  $$ SELECT nullif(current_setting('app.c', true), '')::uuid $$;
CREATE FUNCTION ctx_plpgsql() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.c'); END $$;
CREATE FUNCTION ctx_atomic() RETURNS uuid LANGUAGE sql STABLE
  BEGIN ATOMIC SELECT nullif(current_setting('app.c', true), '')::uuid; END;
CREATE FUNCTION ctx_frozen() RETURNS uuid LANGUAGE plpgsql IMMUTABLE AS
  $$ BEGIN RETURN current_setting('app.c')::uuid; END $$;
CREATE FUNCTION is_mine(tenant uuid) RETURNS boolean LANGUAGE sql STABLE
  RETURN tenant = nullif(current_setting('app.c', true), '')::uuid;
CREATE FUNCTION can_see(uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER AS
  $$ SELECT md5($1::text) <> 'x' $$;
CREATE FUNCTION switches(uuid) RETURNS boolean LANGUAGE sql STABLE AS
  $$ SELECT set_config('app.c', $1::text, true) IS NOT NULL $$;
CREATE FUNCTION is_known(tenant uuid) RETURNS boolean LANGUAGE sql STABLE
  RETURN EXISTS (SELECT 1 FROM customers c WHERE c.id = tenant);
CREATE FUNCTION plain(uuid) RETURNS boolean LANGUAGE sql STABLE AS $$ SELECT $1 IS NOT NULL $$;
"""
GRANTS: Final = f"""
GRANT SELECT, INSERT, UPDATE, DELETE ON customers, invoices, notes, lines TO {ROLE};
GRANT SELECT ON links TO {ROLE}; GRANT SELECT, INSERT ON memberships TO {ROLE};
ALTER TABLE invoices ENABLE ROW LEVEL SECURITY; ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE lines ENABLE ROW LEVEL SECURITY;
"""
PROVEN: Final = (
    f"customer_id = {CTX}",
    f"{CTX} = customer_id AND status LIKE 'x%'",
    "customer_id = current_setting('app.c')::uuid",
    "customer_id = current_setting('APP.C', false)::uuid",
    "customer_id::text = current_setting('app.c', true)",
    "lower(customer_id::text) = lower(current_setting('app.c'))",
    f"customer_id = (SELECT {CTX})",
    f"customer_id IN (SELECT {CTX})",
    f"customer_id = ANY (ARRAY[{CTX}])",
    f"NOT (customer_id <> {CTX})",
    f"NOT (customer_id <> ANY (ARRAY[{CTX}]))",
    f"customer_id IS NOT DISTINCT FROM {CTX}",
    f"CASE WHEN status = 'a' THEN false ELSE customer_id = {CTX} END",
    f"CASE WHEN {CTX} IS NULL THEN false ELSE customer_id = {CTX} END",
    f"coalesce(customer_id = {CTX}, false)",
    f"(customer_id = {CTX}) IS TRUE",
    f"(customer_id = {CTX}) = true",
    f"(customer_id, status) = ({CTX}, 'a')",
    f"customer_id BETWEEN {CTX} AND {CTX}",
    f"ARRAY[customer_id] <@ ARRAY[{CTX}]",
    f"customer_id = coalesce({CTX}, NULL)",
    "customer_id = CASE WHEN current_setting('app.c', true) = '' THEN NULL ELSE current_setting('app.c')::uuid END",
    "customer_id = ctx_sql()",
    "customer_id = ctx_plpgsql()",
    "customer_id = ctx_atomic()",
    "customer_id = (SELECT ctx_sql())",
    "is_mine(customer_id)",
    f"EXISTS (SELECT 1 FROM customers c WHERE c.id = customer_id AND c.id = {CTX})",
    f"customer_id IN (SELECT c.id FROM customers c JOIN links l ON l.parent = c.id WHERE c.id = {CTX})",
    f"customer_id = {CTX} AND plain(customer_id)",
    f"customer_id = {CTX} AND status::short IS NOT NULL",
    f"customer_id = {CTX} AND random() < 0.5",
    f"(customer_id = {CTX} OR status = 'x') AND customer_id = {CTX}",
    f"current_setting('app.c') IS NULL OR customer_id = {CTX}",
    f"customer_id IS NULL OR customer_id = {CTX}",
    "false",
    *SOME_OF_THE_ROWS,
)
OPEN: Final = (
    "true",
    f"customer_id = {CTX} OR paid",
    f"customer_id = {CTX} OR status = 'archived'",
    f"customer_id = {CTX} OR (status = 'archived' AND paid)",
    f"customer_id <> {CTX}",
    f"NOT (customer_id = {CTX})",
    f"customer_id >= {CTX}",
    "customer_id = customer_id",
    f"customer_id = customer_id AND {CTX} IS NOT NULL",
    f"{CTX} IS NULL OR customer_id = {CTX}",
    f"coalesce(current_setting('app.c', true), '') = '' OR customer_id = {CTX}",
    f"customer_id = {CTX} OR {CTX} = '{ID}'",
    f"customer_id = {CTX} OR customer_id = '{ID}'",
    f"customer_id = {CTX} OR customer_id IN ('{ID}', '{ID[:-1]}2')",
    "customer_id = nullif(current_setting('app.customer', true), '')::uuid",
    f"customer_id = {CTX} OR current_setting('app.bypass', true) = 'on'",
    f"customer_id = {CTX} OR current_setting('app.bypass', true)::boolean",
    "customer_id::text LIKE current_setting('app.c')",
    "customer_id IN (SELECT m.tenant FROM memberships m WHERE m.user_id = current_setting('app.u', true))",
    f"customer_id = {CTX} OR customer_id IN (SELECT child FROM links WHERE parent = {CTX})",
    "customer_id = ctx_frozen()",
    f"customer_id = {CTX} OR now() > '2031-01-01'",
    f"customer_id = {CTX} OR random() < 0.000001",
    f"customer_id = {CTX} OR {CTX} = ANY (shared)",
    f"partner = {CTX}",
    f"(customer_id = {CTX}) IS NOT NULL",
    f"(customer_id = {CTX}) IS NOT FALSE",
    f"(customer_id = {CTX}) IS UNKNOWN",
    f"CASE WHEN current_setting('app.scope', true) = 'tenant' THEN customer_id = {CTX} ELSE true END",
    *ROWS_OF_ANYBODY,
)
UNPROVEN: Final = (
    "can_see(customer_id)",
    f"mirror = {CTX}",
    f"customer_id = {CTX} AND switches(customer_id)",
    f"customer_id = {CTX} AND set_config('app.c', customer_id::text, true) IS NOT NULL",
    f"customer_id = {CTX} OR pg_has_role('pg_monitor', 'MEMBER')",
    f"customer_id = {CTX} OR now() < '2020-01-01'",
    "left(customer_id::text, 8) = left(current_setting('app.c'), 8)",
    "customer_id = ANY (string_to_array(current_setting('app.c'), ',')::uuid[])",
    f"customer_id = (SELECT max(c.id::text)::uuid FROM customers c WHERE c.id = {CTX})",
    *ROWS_WHATEVER_WHERE_SAYS,
    *VALUES_THAT_MAY_BE_NULL,
    *TWO_ROWS_OF_ONE_NUMBER,
)
NULLABLE: Final = {
    f"customer_id = {CTX}": "proven",
    "customer_id IS NOT DISTINCT FROM current_setting('app.c')::uuid": "proven",
    f"customer_id IS NOT DISTINCT FROM {CTX}": "open",
    f"customer_id IS NULL OR customer_id = {CTX}": "open",
    f"coalesce(customer_id, {CTX}) = {CTX}": "open",
}
DERIVED: Final = {
    f"EXISTS (SELECT 1 FROM invoices i WHERE i.id = invoice AND i.customer_id = {CTX})": "proven",
    f"invoice IN (SELECT i.id FROM invoices i WHERE i.customer_id = {CTX} AND i.paid)": "proven",
    f"invoice = ANY (ARRAY(SELECT i.id FROM invoices i WHERE i.customer_id = {CTX}))": "proven",
    f"(SELECT i.customer_id FROM invoices i WHERE i.id = invoice) = {CTX}": "proven",
    "status = 'open'": "open",
    f"EXISTS (SELECT 1 FROM invoices i WHERE i.customer_id = {CTX})": "unproven",
    f"EXISTS (SELECT 1 FROM invoices i WHERE i.partner = invoice AND i.customer_id = {CTX})": "unproven",
}
EXPECTED: Final = {
    "invoices": {
        **dict.fromkeys(PROVEN, "proven"),
        **dict.fromkeys(OPEN, "open"),
        **dict.fromkeys(UNPROVEN, "unproven"),
    },
    "notes": NULLABLE,
    "lines": DERIVED,
}
"""The expected status of each policy alone, by table and USING expression."""
