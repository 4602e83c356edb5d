"""A database of one's own for every test here, on the box's server and on PostgreSQL 15."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from demo.database import SandboxDatabase
from tests.isolation.inventory.asking import DEBIAN_15, Own, own, start_15


@pytest.fixture(scope="session")
def fifteen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDatabase]:
    """A server of version 15, where memberships have no options yet."""
    if not (DEBIAN_15 / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    with start_15(tmp_path_factory.mktemp("fifteen")) as database:
        yield database


@pytest.fixture(scope="module", params=["box_database", pytest.param("fifteen", marks=pytest.mark.slow)])
def database(request: pytest.FixtureRequest) -> Iterator[Own]:
    """An empty database; what a module does to it, its later tests see."""
    with own(request.getfixturevalue(request.param)) as made:
        yield made
