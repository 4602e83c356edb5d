"""The synthetic load on SecureBase: every metric of every component, computed on request, and its disturbances."""

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
"""How far in the past a disturbance starts."""

DISTURBANCES = (*load_services.DISTURBANCES, *load_stores.DISTURBANCES, *load_database.DISTURBANCES)


_DAY = 24 * 60
_LONG = 6 * 60
"""Periods of so many minutes or more are those of a past."""


def _now() -> datetime:
    return datetime.now(UTC)


class Load:
    """The load of one SecureBase; its value at a time is always the same."""

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        """`now` is the clock for the start of disturbances (aware UTC)."""
        self.now = now
        self._metrics = SyntheticMetrics()
        self._usual: dict[tuple[int, str, range], float | None] = {}
        for part in (load_services, load_stores, load_database):
            part.publish(self._metrics)

    def value(
        self, namespace: str, metric: str, dimensions: Dimensions, statistic: str, *, period: timedelta, at: datetime
    ) -> float | None:
        """CloudWatch's datapoint for the period that starts at `at`, in CloudWatch's unit; None without a datapoint.

        `dimensions` match exactly, in any order. `statistic` is SampleCount, Sum, Average, Minimum, Maximum or pNN.
        """
        signal = self._metrics.signals.get((namespace, metric, tuple(sorted(dimensions))))
        if signal is None:
            return None
        first = epoch_minute(at)
        minutes = range(first, first + period // MINUTE)
        is_of_a_past = len(minutes) >= _LONG or (len(minutes) > 1 and statistic.startswith("p"))
        if not is_of_a_past or self._is_disturbed(minutes):
            return aggregate(signal, minutes, statistic)
        # Weeks of these are asked for again and again. The load repeats by the day but for its noise.
        on_a_day = range(first % _DAY, first % _DAY + len(minutes))
        known = (id(signal), statistic, on_a_day)
        if known not in self._usual:
            self._usual[known] = aggregate(signal, on_a_day, statistic)
        return self._usual[known]

    def _is_disturbed(self, minutes: range) -> bool:
        """Whether any disturbance overlaps these minutes."""
        active = self._metrics.active_disturbances.values()
        return any(minutes.start < end and start < minutes.stop for start, end in active)

    def recent_metrics(self) -> Iterator[MetricKey]:
        """The namespace, name and dimensions of every metric with a datapoint in the last three hours."""
        now = epoch_minute(self.now())
        for key, signal in self._metrics.signals.items():
            if aggregate(signal, range(now - 180, now), "SampleCount") is not None:
                yield key

    def start_disturbance(self, name: str, *, start: datetime | None = None, end: datetime | None = None) -> None:
        """Start a disturbance, by default from half an hour ago until it is stopped.

        Raises: KeyError, when there is no disturbance of this name.
        """
        if name not in DISTURBANCES:
            raise KeyError(f"there is no disturbance {name}; choose one of {', '.join(DISTURBANCES)}")
        self._metrics.start_disturbance(name, start or self.now() - DISTURBANCE_BACKDATING, end)

    def stop_disturbance(self, name: str) -> None:
        """Remove a disturbance, also from the past; without one, do nothing."""
        self._metrics.active_disturbances.pop(name, None)
