"""Leftover state of pooled sessions is found for each kind, also through a real pooler."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import conninfo

from basewatch.facts import canonical
from basewatch.model import Reason, Severity, Status
from basewatch.postgres.tenant_probe import TenantProbe
from basewatch.secrets import Reference
from basewatch.tenancy import Login
from checks.tenancy.probes.pool import pooled_sessions_start_clean as pool
from checks.tenancy.probes.pool_sql import has_lastval, leftover_state
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A
from tests.checks.tenancy.looking import SECUREBASE
from tests.checks.tenancy.probes.pooler import pooled
from tests.checks.tenancy.probes.probing import ProbeEndpoints, broken, declared, probe

CONTEXT = "app.current_customer_id"
RIGHTS = (
    "GRANT TEMPORARY ON DATABASE securebase TO app; GRANT analytics TO app; "
    "CREATE SEQUENCE drawn; GRANT USAGE ON SEQUENCE drawn TO app; "
    "CREATE FUNCTION become(t text) RETURNS text LANGUAGE sql "
    f"AS $$ SELECT set_config('{CONTEXT}', t, false) $$"
)
NO_RIGHTS = (
    "REVOKE TEMPORARY ON DATABASE securebase FROM app; REVOKE analytics FROM app; "
    "DROP SEQUENCE drawn; DROP FUNCTION become(text)"
)
LEFTOVERS = {
    "has_context": (f"SET {CONTEXT} = '{CANARY_A}'", Severity.CRITICAL, "the context of a tenant"),
    "function": (f"SELECT become('{CANARY_A}')", Severity.CRITICAL, "the context of a tenant"),
    "temp_tables": ("CREATE TEMPORARY TABLE r AS SELECT 1 AS x", Severity.HIGH, "temporary tables"),
    "holdable_cursors": ("DECLARE c CURSOR WITH HOLD FOR SELECT 1", Severity.HIGH, "cursors WITH HOLD"),
    "prepared_statements": ("PREPARE q AS SELECT 1", Severity.MEDIUM, "statements from PREPARE"),
    "listen_channels": ("LISTEN anything", Severity.MEDIUM, "channels"),
    "role_changed": ("SET ROLE analytics", Severity.HIGH, "other than its login role"),
    "has_lastval": ("SELECT nextval('drawn')", Severity.LOW, "lastval()"),
    "advisory_locks": ("SELECT pg_advisory_lock(1)", Severity.LOW, "advisory locks"),
}
LOGIN = Login(url=Reference("env", "X"), proxy_url=Reference("env", "X"))
DECLARED = declared(logins={"app": LOGIN})


@pytest.mark.parametrize("kind", LEFTOVERS)
def test_the_statement_finds_each_kind_of_leftover_state(box_database: SandboxDatabase, kind: str) -> None:
    """One SELECT at the start of a transaction finds the leftover state, and no other kind."""
    plant = LEFTOVERS[kind][0]
    with broken(box_database, RIGHTS, NO_RIGHTS), psycopg.connect(box_database.app_url) as connection:
        connection.execute(plant.encode())
        connection.commit()
        probed = TenantProbe(connection, SECUREBASE.tenancy)
        found, drawn = leftover_state(probed, (CONTEXT,)), has_lastval(probed)
        connection.execute("SELECT pg_advisory_unlock_all()")
    seen = {name for name in LEFTOVERS if name != "function" and getattr(found, name, False)}
    assert seen | ({"has_lastval"} if drawn else set()) == {"has_context" if kind == "function" else kind}


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize("kind", LEFTOVERS)
def test_leftover_state_in_the_pool_is_found(box_database: SandboxDatabase, mode: str, kind: str) -> None:
    """State that one client leaves in the pool is found for the next, with its kind and severity alone."""
    plant, severity, words = LEFTOVERS[kind]
    with broken(box_database, RIGHTS, NO_RIGHTS), pooled(box_database.app_url, mode=mode) as url:
        with psycopg.connect(url, prepare_threshold=None) as client:
            client.execute(plant.encode())
        checked = probe(pool, ProbeEndpoints(url=box_database.url, proxied={"app": url}), DECLARED)
    (finding,) = checked.findings
    assert (finding.subject, finding.status, finding.severity) == ("app", Status.FAIL, severity)
    assert words in finding.observed
    assert ";" not in finding.observed
    (evidence,) = checked.evidence
    assert CANARY_A.encode() not in canonical(evidence.facts)


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_clean_pool_is_green(box_database: SandboxDatabase, mode: str) -> None:
    """Transaction-local settings leave no state."""
    with pooled(box_database.app_url, mode=mode) as url:
        with psycopg.connect(url, prepare_threshold=None) as client:
            client.execute(f"SET LOCAL {CONTEXT} = '{CANARY_A}'".encode())
        (finding,) = probe(pool, ProbeEndpoints(url=box_database.url, proxied={"app": url}), DECLARED).findings
    assert (finding.subject, finding.status) == ("app", Status.PASS)
    assert finding.observed == "5 transactions on 1 session"


def test_a_context_that_the_pooler_sets_is_found(box_database: SandboxDatabase) -> None:
    """A default in the pooler configuration is in no catalogue, and is found."""
    query = f"SET {CONTEXT} = ''{CANARY_A}''"
    with pooled(box_database.app_url, mode="transaction", connect_query=query) as url:
        (finding,) = probe(pool, ProbeEndpoints(url=box_database.url, proxied={"app": url}), DECLARED).findings
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.CRITICAL)


def test_an_unreachable_pooler_is_unverified(box_database: SandboxDatabase) -> None:
    """A failed login is UNVERIFIED."""
    gone = conninfo.make_conninfo(box_database.app_url, port=1)
    (finding,) = probe(pool, ProbeEndpoints(url=box_database.url, proxied={"app": gone}), DECLARED).findings
    assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNREACHABLE)


def test_it_applies_with_a_login_through_a_pooler() -> None:
    """Without a login through a pooler the check does not apply."""
    direct = Login(url=Reference("env", "X"))
    assert pool.applies_to(DECLARED)
    assert not pool.applies_to(declared(logins={"app": direct}))
    assert not pool.applies_to(SECUREBASE)
