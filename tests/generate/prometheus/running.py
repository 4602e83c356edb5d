"""A real Prometheus and a real Alertmanager, with the generated files and short waits."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any, TypeVar

import yaml

from basewatch.config import Config
from generate.alertmanager import alertmanager
from generate.prometheus.rule_model import rules_file
from tests.generate.prometheus.platform import the_groups
from tests.programs import program
from tests.workflows.scraping import PATIENT, free_address

T = TypeVar("T")


def eventually(ask: Callable[[], T], *, seconds: float = 600) -> T:
    """The first answer that is not empty. Raises: AssertionError, if there is none in time."""
    for _ in range(round(seconds / 0.2)):
        if answer := ask():
            return answer
        Event().wait(0.2)
    raise AssertionError("there was no answer in time")


@contextmanager
def an_alertmanager(config: Config, folder: Path) -> Iterator[str]:
    """The URL of an Alertmanager with the generated configuration, without group waits."""
    document = yaml.safe_load(alertmanager(config))
    document["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    address = free_address()
    command = [
        program("prometheus-alertmanager", "alertmanager"),
        f"--config.file={folder}/alertmanager.yml",
        f"--storage.path={folder}/alertmanager",
        f"--web.listen-address={address}",
        "--cluster.listen-address=",
    ]
    with (
        (folder / "alertmanager.log").open("wb") as log,
        subprocess.Popen(command, stderr=log, stdout=log) as process,
    ):
        try:
            assert PATIENT.request("GET", f"http://{address}/-/ready").status == 200
            yield f"http://{address}"
        finally:
            process.kill()


@contextmanager
def a_prometheus(config: Config, exporter: str, alerts_to: str, folder: Path) -> Iterator[str]:
    """The URL of a Prometheus with the rules of `config` that scrapes `exporter` every second."""
    rules: dict[str, Any] = yaml.safe_load(rules_file(the_groups(config)))
    for group in rules["groups"]:
        group["interval"] = "1s"
        for rule in group["rules"]:
            rule.pop("for", None)
            rule.pop("keep_firing_for", None)
    (folder / "rules.yml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    document = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [f"{folder}/rules.yml"],
        "scrape_configs": [_target("basewatch", exporter)],
        "alerting": {"alertmanagers": [{"static_configs": _target("", alerts_to)["static_configs"]}]},
    }
    (folder / "prometheus.yml").write_text(yaml.safe_dump(document), encoding="utf-8")
    address = free_address()
    command = [program("prometheus"), f"--config.file={folder}/prometheus.yml", f"--web.listen-address={address}"]
    with (
        (folder / "prometheus.log").open("wb") as log,
        subprocess.Popen([*command, f"--storage.tsdb.path={folder}/tsdb"], stderr=log) as process,
    ):
        try:
            assert PATIENT.request("GET", f"http://{address}/-/ready").status == 200
            yield f"http://{address}"
        finally:
            process.kill()


def _target(job: str, url: str) -> dict[str, Any]:
    return {"job_name": job, "static_configs": [{"targets": [url.removeprefix("http://")]}]}
