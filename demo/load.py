"""A believable load on SecureBase, computed when asked: every metric of every component, and ways to disturb it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

from demo import load_database, load_services, load_stores
from demo.load_database import POOL_SIZE, PROXY_NAME
from demo.signals import aggregate
from demo.synthetic_metrics import MINUTE, PREFIX, MetricKey, SyntheticMetrics, epoch_minute

__all__ = ["DISTURBANCES", "DISTURBANCE_BACKDATING", "MINUTE", "POOL_SIZE", "PREFIX", "PROXY_NAME", "Load"]

Dimensions = Iterable[tuple[str, str]]

DISTURBANCE_BACKDATING = timedelta(minutes=30)
"""How long before it is switched on a disturbance has already been going on."""

DISTURBANCES = (*load_services.DISTURBANCES, *load_stores.DISTURBANCES, *load_database.DISTURBANCES)


def _now() -> datetime:
    return datetime.now(UTC)


class Load:
    """The load of one SecureBase: the same for the same moment, whenever and in whatever order it is asked."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        """`now` is the clock that disturbances start by (aware UTC)."""
        self.now = now
        self._published = SyntheticMetrics()
        for part in (load_services, load_stores, load_database):
            part.publish(self._published)

    def value(
        self, namespace: str, metric: str, dimensions: Dimensions, statistic: str, *, period: timedelta, at: datetime
    ) -> float | None:
        """What CloudWatch would answer for the period that starts at `at`, in its own units; None for no datapoint.

        `dimensions` match exactly, in any order; `statistic` is SampleCount, Sum, Average, Minimum, Maximum or pNN.
        """
        signal = self._published.signals.get((namespace, metric, tuple(sorted(dimensions))))
        if signal is None:
            return None
        first = epoch_minute(at)
        return aggregate(signal, range(first, first + period // MINUTE), statistic)

    def recent_metrics(self) -> Iterator[MetricKey]:
        """The namespace, name and dimensions of every metric with a datapoint in the last three hours."""
        now = epoch_minute(self.now())
        for key, signal in self._published.signals.items():
            if aggregate(signal, range(now - 180, now), "SampleCount") is not None:
                yield key

    def start_disturbance(self, name: str, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Switch a disturbance on: from half an hour ago until calmed, unless said otherwise. Raises: KeyError."""
        if name not in DISTURBANCES:
            raise KeyError(f"no disturbance is called {name}: there are {', '.join(DISTURBANCES)}")
        self._published.start_disturbance(name, start or self.now() - DISTURBANCE_BACKDATING, end)

    def stop_disturbance(self, name: str) -> None:
        """Switch a disturbance off, as if it had never happened."""
        self._published.active_disturbances.pop(name, None)
