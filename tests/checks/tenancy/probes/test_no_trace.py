"""Probes leave no trace: the whole database is the same before and after, and nothing is sent to anybody."""

from __future__ import annotations

import psycopg
import pytest
from psycopg import sql

from demo.database import SandboxDatabase
from tests.checks.tenancy.probes.probing import another
from tests.checks.tenancy.probes.small_schemas import MINE, POSTS, declared, probed, red

pytestmark = pytest.mark.slow

# Every way in which a write could count, speak or remember, with triggers and defaults that would do so.
BUSY = f"""
{POSTS}
CREATE SEQUENCE numbers;
CREATE FUNCTION number() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN nextval('numbers'); END $$;
CREATE DOMAIN counted AS bigint DEFAULT nextval('numbers');
CREATE TABLE busy (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, serial bigserial UNIQUE, called bigint DEFAULT number(),
    typed counted, tenant_id uuid NOT NULL, title text
);
INSERT INTO busy (tenant_id, title) SELECT id, 'x' FROM tenants;
ALTER TABLE busy ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON busy USING (tenant_id = {MINE});
CREATE TABLE noisy (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL, at bigint);
INSERT INTO noisy (tenant_id) SELECT id FROM tenants;
ALTER TABLE noisy ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON noisy USING (tenant_id = {MINE});
CREATE FUNCTION counts() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.at := nextval('numbers'); RETURN NEW; END $$;
CREATE FUNCTION tells() RETURNS trigger LANGUAGE plpgsql AS
    $$ DECLARE said text; BEGIN said := pg_notify('heard', 'x'); RETURN NULL; END $$;
CREATE FUNCTION holds() RETURNS trigger LANGUAGE plpgsql AS
    $$ DECLARE held text; BEGIN held := pg_advisory_lock(1); RETURN NULL; END $$;
CREATE TRIGGER counts BEFORE INSERT OR UPDATE ON noisy FOR EACH ROW EXECUTE FUNCTION counts();
CREATE TRIGGER tells AFTER INSERT OR UPDATE OR DELETE ON noisy FOR EACH ROW EXECUTE FUNCTION tells();
CREATE TRIGGER holds AFTER DELETE ON noisy FOR EACH ROW EXECUTE FUNCTION holds();
GRANT SELECT, INSERT, UPDATE, DELETE ON posts, busy, noisy TO app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO app;
"""  # noqa: S608  # an expression from elsewhere
TABLES = (
    "SELECT c.oid::regclass::text, relfilenode FROM pg_class c WHERE relnamespace = 'public'::regnamespace ORDER BY 1"
)
ROWS = "SELECT t.*, t.xmin, t.ctid FROM {} AS t ORDER BY t::text"
SEQUENCES = "SELECT schemaname, sequencename, last_value FROM pg_sequences ORDER BY 1, 2"
LOCKS = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"


def _state(watcher: psycopg.Connection) -> list[object]:
    """All rows of all tables with their places, and all objects, sequences and advisory locks."""
    names = ("tenants", "posts", "busy", "noisy")
    rows = [watcher.execute(sql.SQL(ROWS).format(sql.Identifier(name))).fetchall() for name in names]
    return [*rows, *(watcher.execute(one).fetchall() for one in (TABLES, SEQUENCES, LOCKS))]


@pytest.mark.slow
def test_the_database_is_the_same_before_and_after(box_database: SandboxDatabase) -> None:
    """No row, sequence, lock or object differs, nothing is heard, and what was not attempted is said."""
    with (
        another(box_database, "traces", BUSY) as url,
        psycopg.connect(box_database.superuser_url, dbname="traces", autocommit=True) as watcher,
    ):
        watcher.execute("LISTEN heard")
        before = _state(watcher)
        findings = probed(url, declared(min_tables=3))
        after = _state(watcher)
        heard = list(watcher.notifies(timeout=0.1))
    assert (after, heard) == (before, [])
    assert set(red(findings)) == {"canary_writes"}
    (finding,) = (f for f in findings if f.check.endswith("canary_writes"))
    assert {name for name in ("counts", "tells", "holds") if f"{name} on noisy" in finding.observed} == {
        "counts",
        "tells",
        "holds",
    }


@pytest.mark.slow
def test_rows_are_added_without_a_number(box_database: SandboxDatabase) -> None:
    """Where defaults count, a row is added with values in their place: a leak is found, and no sequence advances."""
    leak = "CREATE POLICY more ON busy FOR INSERT WITH CHECK (title IS NOT NULL);"
    quiet = BUSY[: BUSY.index("CREATE TRIGGER")] + BUSY[BUSY.index("GRANT SELECT, INSERT") :]
    with (
        another(box_database, "traces", quiet + leak) as url,
        psycopg.connect(box_database.superuser_url, dbname="traces", autocommit=True) as watcher,
    ):
        before = watcher.execute(SEQUENCES).fetchall()
        findings = probed(url, declared(min_tables=3), only="*.canary_writes")
        assert watcher.execute(SEQUENCES).fetchall() == before
    (finding,) = findings
    assert finding.observed == "busy (copy)"
