"""The engine gives every expected pair a verdict, whatever breaks."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Api, Function
from basewatch.config import CheckSettings
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Evidence, Finding, Reason, Run, Severity, Status, Window
from checks.engine.judge import PlannedCheck, rejudge
from checks.engine.observe import Deadlines
from checks.engine.run import CheckResults, plan_checks, run_checks
from tests.checks.example import NOW, SOON, Doors, Guard, GuardPost, doors_closed, doors_few, planned


def run(*plan: PlannedCheck, guard: Guard, deadlines: Deadlines = SOON) -> CheckResults:
    """The pass of a plan with one guard."""
    return run_checks(plan, GuardPost(guard), deadlines, NOW, lambda: NOW)


def only(checked: CheckResults) -> Finding:
    """The one finding there is."""
    (finding,) = checked.findings
    return finding


def test_a_promise_that_holds_passes() -> None:
    """A clean observation gives PASS with its evidence."""
    checked = run(planned(), guard=Guard(lambda _: Doors(open=())))
    assert only(checked).status is Status.PASS
    assert only(checked).evidence == checked.evidence[0].digest


def test_a_broken_promise_fails_by_subject_with_the_remedy_of_the_docstring() -> None:
    """Each open door is a finding of its own, and its remedy is the check's Fix."""
    findings = run(planned(), guard=Guard(lambda _: Doors(open=("south", "north")))).findings
    assert [(f.subject, f.status, f.remedy) for f in findings] == [
        ("north", Status.FAIL, "Close it."),
        ("south", Status.FAIL, "Close it."),
    ]


def test_checks_that_share_an_observation_ask_once() -> None:
    """Two checks on one component make one observation."""
    guard = Guard(lambda _: Doors(open=()))
    findings = run(planned(doors_closed), planned(doors_few), guard=guard).findings
    assert len(findings) == 2
    assert guard.asked == ["auth"]


@pytest.mark.parametrize("reason", list(Reason))
def test_an_observation_that_could_not_look_is_unverified(reason: Reason) -> None:
    """ObservationError is UNVERIFIED with its reason and remedy, for whatever reason."""

    def look(_: str) -> Doors:
        raise ObservationError(reason, "the door to the doors is shut", remedy="grant test:Look")

    finding = only(run(planned(), guard=Guard(look)))
    assert (finding.status, finding.reason, finding.remedy) == (Status.UNVERIFIED, reason, "grant test:Look")


def test_a_declared_thing_that_is_absent_fails() -> None:
    """A clear answer that the component does not exist is a fact, so it FAILs."""

    def look(_: str) -> Doors:
        raise NotFoundError("no such house")

    assert only(run(planned(), guard=Guard(look))).status is Status.FAIL


def test_a_crash_is_unverified_and_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """A crashing observation is UNVERIFIED(bug) with its traceback logged, and the next component is still judged."""

    def look(name: str) -> Doors:
        if name == "auth":
            raise ZeroDivisionError
        return Doors(open=())

    with caplog.at_level(logging.ERROR):
        findings = run(planned(name="auth"), planned(name="billing"), guard=Guard(look)).findings
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.BUG), (Status.PASS, None)]
    assert "ZeroDivisionError" in caplog.text


def test_a_judge_that_crashes_or_says_nothing_is_unverified() -> None:
    """A judge without a verdict, and one that judges a subject twice, are UNVERIFIED(bug), never green."""
    silent = replace(doors_closed, judge=lambda _facts, _component, _now: iter(()))
    doubled = planned()
    findings = [
        only(run(planned(silent), guard=Guard(lambda _: Doors(open=())))),
        only(run(doubled, guard=Guard(lambda _: Doors(open=("north", "north"))))),
    ]
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.BUG)] * 2


def test_a_client_that_hangs_is_given_up_at_the_deadline_and_others_go_on() -> None:
    """A hanging observation is UNVERIFIED(timeout), the pass ends in time, and the rest is judged."""
    release = Event()

    def look(name: str) -> Doors:
        if name == "auth":
            release.wait(30)
        return Doors(open=())

    deadlines = Deadlines(per_observation=timedelta(seconds=0.2), total=timedelta(seconds=10), concurrency=1)
    findings = run(planned(name="auth"), planned(name="billing"), guard=Guard(look), deadlines=deadlines).findings
    release.set()
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.TIMEOUT), (Status.PASS, None)]


def test_a_pass_out_of_time_says_so_of_what_it_did_not_ask() -> None:
    """Pairs that were never asked before the pass ended are UNVERIFIED(timeout)."""
    guard = Guard(lambda _: Doors(open=()))
    checked = run(planned(), guard=guard, deadlines=replace(SOON, total=timedelta()))
    assert (only(checked).status, only(checked).reason, guard.asked) == (Status.UNVERIFIED, Reason.TIMEOUT, [])


def test_the_plan_holds_every_promised_pair_and_no_other() -> None:
    """Kind of component, promise, settings and globs decide which pairs are expected."""
    plain, promised = Function(name="plain"), Function.model_validate({"name": "promised", "errors_below": "5%"})
    things = (plain, promised, Api(name="api", stage="prod"))
    checks = (doors_closed, doors_few)

    def pairs(settings: dict[str, CheckSettings], **globs: str) -> list[tuple[str, str]]:
        return [(p.check.id, p.component.name) for p in plan_checks(checks, things, settings, **globs)]

    closed = [("test.doors.closed", "plain"), ("test.doors.closed", "promised")]
    assert pairs({}) == [*closed, ("test.doors.few", "promised")]
    assert pairs({"test.doors.few": CheckSettings(enabled=False)}) == closed
    assert pairs({}, only="*.few") == [("test.doors.few", "promised")]
    assert pairs({}, component="pla*") == [("test.doors.closed", "plain")]


def test_a_configured_severity_is_the_findings_severity() -> None:
    """The configuration may say how bad a FAIL is."""
    (pair,) = plan_checks(
        (doors_closed,), (Function(name="f"),), {"test.doors.closed": CheckSettings(severity=Severity.LOW)}
    )
    assert only(run(pair, guard=Guard(lambda _: Doors(open=("x",))))).severity is Severity.LOW


def recorded(checked: CheckResults) -> Run:
    """A run with these findings and this evidence."""
    return Run(
        id="run",
        started=NOW,
        finished=NOW,
        window=Window(start=NOW - timedelta(hours=6), end=NOW),
        version="0",
        config_digest="",
        commit="",
        expected=(),
        components={"function/auth": Function(name="auth").model_dump(mode="json")},
        findings=checked.findings,
        evidence=checked.evidence,
    )


@given(st.sets(st.text(min_size=1, max_size=8), max_size=4))
def test_stored_evidence_judged_again_gives_the_same_findings(open_doors: set[str]) -> None:
    """Rejudging a recorded run finds no difference."""
    checked = run(planned(), planned(doors_few), guard=Guard(lambda _: Doors(open=tuple(sorted(open_doors)))))
    assert rejudge(recorded(checked), (doors_closed, doors_few)) == ()


def test_a_finding_changed_after_the_fact_is_seen_when_judged_again() -> None:
    """A recorded PASS whose evidence says FAIL is a difference."""
    checked = run(planned(), guard=Guard(lambda _: Doors(open=("auth",))))
    painted = replace(checked, findings=tuple(replace(f, status=Status.PASS) for f in checked.findings))
    (difference,) = rejudge(recorded(painted), (doors_closed,))
    assert difference.rejudged is not None
    assert difference.rejudged.status is Status.FAIL


def test_evidence_names_what_was_asked_and_is_addressed_by_content() -> None:
    """Equal facts have one digest whenever they were read; other facts have another."""

    def observed(doors: tuple[str, ...], at: datetime) -> Evidence:
        guard = Guard(lambda _: Doors(open=doors))
        return run_checks((planned(),), GuardPost(guard), SOON, NOW, lambda: at).evidence[0]

    first, second, other = observed((), NOW), observed((), datetime(2027, 1, 1, tzinfo=UTC)), observed(("x",), NOW)
    assert first.digest == second.digest != other.digest
    assert (first.source, first.principal, first.requests) == ("test", "guard", ("test:Look 1",))
