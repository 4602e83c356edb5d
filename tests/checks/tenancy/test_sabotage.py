"""Ways to break the isolation, each tried on a real database; and ways to build it well, each left in peace."""
# ruff: noqa: E501, S608  # SQL that is run is not wrapped, and all of it is written here

from __future__ import annotations

from dataclasses import dataclass

import psycopg
import pytest

from basewatch.model import Status
from demo.database import BoxDatabase
from demo.faults.fault import Expected
from demo.tenants import CANARY_A, CANARY_B
from tests.checks.tenancy.looking import SECUREBASE, broken, look

CTX = "nullif(current_setting('app.current_customer_id', true), '')::uuid"
MINE = f"customer_id = {CTX}"
RESET = f"ALTER POLICY tenant_isolation ON invoices USING ({MINE}) WITH CHECK ({MINE})"


def finding(check: str, subject: str, status: Status = Status.FAIL) -> Expected:
    """One finding on the database that is not green."""
    return Expected(check=check, component="database/securebase", subject=subject, status=status)


def leaks(*principals: str) -> set[Expected]:
    """What both probes find when these principals read across tenants, with and without a tenant of their own."""
    probes = ("tenancy.probe.cross_tenant", "tenancy.probe.no_context")
    return {finding(check, principal) for check in probes for principal in principals}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sabotage:
    """One way to break it, its repair, and all that is found of it."""

    name: str
    breaks: str
    repairs: str
    found: frozenset[Expected]


def sabotage(name: str, breaks: str, repairs: str, *found: Expected | set[Expected]) -> Sabotage:
    """A sabotage and its findings, alone or in sets."""
    each = frozenset(item for part in found for item in (part if isinstance(part, set) else {part}))
    return Sabotage(name=name, breaks=breaks, repairs=repairs, found=each)


def policy(name: str, using: str, *found: Expected | set[Expected], before: str = "", after: str = "") -> Sabotage:
    """The policy of invoices rewritten: USING alone, so that it stands for WITH CHECK as well."""
    create = f"DROP POLICY tenant_isolation ON invoices; CREATE POLICY tenant_isolation ON invoices USING ({using})"
    repair = "DROP POLICY tenant_isolation ON invoices; "
    repair += f"CREATE POLICY tenant_isolation ON invoices USING ({MINE}) WITH CHECK ({MINE}); "
    return sabotage(name, f"{before}{create}", f"{repair}{after}", *found)


COVERAGE, POLICIES = "tenancy.rls.coverage", "tenancy.rls.policies"
BYPASS, CROSS, AUDIT = "tenancy.rls.bypass_roles", "tenancy.probe.cross_tenant", "audit.table.append_only"
OPEN = finding(POLICIES, "invoices")
DOUBTED = finding(POLICIES, "invoices", Status.UNVERIFIED)
READS = {finding(CROSS, "app"), finding(CROSS, "analytics")}
BLIND = {finding(CROSS, "app", Status.UNVERIFIED), finding(CROSS, "analytics", Status.UNVERIFIED)}
COPY = "SET ROLE admin; CREATE TABLE copied AS TABLE invoices; GRANT SELECT ON copied TO app; RESET ROLE; INSERT INTO copied SELECT * FROM invoices"
GUARD = (
    "DROP TRIGGER audit_events_no_change ON audit_events; CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE "
    "ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(); "
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"
)
BODY = "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {} END $$"
RAISE = BODY.format("RAISE EXCEPTION '% on % refused: audit records are only ever added', tg_op, tg_table_name;")

FIRES = (
    "CREATE SEQUENCE fired; GRANT USAGE ON SEQUENCE fired TO app; CREATE FUNCTION tell_the_world() RETURNS trigger "
    "LANGUAGE plpgsql AS $$ BEGIN PERFORM nextval('fired'); RETURN new; END $$; "
    "CREATE TRIGGER tell BEFORE INSERT ON invoices FOR EACH ROW EXECUTE FUNCTION tell_the_world()"
)
STILL = "DROP TRIGGER tell ON invoices; DROP FUNCTION tell_the_world(); DROP SEQUENCE fired"

SABOTAGES = (
    # Triggers, whose work a rollback might not undo.
    sabotage("an unvetted trigger", FIRES, STILL, finding(CROSS, "app", Status.UNVERIFIED)),
    # Switches and inventory.
    sabotage(
        "row security disabled",
        "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY",
        finding(COVERAGE, "invoices"),
        leaks("app", "analytics"),
    ),
    sabotage("a copy", COPY, "DROP TABLE copied", finding(COVERAGE, "copied"), leaks("app")),
    sabotage(
        "a copy in another schema",
        "CREATE SCHEMA archive; CREATE TABLE archive.invoices AS TABLE invoices; "
        "GRANT USAGE ON SCHEMA archive TO app; GRANT SELECT ON archive.invoices TO app",
        "DROP SCHEMA archive CASCADE",
        finding(COVERAGE, "archive.invoices"),
        leaks("app"),
    ),
    sabotage(
        "a partition without row security",
        "CREATE TABLE events (LIKE invoices) PARTITION BY LIST (status); "
        "CREATE TABLE events_open PARTITION OF events FOR VALUES IN ('open'); "
        "ALTER TABLE events ENABLE ROW LEVEL SECURITY; ALTER TABLE events FORCE ROW LEVEL SECURITY; "
        f"CREATE POLICY p ON events USING ({MINE}); GRANT SELECT ON events_open TO app; "
        "INSERT INTO events SELECT * FROM invoices WHERE status = 'open'",
        "DROP TABLE events",
        finding(COVERAGE, "events_open"),
        leaks("app"),
    ),
    sabotage(
        "an internal table",
        "GRANT SELECT ON job_queue TO app",
        "REVOKE ALL ON job_queue FROM app",
        finding(COVERAGE, "job_queue"),
    ),
    sabotage(
        "a column of the root",
        "GRANT SELECT (id, name) ON customers TO app",
        "REVOKE ALL (id, name) ON customers FROM app",
        finding(COVERAGE, "customers"),
    ),
    sabotage(
        "a tenant table gone",
        "ALTER TABLE documents RENAME customer_id TO owner_id",
        "ALTER TABLE documents RENAME owner_id TO customer_id",
        finding(COVERAGE, ""),
        finding(COVERAGE, "documents"),
    ),
    # Other ways to the rows.
    sabotage(
        "a view with its owner's rights",
        "CREATE VIEW v AS SELECT * FROM invoices; GRANT SELECT ON v TO app",
        "DROP VIEW v",
        finding(COVERAGE, "v"),
        leaks("app"),
    ),
    sabotage(
        "a materialized view",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM invoices; GRANT SELECT ON m TO analytics",
        "DROP MATERIALIZED VIEW m",
        finding(COVERAGE, "m"),
        leaks("analytics"),
    ),
    sabotage(
        "a view whose owner is bound",
        "SET ROLE admin; CREATE VIEW v AS SELECT * FROM invoices; GRANT SELECT ON v TO app",
        "DROP VIEW v",
        finding(COVERAGE, "v", Status.UNVERIFIED),
    ),
    # Policies.
    policy("another setting", "customer_id = nullif(current_setting('app.customer_id', true), '')::uuid", OPEN, BLIND),
    policy(
        "fail open when never set",
        f"current_setting('app.current_customer_id', true) IS NULL OR {MINE}",
        OPEN,
        leaks("app", "analytics") - READS,
    ),
    policy(
        "fail open when empty",
        f"coalesce(current_setting('app.current_customer_id', true), '') = '' OR {MINE}",
        OPEN,
        leaks("app", "analytics") - READS,
    ),
    policy("a bypass setting", f"{MINE} OR current_setting('app.bypass', true) = 'on'", OPEN),
    policy("a role's name", f"{MINE} OR current_user = 'app'", OPEN, leaks("app")),
    policy("a time bomb", f"{MINE} OR now() > '2199-01-01'", OPEN),
    policy("rows of a status", f"{MINE} OR status = 'void'", OPEN),
    policy("a public demo tenant", f"{MINE} OR customer_id = '{CANARY_B}'", DOUBTED, leaks("app", "analytics")),
    policy("the comparison turned around", f"customer_id <> {CTX}", DOUBTED, READS),
    policy("a tautology", "customer_id = customer_id", DOUBTED, leaks("app", "analytics")),
    policy(
        "a prefix",
        "left(customer_id::text, 8) = left(current_setting('app.current_customer_id', true), 8)",
        DOUBTED,
        READS,
    ),
    policy(
        "an operator of our own",
        f"customer_id OPERATOR(public.=) {CTX}",
        DOUBTED,
        leaks("app", "analytics"),
        before="CREATE FUNCTION public.eq(uuid, uuid) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true'; "
        "CREATE OPERATOR public.= (leftarg = uuid, rightarg = uuid, function = public.eq); ",
        after="DROP OPERATOR public.= (uuid, uuid); DROP FUNCTION public.eq(uuid, uuid)",
    ),
    policy(
        "a current_setting() of our own",
        "customer_id = public.current_setting('app.current_customer_id')::uuid",
        DOUBTED,
        leaks("app", "analytics"),
        before="CREATE FUNCTION public.current_setting(text) RETURNS text LANGUAGE sql STABLE "
        f"AS $$ SELECT '{CANARY_B}'::text $$; ",
        after="DROP FUNCTION public.current_setting(text)",
    ),
    sabotage(
        "an insert policy",
        "CREATE POLICY i ON invoices FOR INSERT WITH CHECK (true)",
        "DROP POLICY i ON invoices",
        OPEN,
        finding(CROSS, "app"),
    ),
    sabotage(
        "a blind update",
        f"CREATE POLICY u ON invoices FOR UPDATE USING (true) WITH CHECK ({MINE})",
        "DROP POLICY u ON invoices",
        OPEN,
    ),
    sabotage(
        "a blind delete", "CREATE POLICY d ON invoices FOR DELETE USING (true)", "DROP POLICY d ON invoices", OPEN
    ),
    sabotage(
        "the floor is for another role",
        f"DROP POLICY tenant_isolation ON invoices; CREATE POLICY base ON invoices USING (true); "
        f"CREATE POLICY floor ON invoices AS RESTRICTIVE TO analytics USING ({MINE})",
        f"DROP POLICY base ON invoices; DROP POLICY floor ON invoices; "
        f"CREATE POLICY tenant_isolation ON invoices USING ({MINE}) WITH CHECK ({MINE})",
        OPEN,
        leaks("app"),
    ),
    # Roles and sessions.
    sabotage(
        "analytics bypasses",
        "ALTER ROLE analytics BYPASSRLS",
        "ALTER ROLE analytics NOBYPASSRLS",
        finding(BYPASS, "analytics"),
        leaks("analytics"),
    ),
    sabotage(
        "app may become the owner",
        "GRANT admin TO app",
        "REVOKE admin FROM app",
        finding(BYPASS, "app"),
        {finding(COVERAGE, t) for t in ("billing_runs", "break_glass_grants", "customers", "job_queue")},
        finding(AUDIT, "audit_events"),
    ),
    sabotage(
        "two hops to a bypassing role",
        "CREATE ROLE mid NOLOGIN NOINHERIT; CREATE ROLE etl NOLOGIN BYPASSRLS; GRANT etl TO mid; GRANT mid TO app",
        "DROP ROLE mid; DROP ROLE etl",
        finding(BYPASS, "app"),
    ),
    sabotage(
        "a role of the server that reads everything",
        "GRANT pg_read_all_data TO analytics",
        "REVOKE pg_read_all_data FROM analytics",
        finding(BYPASS, "analytics"),
        {finding(COVERAGE, t) for t in ("billing_runs", "break_glass_grants", "customers", "job_queue")},
    ),
    sabotage(
        "a tenant table for everybody",
        "GRANT SELECT ON invoices TO PUBLIC",
        "REVOKE ALL ON invoices FROM PUBLIC",
        finding(BYPASS, "PUBLIC"),
    ),
    sabotage(
        "a tenant by default",
        f"ALTER DATABASE securebase SET app.current_customer_id = '{CANARY_A}'",
        "ALTER DATABASE securebase RESET app.current_customer_id",
        leaks("app", "analytics") - READS,
    ),
    # The audit trail.
    sabotage(
        "truncate may",
        "GRANT TRUNCATE ON audit_events TO app",
        "REVOKE TRUNCATE ON audit_events FROM app",
        finding(AUDIT, "audit_events"),
    ),
    sabotage(
        "only in replica sessions",
        "ALTER TABLE audit_events ENABLE REPLICA TRIGGER audit_events_no_change",
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change",
        finding(AUDIT, "audit_events"),
    ),
    sabotage(
        "only for some columns",
        "DROP TRIGGER audit_events_no_change ON audit_events; CREATE TRIGGER audit_events_no_change BEFORE DELETE OR UPDATE OF action ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        GUARD,
        finding(AUDIT, "audit_events"),
    ),
    sabotage(
        "only for some rows",
        "DROP TRIGGER audit_events_no_change ON audit_events; CREATE TRIGGER audit_events_no_change BEFORE DELETE OR UPDATE ON audit_events FOR EACH ROW WHEN (OLD.action <> 'login') EXECUTE FUNCTION refuse_change()",
        GUARD,
        finding(AUDIT, "audit_events"),
    ),
    sabotage("a guard that looks away", BODY.format("RETURN NULL;"), RAISE, finding(AUDIT, "audit_events")),
    sabotage(
        "a guard that may look away",
        BODY.format("IF tg_op = 'DELETE' THEN RAISE EXCEPTION 'no'; END IF; RETURN NULL;"),
        RAISE,
        finding(AUDIT, "audit_events", Status.UNVERIFIED),
    ),
    sabotage(
        "a guard that catches itself",
        BODY.format("RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN RETURN NULL;"),
        RAISE,
        finding(AUDIT, "audit_events", Status.UNVERIFIED),
    ),
    sabotage(
        "records are swallowed",
        "CREATE RULE gone AS ON INSERT TO audit_events DO INSTEAD NOTHING",
        "DROP RULE gone ON audit_events",
        finding(AUDIT, "audit_events"),
        BLIND,
    ),
    sabotage(
        "no audit table",
        "ALTER TABLE audit_events RENAME TO audit_old",
        "ALTER TABLE audit_old RENAME TO audit_events",
        finding(AUDIT, ""),
    ),
)

SOUND = (
    policy("evaluated once", f"customer_id = (SELECT {CTX})"),
    policy("the other way around", f"{CTX} = customer_id"),
    policy("compared as text", "customer_id::text = current_setting('app.current_customer_id', true)"),
    policy("and more", f"{MINE} AND (status <> 'void' OR amount_cents > 0)"),
    policy("said twice", f"{MINE} OR {MINE}"),
    sabotage(
        "a policy for each command",
        f"DROP POLICY tenant_isolation ON invoices; CREATE POLICY s ON invoices FOR SELECT USING ({MINE}); CREATE POLICY i ON invoices FOR INSERT WITH CHECK ({MINE}); CREATE POLICY u ON invoices FOR UPDATE USING ({MINE}); CREATE POLICY d ON invoices FOR DELETE USING ({MINE})",
        f"DROP POLICY s ON invoices; DROP POLICY i ON invoices; DROP POLICY u ON invoices; DROP POLICY d ON invoices; CREATE POLICY tenant_isolation ON invoices USING ({MINE}) WITH CHECK ({MINE})",
    ),
    sabotage(
        "a restrictive floor under a broad policy",
        f"CREATE POLICY floor ON invoices AS RESTRICTIVE USING ({MINE}); CREATE POLICY broad ON invoices USING (true)",
        "DROP POLICY floor ON invoices; DROP POLICY broad ON invoices",
    ),
    sabotage(
        "a broad policy for the owner alone",
        "CREATE POLICY owner ON invoices TO admin USING (true)",
        "DROP POLICY owner ON invoices",
    ),
    sabotage(
        "a view with its reader's rights",
        "CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM invoices; GRANT SELECT ON v TO app",
        "DROP VIEW v",
    ),
    sabotage("an internal table nobody reaches", "CREATE TABLE scratch (note text)", "DROP TABLE scratch"),
    sabotage(
        "a partition under row security",
        f"CREATE TABLE events (LIKE invoices) PARTITION BY LIST (status); CREATE TABLE events_paid PARTITION OF events FOR VALUES IN ('paid'); ALTER TABLE events ENABLE ROW LEVEL SECURITY; ALTER TABLE events FORCE ROW LEVEL SECURITY; CREATE POLICY p ON events USING ({MINE}); ALTER TABLE events_paid ENABLE ROW LEVEL SECURITY; ALTER TABLE events_paid FORCE ROW LEVEL SECURITY; CREATE POLICY p ON events_paid USING ({MINE})",
        "DROP TABLE events",
    ),
    sabotage(
        "the guard's triggers on origin",
        "ALTER TABLE audit_events ENABLE TRIGGER audit_events_no_change",
        "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change",
    ),
    sabotage(
        "row by row",
        "DROP TRIGGER audit_events_no_change ON audit_events; CREATE TRIGGER audit_events_no_change BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change()",
        GUARD,
    ),
)


@pytest.mark.parametrize("case", [*SABOTAGES, *SOUND], ids=lambda case: case.name)
def test_what_is_broken_is_found_and_nothing_else(box_database: BoxDatabase, case: Sabotage) -> None:
    """All that is not green is what this change breaks; a sound variant breaks nothing."""
    box_database.execute(case.breaks)
    try:
        found = broken(look(box_database.url))
    finally:
        box_database.execute(case.repairs)
    assert found == case.found


def test_a_trigger_that_nobody_vouches_for_is_not_fired(box_database: BoxDatabase) -> None:
    """Not one write is tried that would fire it; once it is named in the configuration, all of them are."""
    box_database.execute(FIRES)
    try:
        look(box_database.url, only=CROSS)
        assert not _fired(box_database)
        (allowed,) = SECUREBASE.tenancy.allowed
        tell = allowed.model_copy(update={"name": "tell"})
        vetted = SECUREBASE.tenancy.model_copy(update={"allowed": (allowed, tell)})
        findings = look(box_database.url, SECUREBASE.model_copy(update={"tenancy": vetted}), only=CROSS)
        assert _fired(box_database)
    finally:
        box_database.execute(STILL)
    assert broken(findings) == set()


def _fired(database: BoxDatabase) -> bool:
    """Whether the trigger has run: a sequence does not roll back."""
    with psycopg.connect(database.superuser_url) as connection:
        row = connection.execute("SELECT is_called FROM fired").fetchone()
    return row is not None and bool(row[0])
