"""From a broken platform to the people on call: exporter, Prometheus and Alertmanager, all of them real."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from alerts.channels import CHANNEL_TYPES
from basewatch.config import Config
from basewatch.config.loading import load
from demo.faults import FAULTS
from demo.receivers import ROUTING_KEY, Receivers
from demo.sandbox import Sandbox
from tests.fixtures_box import CONFIG, record_drills
from tests.generate.prometheus.running import a_prometheus, an_alertmanager, eventually
from tests.programs import measured
from tests.workflows.scraping import PATIENT, free_address, get

BROKEN = {fault.name: fault for fault in FAULTS}


@contextmanager
def served(box: Sandbox, receivers: Receivers, folder: Path) -> Iterator[tuple[str, Config]]:
    """The URL of a real `basewatch serve` over the box, with its configuration: Prometheus alerts on verdicts."""
    (folder / "slack").write_text(receivers.slack.webhook, encoding="utf-8")
    (folder / "pagerduty").write_text(ROUTING_KEY, encoding="utf-8")
    for secret in ("slack", "pagerduty"):
        (folder / secret).chmod(0o600)
    declared = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    declared["history"] = {"url": f"sqlite:///{folder}/history.db"}
    declared["alerts"]["verdicts"] = "prometheus"
    record_drills(declared["history"]["url"])
    slack, pagerduty = declared["alerts"]["channels"]
    slack["webhook"], pagerduty["routing_key"] = f"file:{folder}/slack", f"file:{folder}/pagerduty"
    pagerduty["endpoint"] = receivers.pagerduty.url
    declared.pop("prometheus", None)
    path, address = folder / "config.yaml", free_address()
    path.write_text(yaml.safe_dump(declared), encoding="utf-8")
    command = [sys.executable, "-m", "workflows", "serve", "--config", str(path), "--listen", address]
    environ = {**box.environment, **measured(), "PYTHONPATH": str(CONFIG.parent)}
    with (
        (folder / "serve.log").open("wb") as log,
        subprocess.Popen(command, env=environ, cwd=folder, stderr=log) as process,
    ):
        try:
            assert get(f"http://{address}/-/ready").status == 200
            yield f"http://{address}", load(path, CHANNEL_TYPES).config
            process.terminate()
            process.wait(600)
        finally:
            process.kill()


@contextmanager
def watched(box: Sandbox, receivers: Receivers, folder: Path) -> Iterator[str]:
    """The URL of a Prometheus that scrapes Basewatch and notifies the receivers through Alertmanager."""
    with (
        served(box, receivers, folder) as (exporter, config),
        an_alertmanager(config, folder) as alerts_to,
        a_prometheus(config, exporter, alerts_to, folder) as prometheus,
    ):
        yield prometheus


def _mentions(name: str, messages: Sequence[Mapping[str, Any]]) -> bool:
    return any(name in json.dumps(each) for each in messages)


@pytest.mark.slow
def test_a_broken_box_reaches_slack_and_the_pager(box: Sandbox, tmp_path: Path) -> None:
    """A stale dump, which a pass finds, and a full pool, which CloudWatch shows, reach Slack and PagerDuty."""
    faults = [BROKEN[name] for name in ("dump-stale", "connections-near-limit")]
    for fault in faults:
        fault.apply(box)
    try:
        with Receivers() as receivers, watched(box, receivers, tmp_path) as prometheus:
            for name in ("BackupMissing", "ProxyPoolNearlyFull"):
                eventually(partial(_mentions, name, receivers.slack.messages))
                eventually(partial(_mentions, name, receivers.pagerduty.events))
            answer = PATIENT.request("GET", f"{prometheus}/api/v1/alerts").json()
            texts = [alert["annotations"]["summary"] for alert in answer["data"]["alerts"]]
            assert not [text for text in texts if "<error" in text or "<no value>" in text]
            assert "Watchdog" in {alert["labels"]["alertname"] for alert in answer["data"]["alerts"]}
            assert not [message for message in receivers.slack.messages if "Watchdog" in json.dumps(message)]
    finally:
        for fault in faults:
            fault.repair(box)


@pytest.mark.slow
def test_a_healthy_box_is_silent(box: Sandbox, tmp_path: Path) -> None:
    """A platform that keeps its promises sends no message, and the watchdog alone fires."""
    with Receivers() as receivers, watched(box, receivers, tmp_path) as prometheus:
        assert eventually(partial(_after_scrapes, prometheus)) == {"Watchdog"}
        assert receivers.slack.messages == []


def _after_scrapes(prometheus: str) -> set[str]:
    """The names of the alerts that fire, once the page was scraped and the rules evaluated several times."""
    query = {"query": 'count_over_time(up{job="basewatch"}[1m]) > 10'}
    if not PATIENT.request("GET", f"{prometheus}/api/v1/query", fields=query).json()["data"]["result"]:
        return set()
    answer = PATIENT.request("GET", f"{prometheus}/api/v1/alerts").json()
    return {alert["labels"]["alertname"] for alert in answer["data"]["alerts"] if alert["state"] == "firing"}
