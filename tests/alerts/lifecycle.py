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

from alerts import DeliveryRetryPolicy, Picture, bundled, decide, deliver
from basewatch.alert import AlertKind
from basewatch.config import Route
from basewatch.config.silences import Silence
from basewatch.config.streak import parse_streak
from basewatch.errors import DeliveryError
from basewatch.history.outbox import NOT_TOLD, PERHAPS_NOT_TOLD
from basewatch.history.store import History
from basewatch.model import ExpectedCheck, Finding, Run, Severity, Status
from basewatch.notifier import Action, Message, Notification, Receipt
from tests.fakes import ALERTS, NOON, PLATFORM, a_finding, a_run, picture_of, refused

Subject: TypeAlias = tuple[str, str]
World: TypeAlias = Mapping[Subject, Status | None]

CHANNELS = ("production-alerts", "on-call")
# Two subjects of one check and one of another; None means that the check does not come across it.
SUBJECTS = (("tenancy.rls.coverage", "invoices"), ("tenancy.rls.coverage", "api_keys"), ("backup.aurora.rpo", ""))
ONE_TRY = DeliveryRetryPolicy(deadline=timedelta(seconds=20), backoff=(), next_delivery_delay=timedelta(hours=1))

SILENCE = Silence.model_validate(
    {"owner": "ana", "reason": "known", "until": "2036-01-01", "match": {"subjects": ["invoices"]}}
)

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
        self.policy, self.now, self.runs, self.quiet = ALERTS, NOON, 0, False

    @rule(wanted=routes, after=st.sampled_from(["1 pass", "2 passes", "7h"]), quiet=st.booleans())
    def change_policy(self, wanted: list[Route], after: str, quiet: bool) -> None:  # noqa: FBT001  # see run
        """Someone edits the configuration: the routes, the thresholds, and a silence."""
        self.quiet = quiet
        streaks = dict.fromkeys(("fire_after", "unverified_after", "resolve_after"), parse_streak(after))
        self.policy = ALERTS.model_copy(
            update={"routes": tuple(wanted), "silences": (SILENCE,) if quiet else (), **streaks}
        )

    @rule(hours=st.integers(0, 30))
    def wait(self, hours: int) -> None:
        """Time passes without a pass, in a process that was perhaps started again."""
        if self.runs:
            self.now += timedelta(hours=hours)
            later = replace(self.picture, at=self.now, judged=frozenset(), before={})
            self.decide(later)
            deliver(self.history, self.channels, lambda: self.now, ONE_TRY)

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
        self.world, self.picture = world, picture_of(run, at=self.now)
        self.decide(self.picture, run)
        if not crash:
            deliver(self.history, self.channels, lambda: self.now, ONE_TRY)

    def decide(self, picture: Picture, run: Run | None = None) -> None:
        """What the program decides, and records; from any order of what it knows."""
        state = self.history.alert_state()
        decided = decide(state, picture, self.policy, PLATFORM)
        shuffled = replace(state, open_alerts=state.open_alerts[::-1], conditions=state.conditions[::-1])
        assert decided == decide(shuffled, picture, self.policy, PLATFORM)
        for message in decided.notifications:
            _is_true(message, self.world)
            silent = self.quiet and message.alert.kind is AlertKind.FINDING and message.alert.subject == "invoices"
            assert message.action is Action.RESOLVE or not silent
        messages = bundled(decided.notifications, self.policy.channels)
        if run:
            self.history.record(run, messages, decided.conditions)
        else:
            self.history.remember(messages, decided.conditions)
        if again := decide(self.history.alert_state(), picture, self.policy, PLATFORM).notifications:
            # What a channel refused for good is decided again, and queued again by the next pass, not by waiting.
            refused_ = {each.notification.id for each in self.history.notification_log() if each.state == "failed"}
            assert {each.id for each in again} <= refused_

    @invariant()
    def every_story_makes_sense(self) -> None:
        """No channel hears the same state twice in a row, nor the end of what cannot have reached it."""
        for story in (story for channel in getattr(self, "channels", ()) for story in channel.stories()):
            assert story[0][0].action is Action.FIRE or _says_that_it_was_not_told(story[0][0])
            for (before, heard), (after, _) in pairwise(story):
                match Action(after.action):
                    case Action.RESOLVE:
                        assert before.action is not Action.RESOLVE or _says_that_it_was_not_told(after)
                    case Action.REMIND:
                        assert before.action is not Action.RESOLVE
                        assert after.at - before.at >= self.policy.remind_every
                    case Action.FIRE:
                        flaps = after.alert.flapping and not before.alert.flapping
                        rose = after.alert.severity.rank > before.alert.severity.rank
                        assert before.action is Action.RESOLVE or not heard or flaps or rose

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
        well = [_finding(*subject, Status.PASS) for subject in SUBJECTS]
        for _ in range(3):
            self.go_through(well, dict.fromkeys(SUBJECTS, Status.PASS))
        self.every_story_makes_sense()
        for story in (story for channel in self.channels for story in channel.stories()):
            ends = [place for place, (each, _) in enumerate(story) if each.action is Action.RESOLVE]
            assert not any(heard for _, heard in story[max(ends, default=-1) + 1 :])
        assert self.history.pending_messages() == ()
        assert self.history.open_alerts() == ()
        assert self.history.verify().verified_runs == self.runs


def _finding(check: str, subject: str, status: Status) -> Finding:
    severity = Severity.CRITICAL if subject else Severity.HIGH
    return a_finding(status, check=check, component="database/securebase", subject=subject, severity=severity)


def _says_that_it_was_not_told(message: Notification) -> bool:
    """Whether a resolve says that no message, or perhaps none, has said that the problem had begun."""
    return NOT_TOLD in message.note or PERHAPS_NOT_TOLD in message.note


def _is_true(message: Notification, world: World) -> None:
    if message.alert.kind is AlertKind.UNSEEN:
        # All subjects are of one component, so that one alert holds what cannot be verified of it.
        unseen = {_finding(*subject, each).key for subject, each in world.items() if each is Status.UNVERIFIED}
        inside = {message.alert.finding, *(member.key for member in message.alert.members)} - {""}
        assert not unseen if message.action is Action.RESOLVE else inside == unseen
        return
    status = world[message.alert.check, message.alert.subject]
    if message.action is Action.REMIND:
        assert status in (Status.FAIL, Status.UNVERIFIED, None)
    elif message.action is Action.FIRE:
        assert message.alert.status is status or message.alert.flapping
    elif status is None:
        observed = [each for (check, _), each in world.items() if check == message.alert.check and each]
        assert observed
        assert Status.UNVERIFIED not in observed
    else:
        assert status in (Status.PASS, Status.NOT_APPLICABLE)
