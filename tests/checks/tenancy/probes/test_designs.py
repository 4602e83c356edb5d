"""Sound designs are green under every probe, and what is broken in them is found by the probes named."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from basewatch.model import Status
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import another
from tests.checks.tenancy.probes.small_schemas import GRANTED, MINE, POSTS, B, declared, probed, red

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
