"""Shared parts of the scenarios: the physical limits, and exporters driven through time."""

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
"""A quota that no scenario reaches."""
READ_DELAY_SECONDS = 120
"""How far Basewatch's refresh reads behind the clock; younger periods are not exported yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of the command line. `unscraped_refreshes` of `serve` are timed before the scraped one."""

    peer: str = ""
    soak_seconds: int = 300
    unscraped_refreshes: int = 0
    runs: int = 3


def min_calls(queries: int, datapoints: int) -> int:
    """The fewest calls for that many queries and datapoints."""
    return max(ceil(queries / QUERIES_PER_CALL), ceil(datapoints / DATAPOINTS_PER_CALL))


def min_seconds(calls: int, datapoints: int, settings: FakeSettings, concurrency: int) -> float:
    """The shortest time of that many calls: by latency, calls a second, or datapoints a second."""
    return max(
        ceil(calls / concurrency) * settings.latency_ms / 1000,
        calls / settings.calls_per_second,
        datapoints / settings.datapoints_per_second,
    )


def whole_hour_before(seconds: float) -> int:
    """A whole hour, long enough ago that all its data has arrived."""
    return int((time.time() - seconds) // 3600 * 3600)


def without_quotas(settings: FakeSettings) -> FakeSettings:
    """Without quotas: only the latency limits the speed."""
    return replace(settings, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED, lists_per_second=UNLIMITED)


def without_latency(settings: FakeSettings) -> FakeSettings:
    """Without quotas and almost without latency: for scenarios about values only."""
    return replace(without_quotas(settings), latency_ms=2)


def without_rate_limit(config: ScenarioConfig) -> ScenarioConfig:
    """With rates that never delay a call."""
    return replace(config, calls_per_second=UNLIMITED, datapoints_per_second=UNLIMITED)


@dataclass(slots=True, kw_only=True)
class ScenarioRun:
    """A driven exporter, its fake, and the current time."""

    fake: FakeProcess
    exporter: ExporterHarness
    settings: FakeSettings
    at: int
    _targets: tuple[MetricTarget, ...] = ()
    _expected: tuple[ExpectedSeries, ...] = ()

    def refresh(self, minutes: int = 1) -> RefreshResult:
        """Runs the refresh that many minutes later."""
        self.at += minutes * 60
        return self.exporter.refresh(self.at)

    @property
    def end(self) -> int:
        """The minute before which everything has been read."""
        return (self.at - READ_DELAY_SECONDS) // 60

    def expected_series(self) -> Sequence[ExpectedSeries]:
        """Every series that is requested now."""
        targets = tuple(self.exporter.targets())
        if targets != self._targets:
            self._targets, self._expected = targets, tuple(expected_series(targets, self.settings))
        return self._expected

    def counters(self) -> list[bytes]:
        """The counters among them."""
        return [one.series for one in self.expected_series() if one.spec.is_counter]


@contextmanager
def scenario_run(
    config: ScenarioConfig, settings: FakeSettings, *, folder: Path | None = None, at: int = 0
) -> Iterator[ScenarioRun]:
    """A driven exporter after discovery and before its first refresh; `folder` keeps its history."""
    with tempfile.TemporaryDirectory() as temporary, FakeProcess(settings) as fake:
        path = config.write(folder or Path(temporary))
        start = at or whole_hour_before(6 * 3600)
        with exporter_harness(path, fake) as exporter:
            exporter.discover(start)
            yield ScenarioRun(fake=fake, exporter=exporter, settings=settings, at=start)


def median_seconds(values: list[float]) -> float:
    """The median."""
    return median(values)
