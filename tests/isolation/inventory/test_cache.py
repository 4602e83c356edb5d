"""One run reads an inventory once, and again as soon as the catalogues have moved."""

from __future__ import annotations

from basewatch.components import Database
from basewatch.postgres import connect
from basewatch.secrets import Secret
from demo.database import SandboxDatabase
from isolation.inventory.snapshot import inventory
from tests.checks.tenancy.looking import SECUREBASE


def _read(database: SandboxDatabase, run: str, component: Database = SECUREBASE) -> tuple[int, str]:
    """How many statements one observation asked, and the fingerprint of what it came back with."""
    with connect(Secret("env:BASEWATCH_DATABASE_URL", database.url), run=run) as client:
        found = inventory(client, component)
        return len(client.requests), found.server.fingerprint


def test_a_second_observation_of_a_run_asks_for_the_fingerprint_alone(box_database: SandboxDatabase) -> None:
    """It is handed what the first one read; an observation of another run reads for itself."""
    first, second, other = (_read(box_database, run) for run in ("run 1", "run 1", "run 2"))
    assert second[0] < first[0] == other[0]
    assert first[1] == second[1] == other[1]


def test_a_change_between_two_observations_is_read(box_database: SandboxDatabase) -> None:
    """What was read before a migration is not what the run goes on with after it."""
    before = _read(box_database, "run 3")
    box_database.execute("CREATE VIEW passing AS SELECT 1 AS one")
    try:
        after = _read(box_database, "run 3")
    finally:
        box_database.execute("DROP VIEW passing")
    assert after[0] >= before[0]
    assert after[1] != before[1]
