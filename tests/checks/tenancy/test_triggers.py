"""Triggers and rules that move rows past policies are found; ordinary ones pass."""
# ruff: noqa: E501, S608  # SQL that is run is not wrapped, and all of it is written here

from __future__ import annotations

from datetime import date

import pytest

from basewatch.model import Severity
from basewatch.tenancy import ApprovedObject
from checks.tenancy.stored_code.triggers import triggers_keep_rows_under_policies as CHECK  # noqa: N812  # the check under test
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import one_in_three
from tests.checks.tenancy.statics import Change, changed, entry_in, faults, findings, with_allowed, with_approval

CRITICAL, HIGH, MEDIUM = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM


def trigger(
    name: str,
    body: str,
    *found: tuple[str, Severity],
    rights: str = "",
    before: str = "",
    after: str = "",
    when: str = "AFTER INSERT",
    owner: str = "admin",
) -> Change:
    """A trigger "t" on invoices with this body."""
    return Change(
        name=name,
        does=f"{before}; CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql {rights} AS $$ {body} $$; CREATE TRIGGER t {when} ON invoices FOR EACH ROW EXECUTE FUNCTION fire(); ALTER FUNCTION fire() OWNER TO {owner}",
        undoes=f"DROP TRIGGER t ON invoices; DROP FUNCTION fire(); {after}",
        found=found,
    )


FOUND = ("trigger t on invoices", HIGH)
WORSE = ("trigger t on invoices", CRITICAL)
LOG = "CREATE TABLE log_of_all (row_of jsonb); GRANT SELECT, INSERT ON log_of_all TO app"
COPY = "BEGIN INSERT INTO log_of_all VALUES (to_jsonb(NEW)); RETURN NEW; END"
BROKEN = (
    trigger(
        "a copy with the rights of another",
        COPY,
        WORSE,
        rights="SECURITY DEFINER SET search_path = public",
        before=LOG,
        after="DROP TABLE log_of_all",
    ),
    trigger("a copy into a table that principals read", COPY, FOUND, before=LOG, after="DROP TABLE log_of_all"),
    trigger(
        "a copy into a shared table",
        "BEGIN INSERT INTO regions VALUES (NEW.status, NEW.status); RETURN NEW; END",
        FOUND,
    ),
    trigger(
        "a notification",
        "BEGIN PERFORM pg_notify('inv', to_jsonb(NEW)::text); RETURN NEW; END",
        ("trigger t on invoices", MEDIUM),
    ),
    trigger(
        "a statement that is put together",
        "BEGIN EXECUTE format('SELECT 1 WHERE %L', NEW.status = 'x'); RETURN NEW; END",
        ("trigger t on invoices", MEDIUM),
    ),
    trigger("a large object", "BEGIN PERFORM lo_from_bytea(0, convert_to(NEW.status, 'UTF8')); RETURN NEW; END", FOUND),
    trigger("the rights of another, and nothing pinned", "BEGIN RETURN NEW; END", WORSE, rights="SECURITY DEFINER"),
    Change(
        name="a definer trigger on a shared table that a principal writes",
        does="GRANT INSERT ON regions TO app; CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN DELETE FROM invoices; RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON regions FOR EACH ROW EXECUTE FUNCTION fire()",
        undoes="DROP TRIGGER t ON regions; DROP FUNCTION fire(); REVOKE INSERT ON regions FROM app",
        found=(("trigger t on regions", CRITICAL),),
    ),
    Change(
        name="a guard that was disabled",
        does="CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; CREATE TRIGGER t BEFORE UPDATE OF customer_id ON invoices FOR EACH ROW EXECUTE FUNCTION fire(); ALTER TABLE invoices DISABLE TRIGGER t",
        undoes="DROP TRIGGER t ON invoices; DROP FUNCTION fire()",
        found=(("trigger t on invoices", MEDIUM),),
    ),
    trigger(
        "a function that a principal may rewrite",
        "BEGIN RETURN NEW; END",
        WORSE,
        owner="app",
    ),
    Change(
        name="a rule that copies",
        does=f"{LOG}; CREATE RULE cp AS ON INSERT TO invoices DO ALSO INSERT INTO log_of_all VALUES (to_jsonb(NEW))",
        undoes="DROP RULE cp ON invoices; DROP TABLE log_of_all",
        found=(("rule cp on invoices", HIGH),),
    ),
    Change(
        name="a rule of a view that writes a tenant table",
        does='CREATE VIEW "Shop Front" AS SELECT 1 AS one; GRANT SELECT, DELETE ON "Shop Front" TO app; CREATE RULE w AS ON DELETE TO "Shop Front" DO INSTEAD DELETE FROM invoices',
        undoes='DROP VIEW "Shop Front"',
        found=(("rule w on Shop Front", CRITICAL),),
    ),
    Change(
        name="an event trigger that grants",
        does="CREATE FUNCTION opens() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC'; END $$; CREATE EVENT TRIGGER opening ON ddl_command_end WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION opens()",
        undoes="DROP EVENT TRIGGER opening; DROP FUNCTION opens()",
        found=(("event trigger opening", CRITICAL),),
    ),
    Change(
        name="an event trigger that a principal may rewrite",
        does="GRANT CREATE ON SCHEMA public TO app; CREATE FUNCTION looks() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', tg_tag; END $$; CREATE EVENT TRIGGER looking ON ddl_command_end WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION looks(); ALTER FUNCTION looks() OWNER TO app",
        undoes="DROP EVENT TRIGGER looking; DROP FUNCTION looks(); REVOKE CREATE ON SCHEMA public FROM app",
        found=(("event trigger looking", HIGH),),
    ),
)
SOUND = (
    Change(
        name="an event trigger that sleeps",
        does="CREATE FUNCTION opens() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC'; END $$; CREATE EVENT TRIGGER opening ON ddl_command_end WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION opens(); ALTER EVENT TRIGGER opening DISABLE",
        undoes="DROP EVENT TRIGGER opening; DROP FUNCTION opens()",
    ),
    trigger("a time stamp", "BEGIN NEW.issued_at := now(); RETURN NEW; END", when="BEFORE INSERT OR UPDATE"),
    trigger("one that asks for the command", "BEGIN IF TG_OP = 'INSERT' THEN NEW.issued_at = clock_timestamp(); END IF; RETURN NEW; END", when="BEFORE INSERT OR UPDATE"),
    trigger("a record in a table under policies", "BEGIN INSERT INTO audit_events (customer_id, actor, action, resource) VALUES (NEW.customer_id, current_user, lower(TG_OP), 'invoice'); RETURN NEW; END"),
    trigger("a guard", "BEGIN IF NEW.customer_id <> OLD.customer_id THEN RAISE EXCEPTION 'moved'; END IF; RETURN NEW; END", when="BEFORE UPDATE"),
    trigger("a notification without a row", "BEGIN PERFORM pg_notify('cache', TG_TABLE_NAME); RETURN NEW; END"),
    trigger("a copy into a table without grants", "BEGIN INSERT INTO billing_runs (period, started_at) VALUES (NEW.period, now()); RETURN NEW; END"),
    trigger("another's rights, pinned, and only a time stamp", "BEGIN NEW.issued_at := now(); RETURN NEW; END", rights="SECURITY DEFINER SET search_path = pg_catalog", when="BEFORE UPDATE"),
    Change(
        name="an event trigger that only reads",
        does="CREATE FUNCTION looks() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', tg_tag; END $$; CREATE EVENT TRIGGER looking ON ddl_command_end WHEN TAG IN ('CREATE SEQUENCE') EXECUTE FUNCTION looks()",
        undoes="DROP EVENT TRIGGER looking; DROP FUNCTION looks()",
    ),
    Change(
        name="a rule on a table of no tenant",
        does="CREATE RULE r AS ON DELETE TO billing_runs DO INSTEAD NOTHING",
        undoes="DROP RULE r ON billing_runs",
    ),
)  # fmt: skip


@pytest.mark.parametrize("change", one_in_three(BROKEN, lambda change: change.name))
def test_only_the_changed_trigger_or_rule_is_found(box_database: SandboxDatabase, change: Change) -> None:
    """Exactly that trigger or rule is a finding, and none after its repair."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == dict(change.found)
    assert faults(box_database, CHECK) == {}


def test_a_guard_of_the_audit_table_is_reported_once(box_database: SandboxDatabase) -> None:
    """A disabled guard is a finding of audit.table.append_only alone."""
    disable = "ALTER TABLE audit_events {} TRIGGER audit_events_no_change"
    with changed(box_database, Change(name="", does=disable.format("DISABLE"), undoes=disable.format("ENABLE ALWAYS"))):
        assert faults(box_database, CHECK) == {}


@pytest.mark.parametrize("change", one_in_three(SOUND, lambda change: change.name))
def test_an_ordinary_trigger_passes(box_database: SandboxDatabase, change: Change) -> None:
    """A trigger that keeps rows under policies is no finding."""
    with changed(box_database, change):
        assert faults(box_database, CHECK) == {}


def test_an_approved_trigger_passes_until_it_changes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the trigger, until its function changes."""
    with changed(box_database, BROKEN[3]):
        (finding,) = findings(box_database, CHECK)
        component = with_approval("trigger", *entry_in(finding))
        assert faults(box_database, CHECK, component) == {}
        box_database.execute(
            "CREATE OR REPLACE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('x', NEW.status); RETURN NEW; END $$"
        )
        assert set(faults(box_database, CHECK, component)) == {"trigger t on invoices"}


def test_an_expired_approval_has_no_effect(box_database: SandboxDatabase) -> None:
    """The finding remains with an expired entry."""
    with changed(box_database, BROKEN[3]):
        (finding,) = findings(box_database, CHECK)
        name, digest = entry_in(finding)
        entry = ApprovedObject(kind="trigger", name=name, digest=digest, owner="p", reason="r", until=date(2026, 2, 28))
        assert set(faults(box_database, CHECK, with_allowed(entry))) == {"trigger t on invoices"}
