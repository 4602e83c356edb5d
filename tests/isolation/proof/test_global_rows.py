"""Rows without a tenant, declared as everybody's: every tenant may read them, and none may write them."""
# ruff: noqa: S608  # all SQL is written here

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from basewatch.tenancy import DerivedKey
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.proof import ProofStatus, proof_obligations
from tests.isolation.scratch_database import ScratchDatabase, declared, scratch_database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READ = {"SELECT USING"}
WRITES = {"INSERT CHECK", "UPDATE USING", "UPDATE CHECK", "DELETE USING"}
MINE = "tenant = nullif(current_setting('app.tenant', true), '')::uuid"
SCHEMA = """
    CREATE ROLE inv_app LOGIN;
    GRANT USAGE ON SCHEMA public TO inv_app;
    CREATE TABLE tenants (id uuid PRIMARY KEY);
    CREATE TABLE templates (id int PRIMARY KEY, tenant uuid REFERENCES tenants, deleted boolean);
    CREATE TABLE steps (id int PRIMARY KEY, template int NOT NULL REFERENCES templates, note text);
    GRANT SELECT, INSERT, UPDATE, DELETE ON templates, steps TO inv_app;
    ALTER TABLE templates ENABLE ROW LEVEL SECURITY; ALTER TABLE templates FORCE ROW LEVEL SECURITY;
    ALTER TABLE steps ENABLE ROW LEVEL SECURITY; ALTER TABLE steps FORCE ROW LEVEL SECURITY;
"""


@pytest.fixture(scope="module")
def templates(box_database: SandboxDatabase) -> Iterator[ScratchDatabase]:
    """Templates of tenants and of everybody, with their steps; no policies yet."""
    with scratch_database(box_database) as scratch:
        scratch.run(SCHEMA)
        yield scratch


def gates(
    database: ScratchDatabase, policies: str, table: str, *global_rows: str, **manifest: object
) -> dict[ProofStatus, set[str]]:
    """The gates of a table by their status, under policies that are dropped again."""
    component = declared(keys={"steps": DerivedKey(parent="templates", on={"template": "id"})})
    said = {"global_rows": dict.fromkeys(global_rows, "read"), **manifest}
    component = component.model_copy(update={"tenancy": component.tenancy.model_copy(update=said)})
    database.run(policies)
    try:
        access = effective_access(database.read(component), component.tenancy)
    finally:
        names = [line.split()[2:5:2] for line in policies.split(";") if line.strip()]
        database.run("".join(f"DROP POLICY {name} ON {table};" for name, table in names))
    found = dict[ProofStatus, set[str]]()
    for one in proof_obligations(access, NOW):
        if one.table == table:
            found.setdefault(one.status, set()).add(str(one.gate))
    return found


SOUND = (
    f"CREATE POLICY own ON templates USING ({MINE}); "
    "CREATE POLICY all_read ON templates FOR SELECT USING (tenant IS NULL)"
)


def test_an_entry_lets_every_tenant_read_rows_of_nobody(templates: ScratchDatabase) -> None:
    """The read is proven with the entry and open without it; writes do not depend on it."""
    assert gates(templates, SOUND, "templates") == {ProofStatus.REFUTED: READ, ProofStatus.PROVEN: WRITES}
    assert gates(templates, SOUND, "templates", "templates") == {ProofStatus.PROVEN: READ | WRITES}


@pytest.mark.parametrize(
    ("policies", "opened"),
    [
        pytest.param(
            f"CREATE POLICY own ON templates USING (tenant IS NULL OR {MINE})",
            WRITES,
            id="one policy for every command",
        ),
        pytest.param(
            f"CREATE POLICY own ON templates USING (tenant IS NULL OR {MINE}) WITH CHECK ({MINE})",
            {"UPDATE USING", "DELETE USING"},
            id="reading rows to change them",
        ),
        pytest.param(
            f"{SOUND}; CREATE POLICY new ON templates FOR INSERT WITH CHECK (tenant IS NULL)",
            {"INSERT CHECK"},
            id="a tenant publishes to all",
        ),
        pytest.param(
            f"{SOUND}; CREATE POLICY bin ON templates FOR SELECT USING (deleted)", READ, id="rows of other tenants"
        ),
        pytest.param(
            f"CREATE POLICY own ON templates USING ({MINE}); "
            "CREATE POLICY all_read ON templates FOR SELECT USING (tenant IS NULL OR deleted)",
            READ,
            id="rows of nobody or of other tenants",
        ),
    ],
)
def test_an_entry_allows_nothing_else(templates: ScratchDatabase, policies: str, opened: set[str]) -> None:
    """Writing rows of nobody, and rows of other tenants, are as open with the entry as without it."""
    found = gates(templates, policies, "templates", "templates")
    assert found == {ProofStatus.REFUTED: opened, ProofStatus.PROVEN: (READ | WRITES) - opened}


STEPS = f"""{SOUND};
    CREATE POLICY own ON steps USING (EXISTS (SELECT FROM templates t WHERE t.id = template AND t.{MINE}));
    CREATE POLICY all_read ON steps FOR SELECT USING (EXISTS (SELECT FROM templates t WHERE t.id = template))"""


def test_rows_of_a_row_of_nobody_need_an_entry_of_their_own(templates: ScratchDatabase) -> None:
    """The child of a global row is everybody's where both tables are declared, and else is not proven."""
    both = gates(templates, STEPS, "steps", "templates", "steps")
    assert both == {ProofStatus.PROVEN: READ | WRITES}
    for declared_tables in ((), ("templates",), ("steps",)):
        assert gates(templates, STEPS, "steps", *declared_tables).get(ProofStatus.UNPROVEN, set()) >= READ


SYSTEM, NIL = "00000000-0000-4000-8000-000000000009", "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize(
    ("condition", "values", "expected"),
    [
        (f"tenant = '{SYSTEM}'", {"tenant": SYSTEM}, ProofStatus.PROVEN),
        (f"tenant::text = '{SYSTEM}'", {"tenant": SYSTEM.upper()}, ProofStatus.PROVEN),
        ("deleted", {"deleted": "true"}, ProofStatus.PROVEN),
        ("deleted IS TRUE AND id > 7", {"deleted": "true"}, ProofStatus.PROVEN),
        (f"deleted AND tenant = '{SYSTEM}'", {"deleted": "true", "tenant": SYSTEM}, ProofStatus.PROVEN),
        # Another value, another column, some of the columns, or more than the rows with the value.
        (f"tenant IN ('{SYSTEM}', '{SYSTEM[:-1]}8')", {"tenant": SYSTEM}, ProofStatus.REFUTED),
        (f"tenant >= '{SYSTEM}'", {"tenant": SYSTEM}, ProofStatus.REFUTED),
        ("NOT deleted", {"deleted": "true"}, ProofStatus.REFUTED),
        ("deleted IS NOT FALSE", {"deleted": "true"}, ProofStatus.REFUTED),
        (f"tenant = '{SYSTEM}'", {"deleted": "true"}, ProofStatus.REFUTED),
        ("deleted", {"deleted": "true", "tenant": SYSTEM}, ProofStatus.REFUTED),
        ("tenant IS NULL", {"tenant": SYSTEM}, ProofStatus.REFUTED),
    ],
)  # fmt: skip
def test_rows_with_declared_values_may_be_read(
    templates: ScratchDatabase, condition: str, values: dict[str, str], expected: ProofStatus
) -> None:
    """Rows of a fixed tenant, or rows that are marked, are everybody's to read; no others are, and writes stay open."""
    policies = f"{SOUND.partition(';')[0]}; CREATE POLICY all_read ON templates FOR SELECT USING ({condition})"
    found = gates(templates, policies, "templates", global_rows={"templates": values})
    assert found[expected] >= READ
    assert found[ProofStatus.PROVEN] >= WRITES
    both = f"CREATE POLICY all_read ON templates USING ({condition})"
    assert WRITES.isdisjoint(
        gates(templates, both, "templates", global_rows={"templates": values}).get(ProofStatus.PROVEN, set())
    )


def test_an_id_that_no_tenant_has_may_stand_in_where_none_is_set(templates: ScratchDatabase) -> None:
    """With the entry, a policy that falls back to such an id is proven; with another id it is not."""
    policy = "CREATE POLICY own ON templates USING (tenant = coalesce({}, '{}'))".format
    mine = MINE.partition(" = ")[2]
    assert gates(templates, policy(mine, NIL), "templates", no_tenant=(NIL,)) == {ProofStatus.PROVEN: READ | WRITES}
    assert gates(templates, policy(mine, NIL), "templates") == {ProofStatus.UNPROVEN: READ | WRITES}
    assert ProofStatus.PROVEN not in gates(templates, policy(mine, SYSTEM), "templates", no_tenant=(NIL,))
