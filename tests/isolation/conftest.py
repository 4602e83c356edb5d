"""A scratch database for each test module, on the demo's server and on PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.database import SandboxDatabase
from tests.isolation.scratch_database import DEBIAN_15, ScratchDatabase, scratch_database, start_15


@pytest.fixture(scope="session")
def fifteen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDatabase]:
    """A server of version 15, in which memberships have no options."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    with start_15(tmp_path_factory.mktemp("fifteen")) as database:
        yield database


@pytest.fixture(scope="module", params=["box_database", pytest.param("fifteen", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> Iterator[ScratchDatabase]:
    """An empty database, shared by the tests of a module."""
    with scratch_database(request.getfixturevalue(request.param)) as scratch:
        yield scratch
