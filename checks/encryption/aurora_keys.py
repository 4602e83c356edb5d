"""A check of the KMS keys on which an Aurora cluster, its snapshots and its passwords depend."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, listed, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Severity, Verdict
from checks.encryption.key_use import KeysInUse, KeyUse, Protection, grouped, key_verdicts, keys_in_use
from checks.inventory.rds_proxy import describe_proxy

_SECRET_ABSENT = "ResourceNotFoundException"  # noqa: S105  # an error code


def aurora_keys(aws: AwsClient, cluster: AuroraCluster) -> KeysInUse:
    """The keys of the cluster's storage, of its snapshots, of its insights, and of the secrets with its passwords."""
    return keys_in_use(aws, cluster, _uses(aws, cluster))


def _uses(aws: AwsClient, cluster: AuroraCluster) -> Iterator[KeyUse]:
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    encrypted = required(answer, "DBClusters", 0, "StorageEncrypted", kind=bool)
    if encrypted:
        yield KeyUse(part="the storage", key=required(answer, "DBClusters", 0, "KmsKeyId", kind=str))
    else:
        yield KeyUse(part="the storage", protection=Protection.NONE)
    for part, path in (
        ("the insights", ("PerformanceInsightsKMSKeyId",)),
        ("the activity stream", ("ActivityStreamKmsKeyId",)),
        ("the master password", ("MasterUserSecret", "KmsKeyId")),
    ):
        if key := optional(answer, "DBClusters", 0, *path, kind=str):
            yield KeyUse(part=part, key=key, any_key=True)
    yield from grouped(_snapshots(aws, cluster), "snapshots")
    if cluster.proxy:
        yield from _proxy_secrets(aws, cluster)


def _snapshots(aws: AwsClient, cluster: AuroraCluster) -> Iterator[KeyUse]:
    # A snapshot may have another key than the cluster: one copied on purpose, or of the cluster before a restore.
    for page in aws.pages("rds", "DescribeDBClusterSnapshots", DBClusterIdentifier=cluster.name):
        for snapshot in required(page, "DBClusterSnapshots", kind=list):
            if required(snapshot, "StorageEncrypted", kind=bool):
                yield KeyUse(part="", key=required(snapshot, "KmsKeyId", kind=str), any_key=True)
            else:
                yield KeyUse(part="", protection=Protection.NONE)


def _proxy_secrets(aws: AwsClient, cluster: AuroraCluster) -> Iterator[KeyUse]:
    proxy = describe_proxy(aws, cluster)
    name = required(proxy, "DBProxies", 0, "DBProxyName", kind=str)
    for auth in listed(proxy, "DBProxies", 0, "Auth"):
        arn = optional(auth, "SecretArn", kind=str)
        if not arn:
            continue
        secret = aws.call("secretsmanager", "DescribeSecret", accepted_errors=(_SECRET_ABSENT,), SecretId=arn)
        if accepted_error(secret):
            part = f"the secret of the proxy {name}"
            raise NotFoundError(f"secretsmanager:DescribeSecret finds no {arn}", declared=part)
        required(secret, "ARN", kind=str)
        if key := optional(secret, "KmsKeyId", kind=str):
            yield KeyUse(part="the proxy's secret", key=key, any_key=True)


@check(
    "encryption.aurora.keys",
    component=AuroraCluster,
    observe=aurora_keys,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=(
        "kms:DescribeKey",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
        "rds:DescribeDBProxies",
        "secretsmanager:DescribeSecret",
    ),
    promises=("keys",),
)
def cluster_keys_can_be_used(facts: KeysInUse, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """Every key that the Aurora cluster depends on can be used, and its storage is encrypted with a promised one.

    Why: A cluster whose key is disabled or deleted stops, and neither it nor its snapshots can be restored.
    Reads: rds:DescribeDBClusters: the keys of the storage, the insights, the activity stream and the master password.
    rds:DescribeDBClusterSnapshots: the key of each snapshot, which may be another one. rds:DescribeDBProxies and
    secretsmanager:DescribeSecret: the keys of the proxy's secrets. kms:DescribeKey: state and manager of each key. An
    alias that was moved to a new key does not move the cluster.
    Unverified when: A call is denied, throttled or fails, a key is being created or changed, or its state is unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key. The key of a cluster cannot be changed: restore a
    snapshot of it with the promised key.
    Source: AWS KMS Developer Guide, Key states of AWS KMS keys,
    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    yield from key_verdicts(facts, cluster)
