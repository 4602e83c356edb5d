"""When a probe cannot try, it says so and never passes; and what it tries leaves nothing behind."""

from __future__ import annotations

import re
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, sql

from basewatch.model import Reason, Status
from basewatch.tenancy import Canaries
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import declared
from tests.checks.tenancy.probes.trying import AUDIT, CHECKS, READS, UNSET, VOUCHED, WRITES, Doors, changed, red, tried

ALLOW = """DO $$ BEGIN IF current_setting('server_version_num')::int >= 160000
    THEN EXECUTE 'GRANT app TO basewatch WITH INHERIT FALSE, SET TRUE'; ELSE GRANT app TO basewatch; END IF; END $$"""


def test_without_the_grant_only_that_principal_is_unverified(box_database: SandboxDatabase) -> None:
    """Denied, with the statement that would allow it; the other principal is judged all the same."""
    with changed(box_database, "REVOKE app FROM basewatch", ALLOW):
        findings = tried(box_database.url)
    assert red(findings) == {
        (READS.id, "app"): Status.UNVERIFIED,
        (WRITES.id, "app"): Status.UNVERIFIED,
        (UNSET.id, "app"): Status.UNVERIFIED,
        (AUDIT.id, ""): Status.UNVERIFIED,
    }
    refused = [finding for finding in findings if finding.status is Status.UNVERIFIED]
    assert {finding.reason for finding in refused} == {Reason.DENIED}
    assert all(finding.remedy.startswith("GRANT app TO basewatch") for finding in refused)


def test_a_principal_that_does_not_exist_is_a_fact(box_database: SandboxDatabase) -> None:
    """A declared role that is not there fails, and the others are judged all the same."""
    findings = tried(box_database.url, declared(principals=("app", "reporting")))
    assert red(findings) == {(check.id, "reporting"): Status.FAIL for check in (READS, WRITES, UNSET)} | {
        (AUDIT.id, ""): Status.FAIL
    }


def test_a_lock_that_is_held_is_neither_sound_nor_broken(box_database: SandboxDatabase) -> None:
    """While a migration holds a tenant table, nothing is said of whoever reaches it, and no probe fails."""
    with psycopg.connect(box_database.superuser_url) as migration:
        migration.execute("LOCK TABLE invoices IN ACCESS EXCLUSIVE MODE")
        findings = tried(box_database.url)
    assert set(red(findings).values()) == {Status.UNVERIFIED}
    assert {f.check for f in findings} == {check.id for check in CHECKS}
    assert {f.reason for f in findings} == {Reason.TIMEOUT}


def test_a_reader_is_read_and_never_written(box_database: SandboxDatabase) -> None:
    """Where the url leads to what takes no writes, reads are judged, and what should be written is UNVERIFIED."""
    reader = conninfo.make_conninfo(box_database.url, options="-c default_transaction_read_only=on")
    findings = tried(reader)
    assert red(findings) == {(WRITES.id, "app"): Status.UNVERIFIED, (AUDIT.id, ""): Status.UNVERIFIED}
    assert {f.reason for f in findings if f.status is Status.UNVERIFIED} == {Reason.UNSUPPORTED}
    assert red(tried(Doors(url=box_database.url, reader=reader))) == {}


def test_canaries_that_were_never_planted_prove_nothing(box_database: SandboxDatabase) -> None:
    """Seeing no rows of others means nothing when there are none of one's own."""
    strangers = Canaries(a=("00000000-0000-4000-8000-000000000001",), b=("00000000-0000-4000-8000-000000000002",))
    findings = tried(box_database.url, declared(canaries=strangers), only="tenancy.probe.*s*")
    told = {(f.check, f.subject): f.reason for f in findings if f.status is Status.UNVERIFIED}
    nothing = Reason.NOT_ENOUGH_DATA
    assert told[READS.id, "app"] == told[READS.id, "analytics"] == told[WRITES.id, "app"] == nothing
    assert not [finding for finding in findings if finding.status is Status.FAIL]


def test_a_database_without_tenant_tables_is_no_pass(box_database: SandboxDatabase) -> None:
    """Where nothing has the tenant key, nothing passes for being kept apart."""
    findings = tried(conninfo.make_conninfo(box_database.superuser_url, dbname="postgres"))
    assert not [f for f in findings if f.status is Status.PASS]


def test_used_sessions_are_not_taken_for_fresh_ones(box_database: SandboxDatabase) -> None:
    """Behind a pooler a policy that fails open could hide; where the catalogue starts sessions empty, that is so."""
    pooled = conninfo.make_conninfo(box_database.url, options="-c app.current_customer_id=")
    findings = tried(pooled, only=UNSET.id)
    assert {(f.status, f.reason) for f in findings} == {(Status.UNVERIFIED, Reason.NOT_ENOUGH_DATA)}
    setting = "ALTER DATABASE securebase SET app.current_customer_id"
    with changed(box_database, f"{setting} = ''", "ALTER DATABASE securebase RESET app.current_customer_id"):
        assert red(tried(box_database.url, only=UNSET.id)) == {}


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("app.current_customer_id = '0ca9a11e-0000-4000-8000-00000000000b'", "a tenant already set"),
        ("row_security = off", "row_security off"),
        ("role = 'analytics'", "another role"),
    ],
)
def test_what_a_role_starts_with_shows_in_its_own_login(box_database: SandboxDatabase, setting: str, told: str) -> None:
    """Becoming the role does not show it, and the verdict says so; logging in as it does."""
    name = setting.partition(" ")[0]
    logins = Doors(url=box_database.url, logins={"app": box_database.app_url, "analytics": box_database.analytics_url})
    with changed(
        box_database,
        f"GRANT analytics TO app; ALTER ROLE app SET {setting}",
        f"ALTER ROLE app RESET {name}; REVOKE analytics FROM app",
    ):
        ours = {f.subject: f for f in tried(box_database.url, only=UNSET.id)}["app"]
        own = {f.subject: f for f in tried(logins, only=UNSET.id)}
    assert (ours.status, "is not seen" in ours.observed) == (Status.PASS, True)
    assert (own["app"].status, own["analytics"].status) == (Status.FAIL, Status.PASS)
    assert told in own["app"].observed
    assert "is not seen" not in own["analytics"].observed


def test_what_a_proxy_starts_sessions_with_shows_through_it_alone(box_database: SandboxDatabase) -> None:
    """A tenant that the pooler's connection string sets is found on the login through it."""
    preset = conninfo.make_conninfo(box_database.app_url, options="-c app.current_customer_id=somebody")
    straight = {"app": box_database.app_url, "analytics": box_database.analytics_url}
    sound = Doors(url=box_database.url, logins=straight, proxied={"app": box_database.app_url})
    flawed = Doors(url=box_database.url, logins=straight, proxied={"app": preset})
    assert red(tried(sound, only=UNSET.id)) == {}
    assert red(tried(flawed, only=UNSET.id)) == {(UNSET.id, "app"): Status.FAIL}


def test_a_trigger_that_nobody_vouches_for_is_not_set_off(box_database: SandboxDatabase) -> None:
    """What a rollback might not undo is not tried: UNVERIFIED, with the entry to paste; with it, it is tried."""
    breaks = """
        CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_notify('x', 'y'); RETURN NULL; END $$;
        CREATE TRIGGER tells AFTER INSERT ON documents FOR EACH ROW EXECUTE FUNCTION tell()"""
    with changed(box_database, breaks, "DROP FUNCTION tell CASCADE"):
        (finding,) = (f for f in tried(box_database.url, only=WRITES.id) if f.subject == "app")
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
        assert finding.observed == "INSERT on documents: tells on documents"
        digest = finding.remedy.partition('digest: "')[2].partition('"')[0]
        entry = VOUCHED.model_copy(update={"digest": digest})
        assert red(tried(box_database.url, declared(allowed=(entry,)), only=WRITES.id)) == {}
        expired = entry.model_copy(update={"until": entry.until.replace(year=2020)})
        assert red(tried(box_database.url, declared(allowed=(expired,)), only=WRITES.id)) == {
            (WRITES.id, "app"): Status.UNVERIFIED
        }


def test_writes_that_are_not_wanted_are_not_tried(box_database: SandboxDatabase) -> None:
    """With write_probes off nothing is expected of the writes, and the audit trail is not tried."""
    findings = tried(box_database.url, declared(write_probes=False))
    assert {f.check: f.status for f in findings if f.check in {WRITES.id, AUDIT.id}} == {
        AUDIT.id: Status.NOT_APPLICABLE
    }


def test_nothing_is_left_behind_and_no_table_is_emptied(
    box_database: SandboxDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every row is as before, no session of ours is left, and TRUNCATE never reaches the server."""
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
            tried(box_database.url)
        assert rows() == before
        ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'basewatch/probes'"
        assert watcher.execute(ours).fetchone() == (0,)
    assert any("INSERT INTO" in statement for statement in sent)
    assert not [statement for statement in sent if re.match(r"\W*(b')?\W*TRUNCATE", statement, re.IGNORECASE)]


def test_findings_hold_no_tenant_and_no_password(box_database: SandboxDatabase) -> None:
    """What is stored and shown names tables and roles, and no row's value."""
    with changed(box_database, "ALTER ROLE app BYPASSRLS", "ALTER ROLE app NOBYPASSRLS"):
        findings = tried(box_database.url)
    with psycopg.connect(box_database.superuser_url) as connection:
        tenants = [str(tenant) for (tenant,) in connection.execute("SELECT id FROM customers").fetchall()]
    secrets = [*tenants, str(conninfo.conninfo_to_dict(box_database.url)["password"])]
    assert not [secret for secret in secrets if secret in repr(findings)]
