"""The exporter serves its metrics, says when it is ready, and ends cleanly on a signal."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from basewatch.history.store import History
from demo.receivers import Receivers
from demo.sandbox import Sandbox
from exposition.page import ExpositionFormat
from tests.exported import exported_names
from tests.exposition.scraped import families_in, samples_in
from tests.fakes import a_finding, a_run, messages_due, picture_of
from tests.fixtures_box import CONFIG, record_drills
from tests.programs import measured, program
from tests.workflows.scraping import answered, free_address, get, prometheus
from workflows.commands import PreparedPlan
from workflows.exporter import Exporter


@contextmanager
def serving(
    box: Sandbox, folder: Path, taken: socket.socket | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """A real `basewatch serve` over the box, in a process of its own, and its URL: a free one, or one that is taken."""
    declared = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    declared["history"] = {"url": f"sqlite:///{folder}/history.db"}
    (folder / "config.yaml").write_text(yaml.safe_dump(declared), encoding="utf-8")
    record_drills(declared["history"]["url"])
    address = f"127.0.0.1:{taken.getsockname()[1]}" if taken else free_address()
    command = [sys.executable, "-m", "workflows", "serve", "--config", str(folder / "config.yaml"), "--listen", address]
    with Receivers() as receivers:
        environ = {**box.environment, **receivers.environment, **measured(), "PYTHONPATH": str(CONFIG.parent)}
        with subprocess.Popen(command, env=environ, cwd=folder, stderr=subprocess.PIPE) as process:
            try:
                yield process, f"http://{address}"
                process.terminate()
                process.wait(600)
            finally:
                process.kill()


@pytest.fixture(scope="module")
def exporter(box: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an exporter that these tests share."""
    with serving(box, tmp_path_factory.mktemp("exporter")) as (_, url):
        yield url


@pytest.mark.slow
def test_it_is_ready_once_it_has_collected_and_checked(exporter: str) -> None:
    """Alive at once; ready when a collection was answered and a pass went through; then both are on the page."""
    assert get(f"{exporter}/-/healthy").status == 200
    assert get(f"{exporter}/-/ready").status == 200
    page = get(f"{exporter}/metrics")
    assert page.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = {family.name: family for family in text_string_to_metric_families(page.data.decode())}
    statuses = {
        sample.labels["status"]
        for sample in families["basewatch_finding_status"].samples
        if not sample.labels["check"].startswith("meta.")
    }
    assert statuses <= {"PASS", "NOT_APPLICABLE"}
    assert {sample.value for sample in families["basewatch_collector_up"].samples} == {1.0}
    assert families["aws_lambda_invocations"].type == "counter"


@pytest.mark.slow
def test_a_compressed_page_is_the_same_page(exporter: str) -> None:
    """A client that accepts gzip gets gzip, with the same bytes inside."""
    assert get(f"{exporter}/-/ready").status == 200
    compressed = get(f"{exporter}/metrics", **{"accept-encoding": "gzip"})
    assert compressed.headers["content-encoding"] == "gzip"
    assert compressed.data == get(f"{exporter}/metrics").data


@pytest.mark.slow
@pytest.mark.parametrize("dialect", ExpositionFormat)
def test_the_whole_page_is_well_formed(exporter: str, dialect: ExpositionFormat) -> None:
    """Strict parsers read everything that is exported of a real platform; no family and no series comes twice."""
    assert get(f"{exporter}/-/ready").status == 200
    page = get(f"{exporter}/metrics", accept=dialect.value)
    assert page.headers["content-type"] == dialect.value
    samples = samples_in(families_in(page.data.decode(), dialect))
    names = {name for name, _ in samples}
    assert names <= exported_names()
    assert {
        "aws_lambda_duration_seconds_sum",
        "aws_resource_info",
        "basewatch_run_next_expected_timestamp_seconds",
    } <= names


@pytest.mark.slow
def test_promtool_accepts_the_page(exporter: str) -> None:
    """Prometheus' own linter accepts the page of a real platform."""
    assert get(f"{exporter}/-/ready").status == 200
    page = get(f"{exporter}/metrics").data
    checked = subprocess.run([program("promtool"), "check", "metrics"], input=page, capture_output=True, check=False)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.slow
def test_a_real_prometheus_scrapes_it(exporter: str, tmp_path: Path) -> None:
    """Prometheus takes the page as it is: the target is up, and findings and counters can be asked for."""
    assert get(f"{exporter}/-/ready").status == 200
    with prometheus(tmp_path, {"basewatch": exporter}) as url:
        assert answered(url, 'up{job="basewatch"} == 1') == ["1"]
        assert int(answered(url, 'count(basewatch_finding_status{status="PASS"})')[0]) > 50
        assert int(answered(url, "count(aws_lambda_invocations_total)")[0]) > 0
        assert answered(url, "min(basewatch_collector_up)") == ["1"]


@pytest.mark.slow
def test_a_bad_configuration_changes_nothing_and_sigterm_ends_it_cleanly(box: Sandbox, tmp_path: Path) -> None:
    """On SIGHUP it says which mistake it found; on SIGTERM it finishes the work that runs and exits with 0."""
    with serving(box, tmp_path) as (process, url):
        assert get(f"{url}/-/healthy").status == 200
        with (tmp_path / "config.yaml").open("a", encoding="utf-8") as file:
            file.write("rum: {every: 1h}\n")
        process.send_signal(signal.SIGHUP)
        while b"\nbasewatch_config_last_reload_successful 0.0\n" not in get(f"{url}/metrics").data:
            assert process.poll() is None
        assert get(f"{url}/-/healthy").status == 200
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=600)
    (said,) = [line for line in errors.decode().splitlines() if not line.startswith(" ")]
    assert process.returncode == 0
    assert "the configuration was not reloaded, the earlier one stays in use" in said
    assert said.endswith("there is no key 'rum' here")


@pytest.mark.slow
def test_an_address_in_use_is_an_error_before_anything_is_collected(box: Sandbox, tmp_path: Path) -> None:
    """A second exporter on the same port ends at once with exit status 2 and a way out."""
    with socket.create_server(("127.0.0.1", 0)) as taken, serving(box, tmp_path, taken) as (process, _):
        _, errors = process.communicate(timeout=600)
    assert process.returncode == 2
    assert "cannot listen on 127.0.0.1:" in errors.decode()
    assert "--listen" in errors.decode()


def test_pending_messages_are_delivered_between_passes(
    prepared: PreparedPlan, receivers: Receivers, history: History
) -> None:
    """A message that its channel did not take is sent as soon as it is due, not hours later by the next pass."""
    config = prepared.plan.config
    run = a_run(a_finding())
    history.record(run, messages_due(picture_of(run), policy=config.alerts))
    exporter = Exporter(prepared, history, sources=())
    for _ in range(2):
        exporter.deliver()
        assert (len(receivers.slack.messages), len(receivers.pagerduty.events), history.pending_messages()) == (
            1,
            1,
            (),
        )
