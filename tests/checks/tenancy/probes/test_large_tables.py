"""Large tables are read by an index or in part: no probe scans one, and a part is no PASS where an index is missing."""

from __future__ import annotations

from dataclasses import dataclass, field

import psycopg
import pytest

from basewatch.model import Status
from basewatch.postgres.whole_scans import Scan, scans
from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import another
from tests.checks.tenancy.probes.small_schemas import GRANTED, MINE, declared, probed, red

pytestmark = pytest.mark.slow

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
FILLED = f"""{GRANTED}
INSERT INTO posts (tenant_id, title) SELECT t.id, 'x' FROM tenants t, generate_series(1, 5000); ANALYZE posts;
"""  # noqa: S608  # statements from elsewhere
INDEX = "CREATE INDEX ON posts (tenant_id);"
MISSING = "CREATE INDEX CONCURRENTLY ON public.posts (tenant_id);"
ROWS = 15000
UNCLEAR: dict[str, Status] = dict.fromkeys(("cross_tenant", "canary_writes", "no_context", "sweep"), UNVERIFIED)
LEAKS: dict[str, Status] = dict.fromkeys(("cross_tenant", "no_context", "sweep", "counterexample"), FAIL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """What is changed on a table of 15,000 rows, the probes that are not green, and the remedy of the sweep."""

    change: str
    red: dict[str, Status] = field(default_factory=dict[str, Status])
    remedy: str = ""
    tenancy: dict[str, object] = field(default_factory=dict[str, object])


CASES = {
    "an index by tenant": Large(change=INDEX),
    "an index by tenant and another column": Large(change="CREATE INDEX ON posts (tenant_id, title);"),
    "a hash index": Large(change="CREATE INDEX ON posts USING hash (tenant_id);"),
    "no index": Large(change="", red=UNCLEAR, remedy=MISSING),
    "an index whose first column is another": Large(
        change="CREATE INDEX ON posts (title, tenant_id);", red=UNCLEAR, remedy=MISSING
    ),
    "an index of some rows": Large(
        change="CREATE INDEX ON posts (tenant_id) WHERE title <> 'x';", red=UNCLEAR, remedy=MISSING
    ),
    "a block range index": Large(
        change="CREATE INDEX ON posts USING brin (tenant_id);",
        red={"sweep": UNVERIFIED, "canary_writes": UNVERIFIED},
        remedy="Compare the bare",
    ),
    "an index that the policy cannot use, though it is proven": Large(
        change=f"{INDEX} ALTER POLICY own ON posts USING (coalesce(tenant_id = {MINE}, false));",
        red={"sweep": UNVERIFIED},
        remedy="Compare the bare key column",
    ),
    "an index of the expression in the policy": Large(
        change="CREATE INDEX ON posts ((tenant_id::text)); ALTER POLICY own ON posts "
        "USING (tenant_id::text = nullif(current_setting('app.tenant', true), ''));"
    ),
    "a leak of every row, without an index": Large(
        change=f"ALTER POLICY own ON posts USING (tenant_id = {MINE} OR title = 'x');",
        red=LEAKS | {"planner": UNVERIFIED, "canary_writes": UNVERIFIED},
    ),
    "a leak of every row, with an index": Large(
        change=f"{INDEX} ALTER POLICY own ON posts USING (tenant_id = {MINE} OR title = 'x');",
        red=LEAKS | {"planner": UNVERIFIED, "canary_writes": FAIL},
    ),
    "no row security": Large(
        change="ALTER TABLE posts DISABLE ROW LEVEL SECURITY;",
        red=dict.fromkeys(("cross_tenant", "no_context", "sweep", "planner"), FAIL) | {"canary_writes": UNVERIFIED},
    ),
    "a child that asks its parent for each row": Large(
        change=f"""{INDEX}
        CREATE TABLE lines (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, post uuid NOT NULL REFERENCES posts);
        INSERT INTO lines (post) SELECT id FROM posts; CREATE INDEX ON lines (post); ANALYZE lines;
        ALTER TABLE lines ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON lines TO app;
        CREATE POLICY own ON lines USING (EXISTS (SELECT FROM posts p WHERE p.id = post AND p.tenant_id = {MINE}));
        """,  # noqa: S608  # an expression from elsewhere
        tenancy={"keys": {"lines": {"parent": "posts", "on": {"post": "id"}}}},
    ),
    "the same without row security on the child": Large(
        change="""CREATE INDEX ON posts (tenant_id);
        CREATE TABLE lines (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, post uuid NOT NULL REFERENCES posts);
        INSERT INTO lines (post) SELECT id FROM posts; CREATE INDEX ON lines (post); ANALYZE lines;
        GRANT SELECT ON lines TO app;
        """,
        red=dict.fromkeys(("cross_tenant", "no_context", "planner"), FAIL),
        tenancy={"keys": {"lines": {"parent": "posts", "on": {"post": "id"}}}},
    ),
}
FAST = ("an index by tenant", "no index", "a leak of every row, without an index")


@pytest.mark.parametrize(
    "name", [n if n in FAST else pytest.param(n, marks=[pytest.mark.slow, pytest.mark.exhaustive]) for n in CASES]
)
def test_a_large_table_is_read_by_an_index_or_in_part(box_database: SandboxDatabase, name: str) -> None:
    """Exactly these probes are not green, and no table of more than a sample is scanned."""
    case = CASES[name]
    with another(box_database, "large", FILLED + case.change) as url:
        findings = probed(url, declared(**case.tenancy))
    assert red(findings) == case.red
    swept = {f.remedy for f in findings if f.check == "tenancy.probe.sweep" and f.status is UNVERIFIED}
    assert not case.remedy or all(one.startswith(case.remedy) for one in swept)


def test_the_missing_index_is_the_remedy(box_database: SandboxDatabase) -> None:
    """Each probe prints the statement; once it is run as printed, they are green."""
    with another(box_database, "large", FILLED) as url:
        remedies = {f.check.rpartition(".")[2]: f for f in probed(url) if f.status is UNVERIFIED}
        assert {f.remedy for f in remedies.values()} == {MISSING}
        with psycopg.connect(box_database.superuser_url, dbname="large", autocommit=True) as connection:
            connection.execute(MISSING.encode())
        assert red(probed(url)) == {}


def test_no_large_table_is_scanned(box_database: SandboxDatabase) -> None:
    """By the server's counters, sequential scans of it read a row at most, with an index and with a leak."""
    count = "SELECT coalesce(seq_tup_read, 0) FROM pg_stat_user_tables WHERE relname = 'posts'"
    for change in (INDEX, CASES["a leak of every row, with an index"].change):
        with (
            another(box_database, "large", FILLED + change) as url,
            psycopg.connect(box_database.superuser_url, dbname="large", autocommit=True) as watcher,
        ):
            probed(url)
            (read,) = watcher.execute(count).fetchone() or (0,)
            # The creation of the index reads it once.
            assert read < 2 * ROWS


def test_scans_that_end_at_their_first_row_do_not_count() -> None:
    """A scan without a filter under EXISTS or LIMIT reads one row; in a join or a sub-select for each row, all rows."""
    scan = {"Node Type": "Seq Scan", "Schema": "s", "Relation Name": "t"}
    nodes: dict[str, tuple[dict[str, object], list[Scan]]] = {
        "first": ({"Node Type": "Result", "Plans": [{**scan, "Parent Relationship": "InitPlan"}]}, []),
        "filtered": (
            {"Node Type": "Result", "Plans": [{**scan, "Filter": "x", "Parent Relationship": "InitPlan"}]},
            [Scan(("s", "t"))],
        ),
        "hashed": ({"Node Type": "Hash", "Plans": [scan]}, [Scan(("s", "t"))]),
        "for each row": (
            {"Node Type": "Result", "Plans": [{**scan, "Parent Relationship": "SubPlan"}]},
            [Scan(("s", "t"))],
        ),
        "whole index": (
            {**scan, "Node Type": "Index Only Scan", "Index Name": "i", "Filter": "x"},
            [Scan(("s", "t"))],
        ),
        "bitmap": (
            {
                **scan,
                "Node Type": "Bitmap Heap Scan",
                "Plans": [{"Node Type": "Bitmap Index Scan", "Index Name": "i", "Index Cond": "(a = 1)"}],
            },
            [Scan(("s", "t"), "i", "(a = 1)")],
        ),
    }
    assert {name: list(scans(node, first_row=True)) for name, (node, _) in nodes.items()} == {
        name: expected for name, (_, expected) in nodes.items()
    }
