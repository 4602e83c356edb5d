"""Why an Aurora cluster or its proxy might be in trouble: use, saturation, and how long things take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from basewatch.components import AuroraCluster
from generate.prometheus.promql import escape_template
from generate.prometheus.recording import ratio
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


def _template(name: str, fires: str, remedy: str) -> AlertTemplate:
    return AlertTemplate(
        name=name, severity=AlertSeverity.WARNING, fires_when=fires, remedy=remedy, dashboard="basewatch-aurora"
    )


CPU = _template(
    "AuroraCpuHigh",
    "An instance is busier than its limit",
    "Look at the statements that took the most time, and at the highest capacity the cluster may scale to",
)
LOAD = _template(
    "AuroraLoadHigh",
    "More sessions are active at once than the limit",
    "Look at what they wait for: the top wait events tell locks from disk and CPU",
)
CAPACITY = _template(
    "AuroraCapacityExhausted",
    "A serverless instance uses more than 90% of the highest capacity that it may scale to",
    "Raise max_acu, or look for the statements that need so much",
)
CONNECTIONS = _template(
    "AuroraConnectionsHigh",
    "An instance has more connections than its limit",
    "Look for clients that do not go through the proxy, and for sessions that idle in a transaction",
)
READS = _template(
    "AuroraReadLatencyHigh",
    "Reads from storage take longer than the limit",
    "Look for scans of large tables, and whether the working set still fits into memory",
)
WRITES = _template(
    "AuroraWriteLatencyHigh",
    "Writes to storage take longer than the limit",
    "Look for bulk writes and for indexes that nobody reads",
)
LAG = _template(
    "AuroraReplicaLag",
    "A replica is further behind its writer than the limit; far behind, somebody is paged",
    "Send reads that must be new to the writer, and look for long transactions and bulk writes",
)
MEMORY = _template(
    "AuroraMemoryLow",
    "An instance has less than 256 MiB of memory to spare",
    "Raise the capacity, or look for sessions and statements that hold much",
)
WRAPAROUND = _template(
    "AuroraTxidWraparound",
    "More than a thousand million transaction ids are in use; at two thousand million the database stops",
    "Find what holds vacuum back: an old transaction, a replication slot or a prepared transaction",
)
CERTIFICATE = _template(
    "AuroraCertificateExpiring",
    "The certificate of an instance's server expires within 30 days",
    "Rotate it with modify-db-instance; clients that trust no other authority have to learn of the new one first",
)
BORROWING = _template(
    "ProxyBorrowSlow",
    "It takes longer than 100 ms to get a connection from the proxy",
    "See whether the pool is full, the database is slow to accept connections, or sessions are pinned",
)
PINNING = _template(
    "ProxyPinning",
    "More than half of the borrowed connections are pinned to one session",
    "Find the statements that pin: SET, temporary tables, prepared statements and advisory locks",
)
TEMPLATES = (CPU, LOAD, CAPACITY, CONNECTIONS, READS, WRITES, LAG, MEMORY, WRAPAROUND, CERTIFICATE, BORROWING, PINNING)

_CPU = "aws_rds_cpu_utilization_ratio"
_LAG, _FAR_BEHIND = "aws_rds_replica_lag_seconds", duration_limit("30s for 5m")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Height:
    """A gauge of an instance that should stay below what is promised, or `expected`; `seen` is said of its value."""

    template: AlertTemplate
    metric: str
    seen: str
    promise: str = ""
    expected: AnyLimit | None = None


_HEIGHTS = (
    _Height(
        template=CPU,
        metric=_CPU,
        seen=f"is {PERCENT} busy",
        promise="cpu_below",
        expected=ratio_limit("90% for 15m"),
    ),
    _Height(
        template=LOAD,
        metric="aws_rds_db_load_active_sessions",
        seen=f"has {COUNT} active sessions",
        promise="load_below",
    ),
    _Height(
        template=CONNECTIONS,
        metric="aws_rds_database_connections_max",
        seen=f"has {COUNT} connections",
        promise="connections_below",
    ),
    _Height(
        template=READS,
        metric="aws_rds_read_latency_seconds",
        seen=f"reads in {SECONDS}",
        promise="read_latency_below",
        expected=duration_limit("20ms for 10m"),
    ),
    _Height(
        template=WRITES,
        metric="aws_rds_write_latency_seconds",
        seen=f"writes in {SECONDS}",
        promise="write_latency_below",
        expected=duration_limit("20ms for 10m"),
    ),
    _Height(
        template=LAG,
        metric=_LAG,
        seen=f"is {SECONDS} behind",
        promise="replica_lag_below",
        expected=duration_limit("1s for 5m"),
    ),
    _Height(
        template=CAPACITY,
        metric="aws_rds_acu_utilization_ratio",
        seen=f"uses {PERCENT} of max_acu",
        expected=ratio_limit("90% for 10m"),
    ),
    _Height(
        template=WRAPAROUND,
        metric="aws_rds_max_used_transaction_ids",
        seen=f"uses {COUNT} transaction ids",
        expected=count_limit("1000000000"),
    ),
)


def cluster_cause_alerts(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    """What is promised of the instances, what is expected where nothing is, and the proxy."""
    for height in _HEIGHTS:
        promised = getattr(cluster, height.promise) if height.promise else None
        for limit in thresholds(context, cluster, height.metric, promised, height.expected):
            expr = f"{limit.series_source.gauge_max(height.metric)} > {limit.value}"
            yield limit.alert_rule(height.template, expr, f"{_instance(limit)} {height.seen}", promise=height.promise)
    for limit in thresholds(context, cluster, _LAG, None, _FAR_BEHIND):
        expr, seen = f"{limit.series_source.gauge_max(_LAG)} > {limit.value}", f"{_instance(limit)} is {SECONDS} behind"
        yield limit.alert_rule(LAG, expr, seen, severity=AlertSeverity.CRITICAL)
    yield from _memory(context, cluster)
    yield from _certificates(context, cluster)
    yield from _proxy(context, cluster)


def _memory(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    free = "aws_rds_freeable_memory_bytes"
    for limit in thresholds(context, cluster, free, None, count_limit(f"{256 * 2**20} for 15m")):
        expr, said = (
            f"{limit.series_source.gauge_min(free)} < {limit.value}",
            f"{_instance(limit)} has {{{{ $value | humanize1024 }}}}B left",
        )
        yield limit.alert_rule(MEMORY, expr, said)


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


def _proxy(context: RuleContext, cluster: AuroraCluster) -> Iterator[AlertRule]:
    borrowing = "aws_rds_proxy_borrow_latency_seconds"
    for limit in thresholds(context, cluster, borrowing, None, duration_limit("100ms for 10m")):
        expr, said = f"{limit.series_source.gauge_max(borrowing)} > {limit.value}", f"a connection takes {SECONDS}"
        yield limit.alert_rule(BORROWING, expr, said)
    pinned, borrowed = "aws_rds_proxy_pinned_sessions", "aws_rds_proxy_borrowed_connections"
    for limit in thresholds(context, cluster, pinned, None, ratio_limit("50% for 15m")):
        expr = (
            f"{ratio(limit.series_source.gauge_max(pinned), limit.series_source.gauge_max(borrowed))}\n> {limit.value}"
        )
        yield limit.alert_rule(PINNING, expr, f"{PERCENT} of the borrowed connections are pinned")


def _instance(limit: AlertThreshold) -> str:
    return escape_template(limit.series_source.labels["db_instance"])
