"""Between passes, `serve` tells what time alone brings, and records that it did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from alerts import Picture, bundled, decide
from basewatch.history.store import History
from basewatch.model import Status
from basewatch.notifier import Action
from tests.alerts.pictures import committed_plan
from tests.fakes import NOON, FakeNotifier, a_finding, a_run, picture_of
from workflows.later import deliver_due

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
