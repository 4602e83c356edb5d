"""A probe that cannot make its attempts is UNVERIFIED, and its attempts leave no changes."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, sql

from basewatch.model import Reason, Status
from basewatch.tenancy import Canaries
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probe_runs import (
    APPROVED,
    AUDIT,
    READS,
    UNSET,
    WRITES,
    DatabaseEndpoints,
    changed,
    probe_findings,
    red,
)
from tests.checks.tenancy.probes.probing import declared

ALLOW = """DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000
    THEN EXECUTE 'GRANT app TO basewatch WITH INHERIT FALSE, SET TRUE'; ELSE GRANT app TO basewatch; END IF; END $$"""


def test_without_the_grant_only_that_principal_is_unverified(box_database: SandboxDatabase) -> None:
    """It is denied, with the GRANT as remedy; the other principal is still judged."""
    with changed(box_database, "REVOKE app FROM basewatch", ALLOW):
        findings = probe_findings(box_database.url)
    assert red(findings) == {
        (READS.id, "app"): Status.UNVERIFIED,
        (WRITES.id, "app"): Status.UNVERIFIED,
        (UNSET.id, "app"): Status.UNVERIFIED,
        (AUDIT.id, ""): Status.UNVERIFIED,
    }
    refused = [finding for finding in findings if finding.status is Status.UNVERIFIED]
    assert {finding.reason for finding in refused} == {Reason.DENIED}
    assert all(finding.remedy.startswith("GRANT app TO basewatch") for finding in refused)


def test_a_missing_principal_fails(box_database: SandboxDatabase) -> None:
    """A declared role that does not exist is a FAIL, and the others are still judged."""
    findings = probe_findings(box_database.url, declared(principals=("app", "reporting")))
    assert red(findings) == {(check.id, "reporting"): Status.FAIL for check in (READS, WRITES, UNSET)} | {
        (AUDIT.id, ""): Status.FAIL
    }


def test_a_lock_costs_the_verdict_of_its_table(box_database: SandboxDatabase) -> None:
    """While a migration locks a tenant table, it alone is UNVERIFIED; everything else is judged as without the lock."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        findings = probe_findings(box_database.url)
    each = [(READS.id, "analytics"), (READS.id, "app"), (UNSET.id, "analytics"), (UNSET.id, "app"), (WRITES.id, "app")]
    assert red(findings) == {(check, f"{who} invoices"): Status.UNVERIFIED for check, who in each}
    assert {f.reason for f in findings if f.status is Status.UNVERIFIED} == {Reason.TIMEOUT}
    passed = {(f.check, f.subject): f.observed for f in findings if f.status is Status.PASS}
    assert all("not invoices" in passed[one] for one in each)


def test_a_reader_is_not_written_to(box_database: SandboxDatabase) -> None:
    """With a read-only server as url, read probes are judged, and write probes are UNVERIFIED."""
    reader = conninfo.make_conninfo(box_database.url, options="-c default_transaction_read_only=on")
    findings = probe_findings(reader)
    assert red(findings) == {(WRITES.id, "app"): Status.UNVERIFIED, (AUDIT.id, ""): Status.UNVERIFIED}
    assert {f.reason for f in findings if f.status is Status.UNVERIFIED} == {Reason.UNSUPPORTED}
    assert red(probe_findings(DatabaseEndpoints(url=box_database.url, reader=reader))) == {}


def test_missing_canaries_prove_nothing(box_database: SandboxDatabase) -> None:
    """Reading no rows of others proves nothing without own rows."""
    strangers = Canaries(a=("00000000-0000-4000-8000-000000000001",), b=("00000000-0000-4000-8000-000000000002",))
    findings = probe_findings(box_database.url, declared(canaries=strangers), only="tenancy.probe.*s*")
    unverified = {(f.check, f.subject): f.reason for f in findings if f.status is Status.UNVERIFIED}
    nothing = Reason.NOT_ENOUGH_DATA
    assert unverified[READS.id, "app"] == unverified[READS.id, "analytics"] == unverified[WRITES.id, "app"] == nothing
    assert not [finding for finding in findings if finding.status is Status.FAIL]


def test_a_database_without_tenant_tables_is_no_pass(box_database: SandboxDatabase) -> None:
    """Without tenant tables no probe passes."""
    findings = probe_findings(conninfo.make_conninfo(box_database.superuser_url, dbname="postgres"))
    assert not [f for f in findings if f.status is Status.PASS]


def test_used_sessions_do_not_count_as_fresh(box_database: SandboxDatabase) -> None:
    """A pooler can hide a policy that fails open, unless the catalogues start all sessions with an empty context."""
    pooled = conninfo.make_conninfo(box_database.url, options="-c app.current_customer_id=")
    findings = probe_findings(pooled, only=UNSET.id)
    assert {(f.status, f.reason) for f in findings} == {(Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)}
    setting = "ALTER DATABASE securebase SET app.current_customer_id"
    with changed(box_database, f"{setting} = ''", "ALTER DATABASE securebase RESET app.current_customer_id"):
        assert red(probe_findings(box_database.url, only=UNSET.id)) == {}


@pytest.mark.parametrize(
    ("setting", "flaw"),
    [
        ("app.current_customer_id = '0ca9a11e-0000-4000-8000-00000000000b'", "a session starts with a context"),
        ("row_security = off", "row_security off"),
        ("role = 'analytics'", "another role"),
    ],
)
def test_role_defaults_are_observed_by_its_own_login(box_database: SandboxDatabase, setting: str, flaw: str) -> None:
    """SET ROLE does not apply them, as the verdict states; a login of the role does."""
    name = setting.partition(" ")[0]
    logins = DatabaseEndpoints(
        url=box_database.url, logins={"app": box_database.app_url, "analytics": box_database.analytics_url}
    )
    with changed(
        box_database,
        f"GRANT analytics TO app; ALTER ROLE app SET {setting}",
        f"ALTER ROLE app RESET {name}; REVOKE analytics FROM app",
    ):
        ours = {f.subject: f for f in probe_findings(box_database.url, only=UNSET.id)}["app"]
        own = {f.subject: f for f in probe_findings(logins, only=UNSET.id)}
    assert (ours.status, "were not observed" in ours.observed) == (Status.PASS, True)
    assert (own["app"].status, own["analytics"].status) == (Status.FAIL, Status.PASS)
    assert flaw in own["app"].observed
    assert "were not observed" not in own["analytics"].observed


def test_defaults_of_a_proxy_are_observed_through_it(box_database: SandboxDatabase) -> None:
    """A context in the connection string of the pooler is found on the login through it."""
    preset = conninfo.make_conninfo(box_database.app_url, options="-c app.current_customer_id=somebody")
    straight = {"app": box_database.app_url, "analytics": box_database.analytics_url}
    sound = DatabaseEndpoints(url=box_database.url, logins=straight, proxied={"app": box_database.app_url})
    flawed = DatabaseEndpoints(url=box_database.url, logins=straight, proxied={"app": preset})
    assert red(probe_findings(sound, only=UNSET.id)) == {}
    assert red(probe_findings(flawed, only=UNSET.id)) == {(UNSET.id, "app"): Status.FAIL}


def test_an_unapproved_trigger_is_not_fired(box_database: SandboxDatabase) -> None:
    """The write is not attempted and UNVERIFIED, with the entry to approve the trigger; approved, it is attempted."""
    breaks = """
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify('x', 'y'); RETURN NULL; END $$;
        CREATE TRIGGER tells AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION tell()"""
    with changed(box_database, breaks, "DROP FUNCTION tell CASCADE"):
        (finding,) = (f for f in probe_findings(box_database.url, only=WRITES.id) if f.subject == "app")
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
        assert finding.observed == "INSERT on documents: tells on documents"
        digest = finding.remedy.partition("digest: ")[2].partition(",")[0]
        entry = APPROVED.model_copy(update={"digest": digest})
        assert red(probe_findings(box_database.url, declared(approved_objects=(entry,)), only=WRITES.id)) == {}
        expired = entry.model_copy(update={"until": entry.until.replace(year=2020)})
        assert red(probe_findings(box_database.url, declared(approved_objects=(expired,)), only=WRITES.id)) == {
            (WRITES.id, "app"): Status.UNVERIFIED
        }


def test_writes_are_not_attempted_without_write_probes(box_database: SandboxDatabase) -> None:
    """With write_probes off, no check of writes is expected, and audit writes are not attempted."""
    findings = probe_findings(box_database.url, declared(write_probes=False))
    assert {f.check: f.status for f in findings if f.check in {WRITES.id, AUDIT.id}} == {
        AUDIT.id: Status.NOT_APPLICABLE
    }


def test_probes_leave_no_changes_and_never_truncate(
    box_database: SandboxDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All rows are unchanged, no session of Basewatch remains, and TRUNCATE never reaches the server."""
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    sent = list[str]()
    with psycopg.connect(box_database.superuser_url, autocommit=True) as watcher:

        def rows() -> list[object]:
            names = [str(name) for (name,) in watcher.execute(tables).fetchall()]
            query = "SELECT count(*), md5(string_agg(t::text, '|' ORDER BY t::text)) FROM {} t"
            return [watcher.execute(query.format(name).encode()).fetchone() for name in names]

        before = rows()
        execute = psycopg.Cursor.execute

        def recording(cursor: psycopg.Cursor, query: Any, *rest: Any, **options: Any) -> psycopg.Cursor:
            text: object = query
            sent.append(text.as_string() if isinstance(text, sql.Composable) else str(text))
            return execute(cursor, query, *rest, **options)

        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Cursor, "execute", recording)
            probe_findings(box_database.url)
        assert rows() == before
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'basewatch/probes'"
        assert watcher.execute(ours).fetchone() == (0,)
    assert any("INSERT INTO" in statement for statement in sent)
    assert not [statement for statement in sent if re.match(r"\W*(b')?\W*TRUNCATE", statement, re.IGNORECASE)]


def test_findings_hold_no_tenant_and_no_password(box_database: SandboxDatabase) -> None:
    """Evidence and findings contain names of tables and roles, and no values of rows."""
    with changed(box_database, "ALTER ROLE app BYPASSRLS", "ALTER ROLE app NOBYPASSRLS"):
        findings = probe_findings(box_database.url)
    with psycopg.connect(box_database.superuser_url) as connection:
        tenants = [str(tenant) for (tenant,) in connection.execute("SELECT id FROM customers").fetchall()]
    secrets = [*tenants, str(conninfo.conninfo_to_dict(box_database.url)["password"])]
    assert not [secret for secret in secrets if secret in repr(findings)]
