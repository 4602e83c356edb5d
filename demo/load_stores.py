"""The metrics of the DynamoDB tables, their cache, and the backup vault."""

from __future__ import annotations

from demo.signals import Curve, EventCounts, Latency, daily, rounded
from demo.synthetic_metrics import PREFIX, SyntheticMetrics, constant, fraction

DISTURBANCES = ("table-throttled", "cache-cold", "backup-jobs-failing")

_TABLES = ("customers", "api-keys", "invoices", "usage-metrics", "cache", "sessions", "metrics")
_READS = {"GetItem": 0.7, "Query": 0.25, "Scan": 0.05}
_WRITES = {"PutItem": 0.6, "UpdateItem": 0.35, "DeleteItem": 0.05}
_MILLISECONDS = {"GetItem": 2.1, "Query": 3.8, "Scan": 9.0, "PutItem": 4.2, "UpdateItem": 4.6, "DeleteItem": 4.1}
_HOUR = 60
_VAULT = {"BackupVaultName": PREFIX}


def publish(published: SyntheticMetrics) -> None:
    """Add every metric of the tables, the cache and the vault."""
    for position, short in enumerate(_TABLES):
        _table(published, short, 20 + 10 * position)
    errors = fraction(constant(1), 0.3, 61)
    published.add("AWS/DynamoDB", "UserErrors", {}, EventCounts(counts=errors, samples=constant(1), omit_zero=True))
    _cache(published)
    _jobs(published)


def _table(published: SyntheticMetrics, short: str, seed: int) -> None:
    space, name = "AWS/DynamoDB", {"TableName": f"{PREFIX}-{short}"}
    reads, writes = rounded(daily(90, 420, seed), seed + 1), rounded(daily(12, 60, seed + 2), seed + 3)
    throttled_writes: Curve = fraction(writes, 0, seed)
    if short == "customers":
        throttled_writes = published.while_disturbed("table-throttled", daily(24, 48, seed + 4), throttled_writes)
    published.add(space, "ConsumedReadCapacityUnits", name, EventCounts(counts=reads, samples=reads))
    published.add(space, "ConsumedWriteCapacityUnits", name, EventCounts(counts=writes, samples=writes))
    # DynamoDB publishes throttle events and errors only when there are some.
    none = fraction(reads, 0, seed)
    published.add(space, "ReadThrottleEvents", name, EventCounts(counts=none, samples=reads, omit_zero=True))
    writes_signal = EventCounts(counts=throttled_writes, samples=writes, omit_zero=True)
    published.add(space, "WriteThrottleEvents", name, writes_signal)
    for position, (operation, ratio) in enumerate({**_READS, **_WRITES}.items()):
        done = fraction(reads if operation in _READS else writes, ratio, seed + 5 + position)
        mean = daily(_MILLISECONDS[operation] * 0.9, _MILLISECONDS[operation] * 1.2, seed + position)
        throttled = throttled_writes if operation == "PutItem" else none
        of = {**name, "Operation": operation}
        published.add(space, "SuccessfulRequestLatency", of, Latency(mean=mean, samples=done))
        published.add(space, "ThrottledRequests", of, EventCounts(counts=throttled, samples=writes, omit_zero=True))
        published.add(space, "SystemErrors", of, EventCounts(counts=none, samples=reads, omit_zero=True))


def _cache(published: SyntheticMetrics) -> None:
    """Add the hits and misses of the cache: about 92% of items and 82% of queries are hits."""
    for kind, rate, hits, seed in (("Item", daily(600, 2400, 62), 0.92, 63), ("Query", daily(90, 360, 64), 0.82, 65)):
        for metric, ratio in (("Hits", hits), ("Misses", 1 - hits)):
            usual, cold = fraction(rate, ratio, seed), fraction(rate, 0.5, seed)
            counts = published.while_disturbed("cache-cold", cold, usual) if kind == "Item" else usual
            signal = EventCounts(counts=counts, samples=counts, omit_zero=True)
            published.add("AWS/DAX", f"{kind}Cache{metric}", {"ClusterId": f"{PREFIX}-cache"}, signal)


def _jobs(published: SyntheticMetrics) -> None:
    """Add five backup jobs per hour, of the cluster and of four tables; each ends ten minutes later."""
    failing, none, done = "backup-jobs-failing", constant(0), _hourly(15)
    for metric, counts in (
        ("NumberOfBackupJobsCreated", _hourly(5)),
        ("NumberOfBackupJobsCompleted", published.while_disturbed(failing, none, done)),
        ("NumberOfBackupJobsFailed", published.while_disturbed(failing, done, none)),
        ("NumberOfBackupJobsExpired", none),
        ("NumberOfBackupJobsAborted", none),
        ("NumberOfCopyJobsCompleted", _hourly(25)),
        ("NumberOfCopyJobsFailed", none),
        ("NumberOfRecoveryPointsPartial", none),
    ):
        published.add("AWS/Backup", metric, _VAULT, EventCounts(counts=counts, samples=constant(1), omit_zero=True))


def _hourly(at: int) -> Curve:
    return lambda minute: 5.0 if minute % _HOUR == at else 0.0
