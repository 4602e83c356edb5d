"""Basewatch's own sources in this process, refreshed at given times: an hour passes in seconds.

The same code as in `serve` wires the components; only the scheduler and the web server are left out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import enumerate as enumerate_threads
from typing import Any

from basewatch.family import Block, BlockSource
from benchmarks.cloudwatch.processes import FakeProcess
from exposition.page import PageRenderer
from workflows import commands
from workflows.block_sources import MetricSources


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """One refresh: seconds until it can be exported, CPU seconds of all its work, and the fake's counts."""

    at: datetime
    seconds: float
    cpu_seconds: float
    request_counts: Mapping[str, Any]

    @property
    def calls(self) -> int:
        """The number of GetMetricData calls."""
        return int(self.request_counts["calls"].get("GetMetricData", 0))


class ExporterHarness:
    """The CloudWatch source of a configuration."""

    def __init__(self, sources: MetricSources, prepared: commands.PreparedPlan, fake: FakeProcess) -> None:
        self._sources = sources
        self._prepared = prepared
        self._fake = fake
        self._exposition = PageRenderer()
        self.at = commands.utc_now()
        self.telemetry = prepared.sessions.telemetry
        self.targets = sources.targets

    @property
    def source(self) -> BlockSource:
        """The CloudWatch source."""
        return next(source for source in self._sources.block_sources if source.name == "cloudwatch")

    def discover(self, at: float) -> None:
        """Runs discovery, with the fake's clock at `at`."""
        self._fake.configure(now=at)
        self.at = datetime.fromtimestamp(at, UTC)
        self._sources.discover(self.at)

    def refresh(self, at: float) -> RefreshResult:
        """Runs one refresh, with the fake's clock at `at`."""
        self._fake.configure(now=at)
        self._fake.reset()
        self.at = datetime.fromtimestamp(at, UTC)
        started, cpu = time.perf_counter(), time.process_time()
        self._prepared.sessions.drop_failed_sessions()
        self.source.refresh(self.at)
        seconds = time.perf_counter() - started
        # Counters are saved by a thread; its work belongs to this refresh.
        for thread in enumerate_threads():
            if thread.name == "counters":
                thread.join()
        cpu = time.process_time() - cpu
        return RefreshResult(at=self.at, seconds=seconds, cpu_seconds=cpu, request_counts=self._fake.stats())

    def blocks(self, at: float) -> list[Block]:
        """The blocks as of `at`."""
        return list(self.source.blocks(datetime.fromtimestamp(at, UTC)))

    def page(self, at: float) -> dict[bytes, float]:
        """Every series with a value as of `at`."""
        return {
            series: value
            for block in self.blocks(at)
            for series, value in zip(block.series, block.values, strict=True)
            if value == value  # noqa: PLR0124  # NaN is none
        }

    def render(self, at: float) -> None:
        """Renders the page."""
        self._exposition.render(self.blocks(at), self.telemetry.registry)

    def own_gauge(self, name: str) -> dict[tuple[str, str, str], float]:
        """A self-monitoring gauge by collector, account and region."""
        return {
            (sample.labels["collector"], sample.labels["aws_account_id"], sample.labels["aws_region"]): sample.value
            for metric in self.telemetry.registry.collect()
            for sample in metric.samples
            if sample.name == name
        }

    def collectors_up(self) -> dict[tuple[str, str, str], bool]:
        """Whether each collector's last refresh was complete."""
        return {location: value == 1 for location, value in self.own_gauge("basewatch_collector_up").items()}

    def counter_total(self, name: str) -> float:
        """The sum of a self-monitoring counter over its labels."""
        found = (sample for metric in self.telemetry.registry.collect() for sample in metric.samples)
        return sum(sample.value for sample in found if sample.name == name)


@contextmanager
def exporter_harness(config: Path, fake: FakeProcess) -> Iterator[ExporterHarness]:
    """The sources of a configuration against a fake; the history stays."""
    prepared = commands.prepare(config, fake.environ())
    with prepared.history() as history:
        sources = MetricSources(prepared, history)
        exporter = ExporterHarness(sources, prepared, fake)
        try:
            yield exporter
        finally:
            sources.close(exporter.at)
