"""A server that nobody changed ships only what the list of shipped objects has."""

from __future__ import annotations

from isolation.inventory import Inventory
from isolation.inventory.egress import SystemChange
from isolation.inventory.shipped_objects import LIST, is_shipped, written
from tests.isolation.inventory.shipped import shipped_by
from tests.isolation.scratch_database import ScratchDatabase, declared


def test_the_list_has_everything_that_this_server_ships(database: ScratchDatabase) -> None:
    """Every built-in function, operator, cast, type, operator class, language and view has its digest there."""
    digests = set(shipped_by(database.superuser_url))
    missing = [digest for digest in digests if not is_shipped(_changed(digest))]
    assert len(digests) > 5_000
    assert missing == []


def test_the_list_is_in_the_form_that_its_writer_gives_it() -> None:
    """Writing its own digests again changes nothing."""
    text = LIST.read_text(encoding="utf-8")
    assert written(text.split()) == text


def test_what_is_granted_is_no_change_of_a_definition(database: ScratchDatabase) -> None:
    """A revoked EXECUTE changes the row of a function, and nothing of what it does."""
    database.run("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) FROM PUBLIC")
    try:
        found = _changes(database.read(declared("postgres")))
    finally:
        database.run("GRANT EXECUTE ON FUNCTION pg_catalog.pg_sleep(double precision) TO PUBLIC")
    assert is_shipped(found["pg_catalog.pg_sleep(double precision)"])


def _changes(facts: Inventory) -> dict[str, SystemChange]:
    return {change.name: change for change in facts.system_changes}


def _changed(digest: str) -> SystemChange:
    return SystemChange(kind="function", name="f", traits=(), owner="", digest=digest)
