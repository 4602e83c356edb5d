"""Checks of the instances of an Aurora cluster: CPU, load, connections, storage latency and replica lag."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, not_applicable, unverified
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aurora_facts import (
    InstanceMetric,
    instance_acu_use,
    instance_connections,
    instance_cpu,
    instance_load,
    instance_read_latency,
    instance_replica_lag,
    instance_write_latency,
)
from checks.service.promises import PromisedLimit, count_promise, latency_promise, ratio_promise
from checks.service.sustained import judge_gauge

_NEEDS = ("cloudwatch:GetMetricData",)
_NO_INSTANCE = unverified(
    Reason.NOT_ENOUGH_DATA,
    "The cluster declares no instance, so no metric of one is read",
    observed="no declared instance",
    expected="a declared instance",
    remedy="Declare the `instances` of the cluster.",
)
_NO_READER = not_applicable("The only declared instance is the writer", observed="no declared reader")
_WRITER = not_applicable("The instance was the writer, which has no replica lag", observed="the writer in every minute")


@check(
    "service.aurora.cpu",
    component=AuroraCluster,
    observe=instance_cpu,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("cpu_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def cpu_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The CPU utilization of each instance stays below its limit.

    Why: When the CPU is saturated, queries wait for each other, and a serverless cluster has reached its maximum
    capacity.
    Reads: CPUUtilization Average of AWS/RDS for each declared instance, minute by minute. It fails when the value is
    above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes: an existing instance always reports.
    Fix: Find the statements with the highest load in Performance Insights; then raise the capacity.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from _judge_instances(facts, ratio_promise("the CPU utilization", cluster.cpu_below))


@check(
    "service.aurora.acu_use",
    component=AuroraCluster,
    observe=instance_acu_use,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("acu_use_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def acu_use_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The capacity that each serverless instance uses stays below its limit, so that it can still grow.

    Why: A cluster at its maximum of capacity units has no room for a peak, and everything slows down.
    Reads: ACUUtilization Average of AWS/RDS for each declared instance, minute by minute: the capacity as a ratio of
    the maximum. It fails when the value is above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes. An instance that is not serverless has none.
    Fix: Raise the maximum: aws rds modify-db-cluster --serverless-v2-scaling-configuration; find the statements with
    the highest load.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    """
    yield from _judge_instances(facts, ratio_promise("the capacity use", cluster.acu_use_below))


@check(
    "service.aurora.load",
    component=AuroraCluster,
    observe=instance_load,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("load_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def load_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The number of active sessions of each instance stays below its limit.

    Why: When there are more active sessions than virtual CPUs, sessions wait.
    Reads: DBLoad Average of AWS/RDS for each declared instance, minute by minute. It fails when the value is above the
    limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes. It has none when Performance Insights is disabled.
    Fix: Find the wait events of the sessions in Performance Insights; enable it if it is disabled.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/USER_PerfInsights.Overview.ActiveSessions.html
    """
    yield from _judge_instances(facts, count_promise("the number of active sessions", cluster.load_below))


@check(
    "service.aurora.connections",
    component=AuroraCluster,
    observe=instance_connections,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("connections_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def connections_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The number of connections of each instance stays below its limit.

    Why: At max_connections PostgreSQL rejects every new connection, including those of an engineer who investigates.
    Reads: DatabaseConnections Maximum of AWS/RDS for each declared instance, minute by minute. It fails when the value
    is above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes: an existing instance always reports.
    Fix: Find the clients with the most connections in pg_stat_activity, connect them through the proxy, or raise the
    capacity.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from _judge_instances(facts, count_promise("the number of connections", cluster.connections_below))


@check(
    "service.aurora.read_latency",
    component=AuroraCluster,
    observe=instance_read_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("read_latency_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def read_latency_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The storage read latency of each instance stays below its limit.

    Why: Every read that misses the buffer cache waits for the storage, and a scan does so thousands of times.
    Reads: ReadLatency Average of AWS/RDS for each declared instance, minute by minute, in seconds. It fails when the
    value is above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes: an existing instance always reports.
    Fix: Find the cause of the reads, such as a scan without an index, or a cache that is too small after scaling down.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from _judge_instances(facts, latency_promise("the read latency", cluster.read_latency_below))


@check(
    "service.aurora.write_latency",
    component=AuroraCluster,
    observe=instance_write_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("write_latency_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def write_latency_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The storage write latency of each instance stays below its limit.

    Why: Every commit waits for a write to the storage, so this latency is part of every change that a tenant saves.
    Reads: WriteLatency Average of AWS/RDS for each declared instance, minute by minute, in seconds. It fails when the
    value is above the limit in every minute for the promised duration.
    Unverified when: The metrics could not be collected, an instance has no data in minutes that may hide a breach, or
    in more than half of its minutes: an existing instance always reports.
    Fix: Find the cause of the writes, such as a bulk load, too many indexes, or a commit for each row.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from _judge_instances(facts, latency_promise("the write latency", cluster.write_latency_below))


@check(
    "service.aurora.replica_lag",
    component=AuroraCluster,
    observe=instance_replica_lag,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=_NEEDS,
    promises=("replica_lag_below",),
    follows_from=(no_data_because_of("inventory.aurora.*"), *DEPENDENCIES),
)
def replica_lag_below(facts: InstanceMetric, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The replica lag of each reader stays below its limit.

    Why: A reader returns old data, so a tenant may not find what it saved a moment ago.
    Reads: AuroraReplicaLag Maximum of AWS/RDS for each declared instance, minute by minute. A writer reports none: if
    exactly one instance has no data in a minute, it was the writer. It fails when the value is above the limit in every
    minute for the promised duration.
    Unverified when: The metrics could not be collected, a reader has no data in minutes that may hide a breach, or in
    more than half of its minutes. If several instances have no data in the same minute, the writer among them is
    unknown. A writer is not applicable.
    Fix: Find long transactions on the reader and bursts of writes; give the reader the same capacity as the writer.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
    """
    yield from _judge_readers(facts, latency_promise("the replica lag", cluster.replica_lag_below))


def _judge_instances(facts: InstanceMetric, promise: PromisedLimit) -> Iterator[Verdict]:
    """A verdict on each instance; an existing instance always reports, so every minute needs a datapoint."""
    if not facts.by_instance:
        yield _NO_INSTANCE
    for each in facts.by_instance:
        yield replace(judge_gauge(each.series, promise), subject=each.instance)


def _judge_readers(facts: InstanceMetric, promise: PromisedLimit) -> Iterator[Verdict]:
    """A verdict on each instance of a metric that only readers report.

    If exactly one instance has no datapoint in a minute, it was the writer; if several have none, it is unknown.
    """
    if not facts.by_instance[1:]:
        yield _NO_READER if facts.by_instance else _NO_INSTANCE
        return
    for each in facts.by_instance:
        others = [other.series.values for other in facts.by_instance if other is not each]
        was_writer = tuple(
            value is None and all(other is not None for other in same_minute)
            for value, *same_minute in zip(each.series.values, *others, strict=True)
        )
        verdict = judge_gauge(each.series, promise, absent=was_writer, idle_verdict=_WRITER)
        yield replace(verdict, subject=each.instance)
