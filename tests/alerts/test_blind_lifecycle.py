"""Blind places over time: one message when sight is lost, one when it returns, and no orphan in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from alerts import Picture, decide
from alerts.bundling import bundled
from alerts.grouping import alerts_of
from basewatch.alert import AlertKind
from basewatch.config import Alerts
from basewatch.history import AlertState
from basewatch.model import Reason, Status
from basewatch.notifier import Action, Message, Notification
from tests.alerts.passes import remembered
from tests.alerts.pictures import IRELAND, STAGING, VIRGINIA, a_pass_of, committed_plan, looked, pictured
from tests.fakes import ALERTS, NOON, PLATFORM

SLACK, PAGER = "production-alerts", "on-call"
LEAVES = (VIRGINIA, IRELAND, STAGING, "postgresql:main", "postgresql:other")
HOURS = timedelta(hours=6)


@dataclass(slots=True)
class Watch:
    """Passes one after another; every message is delivered at once."""

    policy: Alerts = ALERTS
    state: AlertState = field(default_factory=AlertState)
    at: datetime = NOON
    runs: int = 0

    def see(self, picture: Picture) -> tuple[Notification, ...]:
        """What is due after a pass with this picture."""
        self.at, self.runs = self.at + HOURS, self.runs + 1
        seen = replace(picture, at=self.at, run=f"run-{self.runs}")
        decided = decide(self.state, seen, self.policy, PLATFORM)
        self.state = remembered(self.state, decided)
        return decided.notifications

    def messages(self, picture: Picture) -> dict[str, list[list[tuple[Action, str]]]]:
        """The messages to each channel: what each does, and to which place."""
        found: dict[str, list[list[tuple[Action, str]]]] = {}
        message: Message
        for message in bundled(self.see(picture), self.policy.channels):
            told = [(each.action, each.alert.component) for each in message.notifications]
            found.setdefault(message.channel, []).append(told)
        return found


def test_everything_down_pages_once_and_ends_once() -> None:
    """With the committed configuration a cut cable is one page and one message, and so is its end."""
    plan, watch = committed_plan(), Watch()
    watch.policy = plan.config.alerts
    dark = ["aws:", "postgresql:", "endpoint:"]
    assert watch.messages(a_pass_of(plan, dark)) == {each: [[(Action.FIRE, "everything")]] for each in (SLACK, PAGER)}
    assert watch.messages(a_pass_of(plan, dark)) == {}
    assert watch.messages(a_pass_of(plan)) == {each: [[(Action.RESOLVE, "everything")]] for each in (SLACK, PAGER)}
    assert watch.state.open_alerts == ()


def test_half_of_it_back_is_the_smaller_place() -> None:
    """The wider place ends and says as what the rest is reported; the smaller one pages."""
    plan, watch = committed_plan(), Watch()
    watch.policy = plan.config.alerts
    watch.see(a_pass_of(plan, ["aws:", "postgresql:", "endpoint:"]))
    told = watch.see(a_pass_of(plan, ["postgresql:"]))
    assert {(each.channel, each.action, each.alert.component) for each in told} == {
        (channel, action, place)
        for channel in (SLACK, PAGER)
        for action, place in ((Action.FIRE, "postgresql:securebase"), (Action.RESOLVE, "everything"))
    }
    (reason,) = {each.reason for each in told if each.action is Action.RESOLVE}
    assert "Basewatch cannot see database securebase" in reason


worlds = st.fixed_dictionaries(
    dict.fromkeys(LEAVES, st.sampled_from(["seen", "dark", "half", "refused", "denied", "failing"]))
)


def pictured_world(world: Mapping[str, str]) -> Picture:
    """A full pass over five places with three findings each, in the given conditions."""
    findings = []
    for leaf, condition in world.items():
        for number in range(3):
            bad = condition in ("dark", "refused", "denied") or (condition in ("half", "failing") and number == 0)
            action = "connect" if condition == "refused" else "some:Action"
            reason = Reason.DENIED if condition in ("refused", "denied") else Reason.UNREACHABLE
            if bad and condition == "failing":
                findings.append(looked(leaf, number, status=Status.FAIL))
            else:
                findings.append(looked(leaf, number, reason=reason if bad else None, action=action))
    return pictured(*findings)


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(worlds, min_size=1, max_size=6))
def test_no_orphan_and_no_storm(story: list[Mapping[str, str]]) -> None:
    """However places go dark and return: what is open is what is in the picture, and each key is told of in turn."""
    watch, open_keys = Watch(), Counter[tuple[str, str]]()
    for world in (*story, dict.fromkeys(LEAVES, "seen")):
        picture = pictured_world(world)
        alerts = {alert.key: alert for alert in alerts_of(picture)}
        blind = sum(alert.kind is AlertKind.BLIND for alert in alerts.values())
        told = watch.see(picture)
        for each in told:
            open_keys[each.channel, each.key] += {Action.FIRE: 1, Action.RESOLVE: -1, Action.REMIND: 0}[each.action]
        assert set(open_keys.values()) <= {0, 1}
        in_slack = {key for (channel, key), count in open_keys.items() if count and channel == SLACK}
        # A failure stays open while its place is blind.
        assert in_slack >= alerts.keys()
        assert {key for key in in_slack - alerts.keys() if not key.startswith("v1-")} == set()
        assert sum(each.action is Action.FIRE and each.channel == PAGER for each in told) <= max(blind, 1)
    assert watch.state.open_alerts == ()
