"""Turns the points of each collection into what Prometheus scrapes: counters that only grow, and newest readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.collector import MetricSpec
from basewatch.model import Series

STALE_AFTER = timedelta(minutes=15)
"""How old a gauge's reading may be and still be shown: older ones say nothing of now."""

Labels = tuple[tuple[str, str], ...]
Key = tuple[str, Labels]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One number of the exposition; `labels` are sorted by name."""

    name: str
    labels: Labels
    value: float


class Accumulator:
    """What has been collected since the process began; a restart begins again at zero, which Prometheus allows for."""

    def __init__(self, specs: Iterable[MetricSpec]) -> None:
        """`specs` say which series add up; one that no spec names is a gauge."""
        self._adding_up = frozenset(spec.name for spec in specs if spec.adds_up)
        self._totals: dict[Key, float] = {}
        self._newest: dict[Key, tuple[datetime, float]] = {}
        self._watermarks: dict[Key, datetime] = {}

    def add(self, series: Iterable[Series]) -> None:
        """Take in a collection: of each series only the points newer than any it has had, so windows may overlap.

        A counter that CloudWatch has nothing of begins at zero, so that its first event shows as an increase.
        """
        for one in series:
            key = one.name, tuple(sorted(one.labels))
            watermark = self._watermarks.get(key)
            new = [point for point in one.points if watermark is None or point.period_end > watermark]
            if one.name in self._adding_up:
                self._totals[key] = self._totals.get(key, 0.0) + sum(point.value for point in new)
            if new:
                newest = max(new, key=lambda point: point.period_end)
                self._watermarks[key] = newest.period_end
                self._newest[key] = newest.period_end, newest.value

    def samples(self, now: datetime) -> tuple[Sample, ...]:
        """Every counter's total, and every gauge's newest reading that is no older than STALE_AFTER."""
        readings = {
            key: value
            for key, (at, value) in self._newest.items()
            if key not in self._totals and now - at <= STALE_AFTER
        }
        return tuple(
            Sample(name=name, labels=labels, value=value)
            for (name, labels), value in sorted((self._totals | readings).items())
        )
