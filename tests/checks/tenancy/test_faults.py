"""Every fault of the database is found, exactly as it says, and its repair is seen as well."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from basewatch.model import Status
from demo.box import Box
from demo.cloud import Cloud
from demo.database import BoxDatabase, start_database
from demo.faults.database import DATABASE_FAULTS
from demo.faults.fault import Fault
from demo.load import Load
from tests.checks.tenancy.looking import broken, look


@pytest.fixture
def box(box_database: BoxDatabase, box_cloud: Cloud) -> Box:
    """A whole box, of which these faults touch the database alone."""
    return Box(database=box_database, cloud=box_cloud, load=Load())


def test_a_sound_database_is_green_everywhere(box_database: BoxDatabase) -> None:
    """With every promise kept, each of the six checks passes on each of its subjects."""
    findings = look(box_database.url)
    assert {finding.status for finding in findings} == {Status.PASS}
    assert {finding.check: sum(f.check == finding.check for f in findings) for finding in findings} == {
        "audit.table.append_only": 1,
        "tenancy.probe.cross_tenant": 2,
        "tenancy.probe.no_context": 2,
        "tenancy.rls.bypass_roles": 3,
        "tenancy.rls.coverage": 18,
        "tenancy.rls.policies": 7,
    }


@pytest.mark.parametrize("fault", DATABASE_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_is_found_exactly_and_its_repair_too(box: Box, fault: Fault) -> None:
    """Sound, everything is green; broken, just what the fault expects is not; repaired, all is green again."""
    assert broken(look(box.database.url)) == set()
    fault.apply(box)
    try:
        found = broken(look(box.database.url))
    finally:
        fault.repair(box)
    assert found == set(fault.expects)
    assert broken(look(box.database.url)) == set()


@pytest.fixture(scope="module")
def debian_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BoxDatabase]:
    """The box on PostgreSQL 15, the version that Aurora runs, where the machine has it."""
    binaries = Path("/usr/lib/postgresql/15/bin")
    if not (binaries / "postgres").exists():
        pytest.skip("PostgreSQL 15 is not installed here")
    with start_database(tmp_path_factory.mktemp("fifteen"), now=datetime.now(UTC), binaries=binaries) as database:
        yield database


@pytest.mark.slow
@pytest.mark.parametrize("fault", DATABASE_FAULTS, ids=lambda fault: fault.name)
def test_the_faults_are_found_on_the_version_of_production(
    debian_database: BoxDatabase, box_cloud: Cloud, fault: Fault
) -> None:
    """PostgreSQL 15 prints policies and counts memberships its own way; the findings are the same."""
    box = Box(database=debian_database, cloud=box_cloud, load=Load())
    assert broken(look(box.database.url)) == set()
    fault.apply(box)
    try:
        assert broken(look(box.database.url)) == set(fault.expects)
    finally:
        fault.repair(box)
