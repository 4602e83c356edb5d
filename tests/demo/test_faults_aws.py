"""Each fault of the cloud changes what can be read of one promise, and its repair puts that back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from basewatch.config.loading import load
from demo.dump_schedule import DUMP_INTERVAL
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault

if TYPE_CHECKING:
    from demo.box import Sandbox

CLUSTER, AUDIT, BACKUPS = "securebase-production", "securebase-production-audit-logs", "securebase-production-backups"
# Which of the things read below each fault changes.
TOUCHES = {
    "lock-rule-removed": {"lock rule"},
    "lock-rule-governance": {"lock rule"},
    "object-unlocked": {"locks"},
    "backup-retention-short": {"retention", "window"},
    "restorable-time-lagging": {"lag"},
    "pitr-off": {"recovery"},
    "dump-stale": {"dumps", "newest dump"},
    "dump-truncated": {"dumps", "newest dump"},
    "function-failed": {"function"},
    "api-stage-removed": {"stages"},
    "alarm-ringing": {"alarm"},
    "aws-denied": {"retention", "window", "lag"},
}


DECLARED = {component.ref for component in load(Path(__file__).parents[2] / "config.yaml").config.components}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyCloud:
    """A box whose database and load nobody asks for."""

    aws: EmulatedAws


@pytest.fixture(name="box")
def _box(box_cloud: EmulatedAws) -> Sandbox:
    return cast("Sandbox", OnlyCloud(aws=box_cloud))


def _seen(cloud: EmulatedAws) -> dict[str, Any]:
    """What the watcher can read of every promise, times rounded so that a test's seconds do not show."""
    return {**_aurora(cloud), **_locks(cloud), **_tables(cloud), **_dumps(cloud), **_deployed(cloud)}


@cache
def _client(cloud: EmulatedAws, service: str) -> Any:
    return cloud.caller.session().client(service, endpoint_url=cloud.endpoint_url)


def _aurora(cloud: EmulatedAws) -> dict[str, Any]:
    try:
        found = _client(cloud, "rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    except ClientError as error:
        return dict.fromkeys(("retention", "window", "lag"), error.response["Error"]["Code"])
    now = datetime.now(UTC)
    return {
        "retention": found["BackupRetentionPeriod"],
        "window": round((now - found["EarliestRestorableTime"]) / timedelta(days=1)),
        "lag": round((now - found["LatestRestorableTime"]) / timedelta(minutes=5)),
    }


def _deployed(cloud: EmulatedAws) -> dict[str, Any]:
    function = _client(cloud, "lambda").get_function_configuration(FunctionName=f"{CLUSTER}-auth-v2")
    gateway = _client(cloud, "apigateway")
    (api,) = (api["id"] for api in gateway.get_rest_apis()["items"] if api["name"] == CLUSTER)
    stages = [stage["stageName"] for stage in gateway.get_stages(restApiId=api)["item"]]
    (alarm,) = _client(cloud, "cloudwatch").describe_alarms(AlarmNames=[f"{CLUSTER}-aurora-cpu"])["MetricAlarms"]
    return {"function": function["State"], "stages": stages, "alarm": alarm["StateValue"]}


def _locks(cloud: EmulatedAws) -> dict[str, Any]:
    s3 = _client(cloud, "s3")
    versions = sorted(s3.list_object_versions(Bucket=AUDIT)["Versions"], key=lambda version: version["LastModified"])
    heads = (
        s3.head_object(Bucket=AUDIT, Key=version["Key"], VersionId=version["VersionId"]) for version in versions[-8:]
    )
    return {
        "lock rule": s3.get_object_lock_configuration(Bucket=AUDIT)["ObjectLockConfiguration"],
        "locks": [(head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")) for head in heads],
    }


def _tables(cloud: EmulatedAws) -> dict[str, Any]:
    dynamodb = _client(cloud, "dynamodb")
    recovery: dict[str, Any] = {}
    for table in dynamodb.list_tables()["TableNames"]:
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        found = backups["PointInTimeRecoveryDescription"]
        earliest = found.get("EarliestRestorableDateTime")
        days = earliest and round((datetime.now(UTC) - earliest) / timedelta(days=1))
        recovery[table] = (found["PointInTimeRecoveryStatus"], days)
    return {"recovery": recovery}


def _dumps(cloud: EmulatedAws) -> dict[str, Any]:
    s3 = _client(cloud, "s3")
    listed = s3.list_objects_v2(Bucket=BACKUPS, Prefix="hourly/")["Contents"]
    newest = s3.get_object(Bucket=BACKUPS, Key=listed[-1]["Key"])
    return {
        "dumps": [(item["Key"], item["Size"], item["LastModified"]) for item in listed],
        "newest dump": (sha256(newest["Body"].read()).hexdigest(), newest["Metadata"], newest["LastModified"]),
    }


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_one_promise_and_its_repair_puts_it_back(box: Sandbox, fault: Fault) -> None:
    """Applying a fault changes just what it says, and repairing it restores everything exactly."""
    before = _seen(box.aws)
    fault.apply(box)
    try:
        during = _seen(box.aws)
    finally:
        fault.repair(box)
    assert {name for name, value in during.items() if value != before[name]} == TOUCHES[fault.name]
    assert _seen(box.aws) == before


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_expects_findings_of_declared_kinds(fault: Fault) -> None:
    """Every expected finding is of a component by kind and name, its subject the component itself."""
    assert fault.expected_findings
    for expected in fault.expected_findings:
        assert expected.component in DECLARED
        assert expected.subject == ""


def _fault(name: str) -> Fault:
    return next(fault for fault in AWS_FAULTS if fault.name == name)


def test_a_stale_dump_is_more_than_two_hours_old(box: Sandbox) -> None:
    """The newest dump that the stopped job left is past the promised two hours, and it is whole."""
    _fault("dump-stale").apply(box)
    try:
        content, metadata, at = _dumps(box.aws)["newest dump"]
        # The job would go on an hour later, and does not.
        box.aws.dump_job.run(datetime.now(UTC) + 2 * DUMP_INTERVAL)
        assert _dumps(box.aws)["newest dump"][2] == at
    finally:
        _fault("dump-stale").repair(box)
    assert timedelta(hours=3) <= datetime.now(UTC) - at < timedelta(hours=4)
    assert metadata == {"sha256": content}


def test_a_truncated_dump_is_fresh_and_does_not_match_its_checksum(box: Sandbox) -> None:
    """Half of the archive lies there, as fresh as before, with the SHA-256 of the whole."""
    whole, _, at = _dumps(box.aws)["newest dump"]
    _fault("dump-truncated").apply(box)
    try:
        content, metadata, still = _dumps(box.aws)["newest dump"]
    finally:
        _fault("dump-truncated").repair(box)
    assert still == at
    assert content != whole
    assert metadata == {"sha256": whole}


def test_the_job_goes_on_dumping(box: Sandbox) -> None:
    """A box that runs for hours has a dump for each of them, so that nothing goes stale by itself."""
    before = _dumps(box.aws)["dumps"]
    box.aws.dump_job.run(datetime.now(UTC) + 2 * DUMP_INTERVAL)
    after = _dumps(box.aws)["dumps"]
    box.aws.dump_job.stop(datetime.now(UTC), since=timedelta())
    box.aws.dump_job.resume(datetime.now(UTC))
    assert len(after) == len(before) + 2
    assert _dumps(box.aws)["dumps"] == before


def test_faults_print_as_what_they_are() -> None:
    """Every fault has its own name, and a title that a person can read."""
    names = [fault.name for fault in AWS_FAULTS]
    assert len(set(names)) == len(names)
    assert json.dumps(names) == json.dumps(list(TOUCHES))
    assert all(fault.title[0].isupper() and " " in fault.title for fault in AWS_FAULTS)
