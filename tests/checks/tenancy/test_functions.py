"""Functions that give additional rights or weaken policies are found, each alone, on a real database."""
# ruff: noqa: E501, S608  # SQL that is run is not wrapped, and all of it is written here

from __future__ import annotations

import pytest

from basewatch.model import Severity
from checks.tenancy.stored_code.functions import no_function_bypasses_policies as CHECK  # noqa: N812  # the check under test
from checks.tenancy.stored_code.security_definer import search_path_schemas
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import one_in_three
from tests.checks.tenancy.statics import Change, changed, entry_in, facts_of, faults, findings, with_approval

CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM
DEFINER = "CREATE FUNCTION all_invoices() RETURNS SETOF invoices LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM public.invoices'"
DROP = "DROP FUNCTION all_invoices()"
HELPER = "CREATE FUNCTION tenant() RETURNS uuid LANGUAGE {} AS $$ {} $$; ALTER POLICY tenant_isolation ON invoices USING (customer_id = tenant()) WITH CHECK (customer_id = tenant())"
INLINE = f"ALTER POLICY tenant_isolation ON invoices USING (customer_id = {CTX}) WITH CHECK (customer_id = {CTX})"
SHOWN = (
    "CREATE FUNCTION shown(text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN {statement}; RETURN true; END $$; "
    "CREATE FUNCTION is_open(text) RETURNS boolean LANGUAGE sql AS 'SELECT public.shown($1)'; "
    f"ALTER POLICY tenant_isolation ON invoices USING (is_open(status) AND customer_id = {CTX}) WITH CHECK (customer_id = {CTX})"
)
UNHELPED = f"{INLINE}; DROP FUNCTION tenant()"

BROKEN = (
    Change(
        name="a definer function of a superuser",
        does=DEFINER,
        undoes=DROP,
        found=(("public.all_invoices()", CRITICAL),),
    ),
    Change(
        name="a definer function of the tables' owner",
        does=f"SET ROLE admin; {DEFINER}; RESET ROLE",
        undoes=DROP,
        found=(("public.all_invoices()", CRITICAL),),
    ),
    Change(
        name="a definer procedure for one role alone",
        does='CREATE SCHEMA "Jobs Of Admin"; CREATE PROCEDURE "Jobs Of Admin"."Tidy Up"(int) LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS \'DELETE FROM public.invoices\'; '
        'REVOKE ALL ON PROCEDURE "Jobs Of Admin"."Tidy Up"(int) FROM PUBLIC; GRANT USAGE ON SCHEMA "Jobs Of Admin" TO analytics; GRANT EXECUTE ON PROCEDURE "Jobs Of Admin"."Tidy Up"(int) TO analytics',
        undoes='DROP SCHEMA "Jobs Of Admin" CASCADE',
        found=(('"Jobs Of Admin"."Tidy Up"(integer)', CRITICAL),),
    ),
    Change(
        name="a definer function reached over two roles",
        does="CREATE ROLE b_mid NOLOGIN; CREATE ROLE b_far NOLOGIN; GRANT b_far TO b_mid; GRANT b_mid TO app; "
        f"{DEFINER}; REVOKE ALL ON FUNCTION all_invoices() FROM PUBLIC; GRANT EXECUTE ON FUNCTION all_invoices() TO b_far",
        undoes=f"{DROP}; DROP ROLE b_mid; DROP ROLE b_far",
        found=(("public.all_invoices()", CRITICAL),),
    ),
    Change(
        name="a definer function of a role that is bound as the caller is",
        does="CREATE ROLE b_bound NOLOGIN; GRANT SELECT ON invoices TO b_bound; GRANT USAGE, CREATE ON SCHEMA public TO b_bound; "
        f"{DEFINER}; ALTER FUNCTION all_invoices() OWNER TO b_bound; REVOKE CREATE ON SCHEMA public FROM b_bound; "
        "REVOKE ALL ON FUNCTION all_invoices() FROM PUBLIC; GRANT EXECUTE ON FUNCTION all_invoices() TO app",
        undoes=f"{DROP}; DROP OWNED BY b_bound; DROP ROLE b_bound",
        found=(("public.all_invoices()", MEDIUM),),
    ),
    Change(
        name="a definer function of a role with a broad policy of its own",
        does="CREATE ROLE b_broad NOLOGIN; GRANT SELECT ON invoices TO b_broad; CREATE POLICY broad ON invoices FOR SELECT TO b_broad USING (true); GRANT USAGE, CREATE ON SCHEMA public TO b_broad; "
        f"{DEFINER}; ALTER FUNCTION all_invoices() OWNER TO b_broad; REVOKE CREATE ON SCHEMA public FROM b_broad",
        undoes=f"{DROP}; DROP POLICY broad ON invoices; DROP OWNED BY b_broad; DROP ROLE b_broad",
        found=(("public.all_invoices()", CRITICAL),),
    ),
    Change(
        name="a definer function that a view calls in a schema without USAGE",
        does="CREATE SCHEMA internal; CREATE FUNCTION internal.titles() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT title FROM public.documents'; "
        "CREATE VIEW shown AS SELECT * FROM internal.titles(); GRANT SELECT ON shown TO analytics",
        undoes="DROP VIEW shown; DROP SCHEMA internal CASCADE",
        found=(("internal.titles()", CRITICAL),),
    ),
    Change(
        name="a function that is leakproof",
        does="CREATE FUNCTION snoop(uuid) RETURNS boolean LANGUAGE plpgsql LEAKPROOF COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$",
        undoes="DROP FUNCTION snoop(uuid)",
        found=(("public.snoop(uuid)", HIGH),),
    ),
    Change(
        name="a built-in under another name",
        does="CREATE FUNCTION peek() RETURNS int LANGUAGE internal STRICT AS 'pg_backend_pid'",
        undoes="DROP FUNCTION peek()",
        found=(("public.peek()", HIGH),),
    ),
    Change(
        name="an immutable helper in a policy",
        does=HELPER.format("plpgsql IMMUTABLE", f"BEGIN RETURN {CTX}; END"),
        undoes=UNHELPED,
        found=(("public.tenant()", CRITICAL),),
    ),
    Change(
        name="an immutable helper that asks another",
        does=f"CREATE FUNCTION inner_tenant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT {CTX} $$; "
        + HELPER.format("plpgsql IMMUTABLE", "BEGIN RETURN public.inner_tenant(); END"),
        undoes=f"{UNHELPED}; DROP FUNCTION inner_tenant()",
        found=(("public.tenant()", CRITICAL),),
    ),
    Change(
        name="an immutable reader of the tenant in no policy",
        does=f"CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT {CTX} $$",
        undoes="DROP FUNCTION tenant()",
        found=(("public.tenant()", MEDIUM),),
    ),
    Change(
        name="a helper that a principal may rewrite",
        does=HELPER.format("sql STABLE", f"SELECT {CTX}")
        + "; GRANT CREATE ON SCHEMA public TO app; ALTER FUNCTION tenant() OWNER TO app; REVOKE CREATE ON SCHEMA public FROM app",
        undoes=UNHELPED,
        found=(("public.tenant()", CRITICAL),),
    ),
    Change(
        name="a current_setting of our own",
        does="CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'x'::text $$",
        undoes="DROP FUNCTION public.current_setting(text)",
        found=(("public.current_setting(text)", HIGH),),
    ),
    Change(
        name="one in a schema of the role's search_path",
        does="CREATE SCHEMA tools; CREATE FUNCTION tools.set_config(text, text, boolean) RETURNS text LANGUAGE sql STABLE AS 'SELECT $2'; ALTER ROLE analytics SET search_path = tools, pg_catalog",
        undoes="DROP SCHEMA tools CASCADE; ALTER ROLE analytics RESET search_path",
        found=(("tools.set_config(text, text, boolean)", HIGH),),
    ),
    *(
        Change(
            name=f"a policy's function that {how}",
            does=SHOWN.format(statement=statement),
            undoes=f"{INLINE}; DROP FUNCTION is_open(text), shown(text)",
            found=(("public.shown(text)", HIGH),),
        )
        for how, statement in (
            ("raises messages", "RAISE NOTICE 'row of %', $1"),
            ("raises messages for who asks", "RAISE DEBUG USING MESSAGE = $1"),
            ("stores rows", "INSERT INTO seen VALUES ($1)"),
            ("sends rows", "PERFORM pg_notify('rows', $1)"),
        )
    ),
)
SOUND = (
    Change(
        name="a policy's function that raises an error",
        does=SHOWN.format(statement="IF $1 IS NULL THEN RAISE EXCEPTION 'no state in %', $1; END IF"),
        undoes=f"{INLINE}; DROP FUNCTION is_open(text), shown(text)",
    ),
    Change(
        name="an aggregate",
        does="CREATE AGGREGATE product(bigint) (SFUNC = int8mul, STYPE = bigint, INITCOND = '1')",
        undoes="DROP AGGREGATE product(bigint)",
    ),
    Change(
        name="a definer function without EXECUTE",
        does=f"{DEFINER}; REVOKE ALL ON FUNCTION all_invoices() FROM PUBLIC; GRANT EXECUTE ON FUNCTION all_invoices() TO admin",
        undoes=DROP,
    ),
    Change(
        name="a definer function in a schema without USAGE",
        does="CREATE SCHEMA internal; CREATE FUNCTION internal.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT count(*) FROM public.invoices'",
        undoes="DROP SCHEMA internal CASCADE",
    ),
    Change(
        name="a definer function of a principal",
        does=f"GRANT CREATE ON SCHEMA public TO analytics; {DEFINER}; ALTER FUNCTION all_invoices() OWNER TO analytics; REVOKE CREATE ON SCHEMA public FROM analytics",
        undoes=DROP,
    ),
    Change(
        name="a trigger function with its owner's rights, which cannot be called",
        does="CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NEW; END $$",
        undoes="DROP FUNCTION touch()",
    ),
    Change(name="a stable helper", does=HELPER.format("sql STABLE", f"SELECT {CTX}"), undoes=UNHELPED),
    Change(
        name="an immutable function of its arguments",
        does="CREATE FUNCTION cents(numeric) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT ($1 * 100)::bigint'",
        undoes="DROP FUNCTION cents(numeric)",
    ),
    Change(
        name="a leakproof function without EXECUTE",
        does="CREATE FUNCTION eq(int, int) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT $1 = $2'; REVOKE ALL ON FUNCTION eq(int, int) FROM PUBLIC",
        undoes="DROP FUNCTION eq(int, int)",
    ),
)


@pytest.mark.parametrize("change", one_in_three(BROKEN, lambda change: change.name))
def test_only_the_changed_function_is_found(box_database: SandboxDatabase, change: Change) -> None:
    """Exactly that function is a finding with its severity, and none after its repair."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == dict(change.found)
    assert faults(box_database, CHECK) == {}


@pytest.mark.parametrize("change", one_in_three(SOUND, lambda change: change.name))
def test_an_ordinary_function_passes(box_database: SandboxDatabase, change: Change) -> None:
    """A function without additional rights is no finding."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == {}


def test_an_approved_function_passes_until_it_changes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the function, until its body changes."""
    with changed(box_database, BROKEN[0]):
        (finding,) = findings(box_database, CHECK)
        component = with_approval("function", *entry_in(finding))
        assert faults(box_database, CHECK, component) == {}
        box_database.execute(
            DEFINER.replace("CREATE", "CREATE OR REPLACE", 1).replace("invoices'", "invoices WHERE true'")
        )
        assert set(faults(box_database, CHECK, component)) == {"public.all_invoices()"}


def test_an_immutable_context_function_cannot_be_approved(box_database: SandboxDatabase) -> None:
    """An IMMUTABLE function in a policy is a finding despite an approval."""
    change = next(change for change in BROKEN if change.name == "an immutable helper in a policy")
    with changed(box_database, change):
        (digest,) = (f.digest for f in facts_of(box_database).functions if f.name == "public.tenant()")
        assert set(faults(box_database, CHECK, with_approval("function", "public.tenant()", digest))) == {
            "public.tenant()"
        }


def test_a_finding_has_the_role_path(box_database: SandboxDatabase) -> None:
    """The finding names the callers with their role paths, and the REVOKE."""
    change = next(change for change in BROKEN if change.name == "a definer function reached over two roles")
    with changed(box_database, change):
        (finding,) = findings(box_database, CHECK)
    assert "app -> b_mid -> b_far" in finding.observed
    assert "REVOKE EXECUTE ON ROUTINE public.all_invoices() FROM b_far" in finding.remedy


def test_a_superuser_is_reported_by_bypass_roles_alone(box_database: SandboxDatabase) -> None:
    """A superuser principal may call every function, which is one finding of tenancy.rls.bypass_roles."""
    private = Change(
        name="",
        does=f"{DEFINER}; ALTER ROLE app SUPERUSER; ALTER ROLE analytics SUPERUSER",
        undoes=f"{DROP}; ALTER ROLE app NOSUPERUSER; ALTER ROLE analytics NOSUPERUSER",
    )
    with changed(box_database, private):
        assert faults(box_database, CHECK) == {}


@pytest.mark.parametrize(
    ("written", "schemas"),
    [
        ("pg_catalog, pg_temp", ("pg_catalog", "pg_temp")),
        ('"$user", public', ("me", "public")),
        ('"Odd, Name", "a""b"', ("Odd, Name", 'a"b')),
        ('""', ()),
    ],
)
def test_a_search_path_is_parsed(written: str, schemas: tuple[str, ...]) -> None:
    """Quotes, commas in names and "$user" are parsed as in PostgreSQL."""
    assert search_path_schemas(written, "me") == schemas
