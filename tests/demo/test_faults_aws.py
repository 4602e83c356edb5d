"""The faults of the emulated AWS: their names, the components they break, and what those of the dumps do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from demo.dump_schedule import DUMP_INTERVAL
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

BACKUPS = "securebase-production-backups"
DECLARED = {
    component.ref for component in load(Path(__file__).parents[2] / "config.yaml", CHANNEL_TYPES).config.components
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyAws:
    """The part of a sandbox that the faults of AWS use."""

    aws: EmulatedAws


@pytest.fixture(name="sandbox")
def _sandbox(box_cloud: EmulatedAws) -> Sandbox:
    return cast("Sandbox", OnlyAws(aws=box_cloud))


@cache
def _client(aws: EmulatedAws, service: str) -> Any:
    return aws.caller.session().client(service, endpoint_url=aws.endpoint_url)


def _dumps(aws: EmulatedAws) -> dict[str, Any]:
    s3 = _client(aws, "s3")
    listed = s3.list_objects_v2(Bucket=BACKUPS, Prefix="hourly/")["Contents"]
    newest = s3.get_object(Bucket=BACKUPS, Key=listed[-1]["Key"])
    return {
        "dumps": [(item["Key"], item["Size"], item["LastModified"]) for item in listed],
        "newest dump": (sha256(newest["Body"].read()).hexdigest(), newest["Metadata"], newest["LastModified"]),
    }


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_expects_findings_on_declared_components(fault: Fault) -> None:
    """Every expected finding is on a component of config.yaml."""
    assert fault.expected_findings, f"list the findings of {fault.name} in its expected_findings"
    for expected in fault.expected_findings:
        assert expected.component in DECLARED, f"{fault.name} expects a finding on {expected.component}: declare it"


def _fault(name: str) -> Fault:
    return next(fault for fault in AWS_FAULTS if fault.name == name)


def test_a_stale_dump_is_more_than_two_hours_old(sandbox: Sandbox) -> None:
    """The newest dump of the stopped job is older than the promised two hours, and it is intact."""
    _fault("dump-stale").apply(sandbox)
    try:
        content, metadata, at = _dumps(sandbox.aws)["newest dump"]
        # The stopped job makes no dump when it is due.
        sandbox.aws.dump_job.run(datetime.now(UTC) + 2 * DUMP_INTERVAL)
        assert _dumps(sandbox.aws)["newest dump"][2] == at
    finally:
        _fault("dump-stale").repair(sandbox)
    assert timedelta(hours=3) <= datetime.now(UTC) - at < timedelta(hours=4)
    assert metadata == {"sha256": content}


def test_a_truncated_dump_keeps_its_time_and_does_not_match_its_checksum(sandbox: Sandbox) -> None:
    """The newest dump has half of the archive, the same time, and the SHA-256 of the complete archive."""
    complete, _, at = _dumps(sandbox.aws)["newest dump"]
    _fault("dump-truncated").apply(sandbox)
    try:
        content, metadata, at_during = _dumps(sandbox.aws)["newest dump"]
    finally:
        _fault("dump-truncated").repair(sandbox)
    assert at_during == at
    assert content != complete
    assert metadata == {"sha256": complete}


def test_the_job_makes_dumps_while_the_sandbox_runs(sandbox: Sandbox) -> None:
    """A sandbox that runs for hours has a dump for each hour, so the newest dump never becomes too old."""
    before = _dumps(sandbox.aws)["dumps"]
    sandbox.aws.dump_job.run(datetime.now(UTC) + 2 * DUMP_INTERVAL)
    after = _dumps(sandbox.aws)["dumps"]
    sandbox.aws.dump_job.stop(datetime.now(UTC), since=timedelta())
    sandbox.aws.dump_job.resume(datetime.now(UTC))
    assert len(after) == len(before) + 2
    assert _dumps(sandbox.aws)["dumps"] == before


def test_faults_print_their_names_and_titles() -> None:
    """Every fault has a unique name, and a title in words."""
    names = [fault.name for fault in AWS_FAULTS]
    assert len(set(names)) == len(names)
    assert all(fault.title[0].isupper() and " " in fault.title for fault in AWS_FAULTS)
