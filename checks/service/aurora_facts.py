"""The facts of the Aurora checks: one metric of each instance of a cluster."""

from __future__ import annotations

from dataclasses import dataclass

from basewatch.components import AuroraCluster
from basewatch.metrics import MetricsClient
from checks.service.aligned_series import AlignedSeries, read_series


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceSeries:
    """One metric of one instance, minute by minute."""

    instance: str
    series: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceMetric:
    """One metric of every declared instance of a cluster."""

    by_instance: tuple[InstanceSeries, ...]


def instance_cpu(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The CPU utilization of each instance, as a ratio from 0 to 1. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_cpu_utilization_ratio")


def instance_acu_use(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The capacity of each instance as a ratio of the maximum. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_acu_utilization_ratio")


def instance_load(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The average number of active sessions of each instance. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_db_load_active_sessions")


def instance_connections(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The maximum number of connections of each instance. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_database_connections_max")


def instance_read_latency(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The average latency of storage reads of each instance, in seconds. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_read_latency_seconds")


def instance_write_latency(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The average latency of storage writes of each instance, in seconds. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_write_latency_seconds")


def instance_replica_lag(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The replica lag of each reader, in seconds. Raises: ObservationError."""
    return _instance_metric(metrics, cluster, "aws_rds_replica_lag_seconds")


def _instance_metric(metrics: MetricsClient, cluster: AuroraCluster, family: str) -> InstanceMetric:
    return InstanceMetric(
        by_instance=tuple(
            InstanceSeries(instance=instance, series=read_series(metrics, cluster, family, db_instance=instance))
            for instance in cluster.instances
        )
    )
