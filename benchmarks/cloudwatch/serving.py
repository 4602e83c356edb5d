"""B3, B5 and B12 with the program itself: `basewatch serve` in real time, scraped continuously."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.processes import ACCOUNT, ExporterProcess, FakeProcess, basewatch_command, free_port
from benchmarks.cloudwatch.scenario_config import EVERYTHING, ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import Options, without_quotas, without_rate_limit
from benchmarks.cloudwatch.scraping import ScrapeLoop, percentile

_MIB = 1e6
_MINUTE = 60
_SETTLING_SECONDS = 3
"""Rendering and compressing follow the last response: scrapes until then count as during the refresh."""
_DISCOVERY_SECONDS = 15
_DEAD = "eu-west-1"


Burst = tuple[float, float, int]
"""Consecutive calls: the first request, the last response, and the number of calls."""


@dataclass(slots=True, kw_only=True)
class _Served:
    """The program and its fake."""

    fake: FakeProcess
    exporter: ExporterProcess

    def bursts(self) -> list[Burst]:
        """The bursts of GetMetricData calls: start, end and number of calls."""
        return [(begin, end, int(calls)) for begin, end, calls in self.fake.stats()["metric_bursts"]]

    def wait_for_burst(self, calls: int, seconds: float, *, after: float = 0) -> Burst:
        """The first burst of at least that many calls that began after a time. Raises: RuntimeError, without one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.exporter.process.poll() is None:
            done = [one for one in self.bursts() if one[2] >= calls and one[0] > after]
            if done and time.time() - done[0][1] > _SETTLING_SECONDS:
                return done[0]
            time.sleep(0.5)
        output = self.exporter.log.read_text()[-2000:]
        raise RuntimeError(f"no {calls} calls within {seconds:g} s; its output: {output}")


def _serve(stack: ExitStack, config: ScenarioConfig, settings: FakeSettings) -> _Served:
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    fake = stack.enter_context(FakeProcess(settings))
    command = basewatch_command("serve", "--config", str(config.write(folder, port)))
    return _Served(
        fake=fake, exporter=stack.enter_context(ExporterProcess(command, fake.environ(), port, folder / "log"))
    )


def ninety_thousand(options: Options) -> Iterator[ScenarioMeasurement]:
    """B3: 90,000 series: the refresh on the wire, scrapes during and between refreshes, memory, the body."""
    settings = without_quotas(FakeSettings(functions=10_000, tables=0, apis=0, instances=0))
    config = without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m"))
    # Discovery takes some seconds. If it starts late in a minute, the refresh after it starts a minute later: wait.
    if time.time() % _MINUTE > _MINUTE - _DISCOVERY_SECONDS:
        time.sleep(_MINUTE - time.time() % _MINUTE)
    alone = list[Burst]()
    with ExitStack() as stack:
        running = _serve(stack, config, settings)
        cold = last = running.wait_for_burst(180, 3 * _MINUTE)
        for _ in range(options.unscraped_refreshes):
            last = running.wait_for_burst(180, 2 * _MINUTE, after=last[1])
            alone.append(last)
        before = running.exporter.usage()
        with ScrapeLoop(running.exporter.port) as scraper:
            steady = running.wait_for_burst(180, 2 * _MINUTE, after=last[1])
            time.sleep(_SETTLING_SECONDS)
        after = running.exporter.usage()
        page = running.exporter.page()
    windows = [(steady[0], steady[1] + _SETTLING_SECONDS)]
    yield _refresh_time("cold refresh", cold)
    for one in alone:
        yield _refresh_time("steady refresh", one, goal=2.7)
    yield _refresh_time("steady refresh, scraped continuously", steady, goal=2.7)
    yield ScenarioMeasurement(
        scenario="B3",
        what="serve: CPU of a minute with a refresh and scrapes",
        value=after.cpu_seconds - before.cpu_seconds,
        unit="s",
    )
    yield from _scrape_times("B3", scraper, windows)
    yield ScenarioMeasurement(
        scenario="B3", what="serve: peak memory (VmHWM)", value=after.peak_bytes / _MIB, unit="MB", goal=190
    )
    yield ScenarioMeasurement(scenario="B3", what="serve: body, plain", value=len(page) / _MIB, unit="MB")
    yield ScenarioMeasurement(scenario="B3", what="serve: body, gzip", value=scraper.scrapes[-1].size / _MIB, unit="MB")
    yield ScenarioMeasurement(scenario="B3", what="serve: series", value=page.count(b"\naws_"), unit="series")


def dead_region(_: Options) -> Iterator[ScenarioMeasurement]:
    """B5: one of three regions never answers; the others continue, and the page names the one that is down."""
    regions = ["us-east-1", _DEAD, "ap-southeast-2"]
    accounts = {"main": {"id": ACCOUNT, "regions": regions}}
    with ExitStack() as stack:
        running = _serve(
            stack, ScenarioConfig(accounts=accounts, collectors=EVERYTHING[:1], every="1m"), FakeSettings()
        )
        running.wait_for_burst(3, 3 * _MINUTE)
        time.sleep(_MINUTE - time.time() % _MINUTE + 15)
        running.fake.configure(dead_region=_DEAD)
        dead = time.time()
        first: float | None = None
        fresh = dict[str, float]()
        while time.time() < dead + 4 * _MINUTE:
            page = running.exporter.page()
            if first is None and _shown(page, b"basewatch_collector_up", _DEAD) == 0:
                first = time.time() - dead
            fresh = {one: _shown(page, b"basewatch_collector_last_success_timestamp_seconds", one) for one in regions}
            time.sleep(1)
        ages = {region: time.time() - at for region, at in fresh.items()}
    seconds_until_down = float("nan") if first is None else first
    yield ScenarioMeasurement(
        scenario="B5",
        what="until the page shows the region as down",
        value=seconds_until_down,
        unit="s",
        lower_bound=60,
        formula="next refresh",
    )
    for region in regions:
        goal = None if region == _DEAD else 65
        yield ScenarioMeasurement(
            scenario="B5", what=f"after 4 min, last success of {region}", value=ages[region], unit="s ago", goal=goal
        )


def soak(options: Options) -> Iterator[ScenarioMeasurement]:
    """B12: 1,000 functions for the given time, a tenth of them replaced every ten minutes: what grows."""
    with ExitStack() as stack:
        running = _serve(stack, ScenarioConfig(every="1m"), FakeSettings(functions=1000, churn_seconds=600))
        running.wait_for_burst(18, 3 * _MINUTE)
        started = running.exporter.usage()
        with ScrapeLoop(running.exporter.port, pause=0.25) as scraper:
            time.sleep(options.soak_seconds)
        ended, bursts = running.exporter.usage(), running.bursts()
    windows = [(begin, end + _SETTLING_SECONDS) for begin, end, _ in bursts]
    hours = options.soak_seconds / 3600
    yield ScenarioMeasurement(scenario="B12", what="length", value=options.soak_seconds, unit="s")
    yield ScenarioMeasurement(
        scenario="B12", what="memory gained", value=(ended.peak_bytes - started.peak_bytes) / _MIB, unit="MB"
    )
    yield ScenarioMeasurement(scenario="B12", what="files opened more", value=ended.open_files - started.open_files)
    cores = (ended.cpu_seconds - started.cpu_seconds) / (hours * 36)
    yield ScenarioMeasurement(scenario="B12", what="CPU", value=cores, unit="% of a core")
    yield ScenarioMeasurement(scenario="B12", what="scrapes that failed", value=scraper.failures, goal=0)
    yield from _scrape_times("B12", scraper, windows)


def _refresh_time(what: str, burst: Burst, *, goal: float | None = None) -> ScenarioMeasurement:
    begin, end, calls = burst
    return ScenarioMeasurement(
        scenario="B3",
        what=f"serve: {what}, on the wire",
        value=end - begin,
        unit="s",
        lower_bound=-(-calls // 5) * FakeSettings().latency_ms / 1000,
        goal=goal,
        formula=f"{calls} calls, 5 at once",
    )


def _scrape_times(
    scenario: str, scraper: ScrapeLoop, windows: Sequence[tuple[float, float]]
) -> Iterator[ScenarioMeasurement]:
    for when, seconds, goal in (
        ("between refreshes", scraper.outside(windows), None),
        ("during a refresh", scraper.within(windows), 5),
    ):
        for rank in (50, 99):
            yield ScenarioMeasurement(
                scenario=scenario,
                what=f"serve: scrape {when}, p{rank} of {len(seconds)}",
                unit="ms",
                value=percentile(seconds, rank) * 1000,
                goal=goal if rank == 99 else None,  # noqa: PLR2004  # p99
            )


def _shown(page: bytes, name: bytes, region: str) -> float:
    """The value of a self-monitoring metric for a region's Lambda collector; NaN when it is absent."""
    wanted = f'aws_region="{region}"'.encode()
    lines = (line for line in page.splitlines() if line.startswith(name) and wanted in line and b'"lambda"' in line)
    return next((float(line.rpartition(b" ")[2]) for line in lines), float("nan"))
