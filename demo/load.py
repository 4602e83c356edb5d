"""A believable load on SecureBase, computed when asked: every metric of every component, and ways to disturb it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from zlib import crc32

from demo.signals import Curve, Events, Latency, Level, Signal, daily, over, whole

Dimensions = Iterable[tuple[str, str]]
Key = tuple[str, str, tuple[tuple[str, str], ...]]

PREFIX = "securebase-production"
PROXY = f"{PREFIX}-proxy"
POOL = 180
MINUTE = timedelta(minutes=1)
LEAD = timedelta(minutes=30)
"""How long before it is switched on a disturbance has already been going on."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _minute(moment: datetime) -> int:
    return (moment - _EPOCH) // MINUTE


def _now() -> datetime:
    return datetime.now(UTC)


class Load:
    """The load of one SecureBase: the same for the same moment, whenever and in whatever order it is asked."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        """`now` is the clock that disturbances start by (aware UTC)."""
        self.now = now
        self._disturbed: dict[str, tuple[int, float]] = {}
        self._signals: dict[Key, Signal] = {}
        self._add_requests()
        self._add_functions()
        self._add_tables()
        self._add_database()

    def value(
        self, namespace: str, metric: str, dimensions: Dimensions, statistic: str, *, period: timedelta, at: datetime
    ) -> float | None:
        """What CloudWatch would answer for the period that starts at `at`, in its own units; None for no datapoint.

        `dimensions` match exactly, in any order; `statistic` is SampleCount, Sum, Average, Minimum, Maximum or pNN.
        """
        signal = self._signals.get((namespace, metric, tuple(sorted(dimensions))))
        if signal is None:
            return None
        first = _minute(at)
        return over(signal, range(first, first + period // MINUTE), statistic)

    def disturb(self, name: str, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Switch a disturbance on: from half an hour ago until calmed, unless said otherwise. Raises: KeyError."""
        if name not in DISTURBANCES:
            raise KeyError(f"no disturbance is called {name}: there are {', '.join(DISTURBANCES)}")
        self._disturbed[name] = (_minute(start or self.now() - LEAD), math.inf if end is None else _minute(end))

    def calm(self, name: str) -> None:
        """Switch a disturbance off, as if it had never happened."""
        self._disturbed.pop(name, None)

    def _during(self, name: str, disturbed: Curve, usual: Curve) -> Curve:
        def at(minute: int) -> float:
            span = self._disturbed.get(name)
            return disturbed(minute) if span is not None and span[0] <= minute < span[1] else usual(minute)

        return at

    def _add(self, namespace: str, metric: str, dimensions: dict[str, str], signal: Signal) -> None:
        self._signals[namespace, metric, tuple(sorted(dimensions.items()))] = signal

    def _add_requests(self) -> None:
        space, stage = "AWS/ApiGateway", {"ApiName": PREFIX, "Stage": "prod"}
        count = whole(daily(1500, 4500, 1), 2)
        server_errors = self._during("api-5xx-burst", _share(count, 0.6, 3), _share(count, 0.0002, 3))
        mean = self._during("api-p95-slow", daily(700, 900, 4), daily(80, 110, 4))
        self._add(space, "Count", stage, Events(happened=count, samples=count))
        self._add(space, "4XXError", stage, Events(happened=_share(count, 0.012, 5), samples=count))
        self._add(space, "5XXError", stage, Events(happened=server_errors, samples=count))
        self._add(space, "Latency", stage, Latency(mean=mean, samples=count))

    def _add_functions(self) -> None:
        self._add_function("auth-v2", daily(180, 540, 11), mean_ms=34, errors=0.002)
        self._add_function("billing-worker", daily(1, 2, 12), mean_ms=1100, errors=0)
        self._add_function("metrics-aggregation", daily(1, 2, 13), mean_ms=400, errors=0)

    def _add_function(self, short: str, rate: Curve, *, mean_ms: float, errors: float) -> None:
        space, name, seed = "AWS/Lambda", {"FunctionName": f"{PREFIX}-{short}"}, crc32(short.encode())
        count, mean = whole(rate, seed), daily(mean_ms * 0.9, mean_ms * 1.1, seed + 1)
        failed = _share(count, errors, seed + 2)
        if short == "auth-v2":
            failed = self._during("function-error-burst", _share(count, 0.22, seed + 2), failed)
            mean = self._during("function-slow", daily(180, 260, seed + 3), mean)
        running: Curve = lambda minute: math.ceil(1.5 * count(minute) * mean(minute) / 60_000)  # noqa: E731  # a curve
        self._add(space, "Invocations", name, Events(happened=count, samples=count))
        self._add(space, "Errors", name, Events(happened=failed, samples=count))
        self._add(space, "Throttles", name, Events(happened=_share(count, 0, seed), samples=count))
        self._add(space, "Duration", name, Latency(mean=mean, samples=count))
        self._add(space, "ConcurrentExecutions", name, Level(peak=running))

    def _add_tables(self) -> None:
        for position, short in enumerate(("customers", "api-keys", "invoices", "usage-metrics")):
            space, name, seed = "AWS/DynamoDB", {"TableName": f"{PREFIX}-{short}"}, 20 + 10 * position
            reads, writes = whole(daily(90, 420, seed), seed + 1), whole(daily(12, 60, seed + 2), seed + 3)
            refused: Curve = _share(writes, 0, seed)
            if short == "customers":
                refused = self._during("table-throttled", daily(24, 48, seed + 4), refused)
            self._add(space, "ConsumedReadCapacityUnits", name, Events(happened=reads, samples=reads))
            self._add(space, "ConsumedWriteCapacityUnits", name, Events(happened=writes, samples=writes))
            # DynamoDB publishes throttle events only when there are some.
            none = _share(reads, 0, seed)
            self._add(space, "ReadThrottleEvents", name, Events(happened=none, samples=reads, quiet=True))
            self._add(space, "WriteThrottleEvents", name, Events(happened=refused, samples=writes, quiet=True))

    def _add_database(self) -> None:
        space, near = "AWS/RDS", "connections-near-limit"
        crowd, pool = whole(daily(168, 172, 71), 72), whole(daily(18, 46, 73), 74)
        connections = self._during(near, crowd, pool)
        borrowed = self._during(near, crowd, lambda minute: pool(minute) // 2)
        for position in (1, 2):
            name, seed = {"DBInstanceIdentifier": f"{PREFIX}-{position}"}, 80 * position
            self._add(space, "DatabaseConnections", name, Level(peak=connections, swing=0.02))
            self._add(space, "CPUUtilization", name, Level(peak=daily(14, 55, seed), swing=0.2))
            self._add(space, "DBLoad", name, Level(peak=daily(0.2, 1.4, seed + 1), swing=0.3))
            self._add(space, "ReadLatency", name, Level(peak=daily(0.0006, 0.0012, seed + 2), swing=0.3))
            self._add(space, "WriteLatency", name, Level(peak=daily(0.0012, 0.0021, seed + 3), swing=0.3))
        proxy = {"ProxyName": PROXY}
        self._add(space, "ClientConnections", proxy, Level(peak=lambda minute: 2 * connections(minute)))
        self._add(space, "DatabaseConnections", proxy, Level(peak=connections))
        self._add(space, "DatabaseConnectionsCurrentlyBorrowed", proxy, Level(peak=borrowed))
        self._add(space, "MaxDatabaseConnectionsAllowed", proxy, Level(peak=lambda _minute: POOL))
        self._add(
            space, "DatabaseConnectionsBorrowLatency", proxy, Latency(mean=daily(600, 1400, 90), samples=borrowed)
        )


def _share(count: Curve, ratio: float, seed: int) -> Curve:
    return whole(lambda minute: count(minute) * ratio, seed)


DISTURBANCES = (
    "function-error-burst",
    "function-slow",
    "api-5xx-burst",
    "api-p95-slow",
    "table-throttled",
    "connections-near-limit",
)
