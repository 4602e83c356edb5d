"""The inventory while tables are locked: nothing of them can be printed, and all that is proven is read as always."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql

from basewatch.digests import UNREAD, same_digest
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.tenancy import ApprovedObject
from checks.tenancy.manifest import manifest_matches_the_catalog as manifest
from isolation.inventory import Inventory
from isolation.inventory.relations import StoredExpression
from tests.isolation.scratch_database import ScratchDatabase, declared

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SCHEMA = """
CREATE TABLE parent (id int PRIMARY KEY, tenant uuid, doubled int GENERATED ALWAYS AS (id * 2) STORED);
CREATE FUNCTION own() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT current_setting('app.tenant')::uuid $$;
CREATE FUNCTION even(n int) RETURNS bool LANGUAGE sql IMMUTABLE AS $$ SELECT n % 2 = 0 $$;
CREATE FUNCTION sees() RETURNS bigint LANGUAGE sql STABLE
    BEGIN ATOMIC SELECT count(*) FROM parent WHERE tenant = current_setting('app.tenant')::uuid; END;
CREATE FUNCTION keeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
ALTER TABLE parent ADD CHECK (even(id));
CREATE INDEX ON parent ((id + 1)) WHERE id > 3;
CREATE UNIQUE INDEX ON parent (tenant, (id % 10));
ALTER TABLE parent ADD CONSTRAINT apart EXCLUDE USING btree ((id + 2) WITH =) WHERE (id > 5);
CREATE TRIGGER keeping BEFORE UPDATE ON parent FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION keeps();
CREATE TRIGGER plain BEFORE INSERT ON parent FOR EACH ROW EXECUTE FUNCTION keeps();
ALTER TABLE parent ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON parent USING (tenant = own()) WITH CHECK (tenant = own() AND id > 0);
CREATE TABLE child (id int DEFAULT 1 + 1, parent int REFERENCES parent);
ALTER TABLE child ENABLE ROW LEVEL SECURITY;
CREATE POLICY theirs ON child USING (EXISTS (SELECT FROM parent p WHERE p.id = parent AND p.tenant = own()));
CREATE VIEW shown AS SELECT id FROM parent;
CREATE VIEW above AS SELECT id FROM shown;
CREATE MATERIALIZED VIEW kept AS SELECT id FROM parent;
CREATE TABLE other (id int);
CREATE RULE also AS ON INSERT TO other DO ALSO SELECT count(*) FROM parent;
CREATE PUBLICATION sends FOR TABLE parent;
"""


@pytest.fixture(scope="module")
def unlocked(database: ScratchDatabase) -> Inventory:
    """The inventory without a lock."""
    database.run(SCHEMA)
    return database.read()


@contextmanager
def lock(database: ScratchDatabase, *tables: str) -> Iterator[None]:
    """Locks of another session, as of a migration."""
    with psycopg.connect(database.superuser_url) as migration:
        for table in tables:
            migration.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        yield


def _unprinted(found: Inventory) -> Inventory:
    """The inventory without what PostgreSQL prints: texts, and the digests made of them."""

    def tree(stored: StoredExpression | None) -> StoredExpression | None:
        return stored and replace(stored, text="", digest="")

    return replace(
        found,
        policies=tuple(replace(p, using=tree(p.using), check=tree(p.check)) for p in found.policies),
        indexes=tuple(replace(i, keys=(), condition="", exclusion_text="") for i in found.indexes),
        relations=tuple(replace(each, digest="") for each in found.relations),
        functions=tuple(replace(each, digest="", body_keywords=()) for each in found.functions),
        triggers=tuple(replace(each, digest="") for each in found.triggers),
        rewrite_rules=tuple(replace(each, digest="") for each in found.rewrite_rules),
        publications=tuple(replace(each, digest="") for each in found.publications),
        coverage=(),
    )


def _unread(found: Inventory) -> set[str]:
    digests = [
        *((each.name, each.digest) for each in found.relations),
        *((each.name, each.digest) for each in found.functions),
        *((each.name, each.digest) for each in found.triggers),
        *((each.name, each.digest) for each in found.rewrite_rules),
        *((each.name, each.digest) for each in found.publications),
        *((p.name, stored.digest) for p in found.policies for stored in (p.using, p.check) if stored is not None),
    ]
    return {name for name, digest in digests if digest.startswith(UNREAD)}


def test_a_lock_hides_what_is_printed_and_nothing_else(database: ScratchDatabase, unlocked: Inventory) -> None:
    """All that the proof reads is the same; what the locked table defines, and what reads it, has no digest."""
    with lock(database, "parent"):
        locked = database.read()
    assert _unprinted(locked) == _unprinted(unlocked)
    assert _unread(locked) == {
        *("mine", "theirs", "shown", "above", "kept", "keeping", "also", "sends"),
        "public.sees()",
    }
    assert not _unread(unlocked)


def test_the_words_of_a_body_come_from_its_tree(database: ScratchDatabase, unlocked: Inventory) -> None:
    """A standard body that names a locked table still tells which built-in functions it calls, and the context."""
    with lock(database, "parent"):
        locked = database.read()
    words = {each.name: set(each.body_keywords) for each in locked.functions}
    read = {each.name: set(each.body_keywords) for each in unlocked.functions}
    assert words["public.sees()"] >= read["public.sees()"] >= {"app.tenant", "current_setting"}


def test_a_lock_on_one_table_leaves_the_others(database: ScratchDatabase, unlocked: Inventory) -> None:
    """A lock on a table that nothing names hides nothing but its own."""
    with lock(database, "other"):
        locked = database.read()
    assert _unread(locked) == {"also", "sends"}
    assert {each.name: each.digest for each in locked.functions} == {
        each.name: each.digest for each in unlocked.functions
    }


def test_a_locked_catalogue_is_a_timeout(database: ScratchDatabase) -> None:
    """Without the catalogue nothing can be read, and nothing is concluded."""
    with lock(database, "pg_policy"), pytest.raises(ObservationError) as caught:
        database.read()
    assert caught.value.reason is Reason.TIMEOUT


def test_an_approval_is_not_compared_with_what_could_not_be_read(
    database: ScratchDatabase, unlocked: Inventory
) -> None:
    """It is neither right nor outdated: the check that asks for it is a timeout. One of another table is compared."""
    views = {each.name: each.digest for each in unlocked.relations}
    digests = views | {each.name: each.digest for each in unlocked.triggers}
    with lock(database, "parent"):
        locked = database.read()

    def judged(kind: str, name: str, digest: str, facts: Inventory) -> set[str]:
        entry = {"kind": kind, "name": name, "digest": digest, "owner": "o", "reason": "r", "until": "2030-01-01"}
        component = declared()
        approved = component.tenancy.model_copy(
            update={"approved_objects": (ApprovedObject.model_validate(entry),), "shared": ()}
        )
        verdicts = manifest.judge(facts, component.model_copy(update={"tenancy": approved}), NOW)
        return {verdict.summary for verdict in verdicts if "approve" in verdict.summary}

    assert judged("view", "shown", digests["shown"], unlocked) == set()
    with pytest.raises(ObservationError) as caught:
        judged("view", "shown", digests["shown"], locked)
    assert (caught.value.reason, "table public.parent is locked" in caught.value.detail) == (Reason.TIMEOUT, True)
    assert judged("trigger", "plain on parent", digests["plain"], locked) == set()
    assert not same_digest(f"{UNREAD}table public.parent", None)
