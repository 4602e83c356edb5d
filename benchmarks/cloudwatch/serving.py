"""B3, B5 and B12 on the program itself: `basewatch serve` on its own clock, scraped without pause."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cloudwatch.knobs import Knobs
from benchmarks.cloudwatch.measured import Measured
from benchmarks.cloudwatch.running import ACCOUNT, Exporter, Fake, basewatch, free_port
from benchmarks.cloudwatch.scenarios import Options, unlimited, unpaced
from benchmarks.cloudwatch.scraping import Scraper, percentile
from benchmarks.cloudwatch.settings import EVERYTHING, Settings

_MIB = 1e6
_MINUTE = 60
_SETTLING_SECONDS = 3
"""After a refresh's last answer the page is rendered, compressed and swapped: scrapes until then are during it."""
_DISCOVERY_SECONDS = 15
_DEAD = "eu-west-1"


Burst = tuple[float, float, int]
"""Calls one after the other: when the first came, when the last was answered, and how many they were."""


@dataclass(slots=True, kw_only=True)
class _Served:
    """The program and its fake."""

    fake: Fake
    exporter: Exporter

    def bursts(self) -> list[Burst]:
        """When metrics were asked for without a pause: from when to when, and in how many calls."""
        return [(begin, end, int(calls)) for begin, end, calls in self.fake.stats()["metric_bursts"]]

    def wait_for_burst(self, calls: int, seconds: float, *, after: float = 0) -> Burst:
        """The first burst of at least so many calls that began after a time. Raises: RuntimeError, without one."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.exporter.process.poll() is None:
            done = [one for one in self.bursts() if one[2] >= calls and one[0] > after]
            if done and time.time() - done[0][1] > _SETTLING_SECONDS:
                return done[0]
            time.sleep(0.5)
        raise RuntimeError(f"no {calls} calls within {seconds:g} s; it said: {self.exporter.log.read_text()[-2000:]}")


def _served(stack: ExitStack, settings: Settings, knobs: Knobs) -> _Served:
    folder, port = Path(stack.enter_context(tempfile.TemporaryDirectory())), free_port()
    fake = stack.enter_context(Fake(knobs))
    command = basewatch("serve", "--config", str(settings.write(folder, port)))
    return _Served(fake=fake, exporter=stack.enter_context(Exporter(command, fake.environ(), port, folder / "log")))


def ninety_thousand(options: Options) -> Iterator[Measured]:
    """B3: 90,000 series: the refresh on the wire, scrapes meanwhile and between, memory, the body."""
    knobs = unlimited(Knobs(functions=10_000, tables=0, apis=0, instances=0))
    settings = unpaced(Settings(collectors=EVERYTHING[:1], every="1m"))
    # Discovery takes some seconds, and the refresh after it is the next minute's: one that begins late waits for that.
    if time.time() % _MINUTE > _MINUTE - _DISCOVERY_SECONDS:
        time.sleep(_MINUTE - time.time() % _MINUTE)
    alone = list[Burst]()
    with ExitStack() as stack:
        served = _served(stack, settings, knobs)
        cold = last = served.wait_for_burst(180, 3 * _MINUTE)
        for _ in range(options.unscraped):
            last = served.wait_for_burst(180, 2 * _MINUTE, after=last[1])
            alone.append(last)
        before = served.exporter.usage()
        with Scraper(served.exporter.port) as scraper:
            steady = served.wait_for_burst(180, 2 * _MINUTE, after=last[1])
            time.sleep(_SETTLING_SECONDS)
        after = served.exporter.usage()
        page = served.exporter.page()
    spans = [(steady[0], steady[1] + _SETTLING_SECONDS)]
    yield _on_the_wire("cold refresh", cold)
    for one in alone:
        yield _on_the_wire("steady refresh", one, aim=2.7)
    yield _on_the_wire("steady refresh, scraped without pause", steady, aim=2.7)
    yield Measured(
        scenario="B3",
        what="serve: CPU of a minute with a refresh and scrapes",
        ours=after.cpu_seconds - before.cpu_seconds,
        unit="s",
    )
    yield from _scrapes("B3", scraper, spans)
    yield Measured(scenario="B3", what="serve: most memory (VmHWM)", ours=after.peak_bytes / _MIB, unit="MB", aim=190)
    yield Measured(scenario="B3", what="serve: body, plain", ours=len(page) / _MIB, unit="MB")
    yield Measured(scenario="B3", what="serve: body, gzip", ours=scraper.scrapes[-1].size / _MIB, unit="MB")
    yield Measured(scenario="B3", what="serve: series", ours=page.count(b"\naws_"), unit="series")


def dead_region(_: Options) -> Iterator[Measured]:
    """B5: one of three regions never answers; the others go on, and it is said which one is down."""
    regions = ["us-east-1", _DEAD, "ap-southeast-2"]
    accounts = {"main": {"id": ACCOUNT, "regions": regions}}
    with ExitStack() as stack:
        served = _served(stack, Settings(accounts=accounts, collectors=EVERYTHING[:1], every="1m"), Knobs())
        served.wait_for_burst(3, 3 * _MINUTE)
        time.sleep(_MINUTE - time.time() % _MINUTE + 15)
        served.fake.control(dead_region=_DEAD)
        dead = time.time()
        first: float | None = None
        fresh = dict[str, float]()
        while time.time() < dead + 4 * _MINUTE:
            page = served.exporter.page()
            if first is None and _shown(page, b"basewatch_collector_up", _DEAD) == 0:
                first = time.time() - dead
            fresh = {one: _shown(page, b"basewatch_collector_last_success_timestamp_seconds", one) for one in regions}
            time.sleep(1)
        ages = {region: time.time() - at for region, at in fresh.items()}
    said = float("nan") if first is None else first
    yield Measured(
        scenario="B5", what="until the page says the region is down", ours=said, unit="s", limit=60, by="next refresh"
    )
    for region in regions:
        aim = None if region == _DEAD else 65
        yield Measured(
            scenario="B5", what=f"after 4 min, last success of {region}", ours=ages[region], unit="s ago", aim=aim
        )


def soak(options: Options) -> Iterator[Measured]:
    """B12: 1,000 functions for as long as was asked, a tenth of them replaced every ten minutes: what grows."""
    with ExitStack() as stack:
        served = _served(stack, Settings(every="1m"), Knobs(functions=1000, churn_seconds=600))
        served.wait_for_burst(18, 3 * _MINUTE)
        begun = served.exporter.usage()
        with Scraper(served.exporter.port, pause=0.25) as scraper:
            time.sleep(options.soak_seconds)
        ended, bursts = served.exporter.usage(), served.bursts()
    spans = [(begin, end + _SETTLING_SECONDS) for begin, end, _ in bursts]
    hours = options.soak_seconds / 3600
    yield Measured(scenario="B12", what="length", ours=options.soak_seconds, unit="s")
    yield Measured(scenario="B12", what="memory gained", ours=(ended.peak_bytes - begun.peak_bytes) / _MIB, unit="MB")
    yield Measured(scenario="B12", what="files opened more", ours=ended.open_files - begun.open_files)
    cores = (ended.cpu_seconds - begun.cpu_seconds) / (hours * 36)
    yield Measured(scenario="B12", what="CPU", ours=cores, unit="% of a core")
    yield Measured(scenario="B12", what="scrapes that failed", ours=scraper.failures, aim=0)
    yield from _scrapes("B12", scraper, spans)


def _on_the_wire(what: str, burst: Burst, *, aim: float | None = None) -> Measured:
    begin, end, calls = burst
    return Measured(
        scenario="B3",
        what=f"serve: {what}, on the wire",
        ours=end - begin,
        unit="s",
        limit=-(-calls // 5) * Knobs().latency_ms / 1000,
        aim=aim,
        by=f"{calls} calls, 5 at once",
    )


def _scrapes(scenario: str, scraper: Scraper, spans: Sequence[tuple[float, float]]) -> Iterator[Measured]:
    for when, seconds, aim in (
        ("between refreshes", scraper.outside(spans), None),
        ("during a refresh", scraper.within(spans), 5),
    ):
        for share in (50, 99):
            yield Measured(
                scenario=scenario,
                what=f"serve: scrape {when}, p{share} of {len(seconds)}",
                unit="ms",
                ours=percentile(seconds, share) * 1000,
                aim=aim if share == 99 else None,  # noqa: PLR2004  # p99
            )


def _shown(page: bytes, name: bytes, region: str) -> float:
    """The value of a metric of its own for a region's Lambda; NaN when it is not there."""
    wanted = f'aws_region="{region}"'.encode()
    lines = (line for line in page.splitlines() if line.startswith(name) and wanted in line and b'"lambda"' in line)
    return next((float(line.rpartition(b" ")[2]) for line in lines), float("nan"))
