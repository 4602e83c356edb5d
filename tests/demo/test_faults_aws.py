"""Each fault of the emulated AWS changes the readings of its promise only, and its repair restores them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from demo.dump_schedule import DUMP_INTERVAL
from demo.emulated_aws import EmulatedAws
from demo.faults.aws import AWS_FAULTS
from demo.faults.fault import Fault

pytestmark = pytest.mark.slow

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

CLUSTER, AUDIT, BACKUPS = "securebase-production", "securebase-production-audit-logs", "securebase-production-backups"
# What DescribeDBClusters alone tells.
DESCRIBED = ("retention", "window", "lag", "protection", "capacity", "cluster")
# The readings below that each fault changes.
CHANGED_READINGS = {
    "lock-rule-removed": {"lock rule"},
    "lock-rule-governance": {"lock rule"},
    "object-unlocked": {"locks"},
    "record-hidden": {"delete markers"},
    "backup-retention-short": {"retention", "window"},
    "restorable-time-lagging": {"lag"},
    "pitr-off": {"recovery"},
    "dump-stale": {"dumps", "newest dump"},
    "dumps-pruned": {"dumps"},
    "dump-truncated": {"dumps", "newest dump"},
    "function-failed": {"function"},
    "api-stage-removed": {"stages"},
    "alarm-firing": {"alarm"},
    "alarms-silent": {"alarm"},
    "deletion-protection-off": {"protection"},
    "capacity-changed": {"capacity"},
    "one-zone": {"zones"},
    "storage-key-deleted": {"key"},
    "proxy-without-tls": {"proxy"},
    "proxy-suspended": {"proxy"},
    "route-open": {"routes"},
    "rate-limit-raised": {"plan"},
    "aurora-stopped": {"cluster"},
    "instance-without-storage": {"instances"},
    "function-stopped": {"concurrency"},
    "table-unusable": {"tables"},
    "cache-deleted": {"caches"},
    "queue-deleted": {"queues"},
    "rule-disabled": {"rules"},
    "vault-deleted": {"vaults"},
    "aws-denied": set(DESCRIBED),
}


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


def _readings(aws: EmulatedAws) -> dict[str, Any]:
    """The readings of every promise as Basewatch's user, with times rounded to ignore the duration of a test."""
    aurora, storage = {**_aurora(aws), **_around_aurora(aws)}, {**_locks(aws), **_tables(aws), **_dumps(aws)}
    return {**aurora, **storage, **_services(aws), **_deployed(aws)}


@cache
def _client(aws: EmulatedAws, service: str) -> Any:
    return aws.caller.session().client(service, endpoint_url=aws.endpoint_url)


def _aurora(aws: EmulatedAws) -> dict[str, Any]:
    try:
        found = _client(aws, "rds").describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    except ClientError as error:
        return dict.fromkeys(DESCRIBED, error.response["Error"]["Code"])
    now = datetime.now(UTC)
    return {
        "retention": found["BackupRetentionPeriod"],
        "window": round((now - found["EarliestRestorableTime"]) / timedelta(days=1)),
        "lag": round((now - found["LatestRestorableTime"]) / timedelta(minutes=5)),
        "protection": found["DeletionProtection"],
        "capacity": found["ServerlessV2ScalingConfiguration"],
        "cluster": found["Status"],
    }


def _around_aurora(aws: EmulatedAws) -> dict[str, Any]:
    rds = _client(aws, "rds")
    instances = rds.describe_db_instances()["DBInstances"]
    (proxy,) = rds.describe_db_proxies(DBProxyName=f"{CLUSTER}-proxy")["DBProxies"]
    return {
        "zones": [instance["AvailabilityZone"] for instance in instances],
        "instances": [instance["DBInstanceStatus"] for instance in instances],
        "proxy": (proxy["Status"], proxy["RequireTLS"]),
        "key": _client(aws, "kms").describe_key(KeyId="alias/securebase-data")["KeyMetadata"]["KeyState"],
    }


def _services(aws: EmulatedAws) -> dict[str, Any]:
    dynamodb, functions = _client(aws, "dynamodb"), _client(aws, "lambda")
    return {
        "tables": [
            dynamodb.describe_table(TableName=name)["Table"]["TableStatus"]
            for name in dynamodb.list_tables()["TableNames"]
        ],
        "caches": [cluster["Status"] for cluster in _client(aws, "dax").describe_clusters()["Clusters"]],
        "queues": _client(aws, "sqs").list_queues().get("QueueUrls"),
        "rules": [rule["State"] for rule in _client(aws, "events").list_rules()["Rules"]],
        "vaults": len(_client(aws, "backup").list_backup_vaults()["BackupVaultList"]),
        "concurrency": functions.get_function_concurrency(FunctionName=f"{CLUSTER}-auth-v2").get(
            "ReservedConcurrentExecutions"
        ),
    }


def _deployed(aws: EmulatedAws) -> dict[str, Any]:
    function = _client(aws, "lambda").get_function_configuration(FunctionName=f"{CLUSTER}-auth-v2")
    gateway = _client(aws, "apigateway")
    (api,) = (api["id"] for api in gateway.get_rest_apis()["items"] if api["name"] == CLUSTER)
    stages = [stage["stageName"] for stage in gateway.get_stages(restApiId=api)["item"]]
    (alarm,) = _client(aws, "cloudwatch").describe_alarms(AlarmNames=[f"{CLUSTER}-aurora-cpu"])["MetricAlarms"]
    resources = gateway.get_resources(restApiId=api, embed=["methods"])["items"]
    (plan,) = gateway.get_usage_plans()["items"]
    return {
        "function": function["State"],
        "stages": stages,
        "alarm": (alarm["StateValue"], alarm["ActionsEnabled"]),
        "routes": [resource.get("resourceMethods") for resource in resources],
        "plan": plan["throttle"],
    }


def _locks(aws: EmulatedAws) -> dict[str, Any]:
    s3 = _client(aws, "s3")
    versions = sorted(s3.list_object_versions(Bucket=AUDIT)["Versions"], key=lambda version: version["LastModified"])
    heads = (
        s3.head_object(Bucket=AUDIT, Key=version["Key"], VersionId=version["VersionId"]) for version in versions[-8:]
    )
    return {
        "lock rule": s3.get_object_lock_configuration(Bucket=AUDIT)["ObjectLockConfiguration"],
        "locks": [(head.get("ObjectLockMode"), head.get("ObjectLockRetainUntilDate")) for head in heads],
        "delete markers": len(s3.list_object_versions(Bucket=AUDIT).get("DeleteMarkers", [])),
    }


def _tables(aws: EmulatedAws) -> dict[str, Any]:
    dynamodb = _client(aws, "dynamodb")
    recovery: dict[str, Any] = {}
    for table in dynamodb.list_tables()["TableNames"]:
        backups = dynamodb.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
        found = backups["PointInTimeRecoveryDescription"]
        earliest = found.get("EarliestRestorableDateTime")
        days = earliest and round((datetime.now(UTC) - earliest) / timedelta(days=1))
        recovery[table] = (found["PointInTimeRecoveryStatus"], days)
    return {"recovery": recovery}


def _dumps(aws: EmulatedAws) -> dict[str, Any]:
    s3 = _client(aws, "s3")
    listed = s3.list_objects_v2(Bucket=BACKUPS, Prefix="hourly/")["Contents"]
    newest = s3.get_object(Bucket=BACKUPS, Key=listed[-1]["Key"])
    return {
        "dumps": [(item["Key"], item["Size"], item["LastModified"]) for item in listed],
        "newest dump": (sha256(newest["Body"].read()).hexdigest(), newest["Metadata"], newest["LastModified"]),
    }


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_changes_one_promise_and_its_repair_restores_it(sandbox: Sandbox, fault: Fault) -> None:
    """A fault changes exactly its own readings, and its repair restores all of them."""
    before = _readings(sandbox.aws)
    fault.apply(sandbox)
    try:
        during = _readings(sandbox.aws)
    finally:
        fault.repair(sandbox)
    changed = {name for name, value in during.items() if value != before[name]}
    assert changed, f"{fault.name} changes no reading: add one of its promise to a function that _readings calls"
    assert changed == CHANGED_READINGS.get(fault.name), (
        f'{fault.name} changes {sorted(changed)}: if that is right, set CHANGED_READINGS["{fault.name}"] to it'
    )
    assert _readings(sandbox.aws) == before


@pytest.mark.parametrize("fault", AWS_FAULTS, ids=lambda fault: fault.name)
def test_a_fault_expects_findings_on_declared_components(fault: Fault) -> None:
    """Every expected finding is on a component of config.yaml, and its subject is the component itself."""
    assert fault.expected_findings, f"list the findings of {fault.name} in its expected_findings"
    for expected in fault.expected_findings:
        assert expected.component in DECLARED, f"{fault.name} expects a finding on {expected.component}: declare it"
        assert expected.subject == ""


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
    """Every fault has a unique name, and a title in words; the table above lists the faults in order."""
    names = [fault.name for fault in AWS_FAULTS]
    assert len(set(names)) == len(names)
    assert names == list(CHANGED_READINGS), "list the faults in CHANGED_READINGS in the order of AWS_FAULTS"
    assert all(fault.title[0].isupper() and " " in fault.title for fault in AWS_FAULTS)
