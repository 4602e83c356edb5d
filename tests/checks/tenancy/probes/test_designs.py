"""Sound designs are green under every probe, and what is broken in them is found by the probes named."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
import pytest

from basewatch.model import Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import another
from tests.checks.tenancy.probes.small_schemas import GRANTED, MINE, POSTS, B, declared, probed, red

pytestmark = pytest.mark.slow

FAIL, UNVERIFIED = Status.FAIL, Status.UNVERIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """A schema, what the manifest says of it, and the probes that are not green on it."""

    sql: str
    red: dict[str, Status] = field(default_factory=dict[str, Status])
    tenancy: dict[str, object] = field(default_factory=dict[str, object])


SETS_THE_TENANT = f"""
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.tenant_id := {MINE}; RETURN NEW; END $$;
CREATE TRIGGER own BEFORE INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION own();
"""
FILLS_THE_TENANT = SETS_THE_TENANT.replace(f":= {MINE}", f":= coalesce(NEW.tenant_id, {MINE})")
REJECTS = f"""
CREATE FUNCTION own() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.tenant_id <> {MINE} THEN RAISE EXCEPTION 'of another' USING ERRCODE = 'STATE'; END IF; RETURN NEW; END $$;
CREATE TRIGGER own BEFORE INSERT OR UPDATE ON posts FOR EACH ROW EXECUTE FUNCTION own();
"""
OPEN_INSERT = "CREATE POLICY more ON posts FOR INSERT WITH CHECK (true);"
OPEN_UPDATE = f"CREATE POLICY more ON posts FOR UPDATE USING (tenant_id = {MINE}) WITH CHECK (true);"
GRANTED_COLUMNS = f"{POSTS} GRANT SELECT, DELETE ON posts TO app; GRANT UPDATE (title) ON posts TO app;"
CAST = f"""
CREATE FUNCTION wrong(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT '{B}'::uuid $$;
CREATE CAST (text AS uuid) WITH FUNCTION wrong(text) AS IMPLICIT;
"""
EVERYBODYS = "INSERT INTO posts (tenant_id, title) VALUES (NULL, 'x'); CREATE POLICY everybodys ON posts "
DESIGNS = {
    "a sound table": Design(sql=GRANTED),
    "a trigger stores rows as those of the tenant in the context": Design(sql=GRANTED + SETS_THE_TENANT),
    "the same over an open policy for INSERT, which only the policy's own checks may tell": Design(
        sql=GRANTED + SETS_THE_TENANT + OPEN_INSERT, red={"counterexample": FAIL}
    ),
    "a trigger that fills the tenant in only if it is missing, over an open policy": Design(
        sql=GRANTED + FILLS_THE_TENANT + OPEN_INSERT, red={"counterexample": FAIL, "canary_writes": FAIL}
    ),
    "a trigger that fills the tenant in only if it is missing": Design(sql=GRANTED + FILLS_THE_TENANT),
    "a trigger that rejects other tenants": Design(sql=GRANTED + REJECTS.replace("STATE", "P0001")),
    "a trigger that rejects other tenants as a constraint would": Design(
        sql=GRANTED + REJECTS.replace("STATE", "23514")
    ),
    "an open check of a column that nobody may change": Design(sql=GRANTED_COLUMNS + OPEN_UPDATE),
    "an open check of a column that may be changed": Design(
        sql=GRANTED + OPEN_UPDATE, red={"counterexample": FAIL, "canary_writes": FAIL}
    ),
    "a column that may be changed in rows of all": Design(
        sql=GRANTED_COLUMNS + "CREATE POLICY more ON posts FOR UPDATE USING (true) WITH CHECK (true);",
        red={"counterexample": FAIL, "canary_writes": FAIL, "planner": FAIL},
    ),
    "a cast that changes what the text of a policy means": Design(
        sql=GRANTED + CAST, red={"counterexample": UNVERIFIED}
    ),
    "a function that was added to pg_catalog": Design(
        sql=GRANTED
        + "SET LOCAL allow_system_table_mods = on; CREATE FUNCTION pg_catalog.current_setting(varchar, boolean) "
        "RETURNS text LANGUAGE sql AS 'SELECT null';",
        red={"counterexample": UNVERIFIED},
    ),
    "a key of an enum": Design(
        sql=GRANTED.replace("id uuid PRIMARY KEY);", "id plan PRIMARY KEY);")
        .replace("CREATE TABLE tenants", "CREATE TYPE plan AS ENUM ('one', 'two', 'three'); CREATE TABLE tenants")
        .replace("tenant_id uuid", "tenant_id plan")
        .replace(MINE, "nullif(current_setting('app.tenant', true), '')::plan")
        .replace(f"('{B}')", "('two')")
        .replace("('aaaaaaaa-0000-4000-8000-000000000001')", "('one')")
        .replace("('cccccccc-0000-4000-8000-000000000001')", "('three')"),
        tenancy={"canaries": {"a": "one", "b": "two"}, "context_type": "text"},
    ),
    "a key of a fixed length": Design(
        sql=GRANTED.replace("id uuid PRIMARY KEY);", "id char(36) PRIMARY KEY);")
        .replace("tenant_id uuid", "tenant_id char(36)")
        .replace(MINE, "nullif(current_setting('app.tenant', true), '')::char(36)"),
        tenancy={"context_type": "text"},
    ),
    "rows that are everybody's by design": Design(
        sql=GRANTED.replace("tenant_id uuid NOT NULL", "tenant_id uuid")
        + EVERYBODYS
        + "FOR SELECT USING (tenant_id IS NULL);",
        tenancy={"global_rows": {"posts": "read"}},
    ),
    "rows that are everybody's and that a tenant may write": Design(
        sql=GRANTED.replace("tenant_id uuid NOT NULL", "tenant_id uuid") + EVERYBODYS + "USING (tenant_id IS NULL);",
        red={"counterexample": FAIL, "planner": UNVERIFIED},
        tenancy={"global_rows": {"posts": "read"}},
    ),
    "a role that only adds rows": Design(sql=f"{POSTS} GRANT INSERT ON posts TO app;"),
    "rows hidden once they are deleted": Design(
        sql=GRANTED
        + f"ALTER TABLE posts ADD deleted timestamptz; ALTER POLICY own ON posts USING (tenant_id = {MINE} AND "
        f"deleted IS NULL) WITH CHECK (tenant_id = {MINE});"
    ),
    "ids that are always generated": Design(
        sql=GRANTED.replace(
            "id uuid PRIMARY KEY DEFAULT gen_random_uuid()", "id int GENERATED ALWAYS AS IDENTITY UNIQUE"
        )
    ),
    "an id that the role may not write": Design(
        sql=POSTS.replace("id uuid PRIMARY KEY DEFAULT gen_random_uuid()", "id serial PRIMARY KEY")
        + "GRANT SELECT, INSERT (tenant_id, title) ON posts TO app;",
        red={"canary_writes": UNVERIFIED},
    ),
    "a child without rows, to which rows of any parent may be added": Design(
        sql=GRANTED
        + "CREATE TABLE lines (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), post uuid NOT NULL REFERENCES posts); "
        "ALTER TABLE lines ENABLE ROW LEVEL SECURITY; GRANT INSERT ON lines TO app; "
        "CREATE POLICY own ON lines FOR INSERT WITH CHECK (post IS NOT NULL);",
        red={"canary_writes": FAIL},
        tenancy={"keys": {"lines": {"parent": "posts", "on": {"post": "id"}}}},
    ),
}
FAST = (
    "a trigger stores rows as those of the tenant in the context",
    "an open check of a column that nobody may change",
)


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=[pytest.mark.slow, pytest.mark.exhaustive]) for n in DESIGNS]
)
def test_a_design_is_judged_by_what_it_does(box_database: SandboxDatabase, name: str) -> None:
    """Exactly the probes named are not green: a row is judged by the tenant that it is stored for."""
    design = DESIGNS[name]
    with another(box_database, "designs", design.sql) as url:
        assert red(probed(url, declared(**design.tenancy))) == design.red


def test_a_root_under_policies_says_what_basewatch_needs(box_database: SandboxDatabase) -> None:
    """Where the root's policies need a context, the sweep names its own role and the policy; with it, it passes."""
    strict = (
        "ALTER TABLE tenants ENABLE ROW LEVEL SECURITY; "
        "CREATE POLICY own ON tenants USING (id = current_setting('app.tenant')::uuid);"
    )
    for hides in (strict, "ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;"):
        with another(box_database, "designs", GRANTED + hides) as url:
            (finding,) = probed(url, only="*.sweep")
            assert finding.status is UNVERIFIED
            assert (
                finding.remedy == "CREATE POLICY basewatch_reads ON public.tenants FOR SELECT TO basewatch USING (true)"
            )
        with another(box_database, "designs", GRANTED + hides + finding.remedy) as url:
            assert red(probed(url, only="*.sweep")) == {}


SURROUNDINGS = {
    "now() > '2090-01-01'": "at another time",
    "current_date > '2090-01-01'": "at another time",
    "localtimestamp > '2090-01-01'": "at another time",
    "current_setting('application_name') = 'console'": "with application_name set",
    "current_setting('application_name', true) NOT LIKE 'basewatch%'": "with application_name set",
    "current_setting('transaction_isolation') = 'serializable'": "with transaction_isolation set",
    "inet_client_addr() <<= '10.0.0.0/8'": "from another address",
    "inet_client_addr() = '10.1.2.3'": "from another address",
    "random() < 0.000001": "with other random numbers",
    "session_user = 'app'": "in the context of canary A",
    "pg_is_in_recovery()": "on a replica",
    "pg_trigger_depth() > 0": "in a trigger",
    "current_query() LIKE '%please%'": "in the context of canary A",  # the query of the trial itself
}
HARMLESS = (
    "session_user = 'admin'",
    "current_setting('is_superuser') = 'on'",
    "current_setting('role') = 'service_role'",
    "title = 'now() CURRENT_DATE SESSION_USER' AND false",
)


@pytest.mark.slow
def test_a_policy_that_opens_in_other_surroundings_has_a_counterexample(box_database: SandboxDatabase) -> None:
    """At another time, from another client or in another session a row of another tenant passes, as is said."""
    with another(box_database, "designs", GRANTED) as url:
        for condition, words in SURROUNDINGS.items():
            _alter(box_database, f"ALTER POLICY own ON posts USING (tenant_id = {MINE} OR {condition})")
            (finding,) = probed(url, only="*.counterexample")[:1]
            assert (condition, finding.status, words in finding.observed) == (condition, FAIL, True)


@pytest.mark.slow
def test_what_no_principal_can_bring_about_is_no_counterexample(box_database: SandboxDatabase) -> None:
    """Another user's session or a superuser's setting opens nothing to a principal, nor do words in a constant."""
    with another(box_database, "designs", GRANTED) as url:
        for condition in HARMLESS:
            _alter(box_database, f"ALTER POLICY own ON posts USING (tenant_id = {MINE} OR {condition})")
            assert red(probed(url, only="*.counterexample")) == {}
        _alter(box_database, f"ALTER POLICY own ON posts USING (tenant_id = {MINE} AND now() < '2090-01-01')")
        assert red(probed(url, only="*.counterexample")) == {}


def _alter(box: SandboxDatabase, statement: str) -> None:
    with psycopg.connect(box.superuser_url, dbname="designs", autocommit=True) as connection:
        connection.execute(statement.encode())
