"""A state machine of runs, crashes and failing channels in any order, which checks what every channel received."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from alerts import DeliveryRetryPolicy, bundled, decide, deliver
from basewatch.alert import AlertKind
from basewatch.config import Route
from basewatch.errors import DeliveryError
from basewatch.history.store import History
from basewatch.model import ExpectedCheck, Finding, Severity, Status
from basewatch.notifier import Action, Message, Notification, Receipt
from tests.fakes import ALERTS, NOON, PLATFORM, a_finding, a_run, picture_of, refused

Subject: TypeAlias = tuple[str, str]
World: TypeAlias = Mapping[Subject, Status | None]

CHANNELS = ("production-alerts", "on-call")
# Two subjects of one check and one of another; None means that the check does not come across it.
SUBJECTS = (("tenancy.rls.coverage", "invoices"), ("tenancy.rls.coverage", "api_keys"), ("backup.aurora.rpo", ""))
ONE_TRY = DeliveryRetryPolicy(deadline=timedelta(seconds=20), backoff=(), next_delivery_delay=timedelta(hours=1))

worlds = st.fixed_dictionaries(dict.fromkeys(SUBJECTS, st.sampled_from([*Status, None])))
moods = st.sampled_from(["takes", "refuses", "loses its answer", "refuses for good"])
routes = st.lists(
    st.builds(Route, channel=st.sampled_from(CHANNELS), severity=st.sampled_from(Severity), unverified=st.booleans()),
    max_size=3,
)


class MoodyChannel:
    """A channel in one of the `moods`; `arrived` is what may have reached it, once each, and whether it did."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.mood = "takes"
        self.arrived: dict[str, tuple[Notification, bool]] = {}

    def send(self, message: Message) -> Receipt:
        """Takes the message or not, and says so or not."""
        heard = {each.id: self.arrived.get(each.id, (each, False))[1] for each in message.notifications}
        if self.mood == "refuses for good" and not all(heard.values()):
            raise DeliveryError("no such channel", retryable=False)
        for each in message.notifications:
            self.arrived[each.id] = (each, heard[each.id] or self.mood != "refuses")
        if self.mood in ("refuses", "loses its answer"):
            raise refused()
        return Receipt(channel=self.name)

    def stories(self) -> list[list[tuple[Notification, bool]]]:
        """What arrived, by key, in order; without the ends that were refused, for they are sent again."""
        kept = [(each, heard) for each, heard in self.arrived.values() if heard or each.action is Action.FIRE]
        return [[pair for pair in kept if pair[0].key == key] for key in {each.key for each, _ in kept}]


class Lifecycle(RuleBasedStateMachine):
    """Runs, crashes and deliveries over one history, copied for each example from `template`."""

    template: Path

    @initialize()
    def start(self) -> None:
        """Begins with an empty history and channels that work."""
        self.path = self.template.with_name("history.db")
        shutil.copy(self.template, self.path)
        self.history = History.open(f"sqlite:///{self.path}")
        self.channels = [MoodyChannel(name) for name in CHANNELS]
        self.policy, self.now, self.runs = ALERTS, NOON, 0

    @rule(wanted=routes)
    def change_routes(self, wanted: list[Route]) -> None:
        """Someone edits the configuration."""
        self.policy = ALERTS.model_copy(update={"routes": tuple(wanted)})

    @rule(place=st.integers(0, len(CHANNELS) - 1), mood=moods)
    def change_mood(self, place: int, mood: str) -> None:
        """A channel breaks, or works again."""
        self.channels[place].mood = mood

    @rule(world=worlds, seed=st.integers(0, 99), crash=st.booleans())
    def run(self, world: World, seed: int, crash: bool) -> None:  # noqa: FBT001  # hypothesis hands over by name
        """A run looks at the world, in any order, and may die between recording and delivering."""
        findings = [_finding(*subject, status) for subject, status in world.items() if status]
        Random(seed).shuffle(findings)
        self.go_through(findings, world, crash=crash)

    def go_through(self, findings: Sequence[Finding], world: World, *, crash: bool = False) -> None:
        """One pass as the program makes it."""
        self.runs, self.now = self.runs + 1, self.now + timedelta(hours=6)
        expected = [ExpectedCheck(check=check, component="database/securebase") for check in dict(SUBJECTS)]
        run = a_run(*findings, id=f"run-{self.runs}", at=self.now, expected=expected)
        state = self.history.alert_state()
        decided = decide(state, picture_of(run, at=self.now), self.policy, PLATFORM)
        shuffled = replace(state, open_alerts=state.open_alerts[::-1], conditions=state.conditions[::-1])
        assert decided == decide(shuffled, picture_of(run, at=self.now), self.policy, PLATFORM)
        for message in decided.notifications:
            _is_true(message, world)
        self.history.record(run, bundled(decided.notifications, self.policy.channels), decided.conditions)
        if not crash:
            deliver(self.history, self.channels, lambda: self.now, ONE_TRY)

    @invariant()
    def every_story_makes_sense(self) -> None:
        """No channel hears the same state twice in a row, nor the end of what cannot have reached it."""
        for story in (story for channel in getattr(self, "channels", ()) for story in channel.stories()):
            assert story[0][0].action is Action.FIRE
            for (before, heard), (after, _) in pairwise(story):
                if after.action is Action.RESOLVE:
                    assert before.action is Action.FIRE
                elif before.action is Action.FIRE:
                    assert before.alert.status is not after.alert.status or not heard

    def teardown(self) -> None:
        """Once every finding passes and every channel works, every alert is resolved and nothing is pending."""
        if not hasattr(self, "history"):
            return
        try:
            self.end_well()
        finally:
            self.history.close()
            self.path.unlink()

    def end_well(self) -> None:
        """The last run: everything passes and every channel works."""
        for channel in self.channels:
            channel.mood = "takes"
        self.go_through([_finding(*subject, Status.PASS) for subject in SUBJECTS], dict.fromkeys(SUBJECTS, Status.PASS))
        self.every_story_makes_sense()
        for story in (story for channel in self.channels for story in channel.stories()):
            assert story[-1][0].action is Action.RESOLVE or not any(heard for _, heard in story)
        assert self.history.pending_messages() == ()
        assert self.history.open_alerts() == ()
        assert self.history.verify().verified_runs == self.runs


def _finding(check: str, subject: str, status: Status) -> Finding:
    severity = Severity.CRITICAL if subject else Severity.HIGH
    return a_finding(status, check=check, component="database/securebase", subject=subject, severity=severity)


def _is_true(message: Notification, world: World) -> None:
    if message.alert.kind is AlertKind.UNSEEN:
        # All subjects are of one component, so that one alert holds what cannot be verified of it.
        unseen = {_finding(*subject, each).key for subject, each in world.items() if each is Status.UNVERIFIED}
        inside = {message.alert.finding, *(member.key for member in message.alert.members)} - {""}
        assert inside == unseen if message.action is Action.FIRE else not unseen
        return
    status = world[message.alert.check, message.alert.subject]
    if message.action is Action.FIRE:
        assert message.alert.status is status
    elif status is None:
        observed = [each for (check, _), each in world.items() if check == message.alert.check and each]
        assert observed
        assert Status.UNVERIFIED not in observed
    else:
        assert status in (Status.PASS, Status.NOT_APPLICABLE)
