"""Roles that bypass policies: every way for a principal to be or become one, and every undeclared one."""

from __future__ import annotations

import pytest

from basewatch.model import Finding, Severity
from demo.database import SandboxDatabase
from isolation.inventory.redaction import text_digest
from tests.checks.tenancy.breaking import (
    MINE,
    ROLES,
    Case,
    Found,
    approval,
    broken,
    case,
    changed,
    not_green,
    static_findings,
    version,
)
from tests.checks.tenancy.looking import SECUREBASE, one_in_three, only_of

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW
GROUP = "CREATE ROLE readers NOLOGIN; GRANT SELECT ON invoices TO readers; GRANT readers TO app"


def app(severity: Severity) -> Found:
    """The finding on app."""
    return broken(ROLES, "app", severity)


def attribute(word: str, severity: Severity) -> Case:
    """An attribute of app."""
    return case(word, f"ALTER ROLE app {word}", f"ALTER ROLE app NO{word}", app(severity))


def predefined(role: str, severity: Severity, since: int = 0) -> Case:
    """A predefined role that app is made a member of."""
    return case(role, f"GRANT {role} TO app", f"REVOKE {role} FROM app", app(severity), since=since)


CASES = (
    attribute("SUPERUSER", CRITICAL),
    attribute("BYPASSRLS", CRITICAL),
    attribute("REPLICATION", HIGH),
    predefined("pg_read_all_data", HIGH),
    predefined("pg_write_all_data", HIGH),
    predefined("pg_read_server_files", CRITICAL),
    predefined("pg_write_server_files", CRITICAL),
    predefined("pg_execute_server_program", CRITICAL),
    predefined("pg_read_all_stats", MEDIUM),
    predefined("pg_monitor", MEDIUM),
    predefined("pg_signal_backend", LOW),
    predefined("pg_create_subscription", HIGH, since=16),
    predefined("pg_maintain", MEDIUM, since=17),
    case("the owner of every table", "GRANT admin TO app", "REVOKE admin FROM app", app(CRITICAL)),
    case(
        "two hops without INHERIT",
        "CREATE ROLE mid NOLOGIN NOINHERIT; CREATE ROLE reporting NOLOGIN BYPASSRLS; "
        "GRANT SELECT ON invoices, job_queue TO reporting; GRANT reporting TO mid; GRANT mid TO app",
        "DROP OWNED BY reporting; DROP ROLE mid, reporting",
        app(CRITICAL),
    ),
    case(
        "a superuser that can be become",
        "CREATE ROLE dba NOLOGIN SUPERUSER; GRANT dba TO analytics",
        "DROP ROLE dba",
        broken(ROLES, "analytics", CRITICAL),
    ),
    case(
        "ADMIN OPTION",
        "CREATE ROLE readers NOLOGIN; GRANT readers TO app WITH ADMIN OPTION",
        "DROP ROLE readers",
        app(HIGH),
    ),
    case(
        "ADMIN OPTION and nothing else",
        "CREATE ROLE etl NOLOGIN BYPASSRLS; GRANT etl TO app WITH ADMIN TRUE, INHERIT FALSE, SET FALSE",
        "DROP ROLE etl",
        app(CRITICAL),
        since=16,
    ),
    case(
        "another's login",
        "CREATE ROLE colleague LOGIN; GRANT colleague TO app",
        "DROP ROLE colleague",
        app(MEDIUM),
    ),
    case(
        "over another principal",
        "GRANT admin TO app; GRANT app TO analytics",
        "REVOKE admin FROM app; REVOKE app FROM analytics",
        app(CRITICAL),
    ),
    case(
        "a table",
        "ALTER TABLE invoices OWNER TO app",
        # The grants of the owner are dropped with the table.
        "ALTER TABLE invoices OWNER TO admin; GRANT SELECT, INSERT, UPDATE, DELETE ON invoices TO app",
        app(CRITICAL),
    ),
    case(
        "the owner of the schema of a trigger's function",
        "CREATE SCHEMA duties AUTHORIZATION app; CREATE FUNCTION duties.check_it() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RETURN NEW; END'; CREATE TRIGGER check_it BEFORE INSERT ON invoices FOR EACH ROW "
        "EXECUTE FUNCTION duties.check_it()",
        "DROP SCHEMA duties CASCADE",
        app(CRITICAL),
    ),
    case(
        "the schema",
        "ALTER SCHEMA public OWNER TO app",
        "ALTER SCHEMA public OWNER TO pg_database_owner; GRANT USAGE ON SCHEMA public TO app",
        app(CRITICAL),
    ),
    case(
        "the database",
        "ALTER DATABASE securebase OWNER TO app",
        "ALTER DATABASE securebase OWNER TO admin; GRANT CONNECT ON DATABASE securebase TO app",
        app(CRITICAL),
    ),
    case(
        "a function that a policy asks",
        "CREATE FUNCTION tenant() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting("
        "'app.current_customer_id', true), '')::uuid $$; ALTER FUNCTION tenant() OWNER TO app; "
        "ALTER POLICY tenant_isolation ON invoices USING (customer_id = tenant())",
        f"ALTER POLICY tenant_isolation ON invoices USING ({MINE}); DROP FUNCTION tenant()",
        app(CRITICAL),
    ),
    case(
        "an undeclared role with BYPASSRLS",
        "CREATE ROLE etl LOGIN BYPASSRLS; GRANT SELECT ON invoices TO etl",
        "DROP OWNED BY etl; DROP ROLE etl",
        broken(ROLES, "etl", HIGH),
    ),
    case(
        "an undeclared role with BYPASSRLS and no grant yet",
        "CREATE ROLE etl LOGIN BYPASSRLS",
        "DROP ROLE etl",
        broken(ROLES, "etl", HIGH),
    ),
    case(
        "an undeclared role with BYPASSRLS that does not log in",
        "CREATE ROLE etl NOLOGIN BYPASSRLS; GRANT SELECT (id) ON customers TO etl",
        "DROP OWNED BY etl; DROP ROLE etl",
        broken(ROLES, "etl", HIGH),
    ),
    case(
        "an undeclared login that reads a tenant table",
        "CREATE ROLE partner LOGIN; GRANT SELECT ON invoices TO partner",
        "DROP OWNED BY partner; DROP ROLE partner",
        broken(ROLES, "partner", MEDIUM),
    ),
    case(
        "an undeclared login that becomes app",
        "CREATE ROLE pool LOGIN NOINHERIT; GRANT app TO pool",
        "DROP ROLE pool",
        broken(ROLES, "pool", MEDIUM),
    ),
    case(
        "an undeclared login that becomes the owner",
        "CREATE ROLE deployer LOGIN; GRANT admin TO deployer",
        "DROP ROLE deployer",
        broken(ROLES, "deployer", HIGH),
    ),
    case(
        "a principal gone",
        "ALTER ROLE analytics RENAME TO reports",
        "ALTER ROLE reports RENAME TO analytics",
        broken(ROLES, "analytics", CRITICAL),
        broken(ROLES, "reports", MEDIUM),
    ),
)
SOUND = (
    case("a group", GROUP, "DROP OWNED BY readers; DROP ROLE readers"),
    case("a principal in another", "GRANT analytics TO app", "REVOKE analytics FROM app"),
    case("a privileged role that bypasses", "ALTER ROLE admin BYPASSRLS", "ALTER ROLE admin NOBYPASSRLS"),
    case(
        "a login that reaches no tenant",
        "CREATE ROLE visitor LOGIN; GRANT SELECT ON regions TO visitor",
        "DROP OWNED BY visitor; DROP ROLE visitor",
    ),
    case(
        "a group without members",
        "CREATE ROLE auditors NOLOGIN; GRANT SELECT ON invoices TO auditors",
        "DROP OWNED BY auditors; DROP ROLE auditors",
    ),
    case("a harmless predefined role", "GRANT pg_checkpoint TO app", "REVOKE pg_checkpoint FROM app", since=15),
)


@pytest.mark.parametrize("case", one_in_three([*CASES, *SOUND]))
def test_each_bypass_is_one_finding(box_database: SandboxDatabase, case: Case) -> None:
    """Each role that bypasses policies is one finding, and none after its repair; correct roles have none."""
    if version(box_database) < case.since:
        pytest.skip("this version does not know it")
    with changed(box_database, case):
        assert not_green(static_findings(box_database.url)) == case.found
    assert not_green(static_findings(box_database.url)) == set()


def test_a_finding_has_the_role_path_and_two_ways(box_database: SandboxDatabase) -> None:
    """It names the principal, the roles between and the privilege, and takes it from a group before the membership."""
    hops = next(case for case in CASES if case.name == "two hops without INHERIT")
    with changed(box_database, hops):
        found = only_of(role_findings(box_database), "app")
    assert found.observed == "app -> mid -> reporting has BYPASSRLS"
    assert found.remedy.startswith(
        "ALTER ROLE reporting NOBYPASSRLS; Or, if reporting needs it: REVOKE reporting FROM mid;"
    )


def test_a_quoted_role_is_quoted_in_its_repair(box_database: SandboxDatabase) -> None:
    """A role with capitals and spaces is unquoted in texts and quoted in SQL."""
    odd = case("odd", 'CREATE ROLE "Our Readers" BYPASSRLS; GRANT "Our Readers" TO app', 'DROP ROLE "Our Readers"')
    with changed(box_database, odd):
        found = only_of(role_findings(box_database), "app")
    assert 'REVOKE "Our Readers" FROM app;' in found.remedy
    assert "app -> Our Readers has BYPASSRLS" in found.observed


@pytest.mark.parametrize("declared", ["principals", "privileged", "approved_objects"])
def test_a_declared_login_passes(box_database: SandboxDatabase, declared: str) -> None:
    """A role with LOGIN passes if declared as a principal, as privileged, or as an approved grant."""
    tenancy = SECUREBASE.tenancy
    name = "app -> readers"
    entry = approval("grant", name, text_digest(name))
    values: dict[str, object] = {
        "principals": (*tenancy.principals, "readers"),
        "privileged": {**tenancy.privileged, "readers": "another's login"},
        "approved_objects": (*tenancy.approved_objects, entry),
    }
    tenancy = tenancy.model_copy(update={declared: values[declared]})
    component = SECUREBASE.model_copy(update={"tenancy": tenancy})
    with changed(box_database, case("login", "CREATE ROLE readers LOGIN; GRANT readers TO app", "DROP ROLE readers")):
        assert not_green(static_findings(box_database.url, component)) == set()


def test_attributes_count_only_where_the_role_can_be_set(box_database: SandboxDatabase) -> None:
    """Since version 16, a membership without SET inherits privileges, but not BYPASSRLS."""
    if version(box_database) < 16:
        pytest.skip("before version 16 every membership can be set")
    tenancy = SECUREBASE.tenancy.model_copy(update={"privileged": {**SECUREBASE.tenancy.privileged, "etl": "loads"}})
    component = SECUREBASE.model_copy(update={"tenancy": tenancy})
    grant = "CREATE ROLE etl BYPASSRLS; GRANT etl TO app WITH INHERIT TRUE, SET {}"
    for set_option, expected in (("FALSE", frozenset[Found]()), ("TRUE", frozenset({app(CRITICAL)}))):
        with changed(box_database, case(set_option, grant.format(set_option), "DROP ROLE etl")):
            assert not_green(static_findings(box_database.url, component)) == expected


def role_findings(database: SandboxDatabase) -> tuple[Finding, ...]:
    """The findings on roles."""
    return tuple(finding for finding in static_findings(database.url) if finding.check == ROLES)
