"""A check that an Aurora cluster is protected from deletion by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.availability.cluster_configuration import ClusterConfiguration, cluster_configuration


@check(
    "backup.aurora.deletion_protection",
    component=AuroraCluster,
    observe=cluster_configuration,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
    promises=("backup.deletion_protection",),
)
def protected_from_deletion(facts: ClusterConfiguration, _cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """AWS refuses to delete the cluster.

    Why: Deleting a cluster deletes its automated backups with it.
    Reads: rds:DescribeDBClusters: DeletionProtection.
    Unverified when: The call is denied, throttled or fails, or the response lacks the field.
    Fix: aws rds modify-db-cluster --deletion-protection.
    Source: Amazon Aurora User Guide, Deleting Aurora DB clusters and DB instances,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_DeleteCluster.html
    """
    if facts.deletion_protection:
        yield passed("AWS refuses to delete the cluster", observed="on", expected="on")
    else:
        yield failed("One call deletes the cluster", observed="off", expected="on")
