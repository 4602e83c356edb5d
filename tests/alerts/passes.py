"""Passes one after another over a record in memory, as a history would keep it: for tests of what comes when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts import Decision, Picture, decide
from basewatch.components import Component
from basewatch.config import Alerts
from basewatch.history import AlertState, OpenAlert
from basewatch.model import ExpectedCheck, Finding
from basewatch.notifier import Action, Notification
from tests.fakes import ALERTS, NOON, PLATFORM, a_run, picture_of


@dataclass(slots=True, kw_only=True)
class Passes:
    """What was decided so far; every notification is delivered at once."""

    policy: Alerts = ALERTS
    at: datetime = NOON
    state: AlertState = field(default_factory=AlertState)
    picture: Picture = field(default_factory=lambda: picture_of(a_run()))
    sent: list[Notification] = field(default_factory=list[Notification])
    runs: int = 0
    continuous: bool = True
    sources: Mapping[ExpectedCheck, str] = field(default_factory=dict[ExpectedCheck, str])
    components: Mapping[str, Component] = field(default_factory=dict[str, Component])

    def see(
        self,
        *findings: Finding,
        after: timedelta = timedelta(hours=6),
        other: Sequence[Finding] = (),
        expected: Sequence[ExpectedCheck] | None = None,
    ) -> tuple[Notification, ...]:
        """A pass that sees these findings `after` the last moment; a partial one if there are `other` findings."""
        self.at, self.runs = self.at + after, self.runs + 1
        run = a_run(*findings, id=f"run-{self.runs}", at=self.at, expected=expected)
        picture = picture_of(run, at=self.at, other=other)
        self.picture = replace(picture, continuous=self.continuous, components=self.components, sources=self.sources)
        self.continuous = True
        return self._decided()

    def wait(self, after: timedelta) -> tuple[Notification, ...]:
        """Nothing but time: the same picture later, with nothing judged."""
        self.at += after
        self.picture = replace(self.picture, at=self.at, judged=frozenset(), before={})
        return self._decided()

    def _decided(self) -> tuple[Notification, ...]:
        decided = decide(self.state, self.picture, self.policy, PLATFORM)
        self.state = remembered(self.state, decided)
        self.picture = replace(self.picture, continuous=True)
        assert decide(self.state, self.picture, self.policy, PLATFORM).notifications == ()
        self.sent += decided.notifications
        return decided.notifications


def remembered(state: AlertState, decided: Decision) -> AlertState:
    """The state after everything was delivered."""
    last = {(each.channel, each.key): each for each in state.open_alerts}
    for each in decided.notifications:
        last[each.channel, each.key] = OpenAlert(last_notification=each, delivered=True)
    open_alerts = tuple(alert for alert in last.values() if alert.last_notification.action is not Action.RESOLVE)
    return replace(state, open_alerts=open_alerts, conditions=decided.conditions)
