"""Between passes, `serve` tells what time alone brings, and records that it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from alerts import Picture, bundled, decide
from basewatch.history import Acknowledgement
from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import Status
from basewatch.notifier import Action
from tests.alerts.pictures import committed_plan
from tests.fakes import NOON, FakeNotifier, a_finding, a_run, picture_of, refused
from workflows.later import deliver_due
from workflows.monitor import Observed, record_run

PLAN = committed_plan()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An empty history."""
    with History.open(f"sqlite:///{tmp_path}/history.db") as opened:
        yield opened


def record(history: History, status: Status, at: datetime) -> Picture:
    """A pass, recorded and not delivered."""
    run = a_run(a_finding(status), id=f"run at {at}", at=at)
    shown = picture_of(run, at=at)
    alerts = PLAN.config.alerts
    decided = decide(history.alert_state(), shown, alerts, PLAN.config.platform)
    history.record(run, bundled(decided.notifications, alerts.channels), decided.conditions)
    return shown


@dataclass(slots=True)
class TakenNotifier(FakeNotifier):
    """A channel where `person` has taken on everything; None: it does not say."""

    person: str | None = ""
    asked: int = 0

    def taken_by(self, reference: str) -> str:
        """Who has taken on the message."""
        assert reference.startswith(self.name)
        self.asked += 1
        if self.person is None:
            raise refused()
        return self.person


def _at(moment: datetime) -> datetime:
    return moment


def test_a_reminder_comes_between_two_passes_and_once(history: History) -> None:
    """A day after the fire, each channel is reminded by the job that delivers; a minute later, by nothing."""
    channels = [FakeNotifier(name="production-alerts"), FakeNotifier(name="on-call")]
    shown = record(history, Status.FAIL, NOON)
    day = timedelta(days=1)
    for moment in (NOON, NOON + day - timedelta(minutes=1), NOON + day, NOON + day + timedelta(minutes=1)):
        deliver_due(PLAN, shown, history, channels, partial(_at, moment), lock=nullcontext())
    for channel in channels:
        assert [each.action for each in channel.sent] == [Action.FIRE, Action.REMIND]
    record(history, Status.PASS, NOON + 2 * day)
    deliver_due(PLAN, None, history, channels, lambda: NOON + 2 * day, lock=nullcontext())
    for channel in channels:
        assert [each.action for each in channel.sent] == [Action.FIRE, Action.REMIND, Action.RESOLVE]
        assert len({each.id for each in channel.sent}) == len(channel.sent)


@pytest.mark.parametrize(("person", "reminders"), [("Ann Lee", 0), ("", 1), (None, 1)])
def test_what_was_acknowledged_in_a_channel_is_not_repeated(
    history: History, person: str | None, reminders: int
) -> None:
    """PagerDuty is asked when a reminder is due, not before; what it does not say is no acknowledgement."""
    slack, pager = FakeNotifier(name="production-alerts"), TakenNotifier(name="on-call", person=person)
    shown, day = record(history, Status.FAIL, NOON), timedelta(days=1)
    for moment in (NOON, NOON + timedelta(hours=1), NOON + day, NOON + day + timedelta(minutes=1)):
        deliver_due(PLAN, shown, history, [slack, pager], partial(_at, moment), lock=nullcontext())

    assert [each.action for each in slack.sent] == [Action.FIRE] + [Action.REMIND] * reminders
    assert pager.asked == 1
    recorded = [(each.person, each.note, each.at) for each in history.acknowledgements()]
    assert recorded == ([(person, "in on-call", NOON + day)] if person else [])


@pytest.mark.parametrize(("person", "reminders"), [("Ann Lee", 0), ("", 1), (None, 0)])
def test_an_acknowledgement_that_is_withdrawn_in_its_channel_counts_no_more(
    history: History, person: str | None, reminders: int
) -> None:
    """It is read again, not each minute; only if the channel says that nobody has the alert, there are reminders."""
    pager, half = TakenNotifier(name="on-call", person="Ann Lee"), timedelta(minutes=30)
    # The other channel takes nothing: what it is to be told again and again is no reason to ask.
    shown, due = record(history, Status.FAIL, NOON), NOON + timedelta(days=1)
    for moment in (NOON, due, due + half / 2):
        deliver_due(PLAN, shown, history, [pager], partial(_at, moment), lock=nullcontext())
    assert pager.asked == 1
    pager.person = person
    for moment in (due + half, due + half + timedelta(minutes=1)):
        deliver_due(PLAN, shown, history, [pager], partial(_at, moment), lock=nullcontext())
    assert [each.action for each in pager.sent] == [Action.FIRE] + [Action.REMIND] * reminders
    assert (pager.asked, len(history.acknowledgements())) == (2, 1 - reminders)


def test_a_person_who_acknowledged_by_command_is_not_asked_about(history: History) -> None:
    """Whatever a channel says, that counts until the alert ends."""
    pager, day = TakenNotifier(name="on-call"), timedelta(days=1)
    shown = record(history, Status.FAIL, NOON)
    taken = Acknowledgement(key=a_finding().key, person="ann", note="", at=NOON)
    history.acknowledge(taken)
    for moment in (NOON, NOON + day):
        deliver_due(PLAN, shown, history, [pager], partial(_at, moment), lock=nullcontext())
    assert (pager.asked, history.acknowledgements()) == (0, (taken,))


@pytest.mark.parametrize("name", ["Ann Lee", ""])
def test_a_pass_asks_who_has_an_alert_before_it_repeats_it(history: History, name: str) -> None:
    """So does `run`, between whose passes nothing decides."""
    pager, day = TakenNotifier(name="on-call", person=name), timedelta(days=1)
    shown = record(history, Status.FAIL, NOON)
    deliver_due(PLAN, shown, history, [pager], lambda: NOON, lock=nullcontext())
    run = a_run(a_finding(Status.FAIL), id="a day later", at=NOON + day)
    record_run(PLAN, Observed(run=run, collected=CollectedMetrics(window=run.window)), history, [pager])
    (opened,) = (each for each in history.open_alerts() if each.channel == pager.name)
    assert opened.last_notification.action is (Action.FIRE if name else Action.REMIND)
