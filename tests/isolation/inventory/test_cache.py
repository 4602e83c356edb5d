"""A run reads an inventory once, and again when the catalogues change."""

from __future__ import annotations

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Secret
from demo.database import SandboxDatabase
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.looking import SECUREBASE


def _read(database: SandboxDatabase, run: str, component: Database = SECUREBASE) -> tuple[int, str]:
    """The number of statements of one observation, and the fingerprint of its inventory."""
    with connect(Secret("env:BASEWATCH_DATABASE_URL", database.url), run=run) as client:
        found = inventory(client, component)
        return len(client.requests), found.server.fingerprint


def test_a_second_observation_of_a_run_reads_only_the_fingerprint(box_database: SandboxDatabase) -> None:
    """It gets the inventory of the first observation; another run reads its own."""
    first, second, other = (_read(box_database, run) for run in ("run 1", "run 1", "run 2"))
    assert second[0] < first[0] == other[0]
    assert first[1] == second[1] == other[1]


def test_a_change_between_two_observations_is_read(box_database: SandboxDatabase) -> None:
    """After a migration, a run does not use an inventory from before it."""
    before = _read(box_database, "run 3")
    box_database.execute("CREATE VIEW passing AS SELECT 1 AS one")
    try:
        after = _read(box_database, "run 3")
    finally:
        box_database.execute("DROP VIEW passing")
    assert after[0] >= before[0]
    assert after[1] != before[1]
