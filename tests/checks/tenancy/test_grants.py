"""Grants that bypass policies: on tables, schemas, the database and parameters, and default privileges."""

from __future__ import annotations

import pytest

from basewatch.model import Severity
from demo.database import SandboxDatabase
from isolation.inventory.redaction import text_digest
from tests.checks.tenancy.breaking import (
    GRANTS,
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

HIGH, MEDIUM, LOW = Severity.HIGH, Severity.MEDIUM, Severity.LOW


def grant(what: str, on: str, found: Found, *, to: str = "app", since: int = 0) -> Case:
    """A grant, revoked afterwards."""
    name = f"{what} on {on} to {to}"
    return case(name, f"GRANT {what} ON {on} TO {to}", f"REVOKE {what} ON {on} FROM {to}", found, since=since)


FUTURE = "ALTER DEFAULT PRIVILEGES FOR ROLE admin {} {} SELECT ON TABLES {} app"
CASES = (
    grant("TRUNCATE", "invoices", broken(GRANTS, "invoices", HIGH)),
    grant("TRUNCATE", "customers", broken(GRANTS, "customers", HIGH), to="analytics"),
    grant("TRUNCATE", "price_plans", broken(GRANTS, "price_plans", HIGH)),
    grant("TRIGGER", "invoices", broken(GRANTS, "invoices", HIGH)),
    grant("REFERENCES", "invoices", broken(GRANTS, "invoices", LOW)),
    grant("REFERENCES (id)", "invoices", broken(GRANTS, "invoices", LOW)),
    grant("MAINTAIN", "invoices", broken(GRANTS, "invoices", MEDIUM), since=17),
    case(
        "a grant option",
        "GRANT SELECT ON invoices TO app WITH GRANT OPTION",
        "REVOKE GRANT OPTION FOR SELECT ON invoices FROM app",
        broken(GRANTS, "invoices", MEDIUM),
    ),
    case(
        "a grant option on a column",
        "GRANT SELECT (id) ON invoices TO app WITH GRANT OPTION",
        "REVOKE SELECT (id) ON invoices FROM app",
        broken(GRANTS, "invoices", MEDIUM),
    ),
    grant("SELECT", "invoices", broken(GRANTS, "invoices", HIGH), to="PUBLIC"),
    grant("SELECT", "customers", broken(GRANTS, "customers", HIGH), to="PUBLIC"),
    grant("SELECT (name)", "customers", broken(GRANTS, "customers", HIGH), to="PUBLIC"),
    grant("CREATE", "SCHEMA public", broken(GRANTS, "schema public", HIGH)),
    grant("CREATE", "SCHEMA public", broken(GRANTS, "schema public", HIGH), to="PUBLIC"),
    grant("TEMPORARY", "DATABASE securebase", broken(GRANTS, "database securebase", LOW), to="PUBLIC"),
    grant("CREATE", "DATABASE securebase", broken(GRANTS, "database securebase", HIGH)),
    grant(
        "SET",
        "PARAMETER session_replication_role",
        broken(GRANTS, "parameter session_replication_role", HIGH),
        since=15,
    ),
    grant("ALTER SYSTEM", "PARAMETER work_mem", broken(GRANTS, "parameter work_mem", HIGH), since=15),
    case(
        "future tables",
        FUTURE.format("", "GRANT", "TO"),
        FUTURE.format("", "REVOKE", "FROM"),
        broken(GRANTS, "future tables of admin", MEDIUM),
    ),
    case(
        "future tables of a schema",
        FUTURE.format("IN SCHEMA public", "GRANT", "TO"),
        FUTURE.format("IN SCHEMA public", "REVOKE", "FROM"),
        broken(GRANTS, "future tables of admin in public", MEDIUM),
    ),
    grant(
        "SELECT (starelid, stavalues1)",
        "pg_catalog.pg_statistic",
        broken(GRANTS, "relation pg_catalog.pg_statistic", HIGH),
    ),
    grant("SELECT", "pg_catalog.pg_statistic", broken(GRANTS, "relation pg_catalog.pg_statistic", HIGH)),
    grant(
        "EXECUTE",
        "FUNCTION pg_catalog.pg_read_file(text)",
        broken(GRANTS, "function pg_catalog.pg_read_file(text)", HIGH),
        to="PUBLIC",
    ),
    case(
        "through a group",
        "CREATE ROLE analysts NOLOGIN; GRANT analysts TO analytics; GRANT TRUNCATE ON invoices TO analysts",
        "DROP OWNED BY analysts; DROP ROLE analysts",
        broken(GRANTS, "invoices", HIGH),
    ),
)
SOUND = (
    case(
        "columns",
        "REVOKE SELECT ON invoices FROM analytics; GRANT SELECT (id, period) ON invoices TO analytics",
        "REVOKE ALL ON invoices FROM analytics; GRANT SELECT ON invoices TO analytics",
    ),
    case("a shared table", "GRANT SELECT ON regions TO PUBLIC", "REVOKE SELECT ON regions FROM PUBLIC"),
    case(
        "future tables of a privileged role",
        "ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO admin",
        "ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE SELECT ON TABLES FROM admin",
    ),
    case(
        "future sequences",
        "ALTER DEFAULT PRIVILEGES FOR ROLE admin GRANT USAGE ON SEQUENCES TO app",
        "ALTER DEFAULT PRIVILEGES FOR ROLE admin REVOKE USAGE ON SEQUENCES FROM app",
    ),
    case("a schema of its own", "CREATE SCHEMA extra; GRANT USAGE ON SCHEMA extra TO app", "DROP SCHEMA extra"),
    case(
        "what an administrator was granted",
        "CREATE ROLE auditor NOLOGIN; GRANT ALL ON invoices TO auditor; GRANT CREATE ON SCHEMA public TO auditor",
        "DROP OWNED BY auditor; DROP ROLE auditor",
    ),
)


@pytest.mark.parametrize("case", one_in_three([*CASES, *SOUND]))
def test_each_bypassing_grant_is_one_finding(box_database: SandboxDatabase, case: Case) -> None:
    """Each grant that bypasses policies is one finding on its object, until revoked; other grants have none."""
    if version(box_database) < case.since:
        pytest.skip("this version does not know it")
    with changed(box_database, case):
        assert not_green(static_findings(box_database.url)) == case.found
    assert not_green(static_findings(box_database.url)) == set()


def test_a_finding_has_the_principal_the_reason_and_the_revoke(box_database: SandboxDatabase) -> None:
    """The remedy has the SQL to revoke the grant and the entry to approve it."""
    with changed(box_database, CASES[0]):
        found = only_of(tuple(f for f in static_findings(box_database.url) if f.check == GRANTS), "invoices")
    name = "TRUNCATE on invoices to app"
    assert found.observed == "app has TRUNCATE: it removes the rows of all tenants, and no policy applies"
    assert found.remedy.startswith("REVOKE TRUNCATE ON public.invoices FROM app;")
    assert f'{{kind: grant, name: "{name}", digest: {text_digest(name)}, ' in found.remedy


def test_an_approved_grant_passes(box_database: SandboxDatabase) -> None:
    """The approved grant is no finding; any other one remains."""
    tenancy, name = SECUREBASE.tenancy, "TRUNCATE on invoices to app"
    entry = approval("grant", name, text_digest(name))
    approved = tenancy.model_copy(update={"approved_objects": (*tenancy.approved_objects, entry)})
    component = SECUREBASE.model_copy(update={"tenancy": approved})
    with changed(box_database, CASES[0]):
        assert not_green(static_findings(box_database.url, component)) == set()
    with changed(
        box_database,
        case("more", "GRANT TRUNCATE, TRIGGER ON invoices TO app", "REVOKE TRUNCATE, TRIGGER ON invoices FROM app"),
    ):
        assert not_green(static_findings(box_database.url, component)) == {broken(GRANTS, "invoices", HIGH)}
