"""The emulated account has every resource that config.yaml declares, with every promise kept."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from alerts.channels import CHANNEL_TYPES
from basewatch.components import Api, AuditBucket, AuroraCluster, DumpBackups, Function, Table
from basewatch.config.loading import load
from demo.emulated_aws import EmulatedAws

COMPONENTS = load(Path(__file__).parents[2] / "config.yaml", CHANNEL_TYPES).config.components


def _lock_days(start: datetime, end: datetime) -> int:
    return (end - start).days


@pytest.mark.parametrize("cluster", COMPONENTS.aurora_clusters, ids=lambda cluster: cluster.name)
def test_the_aurora_cluster_keeps_its_promises(box_cloud: EmulatedAws, cluster: AuroraCluster) -> None:
    """Capacity, zones, encryption, retention and protection are as declared."""
    assert cluster.capacity is not None
    found = box_cloud.client("rds").describe_db_clusters(DBClusterIdentifier=cluster.name)["DBClusters"][0]
    scaling = found["ServerlessV2ScalingConfiguration"]
    assert (found["Engine"], found["EngineVersion"]) == ("aurora-postgresql", "15.4")
    assert (scaling["MinCapacity"], scaling["MaxCapacity"]) == (cluster.capacity.min_acu, cluster.capacity.max_acu)
    assert timedelta(days=found["BackupRetentionPeriod"]) == cluster.backup.retention
    assert (found["MultiAZ"], found["StorageEncrypted"], found["DeletionProtection"]) == (True, True, True)
    key = box_cloud.client("kms").describe_key(KeyId=cluster.keys[0])["KeyMetadata"]
    assert found["KmsKeyId"] == key["Arn"]
    assert {member["DBInstanceIdentifier"] for member in found["DBClusterMembers"]} == set(cluster.instances)


@pytest.mark.parametrize("cluster", COMPONENTS.aurora_clusters, ids=lambda cluster: cluster.name)
def test_the_proxy_has_the_cluster_as_target(box_cloud: EmulatedAws, cluster: AuroraCluster) -> None:
    """The proxy requires TLS, and its target is the declared cluster."""
    assert cluster.proxy is not None
    rds = box_cloud.client("rds")
    proxy = rds.describe_db_proxies(DBProxyName=cluster.proxy.name)["DBProxies"][0]
    targets = rds.describe_db_proxy_targets(DBProxyName=cluster.proxy.name)["Targets"]
    assert proxy["RequireTLS"] is cluster.proxy.require_tls
    assert [target["RdsResourceId"] for target in targets] == [cluster.name]


@pytest.mark.parametrize("function", COMPONENTS.functions, ids=lambda function: function.name)
def test_each_function_exists(box_cloud: EmulatedAws, function: Function) -> None:
    """A declared function uses Python 3.11, with memory and timeout within the platform's bounds."""
    found = box_cloud.client("lambda").get_function_configuration(FunctionName=function.name)
    assert (found["Runtime"], found["State"]) == ("python3.11", "Active")
    assert 256 <= found["MemorySize"] <= 512
    assert 30 <= found["Timeout"] <= 300


@pytest.mark.parametrize("api", COMPONENTS.apis, ids=lambda api: api.name)
def test_the_api_is_authorized_logged_and_limited(box_cloud: EmulatedAws, api: Api) -> None:
    """Every route except the login has the authorizer; the stage has access logs and the declared rate limit."""
    gateway = box_cloud.client("apigateway")
    rest = next(found for found in gateway.get_rest_apis()["items"] if found["name"] == api.name)["id"]
    stage = gateway.get_stage(restApiId=rest, stageName=api.stage)
    resources = gateway.get_resources(restApiId=rest, embed=["methods"])["items"]
    authorized = {
        (verb, resource["path"]): method["authorizationType"]
        for resource in resources
        for verb, method in resource.get("resourceMethods", {}).items()
    }
    assert authorized == {
        ("POST", "/auth/authenticate"): "NONE",
        ("GET", "/invoices"): "CUSTOM",
        ("GET", "/metrics"): "CUSTOM",
        ("POST", "/api-keys"): "CUSTOM",
    }
    assert stage["accessLogSettings"]["destinationArn"].endswith(f":/aws/apigateway/{api.name}")
    plan = gateway.get_usage_plans()["items"][0]
    assert plan["apiStages"] == [{"apiId": rest, "stage": api.stage}]
    assert plan["throttle"]["rateLimit"] == pytest.approx(api.rate_limit)


@pytest.mark.parametrize("table", [each for each in COMPONENTS.tables if each.pitr], ids=lambda table: table.name)
def test_each_table_is_recoverable(box_cloud: EmulatedAws, table: Table) -> None:
    """A table with a promised period has point-in-time recovery of it, encryption and deletion protection."""
    dynamodb = box_cloud.client("dynamodb")
    backups = dynamodb.describe_continuous_backups(TableName=table.name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]
    found = dynamodb.describe_table(TableName=table.name)["Table"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    assert timedelta(days=recovery["RecoveryPeriodInDays"]) == table.pitr
    assert (found["SSEDescription"]["Status"], found["DeletionProtectionEnabled"]) == ("ENABLED", True)


@pytest.mark.parametrize("bucket", COMPONENTS.audit_buckets, ids=lambda bucket: bucket.name)
def test_the_audit_bucket_locks_every_version(box_cloud: EmulatedAws, bucket: AuditBucket) -> None:
    """The default retention is 7 years in COMPLIANCE mode, and each of 80 old and new versions has such a lock."""
    s3 = box_cloud.client("s3")
    rule = s3.get_object_lock_configuration(Bucket=bucket.name)["ObjectLockConfiguration"]["Rule"]
    assert rule["DefaultRetention"] == {"Mode": bucket.object_lock.mode, "Years": 7}
    assert s3.get_bucket_versioning(Bucket=bucket.name)["Status"] == "Enabled"
    versions = s3.list_object_versions(Bucket=bucket.name)["Versions"]
    ages = sorted(datetime.now(UTC) - version["LastModified"] for version in versions)
    assert len(versions) == 80
    assert ages[0] < timedelta(days=1)
    assert ages[-1] > timedelta(days=2.5 * 365)
    for version in versions:
        head = s3.head_object(Bucket=bucket.name, Key=version["Key"], VersionId=version["VersionId"])
        assert head["ObjectLockMode"] == "COMPLIANCE"
        assert _lock_days(version["LastModified"], head["ObjectLockRetainUntilDate"]) in (2556, 2557)


@pytest.mark.parametrize("backups", COMPONENTS.dump_backups, ids=lambda backups: backups.name)
def test_the_backups_are_recent_encrypted_and_intact(box_cloud: EmulatedAws, backups: DumpBackups) -> None:
    """The newest dump is less than an hour old, and both of its checksums match its content."""
    s3 = box_cloud.client("s3")
    listed = s3.list_objects_v2(Bucket=backups.bucket, Prefix=backups.prefix)["Contents"]
    newest = max(listed, key=lambda item: item["LastModified"])
    assert datetime.now(UTC) - newest["LastModified"] < backups.every
    found = s3.get_object(Bucket=backups.bucket, Key=newest["Key"], ChecksumMode="ENABLED")
    digest = bytes.fromhex(found["Metadata"]["sha256"])
    # botocore compares S3's checksum with the body while it reads it.
    assert found["ChecksumSHA256"] == b64encode(digest).decode()
    assert sha256(found["Body"].read()).digest() == digest
    assert found["ServerSideEncryption"] == "aws:kms"


def test_the_account_has_its_own_monitoring(box_cloud: EmulatedAws) -> None:
    """The trail, the detector and the alarms are active, and every log group has a retention of 30 days."""
    groups = box_cloud.client("logs").describe_log_groups()["logGroups"]
    guard = box_cloud.client("guardduty")
    detector = guard.get_detector(DetectorId=guard.list_detectors()["DetectorIds"][0])
    alarms = box_cloud.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert box_cloud.client("cloudtrail").get_trail_status(Name="securebase-production")["IsLogging"] is True
    assert detector["Status"] == "ENABLED"
    assert {alarm["StateValue"] for alarm in alarms} == {"OK"}
    assert len(groups) == 6
    assert {group["retentionInDays"] for group in groups} == {30}


def test_secrets_and_key_are_rotated(box_cloud: EmulatedAws) -> None:
    """The data key is customer managed and rotated, and so are the platform's secrets."""
    kms = box_cloud.client("kms")
    key = kms.describe_key(KeyId="alias/securebase-data")["KeyMetadata"]
    assert (key["KeyManager"], key["KeyState"]) == ("CUSTOMER", "Enabled")
    assert kms.get_key_rotation_status(KeyId=key["KeyId"])["KeyRotationEnabled"] is True
    for name in ("database_url", "jwt_secret"):
        secret = box_cloud.client("secretsmanager").describe_secret(SecretId=f"production/{name}")
        assert secret["RotationEnabled"] is True
