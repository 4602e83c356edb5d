"""Every way to change, remove or lose audit records is found; alternative guards are accepted."""
# ruff: noqa: E501  # SQL that is run is not wrapped

from __future__ import annotations

import pytest

from basewatch.component_settings import AuditTable
from basewatch.components import Database
from basewatch.model import Reason, Status
from checks.tenancy.append_only import audit_table_is_append_only as CHECK  # noqa: N812  # the check under test
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import SECUREBASE, one_in_three
from tests.checks.tenancy.statics import Change, changed, facts_of, findings

RAISES = "RAISE EXCEPTION '% on % refused: audit records are only ever added', tg_op, tg_table_name;"
BODY = "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ {} $$"
# The exact definition whose digest is declared.
WHOLE = (
    f"CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$\nBEGIN\n    {RAISES}\nEND\n$$"
)
# Without declared guards, their function bodies are analysed.
UNREAD = SECUREBASE.model_copy(update={"audit": AuditTable(table="audit_events")})
DROP = "DROP TRIGGER audit_events_no_change ON audit_events; "
GUARD = (
    f"DROP TRIGGER IF EXISTS audit_events_no_change ON audit_events; {WHOLE}; CREATE TRIGGER audit_events_no_change "
    "BEFORE UPDATE OR DELETE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); "
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"
)
TRUNCATES = "CREATE TRIGGER audit_events_no_truncate BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate"


def guard(name: str, how: str) -> Change:
    """The trigger, created again."""
    return Change(
        name=name,
        does=f"{DROP} CREATE TRIGGER audit_events_no_change BEFORE {how} EXECUTE FUNCTION refuse_change()",
        undoes=GUARD,
    )


def body(name: str, text: str, *, row: bool = False) -> Change:
    """The function of the guard with another body."""
    does = BODY.format(text)
    if row:
        does += f"; {DROP} CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    return Change(name=name, does=does, undoes=GUARD)


BROKEN = (
    Change(name="disabled", does="ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change", undoes=GUARD),
    Change(name="all disabled", does="ALTER TABLE audit_events DISABLE TRIGGER ALL", undoes="ALTER TABLE audit_events ENABLE TRIGGER ALL; ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change; ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_truncate"),
    Change(name="on replicas only", does="ALTER TABLE audit_events ENABLE REPLICA TRIGGER audit_events_no_change", undoes=GUARD),
    guard("UPDATE alone", "UPDATE ON audit_events FOR EACH ROW"),
    guard("some rows", "UPDATE OR DELETE ON audit_events FOR EACH ROW WHEN (OLD.action <> 'login')"),
    guard("some columns", "DELETE OR UPDATE OF action ON audit_events FOR EACH ROW"),
    body("a body that returns", "BEGIN IF tg_op = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END"),
    body("a body that returns for each row", "BEGIN IF tg_op = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END", row=True),
    body("a body that only warns", "BEGIN RAISE WARNING 'audit records are only ever added'; RETURN NULL; END"),
    Change(name="nothing for TRUNCATE", does="DROP TRIGGER audit_events_no_truncate ON audit_events", undoes=TRUNCATES),
    Change(name="a principal's function", does="GRANT CREATE ON SCHEMA public TO app; ALTER FUNCTION refuse_change() OWNER TO app; REVOKE CREATE ON SCHEMA public FROM app", undoes="ALTER FUNCTION refuse_change() OWNER TO admin"),
    Change(name="a principal's table", does="GRANT CREATE ON SCHEMA public TO app; ALTER TABLE audit_events OWNER TO app; REVOKE CREATE ON SCHEMA public FROM app", undoes="ALTER TABLE audit_events OWNER TO admin; GRANT SELECT, INSERT ON audit_events TO app"),
    Change(name="a principal that becomes the owner", does="GRANT admin TO analytics", undoes="REVOKE admin FROM analytics"),
    Change(name="TRUNCATE for a principal", does="GRANT TRUNCATE ON audit_events TO app", undoes="REVOKE TRUNCATE ON audit_events FROM app"),
    Change(name="records are swallowed by a rule", does="CREATE RULE gone AS ON INSERT TO audit_events DO INSTEAD NOTHING", undoes="DROP RULE gone ON audit_events"),
    Change(name="records are swallowed by a trigger", does="CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.action = 'login' THEN RETURN NULL; END IF; RETURN NEW; END $$; CREATE TRIGGER a BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION swallow()", undoes="DROP TRIGGER a ON audit_events; DROP FUNCTION swallow()"),
    Change(name="records are written over", does="CREATE FUNCTION blur() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.actor := 'somebody'; RETURN NEW; END $$; CREATE TRIGGER a BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION blur()", undoes="DROP TRIGGER a ON audit_events; DROP FUNCTION blur()"),
    Change(name="a crash empties it", does="ALTER TABLE audit_events SET UNLOGGED", undoes="ALTER TABLE audit_events SET LOGGED"),
    Change(name="they go with the tenant", does="ALTER TABLE audit_events ADD CONSTRAINT goes FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE", undoes="ALTER TABLE audit_events DROP CONSTRAINT goes"),
    Change(name="they change with the tenant", does="ALTER TABLE audit_events ADD CONSTRAINT goes FOREIGN KEY (customer_id) REFERENCES customers ON UPDATE CASCADE", undoes="ALTER TABLE audit_events DROP CONSTRAINT goes"),
)  # fmt: skip
SOUND = (
    guard("row by row", "UPDATE OR DELETE ON audit_events FOR EACH ROW"),
    Change(name="on origin", does="ALTER TABLE audit_events ENABLE TRIGGER audit_events_no_change", undoes=GUARD),
    body("a condition's name", "BEGIN RAISE insufficient_privilege USING MESSAGE = 'no'; END"),
    body("a sentence for each command", "BEGIN IF tg_op = 'UPDATE' THEN RAISE EXCEPTION 'no'; ELSE RAISE EXCEPTION 'never'; END IF; END"),
    Change(name="each row is passed over", does=f"CREATE FUNCTION passes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$; {DROP} CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION passes()", undoes=f"{GUARD}; DROP FUNCTION passes()"),
    body("with a comment", "BEGIN -- return new;\n RAISE EXCEPTION 'no'; RETURN NEW; END"),
    Change(name="a time stamp on the way in", does="CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.occurred_at := now(); RETURN NEW; END $$; CREATE TRIGGER stamp BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION stamp()", undoes="DROP TRIGGER stamp ON audit_events; DROP FUNCTION stamp()"),
)  # fmt: skip
UNKNOWN = (
    body("what it raises may be caught", f"BEGIN BEGIN {RAISES} EXCEPTION WHEN OTHERS THEN NULL; END; RETURN NEW; END"),
    body("it asks first", f"BEGIN IF current_user <> 'admin' THEN {RAISES} END IF; RETURN NEW; END", row=True),
)


def statuses(database: SandboxDatabase, component: Database = UNREAD) -> dict[str, Status]:
    """The status of each table."""
    return {finding.subject: finding.status for finding in findings(database, CHECK, component)}


def guarded(**guards: str) -> Database:
    """SecureBase with declared guards."""
    return SECUREBASE.model_copy(update={"audit": AuditTable(table="audit_events", triggers=guards)})


def digests(database: SandboxDatabase) -> dict[str, str]:
    """The current digest of each trigger of the audit table."""
    return {trigger.name: trigger.digest for trigger in facts_of(database).triggers}


@pytest.mark.parametrize("change", one_in_three(BROKEN, lambda change: change.name))
def test_ways_to_change_or_lose_records_are_found(box_database: SandboxDatabase, change: Change) -> None:
    """Each case is one finding on the table, and none after its repair."""
    with changed(box_database, change):
        assert statuses(box_database) == {"audit_events": Status.FAIL}
    assert statuses(box_database) == {"audit_events": Status.PASS}


@pytest.mark.parametrize("change", one_in_three(SOUND, lambda change: change.name))
def test_other_guards_are_accepted(box_database: SandboxDatabase, change: Change) -> None:
    """A trigger that rejects the statement or skips every row is a guard."""
    with changed(box_database, change):
        assert statuses(box_database) == {"audit_events": Status.PASS}


@pytest.mark.parametrize("change", UNKNOWN, ids=lambda change: change.name)
def test_an_unclear_guard_is_unverified_until_declared(box_database: SandboxDatabase, change: Change) -> None:
    """It is UNVERIFIED, with the digests to declare in the remedy, and passes once declared."""
    with changed(box_database, change):
        (finding,) = findings(box_database, CHECK, UNREAD)
        assert (finding.status, finding.reason) == (Status.UNVERIFIED, Reason.UNSUPPORTED)
        now = digests(box_database)
        assert all(f"{name}: {digest}" in finding.remedy for name, digest in now.items())
        assert statuses(box_database, guarded(**now)) == {"audit_events": Status.PASS}


def test_only_declared_guards_are_accepted(box_database: SandboxDatabase) -> None:
    """An additional trigger, a missing one, or a changed body is a finding, even if harmless."""
    component = guarded(**digests(box_database))
    assert statuses(box_database, component) == {"audit_events": Status.PASS}
    for change in (SOUND[-1], SOUND[2], BROKEN[9], body("", "BEGIN RAISE EXCEPTION 'never'; END")):
        with changed(box_database, change):
            assert statuses(box_database, component) == {"audit_events": Status.FAIL}


def test_a_declaration_does_not_cover_a_guard_without_effect(box_database: SandboxDatabase) -> None:
    """A function that clearly does not raise is a finding, although declared."""
    change = next(change for change in BROKEN if change.name == "a body that returns")
    with changed(box_database, change):
        assert statuses(box_database, guarded(**digests(box_database))) == {"audit_events": Status.FAIL}


def test_each_partition_needs_its_own_guards(box_database: SandboxDatabase) -> None:
    """Partitions inherit row triggers, but no TRUNCATE trigger."""
    trail = SECUREBASE.model_copy(update={"audit": AuditTable(table="archive.Audit Trail")})
    change = Change(
        name="",
        does='CREATE SCHEMA archive; CREATE TABLE archive."Audit Trail" (at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE archive."Trail 1" PARTITION OF archive."Audit Trail" DEFAULT; '
        'CREATE TRIGGER rows BEFORE UPDATE OR DELETE ON archive."Audit Trail" FOR EACH ROW EXECUTE FUNCTION refuse_change(); '
        'CREATE TRIGGER whole BEFORE TRUNCATE ON archive."Audit Trail" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); '
        'CREATE TRIGGER whole BEFORE TRUNCATE ON archive."Trail 1" FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
        undoes="DROP SCHEMA archive CASCADE",
    )
    with changed(box_database, change):
        assert statuses(box_database, trail) == {"archive.Audit Trail": Status.PASS, "archive.Trail 1": Status.PASS}
        box_database.execute('ALTER TABLE archive."Trail 1" DISABLE TRIGGER rows')
        assert statuses(box_database, trail)["archive.Trail 1"] is Status.FAIL
        box_database.execute(
            'ALTER TABLE archive."Trail 1" ENABLE TRIGGER rows; DROP TRIGGER whole ON archive."Trail 1"'
        )
        assert statuses(box_database, trail) == {"archive.Audit Trail": Status.PASS, "archive.Trail 1": Status.FAIL}


def test_a_missing_audit_table_fails(box_database: SandboxDatabase) -> None:
    """A declared table that does not exist, or is a view, is a FAIL and not UNVERIFIED."""
    for name in ("audit_trail", "pg_settings"):
        component = SECUREBASE.model_copy(update={"audit": AuditTable(table=name)})
        assert statuses(box_database, component) == {"": Status.FAIL}
