"""Whether the instances of an Aurora cluster have room left, answer fast, and follow their writer closely."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.service.aurora_instances import InstanceMetric, instance_metric, judge_instances, judge_readers
from checks.service.promises import count_promise, latency_promise, ratio_promise

_NEEDS = ("cloudwatch:GetMetricData",)


def instance_cpu(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The CPU that each instance used, as a ratio. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_cpu_utilization_ratio")


def instance_load(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The active sessions of each instance, on average. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_db_load_active_sessions")


def instance_connections(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """The most connections that each instance had. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_database_connections_max")


def instance_read_latency(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """How long a read from disk took on each instance, in seconds. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_read_latency_seconds")


def instance_write_latency(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """How long a write to disk took on each instance, in seconds. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_write_latency_seconds")


def instance_replica_lag(metrics: MetricsClient, cluster: AuroraCluster) -> InstanceMetric:
    """How far each reader was behind its writer, in seconds. Raises: ObservationError."""
    return instance_metric(metrics, cluster, "aws_rds_replica_lag_seconds")


@check(
    "service.aurora.cpu",
    component=AuroraCluster,
    observe=instance_cpu,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("cpu_below",),
)
def cpu_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The CPU use of each instance stays below its limit.

    Why: At the end of the CPU every query waits for every other, and a serverless cluster is at its most capacity.
    Reads: CPUUtilization Average of AWS/RDS for each declared instance, minute by minute. Broken when every minute of a
    stretch as long as the limit says is above the limit.
    Unverified when: The metrics could not be collected, or more than half of an instance's minutes have no data: an
    instance that exists always reports.
    Fix: Find the statements with the most load in Performance Insights; then raise the capacity.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from judge_instances(facts, ratio_promise("CPU use", cluster.cpu_below))


@check(
    "service.aurora.load",
    component=AuroraCluster,
    observe=instance_load,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("load_below",),
)
def load_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The number of active sessions of each instance stays below its limit.

    Why: More active sessions than virtual CPUs means that sessions wait, whatever it is that they wait for.
    Reads: DBLoad Average of AWS/RDS for each declared instance, minute by minute. Broken when every minute of a stretch
    as long as the limit says is above the limit.
    Unverified when: The metrics could not be collected, or more than half of an instance's minutes have no data, as all
    of them when Performance Insights is off.
    Fix: Read in Performance Insights what the sessions wait for; turn it on if there is nothing to read.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.Overview.ActiveSessions.html
    """
    yield from judge_instances(facts, count_promise("the number of active sessions", cluster.load_below))


@check(
    "service.aurora.connections",
    component=AuroraCluster,
    observe=instance_connections,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("connections_below",),
)
def connections_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The number of connections of each instance stays below its limit.

    Why: At max_connections the next login is refused, the one that would look at the trouble among them.
    Reads: DatabaseConnections Maximum of AWS/RDS for each declared instance, minute by minute. Broken when every minute
    of a stretch as long as the limit says is above the limit.
    Unverified when: The metrics could not be collected, or more than half of an instance's minutes have no data: an
    instance that exists always reports.
    Fix: Find who holds connections in pg_stat_activity, send it through the proxy, or raise the capacity.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from judge_instances(facts, count_promise("the number of connections", cluster.connections_below))


@check(
    "service.aurora.read_latency",
    component=AuroraCluster,
    observe=instance_read_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("read_latency_below",),
)
def read_latency_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The time that each instance takes to read from its storage stays below its limit.

    Why: A read that is not in the buffer cache waits this long, and a scan waits it a thousand times.
    Reads: ReadLatency Average of AWS/RDS for each declared instance, minute by minute, which is in seconds. Broken when
    every minute of a stretch as long as the limit says is above the limit.
    Unverified when: The metrics could not be collected, or more than half of an instance's minutes have no data: an
    instance that exists always reports.
    Fix: Look for what reads much: a scan without an index, a cache that is too small after scaling down.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from judge_instances(facts, latency_promise("the latency of reads", cluster.read_latency_below))


@check(
    "service.aurora.write_latency",
    component=AuroraCluster,
    observe=instance_write_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("write_latency_below",),
)
def write_latency_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The time that each instance takes to write to its storage stays below its limit.

    Why: Every commit waits for a write, so that this is added to whatever a tenant saves.
    Reads: WriteLatency Average of AWS/RDS for each declared instance, minute by minute, which is in seconds. Broken
    when every minute of a stretch as long as the limit says is above the limit.
    Unverified when: The metrics could not be collected, or more than half of an instance's minutes have no data: an
    instance that exists always reports.
    Fix: Look for what writes much: a bulk load, too many indexes, commits row by row.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from judge_instances(facts, latency_promise("the latency of writes", cluster.write_latency_below))


@check(
    "service.aurora.replica_lag",
    component=AuroraCluster,
    observe=instance_replica_lag,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("replica_lag_below",),
)
def replica_lag_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The time that each reader is behind its writer stays below its limit.

    Why: Who reads from a reader sees the past, and a tenant does not find what it saved a moment ago.
    Reads: AuroraReplicaLag Maximum of AWS/RDS for each declared instance, minute by minute. A writer has none: in a
    minute in which one instance alone is silent, it was the writer. Broken when every minute of a stretch as long as
    the limit says is above the limit.
    Unverified when: The metrics could not be collected, or a reader has no data in more than half of its minutes; when
    several instances are silent at once, nobody can tell which of them is the writer. A writer is not applicable.
    Fix: Look for long transactions on the reader and bursts of writes; give the reader the writer's capacity.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from judge_readers(facts, latency_promise("the replica lag", cluster.replica_lag_below))
