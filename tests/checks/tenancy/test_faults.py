"""Every database fault is found on the PostgreSQL version of production, as on the newest one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from demo.api_server import SandboxApi
from demo.database import SandboxDatabase, start_database
from demo.emulated_aws import EmulatedAws
from demo.faults.database import DATABASE_FAULTS
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.isolation import ISOLATION_FAULTS
from demo.load import Load
from demo.sandbox import Sandbox
from tests.checks.tenancy.looking import broken, look
from tests.fixtures_box import DRILLS

# These need logins of principals or checks over time; the passes over the complete demo cover them.
NOT_SEEN = {"tenant-preset", "logins-failing"}
FAULTS_SEEN = [fault for fault in (*DATABASE_FAULTS, *ISOLATION_FAULTS) if fault.name not in NOT_SEEN]
# How current the server is depends on the machine.
NOT_COMPARED = {"tenancy.probe.pool", "service.database.failed_logins", "tenancy.rls.engine"}


@pytest.fixture(scope="module")
def debian_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxDatabase]:
    """The demo database on PostgreSQL 15, the version of Aurora, if installed."""
    binaries = Path("/usr/lib/postgresql/15/bin")
    if not (binaries / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    with start_database(tmp_path_factory.mktemp("fifteen"), now=datetime.now(UTC), binaries=binaries) as database:
        assert compared(broken(look(database.url))) == set()
        yield database
        # What the repair of any other fault left broken was among the findings of the next one.
        assert compared(broken(look(database.url))) == set()


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS_SEEN, ids=lambda fault: fault.name)
def test_the_faults_are_found_on_the_version_of_production(
    debian_database: SandboxDatabase, box_cloud: EmulatedAws, box_api: SandboxApi, fault: Fault
) -> None:
    """PostgreSQL 15 differs in stored policies and memberships; the findings are the same."""
    box = Sandbox(database=debian_database, aws=box_cloud, load=Load(), api=box_api, drills=DRILLS)
    fault.apply(box)
    try:
        found = broken(look(box.database.url))
    finally:
        fault.repair(box)
    assert compared(found) == compared(fault.expected_findings)


def compared(findings: Iterable[ExpectedFinding]) -> set[ExpectedFinding]:
    """The findings about the database that do not depend on the machine."""
    return {
        finding
        for finding in findings
        if finding.check not in NOT_COMPARED and finding.component.startswith("database/")
    }
