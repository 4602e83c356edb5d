"""Every relation that tenants reach has row-level security, is shared, is a safe view, or is a finding."""
# ruff: noqa: E501, S608  # SQL that is run is not wrapped, and all of it is written here

from __future__ import annotations

import psycopg
import pytest

from basewatch.components import Database
from basewatch.model import Reason, Severity, Status
from basewatch.tenancy import DerivedKey, TenantMembership
from demo.database import SandboxDatabase
from demo.tenants import CANARY_A
from tests.checks.tenancy.breaking import (
    COVERAGE,
    CTX,
    ISOLATED,
    MINE,
    PROTECTED,
    ROLES,
    Case,
    Found,
    approval,
    broken,
    case,
    changed,
    not_green,
    static_findings,
    unclear,
    version,
)
from tests.checks.tenancy.looking import SECUREBASE, one_in_three, only_of

CRITICAL, HIGH, MEDIUM, LOW = Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW


def fails(subject: str, severity: Severity = CRITICAL) -> Found:
    """A FAIL of coverage."""
    return broken(COVERAGE, subject, severity)


def made(name: str, table: str, *found: Found, grant: str = "SELECT", to: str = "app", more: str = "") -> Case:
    """A table that admin creates and grants; `table` is the text after CREATE TABLE."""
    relation = table.split("(", maxsplit=1)[0].split(maxsplit=1)[0]
    breaks = f"SET ROLE admin; CREATE TABLE {table}; {more} GRANT {grant} ON {relation} TO {to}"
    return case(name, breaks, f"DROP TABLE {relation} CASCADE", *found)


def view(name: str, breaks: str, *found: Found, since: int = 0) -> Case:
    """Views in a separate schema, created by admin and granted to app; dropped afterwards."""
    start = "CREATE SCHEMA seen AUTHORIZATION admin; GRANT USAGE ON SCHEMA seen TO app; SET LOCAL search_path = seen, public; "
    grant = "GRANT SELECT ON ALL TABLES IN SCHEMA seen TO app"
    return case(
        name,
        f"{start}{breaks}; {grant}",
        "DROP SCHEMA seen CASCADE",
        *found,
        since=since,
    )


ADMIN = "SET LOCAL ROLE admin; "
COLUMNS = "(id uuid PRIMARY KEY, customer_id uuid NOT NULL REFERENCES customers, note text)"
TABLES = (
    case(
        "off",
        "ALTER TABLE invoices DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE invoices ENABLE ROW LEVEL SECURITY",
        fails("invoices"),
    ),
    case(
        "not forced",
        "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE invoices FORCE ROW LEVEL SECURITY",
        fails("invoices", MEDIUM),
    ),
    case(
        "not forced on a principal",
        "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY; ALTER TABLE invoices OWNER TO app",
        "ALTER TABLE invoices FORCE ROW LEVEL SECURITY; ALTER TABLE invoices OWNER TO admin; "
        "GRANT SELECT, INSERT, UPDATE, DELETE ON invoices TO app",
        fails("invoices"),
        broken("tenancy.rls.bypass_roles", "app", CRITICAL),
    ),
    case(
        "not forced on a role that a principal inherits",
        "CREATE ROLE keeper; ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY; ALTER TABLE invoices OWNER TO keeper; GRANT keeper TO app",
        "ALTER TABLE invoices FORCE ROW LEVEL SECURITY; ALTER TABLE invoices OWNER TO admin; DROP ROLE keeper",
        fails("invoices"),
        broken("tenancy.rls.bypass_roles", "app", CRITICAL),
    ),
    case(
        "no policy",
        "DROP POLICY tenant_isolation ON documents",
        f"CREATE POLICY tenant_isolation ON documents USING ({MINE}) WITH CHECK ({MINE})",
        fails("documents", LOW),
    ),
    case(
        "a policy for another",
        "ALTER POLICY tenant_isolation ON documents TO analytics",
        "ALTER POLICY tenant_isolation ON documents TO PUBLIC",
        fails("documents", LOW),
    ),
    made("a new table", f"tickets {COLUMNS}", fails("tickets")),
    made("a copy", "copied AS TABLE invoices", fails("copied")),
    made("the tenant under another name", "notes (id int PRIMARY KEY, org uuid REFERENCES customers)", fails("notes")),
    made(
        "a child without the tenant",
        "pages (id int PRIMARY KEY, c uuid, d uuid, FOREIGN KEY (c, d) REFERENCES documents)",
        fails("pages"),
    ),
    case(
        "a name that must be quoted",
        'CREATE TABLE "Old Notes" ("Org Id" uuid REFERENCES customers); GRANT SELECT ON "Old Notes" TO app',
        'DROP TABLE "Old Notes"',
        fails("Old Notes"),
    ),
    case(
        "an internal table", "GRANT SELECT ON job_queue TO app", "REVOKE ALL ON job_queue FROM app", fails("job_queue")
    ),
    case(
        "an internal table for everybody",
        "GRANT SELECT ON job_queue TO PUBLIC",
        "REVOKE ALL ON job_queue FROM PUBLIC",
        fails("job_queue"),
    ),
    case(
        "an internal table to write",
        "GRANT INSERT ON job_queue TO app",
        "REVOKE ALL ON job_queue FROM app",
        fails("job_queue", HIGH),
    ),
    case(
        "a column of an internal table",
        "GRANT SELECT (payload) ON job_queue TO app",
        "REVOKE ALL ON job_queue FROM app",
        fails("job_queue"),
    ),
    case(
        "another schema",
        "CREATE SCHEMA archive; CREATE TABLE archive.invoices AS TABLE invoices; GRANT USAGE ON SCHEMA archive TO app; "
        "GRANT SELECT ON archive.invoices TO app",
        "DROP SCHEMA archive CASCADE",
        fails("archive.invoices"),
    ),
    case(
        "columns of the root",
        "GRANT SELECT (id, name) ON customers TO app",
        "REVOKE ALL ON customers FROM app",
        fails("customers", MEDIUM),
    ),
    case("the root", "GRANT SELECT ON customers TO app", "REVOKE ALL ON customers FROM app", fails("customers", HIGH)),
    case(
        "the root to write",
        "GRANT UPDATE (status) ON customers TO app",
        "REVOKE ALL ON customers FROM app",
        fails("customers"),
    ),
    case(
        "a shared table to write",
        "GRANT INSERT, UPDATE ON feature_flags TO app",
        "REVOKE INSERT, UPDATE ON feature_flags FROM app",
        fails("feature_flags", HIGH),
    ),
    case(
        "a column of a shared table to write",
        "GRANT UPDATE (enabled) ON feature_flags TO app",
        "REVOKE UPDATE (enabled) ON feature_flags FROM app",
        fails("feature_flags", HIGH),
    ),
    case(
        "a partition of its own",
        f"CREATE TABLE events (LIKE invoices) PARTITION BY LIST (status); CREATE TABLE events_open PARTITION OF events FOR VALUES IN ('open'); {ISOLATED.format('events')}GRANT SELECT ON events, events_open TO app",
        "DROP TABLE events",
        fails("events_open"),
    ),
    case(
        "a child of its own",
        "CREATE TABLE invoices_eu () INHERITS (invoices); GRANT SELECT ON invoices_eu TO app",
        "DROP TABLE invoices_eu",
        fails("invoices_eu"),
    ),
    case(
        "a tenant table gone",
        "ALTER TABLE documents RENAME customer_id TO owner_id",
        "ALTER TABLE documents RENAME owner_id TO customer_id",
        fails(""),
        unclear(COVERAGE, "documents"),
    ),
    case(
        "a tenant by default",
        f"ALTER TABLE invoices ALTER customer_id SET DEFAULT '{CANARY_A}'",
        "ALTER TABLE invoices ALTER customer_id DROP DEFAULT",
        fails("invoices", MEDIUM),
    ),
    case(
        "a tenant that may be NULL",
        f"CREATE TABLE drafts (customer_id uuid REFERENCES customers, note text); {ISOLATED.format('drafts')}GRANT SELECT ON drafts TO app",
        "DROP TABLE drafts",
        fails("drafts", MEDIUM),
    ),
    case(
        "a tenant that may be NULL, and its rows shown",
        f"CREATE TABLE drafts (customer_id uuid REFERENCES customers, note text); {PROTECTED.format('drafts')}"
        f"CREATE POLICY p ON drafts USING (customer_id IS NULL OR {MINE}); GRANT SELECT ON drafts TO app",
        "DROP TABLE drafts",
        fails("drafts", HIGH),
    ),
    case(
        "a sequence",
        "CREATE SEQUENCE numbers; GRANT SELECT ON SEQUENCE numbers TO app",
        "DROP SEQUENCE numbers",
        fails("numbers", LOW),
    ),
    case(
        "a foreign table",
        "CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w; CREATE FOREIGN TABLE far (customer_id uuid) SERVER s; GRANT SELECT ON far TO app",
        "DROP FOREIGN DATA WRAPPER w CASCADE",
        fails("far", HIGH),
    ),
    case(
        "a policy on an undeclared table",
        f"CREATE TABLE notes (org uuid NOT NULL REFERENCES customers); {PROTECTED.format('notes')}"
        "CREATE POLICY p ON notes USING (org = nullif(current_setting('app.current_customer_id', true), '')::uuid); GRANT SELECT ON notes TO app",
        "DROP TABLE notes",
        unclear(COVERAGE, "notes"),
    ),
)
VIEWS = (
    view("a superuser's", "CREATE VIEW v AS SELECT * FROM invoices", fails("seen.v")),
    case(
        "of a role that bypasses",
        "CREATE ROLE reporting BYPASSRLS; GRANT USAGE, CREATE ON SCHEMA public TO reporting; "
        "GRANT SELECT ON invoices TO reporting; SET LOCAL ROLE reporting; CREATE VIEW v AS SELECT * FROM invoices; "
        "GRANT SELECT ON v TO app",
        "DROP OWNED BY reporting; DROP ROLE reporting",
        fails("v"),
        broken(ROLES, "reporting", HIGH),
    ),
    view("with a filter and no barrier", f"CREATE VIEW v AS SELECT * FROM invoices WHERE {MINE}", fails("seen.v")),
    view(
        "with a filter and a barrier",
        f"CREATE VIEW v WITH (security_barrier) AS SELECT * FROM invoices WHERE {MINE}",
        fails("seen.v"),
    ),
    view(
        "invoker over definer",
        "CREATE VIEW v AS SELECT * FROM invoices; CREATE VIEW w WITH (security_invoker) AS SELECT * FROM v",
        fails("seen.v"),
        since=15,
    ),
    view(
        "definer over invoker",
        "CREATE VIEW w WITH (security_invoker) AS SELECT * FROM invoices; CREATE VIEW v AS SELECT * FROM w",
        fails("seen.v"),
        since=15,
    ),
    view("materialized", "CREATE MATERIALIZED VIEW m AS SELECT * FROM invoices", fails("seen.m")),
    view("materialized by the owner", f"{ADMIN}CREATE MATERIALIZED VIEW m AS SELECT * FROM invoices", fails("seen.m")),
    view("of the root", f"{ADMIN}CREATE VIEW v AS SELECT id FROM customers", fails("seen.v")),
    view("of an internal table", f"{ADMIN}CREATE VIEW v AS SELECT payload FROM job_queue", fails("seen.v", HIGH)),
    view(
        "hidden in a sub-select",
        "CREATE VIEW v AS SELECT code, (SELECT count(*) FROM invoices) FROM regions",
        fails("seen.v"),
    ),
    case(
        "over a materialized view",
        "SET LOCAL ROLE admin; CREATE MATERIALIZED VIEW m AS SELECT * FROM invoices; CREATE VIEW v AS SELECT * FROM m; GRANT SELECT ON v TO app",
        "DROP MATERIALIZED VIEW m CASCADE",
        fails("v"),
    ),
    case(
        "that is written through",
        "CREATE VIEW v AS SELECT customer_id, id, status FROM invoices; GRANT UPDATE ON v TO app",
        "DROP VIEW v",
        fails("v"),
    ),
    case(
        "that shared rows are written through",
        "SET LOCAL ROLE admin; CREATE VIEW v AS SELECT * FROM feature_flags; GRANT SELECT, UPDATE ON v TO app",
        "DROP VIEW v",
        fails("v", HIGH),
    ),
    case(
        "whose owner has a broader policy",
        "CREATE ROLE reporting; GRANT USAGE, CREATE ON SCHEMA public TO reporting; GRANT SELECT ON invoices TO reporting; "
        "CREATE POLICY rep ON invoices FOR SELECT TO reporting USING (true); SET LOCAL ROLE reporting; "
        "CREATE VIEW v AS SELECT * FROM invoices; GRANT SELECT ON v TO app",
        "DROP POLICY rep ON invoices; DROP OWNED BY reporting; DROP ROLE reporting",
        fails("v"),
    ),
)
SOUND = (
    case(
        "a new table that is isolated",
        f"CREATE TABLE tickets {COLUMNS}; {ISOLATED.format('tickets')}GRANT SELECT ON tickets TO app",
        "DROP TABLE tickets",
    ),
    case("a new table without grants", f"CREATE TABLE tickets {COLUMNS}", "DROP TABLE tickets"),
    case(
        "columns of a tenant table",
        "GRANT SELECT (customer_id, id) ON invoices TO analytics",
        "REVOKE ALL ON invoices FROM analytics; GRANT SELECT ON invoices TO analytics",
    ),
    case(
        "the current tenant by default",
        f"ALTER TABLE invoices ALTER customer_id SET DEFAULT {CTX}",
        "ALTER TABLE invoices ALTER customer_id DROP DEFAULT",
    ),
    case(
        "partitions without grants",
        f"CREATE TABLE events (LIKE invoices) PARTITION BY LIST (status); CREATE TABLE events_open PARTITION OF events FOR VALUES IN ('open'); {ISOLATED.format('events')}GRANT SELECT ON events TO app",
        "DROP TABLE events",
    ),
    case(
        "partitions that are isolated",
        f"CREATE TABLE events (LIKE invoices) PARTITION BY LIST (status); CREATE TABLE events_open PARTITION OF events FOR VALUES IN ('open'); {ISOLATED.format('events')}{ISOLATED.format('events_open')}GRANT SELECT ON events, events_open TO app",
        "DROP TABLE events",
    ),
    case(
        "another schema",
        f"CREATE SCHEMA billing; CREATE TABLE billing.refunds {COLUMNS}; {ISOLATED.format('billing.refunds')}"
        "GRANT USAGE ON SCHEMA billing TO app; GRANT SELECT ON billing.refunds TO app",
        "DROP SCHEMA billing CASCADE",
    ),
    case(
        "a schema that cannot be used",
        "CREATE SCHEMA archive; CREATE TABLE archive.old AS TABLE invoices; GRANT SELECT ON archive.old TO app",
        "DROP SCHEMA archive CASCADE",
    ),
    case(
        "a sequence to draw from",
        "CREATE SEQUENCE numbers; GRANT USAGE ON SEQUENCE numbers TO app",
        "DROP SEQUENCE numbers",
    ),
    case(
        "a policy for each command",
        f"CREATE POLICY s ON invoices FOR SELECT USING ({MINE}); CREATE POLICY i ON invoices FOR INSERT WITH CHECK ({MINE})",
        "DROP POLICY s ON invoices; DROP POLICY i ON invoices",
    ),
    case(
        "a shared table that is locked",
        "GRANT INSERT ON feature_flags TO app; ALTER TABLE feature_flags ENABLE ROW LEVEL SECURITY; CREATE POLICY r ON feature_flags FOR SELECT USING (true)",
        "REVOKE INSERT ON feature_flags FROM app; ALTER TABLE feature_flags DISABLE ROW LEVEL SECURITY; DROP POLICY r ON feature_flags",
    ),
    case(
        "the root under row security",
        f"{PROTECTED.format('customers')}CREATE POLICY own ON customers USING (id = nullif(current_setting('app.current_customer_id', true), '')::uuid); GRANT SELECT ON customers TO app",
        "REVOKE ALL ON customers FROM app; DROP POLICY own ON customers; ALTER TABLE customers DISABLE ROW LEVEL SECURITY; ALTER TABLE customers NO FORCE ROW LEVEL SECURITY",
    ),
    view("with its reader's rights", "CREATE VIEW v WITH (security_invoker) AS SELECT * FROM invoices", since=15),
    view("of shared tables", "CREATE VIEW v AS SELECT * FROM price_plans NATURAL JOIN tier_features"),
    view("of an owner who is bound", f"{ADMIN}CREATE VIEW v AS SELECT * FROM invoices"),
    view(
        "of a view of an owner who is bound",
        f"{ADMIN}CREATE VIEW v AS SELECT * FROM invoices; CREATE VIEW w AS SELECT count(*) FROM v",
    ),
    view("of nothing", "CREATE VIEW v AS SELECT 1 AS one"),
    case(
        "a view of a principal",
        "GRANT CREATE ON SCHEMA public TO analytics; SET LOCAL ROLE analytics; CREATE VIEW v AS SELECT * FROM invoices; GRANT SELECT ON v TO app; "
        "RESET ROLE; REVOKE CREATE ON SCHEMA public FROM analytics",
        "DROP VIEW v",
    ),
    case("a superuser's view without grants", "CREATE VIEW v AS SELECT * FROM invoices", "DROP VIEW v"),
)


@pytest.mark.parametrize("case", one_in_three([*TABLES, *VIEWS, *SOUND]))
def test_each_uncovered_relation_is_one_finding(box_database: SandboxDatabase, case: Case) -> None:
    """Each uncovered relation is one finding, and none after its repair; a covered one has none."""
    if version(box_database) < case.since:
        pytest.skip("this version does not know it")
    with changed(box_database, case):
        assert not_green(static_findings(box_database.url)) == case.found
    assert not_green(static_findings(box_database.url)) == set()


def declared(**values: object) -> Database:
    """SecureBase with other tenancy values."""
    return SECUREBASE.model_copy(update={"tenancy": SECUREBASE.tenancy.model_copy(update=values)})


def digest_in(remedy: str) -> str:
    """The digest in a remedy."""
    return remedy.partition("digest: ")[2][:71]


def test_an_approved_view_passes_until_it_changes(box_database: SandboxDatabase) -> None:
    """The entry in the remedy approves the current definition of the view, and no other."""
    filtered = f"VIEW v WITH (security_barrier) AS SELECT * FROM invoices WHERE {MINE}"
    made_so = case("approved", f"CREATE {filtered}; GRANT SELECT ON v TO app", "DROP VIEW v")
    with changed(box_database, made_so):
        digest = digest_in(only_of(static_findings(box_database.url), "v").remedy)
        component = declared(approved_objects=(*SECUREBASE.tenancy.approved_objects, approval("view", "v", digest)))
        assert not_green(static_findings(box_database.url, component)) == set()
        box_database.execute(f"CREATE OR REPLACE {filtered} OR status = 'void'")
        assert not_green(static_findings(box_database.url, component)) == {fails("v")}


def test_an_approval_does_not_cover_views_below(box_database: SandboxDatabase) -> None:
    """A view below an approved one can change independently, and needs its own approval."""
    nested = "CREATE VIEW inner_v AS SELECT * FROM invoices; CREATE VIEW v AS SELECT * FROM inner_v; GRANT SELECT ON v TO app"
    with changed(box_database, case("nested", nested, "DROP VIEW inner_v CASCADE")):
        digest = digest_in(only_of(static_findings(box_database.url), "v").remedy)
        component = declared(approved_objects=(*SECUREBASE.tenancy.approved_objects, approval("view", "v", digest)))
        assert not_green(static_findings(box_database.url, component)) == {fails("v")}


@pytest.mark.parametrize(
    ("view_sql", "found"),
    [
        ("VIEW v AS SELECT id FROM invoices", {fails("v")}),
        ("VIEW v AS SELECT kind FROM job_queue", set[Found]()),
        ("MATERIALIZED VIEW v AS SELECT kind FROM job_queue", set[Found]()),
        ("MATERIALIZED VIEW v AS SELECT count(*) FROM invoices", {fails("v")}),
    ],
)
def test_a_shared_view_must_not_read_tenants(box_database: SandboxDatabase, view_sql: str, found: set[Found]) -> None:
    """A shared view may publish internal tables, but not rows of tenants."""
    component = declared(shared=(*SECUREBASE.tenancy.shared, "v"))
    kind = view_sql.partition(" v ")[0]
    with changed(box_database, case("shared", f"CREATE {view_sql}; GRANT SELECT ON v TO app", f"DROP {kind} v")):
        assert not_green(static_findings(box_database.url, component)) == found


def test_a_declared_child_is_a_tenant_table(box_database: SandboxDatabase) -> None:
    """A table that derives its tenant from a parent is checked like any tenant table, once declared."""
    derived = DerivedKey(parent="documents", on={"customer_id": "customer_id", "document_id": "id"})
    component = declared(key=("customer_id",), keys={"pages": derived})
    table = "CREATE TABLE pages (customer_id uuid, document_id uuid, n int); GRANT SELECT ON pages TO app; "
    with changed(box_database, case("open", table, "DROP TABLE pages")):
        assert not_green(static_findings(box_database.url, component)) == {fails("pages")}
    policy = (
        "CREATE POLICY p ON pages USING (EXISTS (SELECT FROM documents d WHERE (d.customer_id, d.id) = "
        "(pages.customer_id, pages.document_id)))"
    )
    with changed(box_database, case("isolated", f"{table}{PROTECTED.format('pages')}{policy}", "DROP TABLE pages")):
        assert not_green(static_findings(box_database.url, component)) == set()


def test_the_members_table_needs_row_security_and_is_read_only(box_database: SandboxDatabase) -> None:
    """Write access to memberships gives access to any tenant, and read access reveals all members."""
    members = TenantMembership(table="members", member="login", key=("customer_id",))
    canaries = SECUREBASE.tenancy.canaries.model_copy(update={"user_a": ("a",), "user_b": ("b",)})
    component = declared(members=members, canaries=canaries, context=("app.login",))
    table = "CREATE TABLE members (login text, customer_id uuid NOT NULL, PRIMARY KEY (login, customer_id)); "
    own = f"{PROTECTED.format('members')}CREATE POLICY p ON members FOR SELECT USING (login = current_setting('app.login', true)); "
    for grant, guarded, found in (
        ("SELECT", False, {fails("members", MEDIUM)}),
        ("SELECT, INSERT", False, {fails("members")}),
        ("SELECT", True, set[Found]()),
    ):
        sql = f"{table}{own if guarded else ''}GRANT {grant} ON members TO app"
        with changed(box_database, case(grant, sql, "DROP TABLE members")):
            seen = {
                each for each in not_green(static_findings(box_database.url, component)) if each.subject == "members"
            }
        assert seen == found


def test_a_root_in_shared_may_be_read_by_all(box_database: SandboxDatabase) -> None:
    """A root table in tenancy.shared may be read by all principals, but not written."""
    component = declared(shared=(*SECUREBASE.tenancy.shared, "customers"))
    with changed(box_database, case("read", "GRANT SELECT ON customers TO app", "REVOKE ALL ON customers FROM app")):
        assert not_green(static_findings(box_database.url, component)) == set()
    writes = case("written", "GRANT SELECT, DELETE ON customers TO app", "REVOKE ALL ON customers FROM app")
    with changed(box_database, writes):
        assert not_green(static_findings(box_database.url, component)) == {fails("customers")}


def test_too_few_tables_fail_and_none_is_unverified(box_database: SandboxDatabase) -> None:
    """A table without its key is a FAIL; a key that no table has is UNVERIFIED."""
    (few,) = (
        f for f in static_findings(box_database.url, declared(min_tables=9)) if (f.check, f.subject) == (COVERAGE, "")
    )
    assert (few.status, few.observed, few.expected) == (Status.FAIL, "7 tables with a tenant key", "at least 9")
    none = [
        f
        for f in static_findings(box_database.url, declared(key=("nobody",)))
        if (f.check, f.subject) == (COVERAGE, "")
    ]
    assert [f.reason for f in none] == [Reason.NOT_ENOUGH_DATA]


def test_an_unclassified_table_has_a_suggested_entry(box_database: SandboxDatabase) -> None:
    """The finding names the foreign key to a tenant, and the remedy has the entry to declare."""
    table = 'CREATE TABLE "Old Notes" ("Org Id" uuid REFERENCES customers); GRANT SELECT ON "Old Notes" TO app'
    with changed(box_database, case("notes", table, 'DROP TABLE "Old Notes"')):
        found = only_of(static_findings(box_database.url), "Old Notes")
    assert "Org Id refers to customers, which is a tenant root" in found.observed
    assert found.remedy.startswith('REVOKE ALL ON public."Old Notes" FROM app;')
    assert '"Old Notes": ["Org Id"]' in found.remedy


def test_a_nondeterministic_key_is_found(box_database: SandboxDatabase) -> None:
    """A nondeterministic collation can make two tenant names equal."""
    with psycopg.connect(box_database.superuser_url) as connection:
        if connection.execute("SELECT FROM pg_collation WHERE collname = 'und-x-icu'").fetchone() is None:
            pytest.skip("this server was built without ICU")
    sql = (
        "CREATE COLLATION loose (provider = icu, locale = 'und-u-ks-level2', deterministic = false); "
        f"CREATE TABLE shops (customer_id uuid NOT NULL, org text COLLATE loose NOT NULL); {ISOLATED.format('shops')}"
        "GRANT SELECT ON shops TO app"
    )
    component = declared(keys={"shops": ("org",)})
    with changed(box_database, case("loose", sql, "DROP TABLE shops; DROP COLLATION loose")):
        found = only_of(static_findings(box_database.url, component), "shops")
    assert found.severity is HIGH
    assert "org has a nondeterministic collation" in found.observed


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ("token text PRIMARY KEY, data bytea", set[Found]()),
        ("token text PRIMARY KEY, owner uuid REFERENCES customers", {fails("sessions", Severity.HIGH)}),
        ("token text PRIMARY KEY, tenant_id uuid", {fails("sessions", Severity.MEDIUM)}),
        ("token text, customer_id uuid", {fails("sessions")}),
    ],
)
def test_a_platform_table_may_be_written_while_it_refers_to_no_tenant(
    box_database: SandboxDatabase, columns: str, found: set[Found]
) -> None:
    """A declared table of the platform, such as sessions, may be read and written by all, and may name no tenant."""
    component = declared(platform_tables={"sessions": "found by their token"})
    made = case("made", f"CREATE TABLE sessions ({columns}); GRANT ALL ON sessions TO app", "DROP TABLE sessions")
    with changed(box_database, made):
        seen = not_green(static_findings(box_database.url, component))
        assert {each for each in seen if each.subject == "sessions" and "coverage" in each.check} == found
        undeclared = not_green(static_findings(box_database.url))
        assert fails("sessions") in undeclared
