"""The load of what keeps data beside the database: the tables, their cache, the backup vault."""

from __future__ import annotations

from demo.published import PREFIX, Published, always, share
from demo.signals import Curve, Events, Latency, daily, whole

DISTURBANCES = ("table-throttled", "cache-cold", "backup-jobs-failing")

_TABLES = ("customers", "api-keys", "invoices", "usage-metrics")
_READS = {"GetItem": 0.7, "Query": 0.25, "Scan": 0.05}
_WRITES = {"PutItem": 0.6, "UpdateItem": 0.35, "DeleteItem": 0.05}
_MILLISECONDS = {"GetItem": 2.1, "Query": 3.8, "Scan": 9.0, "PutItem": 4.2, "UpdateItem": 4.6, "DeleteItem": 4.1}
_HOUR = 60
_VAULT = {"BackupVaultName": PREFIX}


def publish(published: Published) -> None:
    """Publish every metric of the tables, the cache and the vault."""
    for position, short in enumerate(_TABLES):
        _table(published, short, 20 + 10 * position)
    bad = share(always(1), 0.3, 61)
    published.add("AWS/DynamoDB", "UserErrors", {}, Events(happened=bad, samples=always(1), quiet=True))
    _cache(published)
    _jobs(published)


def _table(published: Published, short: str, seed: int) -> None:
    space, name = "AWS/DynamoDB", {"TableName": f"{PREFIX}-{short}"}
    reads, writes = whole(daily(90, 420, seed), seed + 1), whole(daily(12, 60, seed + 2), seed + 3)
    refused: Curve = share(writes, 0, seed)
    if short == "customers":
        refused = published.during("table-throttled", daily(24, 48, seed + 4), refused)
    published.add(space, "ConsumedReadCapacityUnits", name, Events(happened=reads, samples=reads))
    published.add(space, "ConsumedWriteCapacityUnits", name, Events(happened=writes, samples=writes))
    # DynamoDB publishes throttle events and errors only when there are some.
    none = share(reads, 0, seed)
    published.add(space, "ReadThrottleEvents", name, Events(happened=none, samples=reads, quiet=True))
    published.add(space, "WriteThrottleEvents", name, Events(happened=refused, samples=writes, quiet=True))
    for place, (operation, part) in enumerate({**_READS, **_WRITES}.items()):
        done = share(reads if operation in _READS else writes, part, seed + 5 + place)
        mean = daily(_MILLISECONDS[operation] * 0.9, _MILLISECONDS[operation] * 1.2, seed + place)
        throttled = refused if operation == "PutItem" else none
        of = {**name, "Operation": operation}
        published.add(space, "SuccessfulRequestLatency", of, Latency(mean=mean, samples=done))
        published.add(space, "ThrottledRequests", of, Events(happened=throttled, samples=writes, quiet=True))
        published.add(space, "SystemErrors", of, Events(happened=none, samples=reads, quiet=True))


def _cache(published: Published) -> None:
    """Publish what the cache answered by itself: nine of ten items, and four of five queries."""
    for kind, rate, hits, seed in (("Item", daily(600, 2400, 62), 0.92, 63), ("Query", daily(90, 360, 64), 0.82, 65)):
        for metric, ratio in (("Hits", hits), ("Misses", 1 - hits)):
            usual, cold = share(rate, ratio, seed), share(rate, 0.5, seed)
            happened = published.during("cache-cold", cold, usual) if kind == "Item" else usual
            signal = Events(happened=happened, samples=happened, quiet=True)
            published.add("AWS/DAX", f"{kind}Cache{metric}", {"ClusterId": f"{PREFIX}-cache"}, signal)


def _jobs(published: Published) -> None:
    """Publish five backup jobs an hour, of the cluster and of four tables, which are done ten minutes later."""
    failing, none, done = "backup-jobs-failing", always(0), _hourly(15)
    for metric, happened in (
        ("NumberOfBackupJobsCreated", _hourly(5)),
        ("NumberOfBackupJobsCompleted", published.during(failing, none, done)),
        ("NumberOfBackupJobsFailed", published.during(failing, done, none)),
        ("NumberOfBackupJobsExpired", none),
        ("NumberOfBackupJobsAborted", none),
        ("NumberOfCopyJobsCompleted", _hourly(25)),
        ("NumberOfCopyJobsFailed", none),
    ):
        published.add("AWS/Backup", metric, _VAULT, Events(happened=happened, samples=always(1), quiet=True))


def _hourly(at: int) -> Curve:
    return lambda minute: 5.0 if minute % _HOUR == at else 0.0
