"""The box's database for tests: one server for the whole session, as starting it takes a second or two."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from demo.database import SandboxDatabase, start_database


@pytest.fixture(scope="session")
def box_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDatabase]:
    """SecureBase's database with every promise kept; a test that breaks something repairs it."""
    with start_database(tmp_path_factory.mktemp("database"), now=datetime.now(UTC)) as database:
        yield database
