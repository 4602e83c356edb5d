"""A drill goes through the real path of every channel; one that does not arrive is an undelivered alert."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts import DeliveryRetryPolicy
from alerts.drill import drill_key
from basewatch.config import Config, config_model
from basewatch.config.alerting import DrillSchedule
from basewatch.errors import BasewatchError, DeliveryError
from basewatch.history.store import History
from basewatch.notifier import Action, Notification, Notifier
from demo.receivers import Receivers
from tests.fakes import ALERTS, NOON, FakeNotifier, refused
from tests.repository import ROOT
from workflows.drills import Drill, drill_if_due, remind_forgetful
from workflows.notify_test import notify_test

MONTH = timedelta(days=30)
NO_RETRY = DeliveryRetryPolicy(deadline=timedelta(seconds=5), backoff=())


def config(every: timedelta | None = MONTH) -> Config:
    """A configuration with two channels and a drill."""
    slack, pager = ALERTS.channels
    channels = (slack.model_copy(update={"fallback": pager.name}), pager)
    schedule = DrillSchedule(every=every) if every else None
    alerts = ALERTS.model_copy(update={"channels": channels, "drill": schedule})
    platform = {"name": "securebase", "environment": "production"}
    empty = config_model(()).model_validate({"version": 1, "platform": platform, "components": {}})
    return empty.model_copy(update={"alerts": alerts})


@pytest.fixture
def history() -> Iterator[History]:
    """An empty history."""
    with History.in_memory() as opened:
        yield opened


def drill(history: History, *notifiers: Notifier, at: datetime = NOON, every: timedelta | None = MONTH) -> Drill:
    """A drill in these channels at this moment."""
    return Drill(config=config(every), history=history, notifiers=notifiers, clock=lambda: at, retry_policy=NO_RETRY)


def sent(*notifiers: FakeNotifier) -> list[tuple[str, Action]]:
    """What the channels got, in order for each."""
    return [(notifier.name, each.action) for notifier in notifiers for each in notifier.sent]


def test_a_drill_fires_and_ends_in_every_channel(history: History) -> None:
    """Each channel gets the alert, which says that it is a drill, and its end; nothing is left open."""
    slack, pager = FakeNotifier("production-alerts"), FakeNotifier("on-call")
    delivery = drill_if_due(drill(history, slack, pager))

    both = (Action.FIRE, Action.RESOLVE)
    assert sent(slack, pager) == [(each.name, action) for each in (slack, pager) for action in both]
    assert all("drill" in each.alert.summary for each in slack.sent)
    assert delivery.complete
    assert history.open_alerts() == ()


@pytest.mark.parametrize(
    ("later", "every", "again"),
    [
        (timedelta(days=1), MONTH, False),
        (MONTH - timedelta(minutes=5), MONTH, True),
        (MONTH, MONTH, True),
        (MONTH, None, False),
    ],
)
def test_a_drill_is_repeated_when_it_is_due(
    history: History, later: timedelta, every: timedelta | None, *, again: bool
) -> None:
    """It comes back after its interval, a pass that is a little early included, and not without a schedule."""
    slack = FakeNotifier("production-alerts")
    drill_if_due(drill(history, slack))
    drill_if_due(drill(history, slack, at=NOON + later, every=every))
    assert len(slack.sent) == (4 if again else 2)


def test_a_new_channel_is_drilled_at_once(history: History) -> None:
    """A channel that never had a drill is due, and the others are left alone."""
    slack, pager = FakeNotifier("production-alerts"), FakeNotifier("on-call")
    drill_if_due(drill(history, slack))
    drill_if_due(drill(history, slack, pager, at=NOON + timedelta(hours=6)))
    assert (len(slack.sent), len(pager.sent)) == (2, 2)


@pytest.mark.parametrize("retryable", [True, False])
def test_a_drill_that_does_not_arrive_is_an_undelivered_alert(history: History, *, retryable: bool) -> None:
    """It is reported like any alert, does not count as made, and the other channels have theirs."""
    slack = FakeNotifier("production-alerts", troubles=[refused(retryable=retryable)] * 9)
    pager = FakeNotifier("on-call")
    delivery = drill_if_due(drill(history, slack, pager))

    assert {each.notification.channel for each in delivery.undelivered} == {"production-alerts"}
    assert len(pager.sent) == 2, "nothing of it goes to the fallback"
    key = drill_key("securebase", "production")
    assert set(history.last_delivered(key)) == {"on-call"}


@dataclass(slots=True)
class ForgetfulNotifier(FakeNotifier):
    """A channel that has to be told of open alerts again."""

    refreshed: list[Notification] = field(default_factory=list[Notification])

    def refresh(self, open_alerts: list[Notification]) -> None:
        """Takes the open alerts, unless a trouble comes first."""
        if self.troubles:
            raise self.troubles.pop(0)
        self.refreshed += open_alerts


def test_open_alerts_are_posted_again_where_they_are_forgotten(history: History) -> None:
    """The channel gets its own open alerts; a failure is a line that names it."""
    slack, cluster = FakeNotifier("production-alerts"), ForgetfulNotifier("on-call")
    waiting = drill(history, slack, cluster)
    fires = waiting.open(["production-alerts", "on-call"])
    assert remind_forgetful(history, [slack, cluster]) == ()
    cluster.troubles.append(DeliveryError("it answered 500", retryable=True))
    problems = remind_forgetful(history, [slack, cluster])

    assert len(fires.delivered) == 2
    assert [each.channel for each in cluster.refreshed] == ["on-call"]
    assert problems == ("on-call was not reminded of its open alerts: it answered 500",)


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """A Slack and a PagerDuty as strict as the real ones."""
    with Receivers() as running:
        yield running


def exit_status(receivers: Receivers, *only: str) -> int:
    """The exit status of `notify test` with the committed configuration."""
    environ = receivers.environment
    return notify_test(ROOT / "config.yaml", environ, only)


def test_notify_test_says_what_each_channel_answered(
    receivers: Receivers, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each channel gets the test alert and its end; no history is made, and no incident stays open."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(ROOT / "config.yaml", tmp_path)
    assert exit_status(receivers) == 0

    said = capsys.readouterr().out.splitlines()
    assert "production-alerts (slack) accepted the test alert and its end" in said
    assert "on-call (pagerduty) accepted the test alert and its end" in said
    assert len(receivers.slack.messages) == 2
    assert [each["event_action"] for each in receivers.pagerduty.events] == ["trigger", "resolve"]
    assert receivers.pagerduty.incidents == {}
    assert [each.name for each in tmp_path.iterdir()] == ["config.yaml"]


def test_notify_test_fails_with_a_channel(receivers: Receivers, capsys: pytest.CaptureFixture[str]) -> None:
    """A channel that refuses makes the exit status 4, with its answer; the others are tested all the same."""
    receivers.slack.fail_next(404)
    assert exit_status(receivers) == 4

    said = capsys.readouterr().out
    assert "production-alerts (slack) failed: Slack (production-alerts) answered 404" in said
    assert "on-call (pagerduty) accepted" in said


def test_notify_test_can_test_one_channel(receivers: Receivers, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the named channel is used, and only its secret is needed; an unknown name is an error that lists them."""
    environ = {name: text for name, text in receivers.environment.items() if "SLACK" not in name}
    assert notify_test(ROOT / "config.yaml", environ, ["on-call"]) == 0
    assert receivers.slack.messages == []
    assert "production-alerts" not in capsys.readouterr().out
    with pytest.raises(BasewatchError, match="there is no channel oncall; the channels of the configuration are: "):
        exit_status(receivers, "oncall")
