"""What is proven is run: no made-up policy that is proven lets another tenant's row through."""

from __future__ import annotations

import os
from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from demo.database import SandboxDatabase
from tests.isolation.proof.executing import ROLE, Tally, fuzz
from tests.isolation.proof.grammar import KINDS, Kind

BUDGET = int(os.environ.get("BASEWATCH_FUZZ", "2000"))
"""How many policies are made up in all; a release is worth 50,000."""
SEED = int(os.environ.get("BASEWATCH_FUZZ_SEED", "1"))
BATCH = 300


@pytest.fixture(scope="module")
def database(box_database: SandboxDatabase) -> Iterator[str]:
    """The superuser's URL of an empty database, with a role that owns nothing."""
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE fuzzed")
        connection.execute(f"CREATE ROLE {ROLE}".encode())
    yield make_conninfo(box_database.superuser_url, dbname="fuzzed")
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("DROP DATABASE fuzzed WITH (FORCE)")
        connection.execute(f"DROP ROLE {ROLE}".encode())


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_what_is_proven_holds_when_it_is_run(database: str, kind: Kind) -> None:
    """In no context, named or not, does a proven policy show a row of another tenant, and what is open leaks."""
    tally, left, seed = Tally(), max(1, BUDGET // len(KINDS)), SEED
    while left > 0:
        tally.add(fuzz(database, kind, seed, min(left, BATCH)))
        left, seed = left - BATCH, seed + 1
    assert tally.false_proofs == []
    assert tally.answers["proven"] > 0
    # A row for each leak, here or in a table that a sub-select reads, may not be among the few that are tried.
    assert len(tally.unseen) <= 0.01 * tally.answers["open"] + 1, tally.unseen
