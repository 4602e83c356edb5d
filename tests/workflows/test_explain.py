"""`basewatch explain` shows in one screen what is known of a finding or an alert."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from alerts import DeliveryRetryPolicy, bundled, decide, deliver
from basewatch.config import Config
from basewatch.config.silences import FindingMatch, Silence
from basewatch.errors import BasewatchError
from basewatch.history import Acknowledgement
from basewatch.history.store import History
from basewatch.model import Finding, Status
from tests.fakes import ALERTS, NOON, PLATFORM, FakeNotifier, a_finding, a_run, picture_of, refused
from workflows.cli import app
from workflows.explain import explain
from workflows.explain_text import explained_json, explained_text
from workflows.monitor import transitions

FAILS = a_finding()
EFFECT = replace(a_finding(check="backup.aurora.window"), cause=FAILS.key, evidence="")
HOSTILE = a_finding(subject="\x1b[31mred")
UNSEEN = [
    replace(
        a_finding(Status.UNVERIFIED, check=f"service.{n}", subject=n), action="cloudwatch:GetMetricData", evidence=""
    )
    for n in "ab"
]
LATER = NOON + timedelta(hours=26)
PROMISES = {FAILS.check: "The cluster can be restored to within its recovery point objective"}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a history with a finding that passed and now fails, of which PagerDuty refused the message."""
    file = tmp_path_factory.mktemp("explain") / "history.db"
    with History.open(f"sqlite:///{file}") as opened:
        record(opened, NOON - timedelta(hours=6), a_finding(Status.PASS))
        record(opened, NOON, FAILS, EFFECT, HOSTILE, *UNSEEN)
        channels = (FakeNotifier("production-alerts"), FakeNotifier("on-call", troubles=[refused()]))
        deliver(opened, channels, lambda: NOON, DeliveryRetryPolicy(backoff=()))
        opened.acknowledge(Acknowledgement(key=FAILS.key, person="ann", note="restoring", at=NOON))
    return file


@pytest.fixture
def history(path: Path) -> Iterator[History]:
    """This history, opened; no test changes it."""
    with History.open(f"sqlite:///{path}") as opened:
        yield opened


def record(history: History, at: datetime, *findings: Finding) -> None:
    """Records a pass with these findings and its notifications."""
    run = a_run(*findings, id=f"run of {len(findings)}", at=at)
    run = replace(run, transitions=transitions(history.latest_findings(), run))
    decision = decide(history.alert_state(), picture_of(run), ALERTS, PLATFORM)
    history.record(run, bundled(decision.notifications, ALERTS.channels), decision.conditions)


def config(*silences: Silence) -> Config:
    """A configuration with these silences, and nothing else."""
    return Config.model_construct(alerts=ALERTS.model_copy(update={"silences": silences}), components=())


def shown(history: History, *words: str, silences: tuple[Silence, ...] = ()) -> str:
    """What is printed for these words."""
    return explained_text(explain(words, history, config(*silences), PROMISES, LATER), LATER)


def test_a_finding_is_explained_in_one_screen(history: History, snapshot: SnapshotAssertion) -> None:
    """What it is, since when, what was read by whom, who was notified, who has taken it on, and what to do."""
    silence = Silence(
        owner="bob",
        reason="the migration",
        ticket="OPS-7",
        until=NOON + timedelta(days=2),
        match=FindingMatch(checks=("backup.*",)),
    )
    text = shown(history, FAILS.key, silences=(silence,))
    assert text == snapshot
    assert len(text.splitlines()) <= 40


def test_an_alert_of_several_findings_is_explained(history: History, snapshot: SnapshotAssertion) -> None:
    """The key that a message about several findings names shows all of them."""
    (key,) = {each.key for each in history.open_alerts() if each.key.startswith("u1-")}
    assert shown(history, key[:9]) == snapshot


@pytest.mark.parametrize(
    "words",
    [
        (FAILS.key,),
        (FAILS.key[3:11],),
        (FAILS.check, FAILS.component, ""),
        ("backup.aurora.rpo", "securebase-production", ""),
    ],
)
def test_a_finding_is_named_in_several_ways(history: History, words: tuple[str, ...]) -> None:
    """By its key or the beginning of it, with or without its version, or by check and component."""
    assert f"Key:          {FAILS.key}" in shown(history, *words)


@pytest.mark.parametrize(
    ("words", "said"),
    [(("v1-ffff",), "no recorded finding"), (("service.*",), "more than one"), (("",), "no recorded")],
)
def test_a_finding_that_is_not_one_is_an_error(history: History, words: tuple[str, ...], said: str) -> None:
    """The candidates are listed with their keys."""
    with pytest.raises(BasewatchError, match=said):
        shown(history, *words)


def test_a_cause_and_its_effects_name_each_other(history: History) -> None:
    """An effect names its cause, was notified as a part of it, and the cause lists it."""
    effect = shown(history, EFFECT.key)
    assert f"Explained by: {FAILS.key}" in effect
    assert "fire     production-alerts" in effect
    assert EFFECT.key in shown(history, FAILS.key)


def test_the_whole_facts_are_in_the_json(history: History) -> None:
    """A program gets everything, the facts as they were read."""
    found = explained_json(explain((FAILS.key,), history, config(), PROMISES, LATER))
    assert isinstance(found, dict)
    assert json.loads(json.dumps(found))["log"]["evidence"]["facts"]["days"] == 35


def test_names_do_not_control_the_terminal(history: History) -> None:
    """A subject with an escape sequence is shown, and does nothing."""
    text = shown(history, HOSTILE.key)
    assert "31mred" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("format_", ["text", "json"])
def test_the_command_answers(path: Path, tmp_path: Path, format_: str) -> None:
    """Each form explains a finding of the configured history; one that is not there is an error without a traceback."""
    config_file = tmp_path / "config.yaml"
    config_file.write_text(
        "version: 1\nplatform: {name: notes, environment: test}\n"
        "aws: {accounts: {notes: {id: '123456789012', regions: [eu-west-1]}}}\n"
        "components: {queues: [{name: notes, oldest_below: 5m}]}\n"
        f"history: {{url: 'sqlite:///{path}'}}\n"
    )
    done = CliRunner().invoke(app, ["explain", FAILS.key[:9], "--config", str(config_file), "--format", format_])
    assert (done.exit_code, FAILS.key in done.output) == (0, True), done.output
    wrong = CliRunner().invoke(app, ["explain", "v1-0000", "--config", str(config_file)])
    assert isinstance(wrong.exception, BasewatchError)
