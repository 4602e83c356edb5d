"""Another package can offer a check, a collector or a channel; a broken one stops start-up and is named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from alerts import notifiers
from alerts.channels import CHANNEL_TYPES
from basewatch.config.loading import load
from basewatch.errors import ConfigError
from checks import CHECKS
from generate.alertmanager import alertmanager
from workflows.plugins import known_channel_types, known_checks, known_collectors

CHECK = '''
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import Function
from basewatch.model import Proof, Severity, Verdict, failed, passed


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    name: str


def runtime(aws: AwsClient, function: Function) -> Runtime:
    return Runtime(name=aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)["Runtime"])


@check(
    "acme.function.runtime",
    component=Function,
    observe=runtime,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
)
def runtime_is_python(facts: Runtime, function: Function, now: datetime) -> Iterator[Verdict]:
    """The function runs on Python.

    Why: we read nothing else.
    Reads: the function's configuration.
    Unverified when: Lambda does not answer.
    Fix: Rewrite it.
    Source: house rules.
    """
    yield passed(facts.name) if facts.name.startswith("python") else failed(facts.name)
'''


CHANNEL = """
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from basewatch.notifier import Channel, Notification, Receipt
from basewatch.secrets import Reference, SecretReference, SecretStore, resolve


class PagerChannel(Channel):
    kind: Literal["acme"]
    number: SecretReference

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> "Pager":
        return Pager(name=f"{self.name} {resolve(self.number, environ, store).reveal()}")

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        return {"webhook_configs": [{"url_file": secret_file(self.number)}]}


@dataclass(frozen=True)
class Pager:
    name: str

    def send(self, notification: Notification) -> Receipt:
        return Receipt(channel=self.name)
"""
CONFIG = """
version: 1
platform: {name: acme, environment: production}
aws: {accounts: {main: {id: "123456789012", regions: [us-east-1]}}}
components:
  tables: [{name: orders, pitr: 35d}]
alerts:
  channels: [{name: night-shift, kind: acme, number: env:NUMBER}]
  routes: [{channel: night-shift}]
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder where packages are installed, on this process' path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def install(site: Path, group: str, name: str, module: str, entry: str) -> None:
    """Installs a distribution with one module and one entry point into `site`."""
    sys.modules.pop(name, None)
    (site / f"{name}.py").write_text(module, encoding="utf-8")
    metadata = site / f"{name}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text(f"[{group}]\n{name} = {entry}\n", encoding="utf-8")


def basewatch(site: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line, run where the packages of `site` are installed."""
    command = [sys.executable, "-m", "workflows", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(site)})


def test_a_check_of_another_package_is_one_of_the_checks(site: Path) -> None:
    """A check that an entry point offers is listed after Basewatch's own."""
    install(site, "basewatch.checks", "acme_runtime", CHECK, "acme_runtime:runtime_is_python")
    assert [check.id for check in known_checks()] == [*(check.id for check in CHECKS), "acme.function.runtime"]


def test_the_command_line_shows_it(site: Path) -> None:
    """`basewatch checks show` knows a check that another package offers."""
    install(site, "basewatch.checks", "acme_runtime", CHECK, "acme_runtime:runtime_is_python")
    shown = basewatch(site, "checks", "show", "acme.function.runtime")
    assert shown.stdout.startswith("acme.function.runtime: The function runs on Python."), shown.stderr


def test_a_channel_of_another_package_is_a_kind_of_channel(site: Path, tmp_path: Path) -> None:
    """A channel that an entry point offers can be configured, opened, and routed to by Alertmanager."""
    install(site, "basewatch.notifiers", "acme_pager", CHANNEL, "acme_pager:PagerChannel")
    assert [channel.kind_name() for channel in known_channel_types()] == [
        *(channel.kind_name() for channel in CHANNEL_TYPES),
        "acme",
    ]
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    config = load(path, known_channel_types()).config
    assert [each.name for each in notifiers(config.alerts, {"NUMBER": "112"})] == ["night-shift 112"]
    assert "url_file: /etc/alertmanager/secrets/night-shift" in alertmanager(config)


@pytest.mark.parametrize(
    ("written", "code", "words"),
    [
        ("kind: acme, number: env:NUMBER", 0, ""),
        ("kind: acme, numbr: env:NUMBER", 2, "did you mean 'number'?"),
        (
            "kind: acne, number: env:NUMBER",
            2,
            "'acne' is not one of slack, ",
        ),
    ],
)
def test_the_command_line_validates_it(site: Path, tmp_path: Path, written: str, code: int, words: str) -> None:
    """`basewatch validate` explains a mistake in such a channel as it does in any other."""
    install(site, "basewatch.notifiers", "acme_pager", CHANNEL, "acme_pager:PagerChannel")
    path = tmp_path / "config.yaml"
    path.write_text(CONFIG.replace("kind: acme, number: env:NUMBER", written), encoding="utf-8")
    validated = basewatch(site, "validate", "--config", str(path))
    assert validated.returncode == code, validated.stderr
    assert words in validated.stderr


@pytest.mark.parametrize(
    ("group", "module", "words"),
    [
        ("checks", "raise RuntimeError('no luck')", "cannot be loaded: RuntimeError: no luck"),
        ("checks", "x = 3", "is not a Check"),
        ("checks", "x = ()", "is not a Check"),
        ("checks", "from checks import CHECKS as x", "two installed packages offer"),
        ("collectors", "x = 3", "is not a Collector"),
        ("collectors", "from collectors import COLLECTORS as x", "two installed packages offer"),
        ("notifiers", "x = 3", "is not a Channel class"),
        ("notifiers", "from basewatch.notifier import Channel as x", "is not a Channel class"),
        ("notifiers", "from alerts.channels.slack import SlackChannel as x", "two installed packages offer slack"),
        (
            "notifiers",
            CHANNEL.replace('kind: Literal["acme"]', "x: int"),
            "PagerChannel is a channel without a kind: add",
        ),
    ],
)
def test_a_package_that_cannot_work_stops_start_up(site: Path, group: str, module: str, words: str) -> None:
    """An offer that is not usable is an error that names the entry point, and is never skipped."""
    install(site, f"basewatch.{group}", "acme_broken", module, "acme_broken:x")
    known = {"checks": known_checks, "collectors": known_collectors, "notifiers": known_channel_types}
    with pytest.raises(ConfigError, match=words):
        known[group]()
