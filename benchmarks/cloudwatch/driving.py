"""Basewatch's own sources in this process, refreshed at moments that are given: an hour passes in seconds.

What is driven is what `serve` runs, wired by the same code; only the clock and the pages around it are left out.
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
from benchmarks.cloudwatch.running import Fake
from exposition.page import Exposition
from workflows import commands
from workflows.block_sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """One refresh: seconds until it can be shown, seconds of a core for all of it, and what the fake counted."""

    at: datetime
    seconds: float
    cpu_seconds: float
    counted: Mapping[str, Any]

    @property
    def calls(self) -> int:
        """How often GetMetricData was asked."""
        return int(self.counted["calls"].get("GetMetricData", 0))


class Driven:
    """The CloudWatch source of a configuration, and what it shows."""

    def __init__(self, sources: Sources, prepared: commands.Prepared, fake: Fake) -> None:
        self._sources = sources
        self._prepared = prepared
        self._fake = fake
        self._exposition = Exposition()
        self.at = commands.now()
        self.telemetry = prepared.sessions.telemetry
        self.targets = sources.targets

    @property
    def source(self) -> BlockSource:
        """What asks CloudWatch."""
        return next(source for source in self._sources.blocks if source.name == "cloudwatch")

    def discover(self, at: float) -> None:
        """Looks for what there is, with the fake's clock at `at`."""
        self._fake.control(now=at)
        self.at = datetime.fromtimestamp(at, UTC)
        self._sources.discover(self.at)

    def refresh(self, at: float) -> Refreshed:
        """One refresh, with the fake's clock at `at`; its knobs are turned back to what was prepared for it."""
        self._fake.control(now=at)
        self._fake.reset()
        self.at = datetime.fromtimestamp(at, UTC)
        began, cpu = time.perf_counter(), time.process_time()
        self._prepared.sessions.begin_pass()
        self.source.refresh(self.at)
        seconds = time.perf_counter() - began
        # Counters are written down beside the page: nobody waits for that, but it is work of this refresh.
        for thread in enumerate_threads():
            if thread.name == "counters":
                thread.join()
        cpu = time.process_time() - cpu
        return Refreshed(at=self.at, seconds=seconds, cpu_seconds=cpu, counted=self._fake.stats())

    def blocks(self, at: float) -> list[Block]:
        """What is shown as of `at`."""
        return list(self.source.blocks(datetime.fromtimestamp(at, UTC)))

    def page(self, at: float) -> dict[bytes, float]:
        """Every series that is shown as of `at`, and its value."""
        return {
            series: value
            for block in self.blocks(at)
            for series, value in zip(block.series, block.values, strict=True)
            if value == value  # noqa: PLR0124  # NaN is none
        }

    def render(self, at: float) -> None:
        """Makes the page that would be scraped."""
        self._exposition.page(self.blocks(at), self.telemetry.registry)

    def gauge(self, name: str) -> dict[tuple[str, str, str], float]:
        """A metric of its own by collector, account and region."""
        return {
            (sample.labels["collector"], sample.labels["aws_account_id"], sample.labels["aws_region"]): sample.value
            for metric in self.telemetry.registry.collect()
            for sample in metric.samples
            if sample.name == name
        }

    def up(self) -> dict[tuple[str, str, str], bool]:
        """Whether each collector got everything at its last refresh."""
        return {place: value == 1 for place, value in self.gauge("basewatch_collector_up").items()}

    def counted(self, name: str) -> float:
        """The sum of a counter of its own."""
        found = (sample for metric in self.telemetry.registry.collect() for sample in metric.samples)
        return sum(sample.value for sample in found if sample.name == name)


@contextmanager
def driven(config: Path, fake: Fake) -> Iterator[Driven]:
    """The sources of a configuration against a fake, until the block is left; its history stays."""
    prepared = commands.prepare(config, fake.environ())
    with prepared.history() as history:
        sources = Sources(prepared, history)
        exporter = Driven(sources, prepared, fake)
        try:
            yield exporter
        finally:
            sources.close(exporter.at)
