"""The settings of an Aurora cluster that several checks judge, from one answer."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.components import AuroraCluster


@dataclass(frozen=True, slots=True, kw_only=True)
class AcuRange:
    """The capacity range of Aurora Serverless v2, in Aurora capacity units."""

    min_acu: float
    max_acu: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterConfiguration:
    """The settings of a cluster; `capacity` is None for a cluster that is not serverless."""

    deletion_protection: bool
    capacity: AcuRange | None


def cluster_configuration(aws: AwsClient, cluster: AuroraCluster) -> ClusterConfiguration:
    """The settings of the cluster, by DescribeDBClusters."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    scaling = optional(answer, "DBClusters", 0, "ServerlessV2ScalingConfiguration", kind=dict)
    return ClusterConfiguration(
        deletion_protection=required(answer, "DBClusters", 0, "DeletionProtection", kind=bool),
        capacity=AcuRange(
            min_acu=float(required(scaling, "MinCapacity", kind=float)),
            max_acu=float(required(scaling, "MaxCapacity", kind=float)),
        )
        if scaling
        else None,
    )
