"""A check that an Aurora cluster is encrypted with the declared KMS key, and that the key can be used."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.inventory.statuses import Standing, standing
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageKey:
    """The key that encrypts the cluster, and the declared one with its state; empty where there is none.

    `unread` is why the declared key is not known.
    """

    used_arn: str
    declared_arn: str
    declared_state: str
    unread: Unread | None = None


def storage_key(aws: AwsClient, cluster: AuroraCluster) -> StorageKey:
    """The key of the cluster, by DescribeDBClusters, and the declared key, by DescribeKey."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    encrypted = required(answer, "DBClusters", 0, "StorageEncrypted", kind=bool)
    used = required(answer, "DBClusters", 0, "KmsKeyId", kind=str) if encrypted else ""
    try:
        key = aws.call("kms", "DescribeKey", accepted_errors=("NotFoundException",), KeyId=cluster.storage_key)
    except ObservationError as error:
        return StorageKey(used_arn=used, declared_arn="", declared_state="", unread=Unread.because_of(error))
    absent = bool(accepted_error(key))
    return StorageKey(
        used_arn=used,
        declared_arn="" if absent else required(key, "KeyMetadata", "Arn", kind=str),
        declared_state="" if absent else optional(key, "KeyMetadata", "KeyState", kind=str) or "unknown",
    )


@check(
    "encryption.aurora.storage_key",
    component=AuroraCluster,
    observe=storage_key,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("kms:DescribeKey", "rds:DescribeDBClusters"),
    promises=("storage_key",),
)
def encrypted_with_promised_key(facts: StorageKey, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The cluster's storage is encrypted with the promised KMS key, and the key can be used.

    Why: A cluster whose key is disabled or deleted stops, and neither it nor its backups can be restored.
    Reads: rds:DescribeDBClusters: StorageEncrypted and KmsKeyId. kms:DescribeKey: ARN and state of the declared key.
    Unverified when: A call is denied, throttled or fails, the key is being created or changed, or its state is
    unknown.
    Fix: aws kms cancel-key-deletion or enable-key for the key. The key of a cluster cannot be changed: restore a
    snapshot of it with the promised key.
    Source: AWS KMS Developer Guide, Key states of AWS KMS keys,
    https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
    """
    expected = f"{cluster.storage_key}, Enabled"
    used = facts.used_arn or "storage that is not encrypted"
    state = f", the declared key {facts.declared_state}" if facts.declared_arn else ", the declared key does not exist"
    observed = used + state
    if not facts.used_arn:
        yield failed("The cluster's storage is not encrypted", observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=used, expected=expected)
    elif not facts.declared_arn:
        yield failed("The declared key does not exist", observed=observed, expected=expected)
    elif facts.used_arn != facts.declared_arn:
        yield failed("The cluster is encrypted with another key", observed=observed, expected=expected)
    else:
        match standing("key", facts.declared_state):
            case Standing.SERVING:
                yield passed("The cluster is encrypted with the promised key", observed=observed, expected=expected)
            case Standing.BROKEN:
                yield failed("The cluster's key cannot be used", observed=observed, expected=expected)
            case _:
                summary, remedy = f"The key is in the state {facts.declared_state}", "Run the check again."
                yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
