"""The metrics of the database: the Aurora cluster, its two instances, and the proxy."""

from __future__ import annotations

from demo.signals import Curve, EventCounts, GaugeSignal, Latency, daily, rounded
from demo.synthetic_metrics import PREFIX, SyntheticMetrics, constant, fraction, scaled

DISTURBANCES = (
    "connections-near-limit",
    "proxy-bypassed",
    "database-busy",
    "proxy-slow",
    "storage-slow",
    "replica-behind",
)

PROXY_NAME = f"{PREFIX}-proxy"
POOL_SIZE = 180

_SPACE = "AWS/RDS"
_MAX_ACUS = 4
_GIB = 2.0**30
_WRITER, _READER = 1, 2


def publish(published: SyntheticMetrics) -> None:
    """Add every metric of the cluster and the proxy."""
    near_limit = "connections-near-limit"
    many, usual = rounded(daily(168, 172, 71), 72), rounded(daily(18, 46, 73), 74)
    connections = published.while_disturbed(near_limit, many, usual)
    instance_connections = published.while_disturbed("proxy-bypassed", rounded(daily(700, 780, 75), 76), connections)
    borrowed = published.while_disturbed(near_limit, many, lambda minute: usual(minute) // 2)
    for position in (_WRITER, _READER):
        _instance(published, position, instance_connections)
    lag = GaugeSignal(
        peak=published.while_disturbed("replica-behind", daily(4000, 9000, 91), daily(14, 26, 91)), swing=0.3
    )
    published.add(_SPACE, "AuroraReplicaLag", {"DBInstanceIdentifier": f"{PREFIX}-{_READER}"}, lag)
    volume = GaugeSignal(peak=lambda minute: 12 * _GIB + 400 * minute)
    published.add(_SPACE, "VolumeBytesUsed", {"DBClusterIdentifier": PREFIX}, volume)
    _proxy(published, connections, borrowed)


def _instance(published: SyntheticMetrics, position: int, connections: Curve) -> None:
    name, seed = {"DBInstanceIdentifier": f"{PREFIX}-{position}"}, 80 * position
    busy, slow = "database-busy", "storage-slow"
    load = published.while_disturbed(busy, daily(6, 9, seed + 1), daily(0.2, 1.4, seed + 1))
    acus = published.while_disturbed(busy, constant(_MAX_ACUS), daily(0.8, 2.4, seed + 4))
    cpu = published.while_disturbed(busy, constant(99), daily(14, 55, seed))
    for metric, peak, swing in (
        ("DatabaseConnections", connections, 0.02),
        ("CPUUtilization", cpu, 0.05),
        ("DBLoad", load, 0.3),
        ("DBLoadCPU", scaled(load, 0.6), 0.3),
        ("DBLoadNonCPU", scaled(load, 0.4), 0.3),
        # ReadLatency and WriteLatency are in seconds, CommitLatency in milliseconds.
        ("ReadLatency", published.while_disturbed(slow, constant(0.08), daily(0.0006, 0.0012, seed + 2)), 0.3),
        ("WriteLatency", published.while_disturbed(slow, constant(0.12), daily(0.0012, 0.0021, seed + 3)), 0.3),
        ("CommitLatency", daily(1.6, 3.4, seed + 5), 0.3),
        ("ServerlessDatabaseCapacity", acus, 0.1),
        ("ACUUtilization", scaled(acus, 100 / _MAX_ACUS), 0.1),
        ("FreeableMemory", scaled(acus, 0.7 * _GIB), 0.05),
        ("Deadlocks", constant(0), 0.0),
        ("BufferCacheHitRatio", constant(99.6), 0.001),
        ("FreeLocalStorage", constant(28 * _GIB), 0.01),
        ("MaximumUsedTransactionIDs", daily(41e6, 43e6, seed + 6), 0.0),
    ):
        published.add(_SPACE, metric, name, GaugeSignal(peak=peak, swing=swing))


def _proxy(published: SyntheticMetrics, connections: Curve, borrowed: Curve) -> None:
    name = {"ProxyName": PROXY_NAME}
    for metric, peak in (
        ("ClientConnections", scaled(connections, 2)),
        ("DatabaseConnections", connections),
        ("DatabaseConnectionsCurrentlyBorrowed", borrowed),
        ("DatabaseConnectionsCurrentlySessionPinned", lambda minute: borrowed(minute) // 8),
        ("MaxDatabaseConnectionsAllowed", constant(POOL_SIZE)),
    ):
        published.add(_SPACE, metric, name, GaugeSignal(peak=peak))
    borrowing = published.while_disturbed("proxy-slow", daily(240_000, 400_000, 90), daily(600, 1400, 90))
    queries = rounded(daily(900, 3600, 92), 93)
    for metric, mean, samples in (
        # In microseconds.
        ("DatabaseConnectionsBorrowLatency", borrowing, borrowed),
        ("QueryResponseLatency", daily(1800, 2900, 94), queries),
    ):
        published.add(_SPACE, metric, name, Latency(mean=mean, samples=samples))
    for metric, counts in (
        ("QueryRequests", queries),
        ("ClientConnectionsSetupFailedAuth", fraction(constant(1), 0.02, 95)),
        ("DatabaseConnectionsSetupFailed", constant(0)),
    ):
        published.add(_SPACE, metric, name, EventCounts(counts=counts, samples=queries))
    for role in ("READ_WRITE", "READ_ONLY"):
        of = {**name, "TargetGroup": "default", "TargetRole": role}
        published.add(_SPACE, "AvailabilityPercentage", of, GaugeSignal(peak=constant(100)))
