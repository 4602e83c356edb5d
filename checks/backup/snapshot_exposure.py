"""A check that no snapshot of an Aurora cluster can be restored by others, and that every one is encrypted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Severity, Verdict, failed, not_applicable, passed

_MAX_NAMED = 5
_EVERYBODY = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot; `shared_with` are the accounts that may restore it, of which `all` is everybody."""

    name: str
    encrypted: bool
    shared_with: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshots:
    """The snapshots of a cluster, and its account."""

    account: str
    snapshots: tuple[Snapshot, ...]


def cluster_snapshots(aws: AwsClient, cluster: AuroraCluster) -> Snapshots:
    """The snapshots of the cluster, by DescribeDBClusterSnapshots, and whom each manual one is shared with."""
    # RDS lists no snapshot of a cluster that does not exist, which is no reason to call it safe.
    required(aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name), "DBClusters", 0, kind=dict)
    found = dict[str, Snapshot]()
    asked: dict[str, Any] = {"DBClusterIdentifier": cluster.name}
    # Without a type, RDS leaves out those that AWS Backup made.
    of_backup: dict[str, Any] = {**asked, "SnapshotType": "awsbackup"}
    for parameters in (asked, of_backup):
        for page in aws.pages("rds", "DescribeDBClusterSnapshots", **parameters):
            for each in required(page, "DBClusterSnapshots", kind=list):
                name = required(each, "DBClusterSnapshotIdentifier", kind=str)
                # RDS shares manual snapshots alone.
                manual = required(each, "SnapshotType", kind=str) == "manual"
                found[name] = Snapshot(
                    name=name,
                    encrypted=required(each, "StorageEncrypted", kind=bool),
                    shared_with=_shared_with(aws, name) if manual else (),
                )
    return Snapshots(account=aws.account_id, snapshots=tuple(found.values()))


def _shared_with(aws: AwsClient, snapshot: str) -> tuple[str, ...]:
    answer = aws.call("rds", "DescribeDBClusterSnapshotAttributes", DBClusterSnapshotIdentifier=snapshot)
    result = required(answer, "DBClusterSnapshotAttributesResult", kind=dict)
    attributes = required(result, "DBClusterSnapshotAttributes", kind=list)
    return tuple(
        str(account)
        for each in attributes
        if required(each, "AttributeName", kind=str) == "restore"
        for account in listed(each, "AttributeValues")
    )


@check(
    "backup.snapshot.exposure",
    component=AuroraCluster,
    observe=cluster_snapshots,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("rds:DescribeDBClusterSnapshotAttributes", "rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters"),
    promises=("private",),
)
def snapshots_are_private(facts: Snapshots, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """No snapshot of the cluster is shared with other accounts than declared, and every one is encrypted.

    Why: Whoever may restore a snapshot has every row of every tenant, and no policy of the database applies to it.
    Reads: rds:DescribeDBClusters: that the cluster exists. rds:DescribeDBClusterSnapshots of the cluster, those of AWS
    Backup included; of manual ones, which alone can be shared, rds:DescribeDBClusterSnapshotAttributes: the accounts
    that may restore it.
    Unverified when: A call is denied, throttled or fails. Without a single snapshot it does not apply.
    Fix: aws rds modify-db-cluster-snapshot-attribute --attribute-name restore --values-to-remove. To share snapshots on
    purpose, name the account in `shared_with`. Copy an unencrypted snapshot with a key, and delete it.
    Source: Amazon Aurora User Guide, Sharing a DB cluster snapshot,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-share-snapshot.html
    """
    known = {facts.account, *cluster.shared_with}
    expected = f"encrypted, and restored by {', '.join(sorted(known))} alone"
    shared = [
        f"{each.name} is shared with {'everybody' if account == _EVERYBODY else account}"
        for each in facts.snapshots
        for account in each.shared_with
        if account not in known
    ]
    plain = [f"{each.name} is not encrypted" for each in facts.snapshots if not each.encrypted]
    broken = [*shared, *plain]
    observed = "; ".join(broken[:_MAX_NAMED]) + (
        f"; and {len(broken) - _MAX_NAMED} more" if broken[_MAX_NAMED:] else ""
    )
    if any(_EVERYBODY in each.shared_with for each in facts.snapshots):
        yield failed("Everybody can restore a snapshot of the cluster", observed=observed, expected=expected)
    elif shared:
        yield failed("Another account can restore a snapshot of the cluster", observed=observed, expected=expected)
    elif plain:
        yield failed(f"{len(plain)} snapshots of the cluster are not encrypted", observed=observed, expected=expected)
    elif not facts.snapshots:
        yield not_applicable("The cluster has no snapshot", observed="none")
    else:
        observed = f"{len(facts.snapshots)} snapshots, encrypted and not shared"
        yield passed("No snapshot of the cluster is exposed", observed=observed, expected=expected)
