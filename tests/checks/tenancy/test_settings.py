"""Session defaults and functions that set the context are found."""
# ruff: noqa: S608  # the SQL that is run is all written here

from __future__ import annotations

from dataclasses import replace

import pytest

from basewatch.model import Severity, Status
from checks.tenancy.context.settings import only_the_application_sets_the_context
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A
from isolation.inventory.roles import ServerSetting
from tests.checks.tenancy.breaking import (
    SETTINGS,
    Case,
    approval,
    broken,
    case,
    changed,
    not_green,
    static_findings,
    unclear,
)
from tests.checks.tenancy.looking import NOW, SECUREBASE, one_in_three, only_of
from tests.checks.tenancy.statics import facts_of

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW


def preset(role: str, name: str, value: str, severity: Severity, place: str = "") -> Case:
    """A session default of a role."""
    whose, setting = f"ALTER ROLE {role}", name
    return case(
        f"{role}: {name}",
        f"{whose} SET {setting} = {value}",
        f"{whose} RESET {setting}",
        broken(SETTINGS, place or f"role {role}", severity),
    )


def function(name: str, definition: str, *found: Severity | None) -> Case:
    """A function in public that PUBLIC may call, and the expected severity: None for an UNVERIFIED."""
    each = (broken(SETTINGS, f"public.{name}", s) if s else unclear(SETTINGS, f"public.{name}") for s in found)
    return case(name, f"CREATE FUNCTION {name} {definition}", f"DROP FUNCTION {name}", *each)


C = "app.current_customer_id"
PLPGSQL = "RETURNS void LANGUAGE plpgsql AS $$ BEGIN {} END $$"
CASES = (
    preset("app", C, f"'{CANARY_A}'", CRITICAL),
    preset("app", '"App.Current_Customer_Id"', f"'{CANARY_A}'", CRITICAL),
    preset("basewatch", C, f"'{CANARY_A}'", CRITICAL),
    preset("ALL", C, f"'{CANARY_A}'", CRITICAL, "every role"),
    preset("app IN DATABASE securebase", C, f"'{CANARY_A}'", CRITICAL, "role app in database securebase"),
    case(
        "the database's default",
        f"ALTER DATABASE securebase SET {C} = '{CANARY_A}'",
        f"ALTER DATABASE securebase RESET {C}",
        broken(SETTINGS, "database securebase", CRITICAL),
    ),
    preset("app", "role", "'admin'", CRITICAL),
    preset("admin", "session_replication_role", "replica", HIGH),
    preset("app", "session_replication_role", "replica", HIGH),
    preset("app", "row_security", "off", LOW),
    preset("app", "search_path", "public, pg_catalog", MEDIUM),
    preset("app", "lo_compat_privileges", "on", HIGH),
    preset("app", "session_preload_libraries", "'auto_explain'", HIGH),
    function(
        "demo_count()", f"RETURNS bigint LANGUAGE sql STABLE SET {C} = '{CANARY_A}' AS 'SELECT 1::bigint'", CRITICAL
    ),
    function("become(text)", f"RETURNS text LANGUAGE sql AS $$ SELECT set_config('{C}', $1, false) $$", HIGH),
    function(
        "become_one(text)",
        f"RETURNS text LANGUAGE sql AS $$ SELECT pg_catalog.set_config ( '{C}' , 'x' || $1, true) $$",
        HIGH,
    ),
    function(
        "become_and_read(text)",
        f"RETURNS bigint LANGUAGE sql AS $$ SELECT set_config('{C}', $1, true); SELECT count(*) FROM documents $$",
        HIGH,
    ),
    function(
        "become_again(text)",
        "RETURNS text LANGUAGE sql AS $$ SELECT set_config('APP.Current_Customer_ID', $1, false) $$",
        HIGH,
    ),
    function("escaped(text)", f"RETURNS text LANGUAGE sql AS $$ SELECT set_config(E'{C}', $1, false) $$", HIGH),
    function("assigned()", PLPGSQL.format(f"SET LOCAL {C} = 'x';"), HIGH),
    function("quoted()", PLPGSQL.format("SET \"app\".current_customer_id TO 'x';"), HIGH),
    function("dynamic(text)", PLPGSQL.format(f"EXECUTE format('SET {C} = %L', $1);"), HIGH),
    function("in_pieces(text)", PLPGSQL.format("EXECUTE format('SET app.%I = %L', 'current_customer_id', $1);"), None),
    function("through_a_view(text)", PLPGSQL.format(f"UPDATE pg_settings SET setting = $1 WHERE name = '{C}';"), HIGH),
    function("named(text, text)", "RETURNS text LANGUAGE sql AS $$ SELECT set_config($1, $2, false) $$", None),
    function("atomic(text)", f"RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT set_config('{C}', $1, false); END", HIGH),
    function("switches()", "RETURNS void LANGUAGE sql SET session_replication_role = 'replica' AS ''", HIGH),
    case(
        "a trigger that sets it",
        "CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"PERFORM set_config('{C}', new.customer_id::text, false); RETURN new; END $$; REVOKE ALL ON FUNCTION follow() "
        "FROM PUBLIC; CREATE TRIGGER follow BEFORE INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION follow()",
        "DROP TRIGGER follow ON invoices; DROP FUNCTION follow()",
        broken(SETTINGS, "public.follow()", HIGH),
    ),
)
SOUND = (
    case("an empty context", f"ALTER ROLE app SET {C} = ''", f"ALTER ROLE app RESET {C}"),
    case("a session of the owner's", f"ALTER ROLE admin SET {C} = '{CANARY_A}'", f"ALTER ROLE admin RESET {C}"),
    case("another setting", "ALTER ROLE app SET app.release = '7'", "ALTER ROLE app RESET app.release"),
    case("a timeout", "ALTER ROLE app SET statement_timeout = '5s'", "ALTER ROLE app RESET statement_timeout"),
    case("a search path", "ALTER ROLE app SET search_path = app, public", "ALTER ROLE app RESET search_path"),
    case(
        "a search path that says it",
        "ALTER ROLE app SET search_path = pg_catalog, public",
        "ALTER ROLE app RESET search_path",
    ),
    case("a login that becomes app", "ALTER ROLE basewatch SET role = 'app'", "ALTER ROLE basewatch RESET role"),
    function(
        "tenant()", f"RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('{C}', true), '')::uuid $$"
    ),
    function(
        "tenant_in_plpgsql()", f"RETURNS text LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN current_setting('{C}'); END $$"
    ),
    function(
        "become_locally(text)",
        f"RETURNS text LANGUAGE sql AS $$ SELECT pg_catalog.set_config ( '{C}' , $1, true) $$",
    ),
    function("become_so(one uuid)", PLPGSQL.format(f"PERFORM set_config('{C}', one::text, true);")),
    function("patient()", PLPGSQL.format("PERFORM set_config('statement_timeout', '5s', true);")),
    function("atomic_tenant()", f"RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT current_setting('{C}'); END"),
    function(
        "updates()",
        PLPGSQL.format(f"UPDATE documents SET title = 'x' WHERE customer_id = current_setting('{C}')::uuid;"),
    ),
    function("changes(text)", PLPGSQL.format("EXECUTE format('UPDATE %I SET title = 1', $1);")),
    function("counts(text)", PLPGSQL.format("EXECUTE format('SELECT count(*) FROM %I', $1);")),
    case(
        "a setter for the owner alone",
        f"CREATE FUNCTION become(text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('{C}', $1, false) $$; "
        "REVOKE ALL ON FUNCTION become(text) FROM PUBLIC; GRANT EXECUTE ON FUNCTION become(text) TO admin",
        "DROP FUNCTION become(text)",
    ),
)


@pytest.mark.parametrize("case", one_in_three([*CASES, *SOUND]))
def test_each_setter_of_the_context_is_one_finding(box_database: SandboxDatabase, case: Case) -> None:
    """Each default and each function that sets the context is one finding; a function that reads it has none."""
    with changed(box_database, case):
        assert not_green(static_findings(box_database.url)) == case.found
    assert not_green(static_findings(box_database.url)) == set()


def test_findings_have_no_context_value(box_database: SandboxDatabase) -> None:
    """A finding names the default and the SQL to reset it, but not the tenant."""
    with changed(box_database, CASES[0]):
        findings = static_findings(box_database.url)
    found = only_of(findings, "role app")
    assert "ALTER ROLE app RESET app.current_customer_id;" in found.remedy
    assert not any(CANARY_A in str(finding) for finding in findings)


def test_an_approved_setter_passes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the current body of the function, and no other."""
    setter = next(each for each in CASES if each.name == "become(text)")
    with changed(box_database, setter):
        remedy = only_of(static_findings(box_database.url), "public.become(text)").remedy
        digest = remedy.partition("digest: ")[2][:71]
        tenancy = SECUREBASE.tenancy
        entry = approval("function", "public.become(text)", digest)
        approved = tenancy.model_copy(update={"approved_objects": (*tenancy.approved_objects, entry)})
        component = SECUREBASE.model_copy(update={"tenancy": approved})
        assert not_green(static_findings(box_database.url, component)) == set()
        box_database.execute(setter.breaks.replace("CREATE", "CREATE OR REPLACE").replace("$1,", "$1 || '',"))
        assert not_green(static_findings(box_database.url, component)) == setter.found


@pytest.mark.parametrize(
    ("name", "value", "severity"),
    [
        ("lo_compat_privileges", "on", HIGH),
        ("lo_compat_privileges", "off", None),
        ("session_replication_role", "replica", HIGH),
        ("search_path", '"$user", public', None),
        ("search_path", "public, pg_catalog", MEDIUM),
        ("local_preload_libraries", "spy", MEDIUM),
    ],
)
def test_a_default_of_the_server_counts_for_every_session(
    box_database: SandboxDatabase, name: str, value: str, severity: Severity | None
) -> None:
    """What a configuration file sets is judged by the rules for ALTER ROLE ... SET; its scope is the server."""
    facts = replace(facts_of(box_database), server_settings=(ServerSetting(name=name, value=value),))
    judged = only_the_application_sets_the_context.judge(facts, SECUREBASE, NOW)
    found = {verdict.subject: verdict.severity for verdict in judged if verdict.status is Status.FAIL}
    assert found == ({"server": severity} if severity else {})
