"""The load of what keeps data beside the database: the tables, their cache, the backup vault."""

from __future__ import annotations

from demo.signals import Curve, EventCounts, Latency, daily, rounded
from demo.synthetic_metrics import PREFIX, SyntheticMetrics, constant, fraction

DISTURBANCES = ("table-throttled", "cache-cold", "backup-jobs-failing")

_TABLES = ("customers", "api-keys", "invoices", "usage-metrics")
_READS = {"GetItem": 0.7, "Query": 0.25, "Scan": 0.05}
_WRITES = {"PutItem": 0.6, "UpdateItem": 0.35, "DeleteItem": 0.05}
_MILLISECONDS = {"GetItem": 2.1, "Query": 3.8, "Scan": 9.0, "PutItem": 4.2, "UpdateItem": 4.6, "DeleteItem": 4.1}
_HOUR = 60
_VAULT = {"BackupVaultName": PREFIX}


def publish(published: SyntheticMetrics) -> None:
    """Publish every metric of the tables, the cache and the vault."""
    for position, short in enumerate(_TABLES):
        _table(published, short, 20 + 10 * position)
    bad = fraction(constant(1), 0.3, 61)
    published.add("AWS/DynamoDB", "UserErrors", {}, EventCounts(counts=bad, samples=constant(1), omit_zero=True))
    _cache(published)
    _jobs(published)


def _table(published: SyntheticMetrics, short: str, seed: int) -> None:
    space, name = "AWS/DynamoDB", {"TableName": f"{PREFIX}-{short}"}
    reads, writes = rounded(daily(90, 420, seed), seed + 1), rounded(daily(12, 60, seed + 2), seed + 3)
    refused: Curve = fraction(writes, 0, seed)
    if short == "customers":
        refused = published.while_disturbed("table-throttled", daily(24, 48, seed + 4), refused)
    published.add(space, "ConsumedReadCapacityUnits", name, EventCounts(counts=reads, samples=reads))
    published.add(space, "ConsumedWriteCapacityUnits", name, EventCounts(counts=writes, samples=writes))
    # DynamoDB publishes throttle events and errors only when there are some.
    none = fraction(reads, 0, seed)
    published.add(space, "ReadThrottleEvents", name, EventCounts(counts=none, samples=reads, omit_zero=True))
    published.add(space, "WriteThrottleEvents", name, EventCounts(counts=refused, samples=writes, omit_zero=True))
    for place, (operation, part) in enumerate({**_READS, **_WRITES}.items()):
        done = fraction(reads if operation in _READS else writes, part, seed + 5 + place)
        mean = daily(_MILLISECONDS[operation] * 0.9, _MILLISECONDS[operation] * 1.2, seed + place)
        throttled = refused if operation == "PutItem" else none
        of = {**name, "Operation": operation}
        published.add(space, "SuccessfulRequestLatency", of, Latency(mean=mean, samples=done))
        published.add(space, "ThrottledRequests", of, EventCounts(counts=throttled, samples=writes, omit_zero=True))
        published.add(space, "SystemErrors", of, EventCounts(counts=none, samples=reads, omit_zero=True))


def _cache(published: SyntheticMetrics) -> None:
    """Publish what the cache answered by itself: nine of ten items, and four of five queries."""
    for kind, rate, hits, seed in (("Item", daily(600, 2400, 62), 0.92, 63), ("Query", daily(90, 360, 64), 0.82, 65)):
        for metric, ratio in (("Hits", hits), ("Misses", 1 - hits)):
            usual, cold = fraction(rate, ratio, seed), fraction(rate, 0.5, seed)
            happened = published.while_disturbed("cache-cold", cold, usual) if kind == "Item" else usual
            signal = EventCounts(counts=happened, samples=happened, omit_zero=True)
            published.add("AWS/DAX", f"{kind}Cache{metric}", {"ClusterId": f"{PREFIX}-cache"}, signal)


def _jobs(published: SyntheticMetrics) -> None:
    """Publish five backup jobs an hour, of the cluster and of four tables, which are done ten minutes later."""
    failing, none, done = "backup-jobs-failing", constant(0), _hourly(15)
    for metric, happened in (
        ("NumberOfBackupJobsCreated", _hourly(5)),
        ("NumberOfBackupJobsCompleted", published.while_disturbed(failing, none, done)),
        ("NumberOfBackupJobsFailed", published.while_disturbed(failing, done, none)),
        ("NumberOfBackupJobsExpired", none),
        ("NumberOfBackupJobsAborted", none),
        ("NumberOfCopyJobsCompleted", _hourly(25)),
        ("NumberOfCopyJobsFailed", none),
    ):
        published.add("AWS/Backup", metric, _VAULT, EventCounts(counts=happened, samples=constant(1), omit_zero=True))


def _hourly(at: int) -> Curve:
    return lambda minute: 5.0 if minute % _HOUR == at else 0.0
