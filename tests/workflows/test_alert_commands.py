"""`basewatch alerts` shows what is open, who was notified and who has taken it on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from syrupy.assertion import SnapshotAssertion
from typer.testing import CliRunner

from alerts import DeliveryRetryPolicy, bundled, decide, deliver
from basewatch.config.silences import Silence
from basewatch.errors import BasewatchError
from basewatch.history.store import History
from basewatch.model import Finding, Severity, Status
from tests.fakes import ALERTS, NOON, PLATFORM, FakeNotifier, a_finding, a_run, picture_of, refused
from workflows.alert_commands import KEY_CHARS, acknowledge, alerts_text, find, listed, log_text, silence_yaml
from workflows.cli import app

SLACK, PAGER = "production-alerts", "on-call"
FAILS, MILD = a_finding(), a_finding(subject="\x1b[31mmild", severity=Severity.LOW)
LATER = NOON + timedelta(hours=26)
KEY = FAILS.key[:KEY_CHARS]


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """A history in which PagerDuty has refused the message of a failure, and Slack got two."""
    with History.open(f"sqlite:///{tmp_path}/history.db") as opened:
        record(opened, FAILS, MILD)
        channels = (FakeNotifier(SLACK), FakeNotifier(PAGER, troubles=[refused()]))
        deliver(opened, channels, lambda: NOON, DeliveryRetryPolicy(backoff=()))
        yield opened


def record(history: History, *findings: Finding) -> None:
    """Records a pass with these findings and its notifications."""
    run = a_run(*findings, id=f"run of {len(findings)}")
    decision = decide(history.alert_state(), picture_of(run), ALERTS, PLATFORM)
    history.record(run, bundled(decision.notifications, ALERTS.channels), decision.conditions)


def test_the_open_alerts_are_listed(history: History, snapshot: SnapshotAssertion) -> None:
    """The most severe first, with the channels that were notified, those that were not, and who has taken it on."""
    acknowledge(history, KEY, "ann", "restoring from the snapshot", NOON + timedelta(hours=1))
    assert alerts_text(listed(history), LATER) == snapshot


def test_the_log_is_shown(history: History, snapshot: SnapshotAssertion) -> None:
    """Each notification with its reason and what became of it; names cannot control the terminal."""
    assert log_text(history.notification_log()) == snapshot


def test_the_log_of_one_alert(history: History) -> None:
    """The beginning of a key is enough, with or without its version."""
    for key in (FAILS.key, KEY, FAILS.key.partition("-")[2][:6]):
        assert {each.notification.key for each in history.notification_log(key)} == {FAILS.key}
    assert history.notification_log("%") == ()


def test_an_acknowledged_alert_is_known_to_the_decision(history: History) -> None:
    """It stays so until the alert ends; the next alert under the same key begins anew."""
    acknowledge(history, KEY, "ann", "", NOON + timedelta(hours=1))
    assert history.alert_state().acknowledged == {FAILS.key}
    record(history, a_finding(Status.PASS))
    assert history.alert_state().acknowledged == frozenset()


@pytest.mark.parametrize(
    ("key", "said"), [("v1-ffff", "no alert is open"), ("v1-", "more than one key"), ("", "no alert")]
)
def test_a_key_that_is_not_one_alert_is_an_error(history: History, key: str, said: str) -> None:
    """Nothing is acknowledged by mistake."""
    with pytest.raises(BasewatchError, match=said):
        find(listed(history), key)


def test_nothing_open_is_said() -> None:
    """An empty list is a sentence."""
    assert alerts_text((), NOON) == "No alert is open."
    assert log_text(()) == "No notification is recorded."


def test_a_silence_is_of_this_alert_alone(history: History) -> None:
    """What is printed is valid in the configuration, and matches the alert and no other."""
    severe, mild = (each.alert for each in listed(history))
    (entry,) = yaml.safe_load(silence_yaml(severe, "ana", "known", "2026-12-31"))
    silence = Silence.model_validate(entry)
    assert silence.match.covers(FAILS, {})
    assert not silence.match.covers(a_finding(component="aurora_cluster/other"), {})
    assert not silence.match.covers(MILD, {})
    (entry,) = yaml.safe_load(silence_yaml(mild, "ana", "known: until Monday", "2026-12-31T18:00+01:00"))
    assert Silence.model_validate(entry).match.covers(MILD, {})
    assert not Silence.model_validate(entry).match.covers(FAILS, {})


@pytest.mark.parametrize("until", ["soon", "", "2026-13-01"])
def test_a_silence_needs_an_end(history: History, until: str) -> None:
    """A mistake is a sentence."""
    with pytest.raises(BasewatchError, match="until"):
        silence_yaml(listed(history)[0].alert, "ana", "known", until)


@pytest.mark.parametrize("format_", ["text", "json"])
@pytest.mark.parametrize("command", ["list", "history"])
def test_the_commands_answer(history: History, tmp_path: Path, command: str, format_: str) -> None:
    """Each form prints the alert of the configured history."""
    config = tmp_path / "config.yaml"
    config.write_text(
        "version: 1\nplatform: {name: notes, environment: test}\n"
        "aws: {accounts: {notes: {id: '123456789012', regions: [eu-west-1]}}}\n"
        "components: {queues: [{name: notes, oldest_below: 5m}]}\n"
        f"history: {{url: 'sqlite:///{tmp_path}/history.db'}}\n"
    )
    done = CliRunner().invoke(app, ["alerts", command, "--config", str(config), "--format", format_])
    assert (done.exit_code, KEY in done.output) == (0, True), done.output
