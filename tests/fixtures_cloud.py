"""The box's AWS account for tests: one for the whole session, as starting it takes seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from demo.emulated_aws import EmulatedAws
from demo.load import Load

# What a pg_dump archive in custom format begins with; enough where no test restores it.
DUMP = b"PGDMP" + bytes(range(256)) * 64


@pytest.fixture(scope="session")
def box_load() -> Load:
    """The load that the account's CloudWatch answers with, undisturbed; a test that disturbs it calms it."""
    return Load()


@pytest.fixture(scope="session")
def box_cloud(box_load: Load) -> Iterator[EmulatedAws]:
    """SecureBase's account with every promise kept; a test that breaks something repairs it."""
    cloud = EmulatedAws.start(now=datetime.now(UTC), dump=DUMP, load=box_load)
    yield cloud
    cloud.close()
