"""The small scenarios of the harness run, and detect what they are meant to detect."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from basewatch.collector import RefreshTier
from basewatch.config.loading import load
from benchmarks.cloudwatch import __main__ as program
from benchmarks.cloudwatch import accounts, peer, speed
from benchmarks.cloudwatch.fake_settings import FakeSettings
from benchmarks.cloudwatch.ground_truth import compare_counters, compare_gauges
from benchmarks.cloudwatch.processes import ACCOUNT, ExporterProcess, free_port
from benchmarks.cloudwatch.scenario_config import EVERYTHING, ScenarioConfig
from benchmarks.cloudwatch.scenario_measurement import ScenarioMeasurement, format_number, format_table
from benchmarks.cloudwatch.scenarios import (
    Options,
    ScenarioRun,
    min_calls,
    min_seconds,
    scenario_run,
    whole_hour_before,
    without_latency,
    without_rate_limit,
)
from benchmarks.cloudwatch.scraping import ScrapeLoop, percentile


@pytest.fixture(scope="module")
def run() -> Iterator[ScenarioRun]:
    """Basewatch driven against a fake of 30 functions, after two refreshes."""
    settings = without_latency(FakeSettings(functions=30, tables=0, apis=0, instances=0))
    config = without_rate_limit(ScenarioConfig(collectors=EVERYTHING[:1], every="1m", slow="1m"))
    with scenario_run(config, settings) as driven:
        driven.refresh()
        driven.refresh()
        yield driven


def test_the_page_has_the_true_values(run: ScenarioRun) -> None:
    """Every series on Basewatch's page has the value of the fake's own arithmetic."""
    page = run.exporter.page(run.at)
    compared = compare_gauges(page, run.expected_series(), run.end, run.exporter.collectors_up())
    assert (compared.differing, compared.missing) == (0, 0)
    assert compared.matching > 100


def test_an_old_page_is_detected(run: ScenarioRun) -> None:
    """Values a minute old differ, and are not flagged while their collector is up."""
    before = run.exporter.page(run.at)
    run.refresh()
    compared = compare_gauges(before, run.expected_series(), run.end, run.exporter.collectors_up())
    assert compared.differing > compared.matching
    assert compared.unflagged == compared.differing
    down = dict.fromkeys(run.exporter.collectors_up(), False)
    assert compare_gauges(before, run.expected_series(), run.end, down).unflagged == 0


def test_series_that_are_not_due_are_not_compared(run: ScenarioRun) -> None:
    """Values of a tier that is not due are not compared."""
    page, up = run.exporter.page(run.at), run.exporter.collectors_up()
    few = compare_gauges(page, run.expected_series(), run.end, up, tiers=(RefreshTier.SLOW,))
    assert 0 < few.matching < compare_gauges(page, run.expected_series(), run.end, up).matching


def test_counters_are_compared_exactly(run: ScenarioRun) -> None:
    """Increases equal the events of the minutes; one event more or less is detected."""
    before, begin = run.exporter.page(run.at), run.end
    run.refresh(7)
    after = run.exporter.page(run.at)
    compared, ours, truth = compare_counters(before, after, run.expected_series(), (begin, run.end), 0.0)
    assert ours == truth > 0
    assert compared.differing == compared.missing == 0
    some = next(one.series for one in run.expected_series() if one.spec.metric == "Invocations")
    compared, ours, truth = compare_counters(
        before, after | {some: after[some] + 1}, run.expected_series(), (begin, run.end), 0.0
    )
    assert (compared.differing, ours - truth) == (1, 1)


def test_the_physical_limits() -> None:
    """500 queries and 100,800 datapoints a call; latency, calls a second and datapoints a second bound the time."""
    assert [min_calls(*one) for one in ((1, 1), (500, 0), (501, 0), (500, 100_801))] == [1, 1, 2, 2]
    settings = FakeSettings(latency_ms=50, calls_per_second=50, datapoints_per_second=180_000)
    assert min_seconds(180, 0, settings, 5) == 3.6
    assert min_seconds(10, 0, settings, 5) == 0.2
    assert min_seconds(10, 360_000, settings, 5) == 2


@pytest.mark.parametrize("regions", [["us-east-1"], ["us-east-1", "eu-west-1"]])
def test_every_configuration_is_valid(tmp_path: Path, regions: list[str]) -> None:
    """The harness writes a configuration that Basewatch accepts, with one region or several."""
    given = ScenarioConfig(accounts={"main": {"id": ACCOUNT, "regions": regions}})
    config = load(given.write(tmp_path), ()).config
    assert len(config.collectors.discover) == len(regions) * len(EVERYTHING)


def test_driven_time_starts_at_a_whole_hour() -> None:
    """Driven time starts at a whole hour, so that every tier is due at once."""
    assert whole_hour_before(7200) % 3600 == 0


def test_figures_have_a_limit_and_a_goal() -> None:
    """A missed goal is marked; a number has three digits."""
    met = ScenarioMeasurement(scenario="B1", what="calls", value=3, lower_bound=3, goal=3)
    missed = ScenarioMeasurement(scenario="B3", what="wall", value=2.712, unit="s", lower_bound=1.8, goal=2.7)
    shown = format_table([met, missed], peer=False).splitlines()
    assert "MISSED" not in shown[1]
    assert shown[2].endswith("MISSED")
    assert "2.71 s" in shown[2]
    assert (format_number(1234.5), format_number(0.0123), format_number(7.0)) == ("1,234", "0.0123", "7")
    assert (met.goal_met, missed.goal_met) == (True, False)


@pytest.mark.slow
def test_the_small_account(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """B1 runs from the command line, misses no goal, and writes its figures."""
    written = tmp_path / "figures.json"
    assert program.main(["B1", "--runs", "1", "--json", str(written)]) == 0
    figures: list[dict[str, Any]] = json.loads(written.read_text())
    steady = next(one for one in figures if one["what"] == "steady refresh of everything: calls")
    assert steady["value"] == steady["lower_bound"]
    assert "No peer was run" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [accounts.two_accounts, speed.ten_thousand])
def test_scenarios_miss_no_goal(scenario: program.Scenario) -> None:
    """B2 and B11 export the true values in the fewest calls."""
    figures = list(scenario(Options(runs=1)))
    assert [one.what for one in figures if one.goal_met is False] == []


def test_an_unknown_scenario_is_rejected(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown name is a usage error that says so."""
    with pytest.raises(SystemExit):
        program.main(["B99"])
    assert "no such scenario: B99" in capsys.readouterr().err


_PEER = """#!{python}
import http.server, os, sys, threading, time, urllib.request
options = dict(argument.lstrip("-").split("=", 1) for argument in sys.argv[1:])
assert "apiVersion" in open(options["config.file"]).read()
def refresh():
    while True:
        for _ in range(3):
            try: urllib.request.urlopen(os.environ["AWS_ENDPOINT_URL"], data=b"Action=Nothing")
            except OSError: pass
        time.sleep(1.1)
threading.Thread(target=refresh, daemon=True).start()
class Page(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = b"# TYPE peer gauge\\npeer 1\\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
host, port = options["listen-address"].split(":")
http.server.ThreadingHTTPServer((host, int(port)), Page).serve_forever()
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> Path:
    """A program with a peer's command line that sends three requests per refresh, and serves a page."""
    path = tmp_path / "peer"
    path.write_text(_PEER.replace("{python}", sys.executable))
    path.chmod(0o755)
    return path


def test_a_peer_is_measured(stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any program with YACE's command line can be measured; its calls, scrapes and memory are in the peer's column."""
    monkeypatch.setattr(peer, "_QUIET_SECONDS", 0.8)
    monkeypatch.setattr(peer, "_POLL_SECONDS", 0.1)
    figures = list(peer.measure("B1", FakeSettings(), ("AWS/Lambda",), str(stand_in)))
    shown = {one.what: one.peer for one in figures}
    assert shown["peer: steady refresh: calls"] == 3
    assert (shown["peer: scrape, p50"] or 0) > 0
    assert (shown["peer: peak memory (VmHWM)"] or 0) > 1
    assert "peer" in format_table(figures, peer=True).splitlines()[0]


def test_the_peer_requests_the_same_metrics(tmp_path: Path) -> None:
    """One discovery job per service, with the statistics that Basewatch requests."""
    figures = yaml.safe_load(yaml.safe_dump(peer.configuration(("AWS/Lambda", "AWS/RDS"))))
    jobs = figures["discovery"]["jobs"]
    assert [job["type"] for job in jobs] == ["AWS/Lambda", "AWS/RDS"]
    duration = next(metric for metric in jobs[0]["metrics"] if metric["name"] == "Duration")
    assert duration["statistics"] == ["Sum", "SampleCount", "p95", "p99", "Maximum"]


def test_scrapes_are_separated_by_time(stand_in: Path, tmp_path: Path) -> None:
    """Each scrape is either within a refresh or outside of all."""
    port = free_port()
    command = [str(stand_in), f"-config.file={tmp_path / 'x'}", f"-listen-address=127.0.0.1:{port}"]
    (tmp_path / "x").write_text("apiVersion")
    with ExporterProcess(command, {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, port, tmp_path / "log") as exporter:
        exporter.wait_for(b"# TYPE", 60)
        with ScrapeLoop(port, pause=0) as scraper:
            while len(scraper.scrapes) < 20:
                time.sleep(0.01)
    middle = scraper.scrapes[10].started_at
    spans = [(0.0, middle)]
    assert len(scraper.within(spans)) + len(scraper.outside(spans)) == len(scraper.scrapes)
    assert scraper.within(spans)
    assert scraper.outside(spans)
    assert percentile([1.0, 2.0, 3.0], 50) == 2.0
