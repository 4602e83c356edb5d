"""CloudWatch metrics of Aurora instances and cluster volumes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    RefreshTier,
    Resource,
    Unit,
)
from basewatch.components import AuroraCluster
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, list_entries, tags
from collectors.specs import Namespace

_RDS = Namespace(name="AWS/RDS")

# Units: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
_INSTANCE = (
    _RDS.gauge("aws_rds_database_connections", "DatabaseConnections", "Average"),
    _RDS.gauge("aws_rds_database_connections_max", "DatabaseConnections", "Maximum"),
    _RDS.gauge("aws_rds_cpu_utilization_ratio", "CPUUtilization", "Average", unit=Unit.PERCENT),
    # These three need Performance Insights or Database Insights on the instance; without it they have no datapoints.
    _RDS.gauge("aws_rds_db_load_active_sessions", "DBLoad", "Average"),
    _RDS.gauge("aws_rds_db_load_cpu_active_sessions", "DBLoadCPU", "Average"),
    _RDS.gauge("aws_rds_db_load_non_cpu_active_sessions", "DBLoadNonCPU", "Average"),
    # These two are in seconds; CommitLatency and AuroraReplicaLag are in milliseconds.
    _RDS.gauge("aws_rds_read_latency_seconds", "ReadLatency", "Average", unit=Unit.SECONDS),
    _RDS.gauge("aws_rds_write_latency_seconds", "WriteLatency", "Average", unit=Unit.SECONDS),
    _RDS.gauge("aws_rds_commit_latency_seconds", "CommitLatency", "Average", unit=Unit.MILLISECONDS),
    # Only readers publish it.
    _RDS.gauge("aws_rds_replica_lag_seconds", "AuroraReplicaLag", "Maximum", unit=Unit.MILLISECONDS),
    _RDS.gauge("aws_rds_serverless_capacity_acus", "ServerlessDatabaseCapacity", "Average"),
    _RDS.gauge("aws_rds_acu_utilization_ratio", "ACUUtilization", "Average", unit=Unit.PERCENT),
    _RDS.gauge("aws_rds_freeable_memory_bytes", "FreeableMemory", "Minimum", unit=Unit.BYTES),
    _RDS.gauge("aws_rds_deadlocks_per_second", "Deadlocks", "Average"),
    _RDS.gauge("aws_rds_buffer_cache_hit_ratio", "BufferCacheHitRatio", "Average", unit=Unit.PERCENT),
    _RDS.gauge(
        "aws_rds_free_local_storage_bytes", "FreeLocalStorage", "Minimum", unit=Unit.BYTES, tier=RefreshTier.SLOW
    ),
    _RDS.gauge("aws_rds_max_used_transaction_ids", "MaximumUsedTransactionIDs", "Maximum", tier=RefreshTier.SLOW),
)
_CLUSTER = (
    _RDS.gauge(
        "aws_rds_volume_used_bytes",
        "VolumeBytesUsed",
        "Average",
        unit=Unit.BYTES,
        tier=RefreshTier.SLOW,
        period=timedelta(minutes=5),
    ),
)


def _instance(name: str, component: str = "") -> MeasuredResource:
    dimensions = (("DBInstanceIdentifier", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("db_instance", name),)), _INSTANCE


def _cluster(name: str, component: str = "") -> MeasuredResource:
    dimensions = (("DBClusterIdentifier", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("db_cluster", name),)), _CLUSTER


def _resources(cluster: AuroraCluster) -> Iterator[MeasuredResource]:
    for name in cluster.instances:
        yield _instance(name, cluster.ref)
    yield _cluster(cluster.name, cluster.ref)


def _instances(aws: AwsClient) -> Iterator[DescribedResource]:
    yield from _described(aws, "DBInstance")


def _clusters(aws: AwsClient) -> Iterator[DescribedResource]:
    yield from _described(aws, "DBCluster")


def _described(aws: AwsClient, kind: str) -> Iterator[DescribedResource]:
    """The Aurora instances or clusters; the same API also lists other engines."""
    for entry in list_entries(aws, "rds", f"Describe{kind}s", f"{kind}s"):
        if required(entry, "Engine", kind=str).startswith("aurora"):
            yield DescribedResource(
                dimensions={f"{kind}Identifier": required(entry, f"{kind}Identifier", kind=str)},
                arn=required(entry, f"{kind}Arn", kind=str),
                tags=tags(entry, "TagList"),
            )


AURORA = Collector(
    name="aurora",
    component_type=AuroraCluster,
    resources=_resources,
    specs=(*_INSTANCE, *_CLUSTER),
    discovery_specs=(
        DiscoverySpec(
            namespace=_RDS.name,
            activity_metric="CPUUtilization",
            dimensions=("DBInstanceIdentifier",),
            from_dimensions=for_dimensions("DBInstanceIdentifier", build=_instance),
            resource_type="rds:db",
            dimensions_of_arn=arn_pattern("db:(?P<DBInstanceIdentifier>[^:]+)"),
            describe=_instances,
            needs=("rds:DescribeDBInstances",),
        ),
        DiscoverySpec(
            namespace=_RDS.name,
            activity_metric="VolumeBytesUsed",
            dimensions=("DBClusterIdentifier",),
            from_dimensions=for_dimensions("DBClusterIdentifier", build=_cluster),
            resource_type="rds:cluster",
            dimensions_of_arn=arn_pattern("cluster:(?P<DBClusterIdentifier>[^:]+)"),
            describe=_clusters,
            needs=("rds:DescribeDBClusters",),
        ),
    ),
)
