"""The pulse of a pass is about the watch: a platform that is broken does not stop it."""

from __future__ import annotations

from basewatch.model import Status
from tests.fakes import NOON, a_finding, a_run
from tests.fixtures_box import CONFIG
from workflows.heartbeat import NOTHING_SEEN, pulse_of
from workflows.plan import load_plan

PLAN = load_plan(CONFIG)
GAP = "watcher.passes.gap"


def test_a_broken_promise_is_no_trouble() -> None:
    """The pass did its work, and the alerts say the rest."""
    pulse = pulse_of(PLAN, a_run(a_finding(Status.FAIL)), (), NOON)
    assert (pulse.trouble, pulse.summary) == ("", "run run-1: 1 FAIL")


def test_what_was_not_delivered_is_trouble() -> None:
    """So are a history and a report that could not be written."""
    assert pulse_of(PLAN, a_run(a_finding(Status.PASS)), ("on-call was not notified",), NOON).trouble


def test_a_pass_that_saw_nothing_is_trouble() -> None:
    """Basewatch's own checks do not count as seeing the platform."""
    blind = a_run(a_finding(Status.UNVERIFIED), a_finding(Status.PASS, check=GAP, component="watcher/basewatch"))
    assert pulse_of(PLAN, blind, (), NOON).trouble == NOTHING_SEEN
