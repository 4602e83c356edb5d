"""What all scenarios share: the physical limits, and fleets that are driven through time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import ceil
from pathlib import Path
from statistics import median

from basewatch.collector import Target
from benchmarks.cloudwatch.driving import Driven, Refreshed, driven
from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.running import Fake
from benchmarks.cloudwatch.settings import Settings
from benchmarks.cloudwatch.truth import Expected, expected

QUERIES_PER_CALL = 500
DATAPOINTS_PER_CALL = 100_800
UNLIMITED = 1e9
"""A quota that nothing here reaches."""
SETTLED_SECONDS = 120
"""How far behind the clock Basewatch's live refresh reads: what is younger is no series' newest reading yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line chose; `unscraped` refreshes of `serve` are timed before one that is scraped."""

    peer: str = ""
    soak_seconds: int = 300
    unscraped: int = 0
    runs: int = 3


def calls_at_least(queries: int, datapoints: int) -> int:
    """The fewest calls that so many queries take, with so many datapoints in all."""
    return max(ceil(queries / QUERIES_PER_CALL), ceil(datapoints / DATAPOINTS_PER_CALL))


def seconds_at_least(calls: int, datapoints: int, knobs: Knobs, concurrency: int) -> float:
    """The shortest time that so many calls take: by the latency, by calls a second, or by datapoints a second."""
    return max(
        ceil(calls / concurrency) * knobs.latency_ms / 1000,
        calls / knobs.calls_per_second,
        datapoints / knobs.datapoints_per_second,
    )


def midnight_before(seconds: float) -> int:
    """A whole hour long enough ago that nothing of it is still on its way."""
    return int((time.time() - seconds) // 3600 * 3600)


def unlimited(knobs: Knobs) -> Knobs:
    """Without quotas: for what is to be compared with the latency alone."""
    return replace(knobs, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED, lists_per_second=UNLIMITED)


def quick(knobs: Knobs) -> Knobs:
    """Without quotas, and almost without latency: for what is about values alone."""
    return replace(unlimited(knobs), latency_ms=2)


def unpaced(settings: Settings) -> Settings:
    """With a pace that never holds a call back."""
    return replace(settings, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED)


@dataclass(slots=True, kw_only=True)
class Voyage:
    """A driven exporter, its fake, and the minute it is at."""

    fake: Fake
    driven: Driven
    knobs: Knobs
    at: int
    _targets: tuple[Target, ...] = ()
    _expected: tuple[Expected, ...] = ()

    def refresh(self, minutes: int = 1) -> Refreshed:
        """The refresh so many minutes later."""
        self.at += minutes * 60
        return self.driven.refresh(self.at)

    @property
    def end(self) -> int:
        """The minute before which everything has been read, if all went well."""
        return (self.at - SETTLED_SECONDS) // 60

    def expected(self) -> Sequence[Expected]:
        """Every series that is asked about now."""
        targets = tuple(self.driven.targets())
        if targets != self._targets:
            self._targets, self._expected = targets, tuple(expected(targets, self.knobs))
        return self._expected

    def counters(self) -> list[bytes]:
        """Those of them that add up."""
        return [one.series for one in self.expected() if one.spec.adds_up]


@contextmanager
def voyage(settings: Settings, knobs: Knobs, *, folder: Path | None = None, at: int = 0) -> Iterator[Voyage]:
    """A driven exporter that has discovered its fleet and refreshed nothing yet; `folder` keeps its history."""
    with tempfile.TemporaryDirectory() as made, Fake(knobs) as fake:
        config = settings.write(folder or Path(made))
        begin = at or midnight_before(6 * 3600)
        with driven(config, fake) as exporter:
            exporter.discover(begin)
            yield Voyage(fake=fake, driven=exporter, knobs=knobs, at=begin)


def middle(values: list[float]) -> float:
    """The median."""
    return median(values)
