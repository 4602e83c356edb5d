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

from basewatch.collector import MetricTarget
from benchmarks.cloudwatch.exporter_harness import ExporterHarness, RefreshResult, exporter_harness
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import ExpectedSeries, expected_series
from benchmarks.cloudwatch.processes import FakeProcess
from benchmarks.cloudwatch.scenario_config import ScenarioConfig

QUERIES_PER_CALL = 500
DATAPOINTS_PER_CALL = 100_800
UNLIMITED = 1e9
"""A quota that nothing here reaches."""
READ_DELAY_SECONDS = 120
"""How far behind the clock Basewatch's live refresh reads: what is younger is no series' newest reading yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line chose; `unscraped_refreshes` refreshes of `serve` are timed before one that is scraped."""

    peer: str = ""
    soak_seconds: int = 300
    unscraped_refreshes: int = 0
    runs: int = 3


def min_calls(queries: int, datapoints: int) -> int:
    """The fewest calls that so many queries take, with so many datapoints in all."""
    return max(ceil(queries / QUERIES_PER_CALL), ceil(datapoints / DATAPOINTS_PER_CALL))


def min_seconds(calls: int, datapoints: int, knobs: FakeSettings, concurrency: int) -> float:
    """The shortest time that so many calls take: by the latency, by calls a second, or by datapoints a second."""
    return max(
        ceil(calls / concurrency) * knobs.latency_ms / 1000,
        calls / knobs.calls_per_second,
        datapoints / knobs.datapoints_per_second,
    )


def whole_hour_before(seconds: float) -> int:
    """A whole hour long enough ago that nothing of it is still on its way."""
    return int((time.time() - seconds) // 3600 * 3600)


def without_quotas(knobs: FakeSettings) -> FakeSettings:
    """Without quotas: for what is to be compared with the latency alone."""
    return replace(knobs, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED, lists_per_second=UNLIMITED)


def without_latency(knobs: FakeSettings) -> FakeSettings:
    """Without quotas, and almost without latency: for what is about values alone."""
    return replace(without_quotas(knobs), latency_ms=2)


def without_rate_limit(settings: ScenarioConfig) -> ScenarioConfig:
    """With a pace that never holds a call back."""
    return replace(settings, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED)


@dataclass(slots=True, kw_only=True)
class ScenarioRun:
    """A driven exporter, its fake, and the minute it is at."""

    fake: FakeProcess
    exporter: ExporterHarness
    knobs: FakeSettings
    at: int
    _targets: tuple[MetricTarget, ...] = ()
    _expected: tuple[ExpectedSeries, ...] = ()

    def refresh(self, minutes: int = 1) -> RefreshResult:
        """The refresh so many minutes later."""
        self.at += minutes * 60
        return self.exporter.refresh(self.at)

    @property
    def end(self) -> int:
        """The minute before which everything has been read, if all went well."""
        return (self.at - READ_DELAY_SECONDS) // 60

    def expected_series(self) -> Sequence[ExpectedSeries]:
        """Every series that is asked about now."""
        targets = tuple(self.exporter.targets())
        if targets != self._targets:
            self._targets, self._expected = targets, tuple(expected_series(targets, self.knobs))
        return self._expected

    def counters(self) -> list[bytes]:
        """Those of them that add up."""
        return [one.series for one in self.expected_series() if one.spec.is_counter]


@contextmanager
def scenario_run(
    settings: ScenarioConfig, knobs: FakeSettings, *, folder: Path | None = None, at: int = 0
) -> Iterator[ScenarioRun]:
    """A driven exporter that has discovered its fleet and refreshed nothing yet; `folder` keeps its history."""
    with tempfile.TemporaryDirectory() as made, FakeProcess(knobs) as fake:
        config = settings.write(folder or Path(made))
        begin = at or whole_hour_before(6 * 3600)
        with exporter_harness(config, fake) as exporter:
            exporter.discover(begin)
            yield ScenarioRun(fake=fake, exporter=exporter, knobs=knobs, at=begin)


def median_seconds(values: list[float]) -> float:
    """The median."""
    return median(values)
