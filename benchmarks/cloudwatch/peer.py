"""Measures a peer against the same fake: YACE, or any program with its configuration. No binary is shipped."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.processes import ExporterProcess, FakeProcess, free_port
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement
from benchmarks.cloudwatch.scenarios import Options
from benchmarks.cloudwatch.scraping import ScrapeLoop, percentile

_EVERY_SECONDS = 60
_QUIET_SECONDS = 5
"""A refresh has ended when no request came for this long; scrapes are timed for as long."""
_POLL_SECONDS = 1.0
_FIVE = ("Sum", "SampleCount", "p95", "p99", "Maximum")
_AMOUNT = ("Average",)
_JOBS: dict[str, dict[str, tuple[str, ...]]] = {
    "AWS/Lambda": {
        "Invocations": ("Sum",),
        "Errors": ("Sum",),
        "Throttles": ("Sum",),
        "Duration": _FIVE,
        "ConcurrentExecutions": ("Maximum",),
    },
    "AWS/DynamoDB": {
        "ConsumedReadCapacityUnits": ("Sum",),
        "ConsumedWriteCapacityUnits": ("Sum",),
        "ReadThrottleEvents": ("Sum",),
        "WriteThrottleEvents": ("Sum",),
    },
    "AWS/ApiGateway": {"Count": ("SampleCount",), "4XXError": ("Sum",), "5XXError": ("Sum",), "Latency": _FIVE},
    "AWS/RDS": {
        "DatabaseConnections": ("Average", "Maximum"),
        "CPUUtilization": _AMOUNT,
        "DBLoad": _AMOUNT,
        "ReadLatency": _AMOUNT,
        "WriteLatency": _AMOUNT,
    },
}


def configuration(namespaces: tuple[str, ...]) -> dict[str, Any]:
    """YACE's configuration: one discovery job per service, each metric with the statistics that Basewatch requests."""
    jobs = [
        {
            "type": namespace,
            "regions": ["us-east-1"],
            "period": 60,
            "length": 300,
            "delay": 120,
            "metrics": [{"name": name, "statistics": list(stats)} for name, stats in _JOBS[namespace].items()],
        }
        for namespace in namespaces
    ]
    return {"apiVersion": "v1alpha1", "discovery": {"jobs": jobs}}


def measurements(options: Options) -> Iterator[ScenarioMeasurement]:
    """B1 and B3 as the peer runs them, each in its second refresh. Its windows need not be on whole periods."""
    if not options.peer:
        return
    small = FakeSettings(strict_windows=0)
    large = FakeSettings(
        functions=10_000,
        tables=0,
        apis=0,
        instances=0,
        strict_windows=0,
        calls_per_second=1e6,
        lists_per_second=1e6,
        datapoints_per_second=1e9,
    )
    yield from measure("B1", small, tuple(_JOBS), options.peer)
    yield from measure("B3", large, ("AWS/Lambda",), options.peer)


def measure(
    scenario: str, settings: FakeSettings, namespaces: tuple[str, ...], binary: str
) -> Iterator[ScenarioMeasurement]:
    """One scenario with the program at `binary`. Raises: RuntimeError, when it does not serve or refresh."""
    with tempfile.TemporaryDirectory() as made, FakeProcess(settings) as fake:
        path, port = Path(made) / "peer.yaml", free_port()
        path.write_text(yaml.safe_dump(configuration(namespaces)))
        command = [
            binary,
            f"-config.file={path}",
            f"-listen-address=127.0.0.1:{port}",
            f"-scraping-interval={_EVERY_SECONDS}",
        ]
        with ExporterProcess(command, fake.environ(), port, Path(made) / "log") as peer:
            peer.wait_for(b"# TYPE", 2 * _EVERY_SECONDS)
            bursts = _two_bursts(fake)
            with ScrapeLoop(port, pause=0.1) as scraper:
                time.sleep(_QUIET_SECONDS)
            used = peer.usage()
    begin, end, calls = bursts[-1]
    rows = [
        ("steady refresh: calls", calls, "calls"),
        ("steady refresh: on the wire", end - begin, "s"),
        ("scrape, p50", percentile(scraper.within([(0, time.time())]), 50) * 1000, "ms"),
        ("scrape, p99", percentile(scraper.within([(0, time.time())]), 99) * 1000, "ms"),
        ("peak memory (VmHWM)", used.peak_bytes / 1e6, "MB"),
    ]
    for what, value, unit in rows:
        yield ScenarioMeasurement(scenario=scenario, what=f"peer: {what}", value=float("nan"), peer=value, unit=unit)


def _two_bursts(fake: FakeProcess) -> list[list[float]]:
    """The requests of two refreshes. Raises: RuntimeError, when there are none in time."""
    until = time.monotonic() + 4 * _EVERY_SECONDS
    while time.monotonic() < until:
        bursts: list[list[float]] = fake.stats()["bursts"]
        if len(bursts) > 1 and time.time() - bursts[-1][1] > _QUIET_SECONDS:
            return bursts
        time.sleep(_POLL_SECONDS)
    raise RuntimeError("the peer did not refresh twice")
