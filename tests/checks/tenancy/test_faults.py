"""Every fault of the database is found on the version that production runs, as on the newest."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.box import Sandbox
from demo.database import SandboxDatabase, start_database
from demo.emulated_aws import EmulatedAws
from demo.faults.database import DATABASE_FAULTS
from demo.faults.fault import Fault
from demo.faults.isolation import ISOLATION_FAULTS
from demo.load import Load
from tests.checks.tenancy.looking import broken, look

# Nobody logs in as a principal here, and nothing is judged over time: what only that shows is left to the passes over
# the whole box.
NOT_SEEN = {"tenant-preset", "logins-failing"}
FAULTS_SEEN = [fault for fault in (*DATABASE_FAULTS, *ISOLATION_FAULTS) if fault.name not in NOT_SEEN]
NOT_PLANNED = {"tenancy.probe.pool", "service.database.failed_logins"}


@pytest.fixture(scope="module")
def debian_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDatabase]:
    """The box on PostgreSQL 15, the version that Aurora runs, where the machine has it."""
    binaries = Path("/usr/lib/postgresql/15/bin")
    if not (binaries / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    with start_database(tmp_path_factory.mktemp("fifteen"), now=datetime.now(UTC), binaries=binaries) as database:
        yield database


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS_SEEN, ids=lambda fault: fault.name)
def test_the_faults_are_found_on_the_version_of_production(
    debian_database: SandboxDatabase, box_cloud: EmulatedAws, fault: Fault
) -> None:
    """PostgreSQL 15 stores policies and counts memberships its own way; the findings are the same."""
    box = Sandbox(database=debian_database, aws=box_cloud, load=Load())
    assert broken(look(box.database.url)) == set()
    fault.apply(box)
    try:
        found = broken(look(box.database.url))
    finally:
        fault.repair(box)
    assert found == {expected for expected in fault.expected_findings if expected.check not in NOT_PLANNED}
