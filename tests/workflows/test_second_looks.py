"""What could not be seen is looked at again within minutes, at a bounded cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from basewatch.history.store import History
from basewatch.model import ExpectedCheck, Reason, Run, Status
from tests.fakes import NOON, a_finding, a_run
from tests.workflows.test_week import HOUR, MINUTE, PLAN, OneSource, Platform, a_pass, judged, platform, sessions
from workflows.monitor import observe_since_last, record_run
from workflows.partial_runs import merge_partial
from workflows.plan import Plan
from workflows.schedule import pause_after
from workflows.second_looks import SecondLooks

__all__ = ["platform", "sessions"]
EVERY = PLAN.config.run.every
LATENCY = ExpectedCheck(check="service.function.latency", component="function/auth")
ERRORS = ExpectedCheck(check="service.function.errors", component="function/auth")


def run_with(unseen: Mapping[ExpectedCheck, Reason]) -> Run:
    """A run in which these have no verdict, and all others pass."""
    findings = [
        replace(
            a_finding(check=pair.check),
            component=pair.component,
            status=Status.UNVERIFIED if pair in unseen else Status.PASS,
            reason=unseen.get(pair),
        )
        for pair in PLAN.expected
    ]
    return a_run(*findings)


def looked(looks: SecondLooks, plan: Plan, run: Run) -> list[ExpectedCheck]:
    """What is looked at now."""
    return [pair for part in looks.due(plan, run) for pair in part.expected]


def minutes_of_looks(reason: Reason, *, others_seen: bool, hours: int = 6) -> list[int]:
    """The minutes after a pass at which one check is looked at again."""
    sources = {pair: "aws:1/r" if others_seen else f"{pair}" for pair in PLAN.expected}
    plan, minute = replace(PLAN, sources=sources), [0]
    looks, run = SecondLooks(lambda: minute[0] * 60.0), run_with({LATENCY: reason})
    found = list[int]()
    for minute[0] in range(hours * 60):
        found += [minute[0]] * len(looked(looks, plan, run))
    return found


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.THROTTLED, Reason.DENIED, Reason.TIMEOUT])
def test_what_could_not_be_seen_is_looked_at_within_minutes(reason: Reason) -> None:
    """After 1, 2, 5 and 10 minutes, and every ten from then on, until it is seen."""
    minutes = minutes_of_looks(reason, others_seen=False)
    assert minutes[:6] == [1, 3, 8, 18, 28, 38]
    assert len(minutes) == 38


def test_what_takes_too_long_by_itself_is_looked_at_ever_less() -> None:
    """A check that times out while others of its source answer is a load on the platform: its pause doubles."""
    assert minutes_of_looks(Reason.TIMEOUT, others_seen=True, hours=24) == [
        1,
        3,
        8,
        18,
        38,
        78,
        158,
        318,
        638,
        998,
        1358,
    ]
    assert pause_after(10**9, doubles=True, longest=EVERY) == EVERY


@pytest.mark.parametrize("reason", [Reason.UNSUPPORTED, Reason.BUG, Reason.NOT_ENOUGH_DATA, Reason.STALE])
def test_what_no_second_look_can_change_is_left_alone(reason: Reason) -> None:
    """More time, a change of the platform or of Basewatch is needed there."""
    assert minutes_of_looks(reason, others_seen=True) == []


def test_what_was_seen_is_not_looked_at_again() -> None:
    """Once it has a verdict its pauses are forgotten; when it is lost again, they begin at one minute."""
    seconds = [0.0]
    looks = SecondLooks(lambda: seconds[0])
    lost, seen = run_with({LATENCY: Reason.TIMEOUT, ERRORS: Reason.DENIED}), run_with({ERRORS: Reason.DENIED})
    assert looked(looks, PLAN, lost) == []
    seconds[0] = 60
    assert set(looked(looks, PLAN, lost)) == {LATENCY, ERRORS}
    seconds[0] = 61
    assert looked(looks, PLAN, seen) == []
    assert looked(looks, PLAN, lost) == []
    seconds[0] = 121
    assert looked(looks, PLAN, lost) == [LATENCY]


def second_look(sessions: OneSource, history: History, run: Run, after: timedelta) -> Run:
    """The newest verdicts after a second look, which is recorded only if it has changes."""
    seconds = [0.0]
    looks = SecondLooks(lambda: seconds[0])
    looks.due(PLAN, run)
    seconds[0] = 60.0
    at = run.finished + after
    for part in looks.due(PLAN, run):
        partial_run = record_run(
            part, observe_since_last(part, sessions, history, lambda: at), history, only_changes=True
        )
        run = merge_partial(run, partial_run.run)
    return run


def test_a_second_look_judges_the_minutes_that_were_not_seen_and_loses_none(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """It judges the window of the full run; the next full run goes on where that one ended."""
    a_pass(sessions, history, NOON - EVERY)
    platform.refusing = True
    blind = a_pass(sessions, history, NOON)
    assert judged(blind) == []
    still_blind = second_look(sessions, history, blind, MINUTE)
    assert judged(still_blind) == []
    platform.refusing, platform.slow = False, {NOON - 2 * HOUR + number * MINUTE for number in range(10)}
    seen = second_look(sessions, history, still_blind, 3 * MINUTE)
    (latency,) = (f for f in seen.findings if (f.check, f.component) == (LATENCY.check, LATENCY.component))
    assert latency.status is Status.FAIL
    platform.slow = set()
    later = a_pass(sessions, history, NOON + EVERY)
    minutes = [*judged(seen), *judged(later)]
    assert len(set(minutes)) == len(minutes) == 12 * HOUR // MINUTE


def test_a_second_look_asks_for_the_metrics_of_its_components_alone(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """One function that could not be seen is not a reason to ask for all of them again."""
    platform.forbidden = {"auth"}
    run = a_pass(sessions, history, NOON)
    asked = len(platform.fake.requests)
    second_look(sessions, history, run, MINUTE)
    names = {
        query["MetricStat"]["Metric"]["Dimensions"][0]["Value"]
        for request in platform.fake.requests[asked:]
        for query in request["MetricDataQueries"]
    }
    assert names == {"auth"}


def test_a_partial_run_of_a_time_to_come_is_not_newer(
    sessions: OneSource, platform: Platform, history: History
) -> None:
    """After the clock was set back, what was seen before that does not replace what a full pass sees now."""
    platform.refusing = True
    blind = a_pass(sessions, history, NOON)
    platform.refusing = False
    assert judged(second_look(sessions, history, blind, HOUR))
    platform.refusing = True
    again = a_pass(sessions, history, NOON + MINUTE)
    assert judged(again) == []
