"""What people are told does not depend on how often Basewatch looked, nor does the work on how much there is."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Finding, Severity, Status
from basewatch.notifier import Action
from tests.alerts.passes import Passes
from tests.alerts.test_policy import policy
from tests.fakes import a_finding

HOUR = timedelta(hours=1)
SUBJECTS = ("invoices", "users")
worlds = st.lists(st.tuples(*[st.sampled_from(list(Status))] * len(SUBJECTS)), min_size=1, max_size=6)
streaks = st.sampled_from(["1 pass", "2 passes", "3h", "7h"])


def findings(world: Sequence[Status]) -> list[Finding]:
    """The findings of one look at the world, and one of another check that always passes."""
    seen = [a_finding(status, subject=name) for name, status in zip(SUBJECTS, world, strict=True)]
    return [*seen, a_finding(Status.PASS, check="backup.dump.stale")]


def told(passes: Passes) -> list[tuple[str, str, Action]]:
    """What each channel was told, but for reminders, in order for each alert."""
    sent = ((each.channel, each.key, each.action) for each in passes.sent if each.action is not Action.REMIND)
    return sorted(sent, key=lambda each: each[:2])


@given(history=worlds, after=streaks, end=streaks, waits=st.lists(st.integers(0, 5), min_size=6, max_size=6))
def test_time_between_the_passes_changes_nothing(
    history: list[tuple[Status, ...]], after: str, end: str, waits: list[int]
) -> None:
    """A process that decides each minute tells the same as one that decides with each pass."""
    rules = policy({}, {"severity": "critical"}, fire_after=after, unverified_after=after, resolve_after=end)
    rare, often = Passes(policy=rules), Passes(policy=rules)
    for world, wait in zip(history, waits, strict=False):
        rare.see(*findings(world))
        often.see(*findings(world), after=6 * HOUR)
        rare.at = often.at
        for _ in range(wait):
            often.wait(HOUR)
        often.at = rare.at
    assert told(rare) == told(often)


@given(history=worlds, after=streaks, end=streaks, repeats=st.integers(1, 3))
def test_looking_again_at_a_part_tells_nothing_twice(
    history: list[tuple[Status, ...]], after: str, end: str, repeats: int
) -> None:
    """Partial passes that see the same tell of no alert a second time, and the same is open in the end."""
    rules = policy({}, fire_after=after, unverified_after=after, resolve_after=end, flapping=False)
    rare, often = Passes(policy=rules), Passes(policy=rules)
    for world in (*history, *[history[-1]] * 3):
        *part, other = findings(world)
        rare.see(*part, other)
        often.see(*part, other, after=6 * HOUR)
        for _ in range(repeats):
            often.see(*part, other=[other], after=timedelta(minutes=1))
        often.at = rare.at
    assert {(each.channel, each.key) for each in rare.state.open_alerts} == {
        (each.channel, each.key) for each in often.state.open_alerts
    }
    assert len(told(often)) <= len(told(rare))


def calls(number: int) -> int:
    """How many function calls it takes to decide that so many findings flip, and flip back."""
    passes = Passes(policy=policy({}, {"severity": "critical"}, {"digest": "24h"}))
    broken = [
        a_finding(
            Status.UNVERIFIED if n % 2 else Status.FAIL,
            check=f"service.check.{n % 70}",
            component=f"function/{n % 300}",
            subject=str(n),
            severity=list(Severity)[n % 4],
        )
        for n in range(number)
    ]
    profile = cProfile.Profile()
    profile.enable()
    passes.see(*broken)
    passes.see(*(replace(each, status=Status.PASS, reason=None) for each in broken))
    profile.disable()
    return sum(count for _, count, *_ in pstats.Stats(profile).stats.values())  # type: ignore[attr-defined]  # typeshed lacks `stats`


def test_the_work_grows_as_the_findings_do() -> None:
    """Four times as many findings take four times the work, and not sixteen times."""
    assert calls(400) < 5 * calls(100)
