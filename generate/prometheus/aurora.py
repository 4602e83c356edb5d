"""Cause alerts of Aurora clusters: utilization, saturation and latency of the instances."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.components import AuroraCluster
from generate.prometheus.promql import escape_template
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import (
    COUNT,
    PERCENT,
    SECONDS,
    AlertThreshold,
    AnyLimit,
    count_limit,
    duration_limit,
    ratio_limit,
    thresholds,
)


def _template(name: str, fires_when: str, remedy: str) -> AlertTemplate:
    return AlertTemplate(
        name=name, severity=AlertSeverity.WARNING, fires_when=fires_when, remedy=remedy, dashboard="basewatch-aurora"
    )


CPU = _template(
    "AuroraCpuHigh",
    "The CPU utilization of an instance is above its limit",
    "Look at the statements that used the most time, and at the maximum capacity of the cluster",
)
LOAD = _template(
    "AuroraLoadHigh",
    "An instance has more active sessions than its limit",
    "Look at the top wait events: they show whether the sessions wait for locks, disk or CPU",
)
CAPACITY = _template(
    "AuroraCapacityExhausted",
    "A serverless instance uses more than 90% of its maximum capacity",
    "Raise max_acu, or find the statements that need the capacity",
)
CONNECTIONS = _template(
    "AuroraConnectionsHigh",
    "An instance has more connections than its limit",
    "Look for clients that bypass the proxy, and for sessions that are idle in a transaction",
)
READS = _template(
    "AuroraReadLatencyHigh",
    "Reads from storage take longer than the limit",
    "Look for scans of large tables, and check whether the working set still fits into memory",
)
WRITES = _template(
    "AuroraWriteLatencyHigh",
    "Writes to storage take longer than the limit",
    "Look for bulk writes, and for unused indexes",
)
LAG = _template(
    "AuroraReplicaLag",
    "A replica lags behind its writer by more than the limit; above 30 s the alert is critical",
    "Send reads that need current data to the writer; look for long transactions and bulk writes",
)
MEMORY = _template(
    "AuroraMemoryLow",
    "An instance has less than 256 MiB of freeable memory",
    "Raise the capacity, or look for sessions and statements that use much memory",
)
WRAPAROUND = _template(
    "AuroraTxidWraparound",
    "More than one billion transaction ids are in use; at two billion the database stops accepting writes",
    "Find what blocks vacuum: an old transaction, a replication slot or a prepared transaction",
)
CERTIFICATE = _template(
    "AuroraCertificateExpiring",
    "The server certificate of an instance expires within 30 days",
    "Rotate it with modify-db-instance; first make sure that all clients trust the new certificate authority",
)
TEMPLATES = (CPU, LOAD, CAPACITY, CONNECTIONS, READS, WRITES, LAG, MEMORY, WRAPAROUND, CERTIFICATE)

_CPU = "aws_rds_cpu_utilization_ratio"
_LAG, _FAR_BEHIND = "aws_rds_replica_lag_seconds", duration_limit("30s for 5m")


@dataclass(frozen=True, slots=True, kw_only=True)
class _GaugeLimit:
    """A gauge of an instance with its promise, or its `expected` limit. `value_text` describes the value."""

    template: AlertTemplate
    metric: str
    value_text: str
    promise: str = ""
    expected: AnyLimit | None = None


_GAUGE_LIMITS = (
    _GaugeLimit(
        template=CPU,
        metric=_CPU,
        value_text=f"uses {PERCENT} of its CPU",
        promise="cpu_below",
        expected=ratio_limit("90% for 15m"),
    ),
    _GaugeLimit(
        template=LOAD,
        metric="aws_rds_db_load_active_sessions",
        value_text=f"has {COUNT} active sessions",
        promise="load_below",
    ),
    _GaugeLimit(
        template=CONNECTIONS,
        metric="aws_rds_database_connections_max",
        value_text=f"has {COUNT} connections",
        promise="connections_below",
    ),
    _GaugeLimit(
        template=READS,
        metric="aws_rds_read_latency_seconds",
        value_text=f"reads in {SECONDS}",
        promise="read_latency_below",
        expected=duration_limit("20ms for 10m"),
    ),
    _GaugeLimit(
        template=WRITES,
        metric="aws_rds_write_latency_seconds",
        value_text=f"writes in {SECONDS}",
        promise="write_latency_below",
        expected=duration_limit("20ms for 10m"),
    ),
    _GaugeLimit(
        template=LAG,
        metric=_LAG,
        value_text=f"is {SECONDS} behind",
        promise="replica_lag_below",
        expected=duration_limit("1s for 5m"),
    ),
    _GaugeLimit(
        template=CAPACITY,
        metric="aws_rds_acu_utilization_ratio",
        value_text=f"uses {PERCENT} of max_acu",
        expected=ratio_limit("90% for 10m"),
    ),
    _GaugeLimit(
        template=WRAPAROUND,
        metric="aws_rds_max_used_transaction_ids",
        value_text=f"uses {COUNT} transaction ids",
        expected=count_limit("1000000000"),
    ),
)


def cluster_cause_alerts(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    """Promised limits of the instances, and expected limits where nothing is promised."""
    for gauge in _GAUGE_LIMITS:
        promised = getattr(cluster, gauge.promise) if gauge.promise else None
        for limit in thresholds(context, cluster, gauge.metric, promised, gauge.expected):
            expr = f"{limit.series_source.gauge_max(gauge.metric)} > {limit.value}"
            yield limit.alert_rule(
                gauge.template, expr, f"{_instance(limit)} {gauge.value_text}", promise=gauge.promise
            )
    for limit in thresholds(context, cluster, _LAG, None, _FAR_BEHIND):
        expr, text = f"{limit.series_source.gauge_max(_LAG)} > {limit.value}", f"{_instance(limit)} is {SECONDS} behind"
        yield limit.alert_rule(LAG, expr, text, severity=AlertSeverity.CRITICAL)
    yield from _memory(context, cluster)
    yield from _certificates(context, cluster)


def _memory(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    free = "aws_rds_freeable_memory_bytes"
    for limit in thresholds(context, cluster, free, None, count_limit(f"{256 * 2**20} for 15m")):
        expr = f"{limit.series_source.gauge_min(free)} < {limit.value}"
        yield limit.alert_rule(MEMORY, expr, f"{_instance(limit)} has {{{{ $value | humanize1024 }}}}B free")


def _certificates(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    for limit in thresholds(context, cluster, _CPU, None, duration_limit("30d for 1h")):
        at, expiry = limit.series_source, "aws_rds_ca_certificate_expiry_timestamp_seconds"
        yield context.alert_rule(
            CERTIFICATE,
            f"{at.gauge_min(expiry)} - time() < {limit.value}",
            sustained=limit.sustained,
            summary=f"The certificate of {_instance(limit)} expires in {SECONDS}",
            component=cluster,
            labels=at.identity_labels,
        )


def _instance(limit: AlertThreshold) -> str:
    return escape_template(limit.series_source.labels["db_instance"])
