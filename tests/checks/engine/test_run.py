"""The engine gives every planned pair a verdict, even after a crash or a timeout."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.clients import K
from basewatch.components import Api, Component, Function
from basewatch.config import CheckSettings
from basewatch.errors import BasewatchError, NotFoundError, ObservationError
from basewatch.model import Evidence, Finding, Reason, Run, Severity, Status, Verdict, Window
from checks.engine.judge import PlannedCheck, rejudge
from checks.engine.observe import Deadlines, PlannedObservation
from checks.engine.run import CheckResults, plan_checks, run_checks
from tests.checks.example import NOW, SOON, Doors, Guard, GuardPost, doors_closed, doors_few, planned


def run(*plan: PlannedCheck, guard: Guard, deadlines: Deadlines = SOON) -> CheckResults:
    """The results of a plan with one guard."""
    return run_checks(plan, GuardPost(guard), deadlines, NOW, lambda: NOW)


def only(checked: CheckResults) -> Finding:
    """The one finding there is."""
    (finding,) = checked.findings
    return finding


def test_a_promise_that_holds_passes() -> None:
    """An observation without a breach gives PASS with its evidence."""
    checked = run(planned(), guard=Guard(lambda _: Doors(open=())))
    assert only(checked).status is Status.PASS
    assert only(checked).evidence == checked.evidence[0].digest


def test_a_broken_promise_fails_by_subject_with_the_remedy_of_the_docstring() -> None:
    """Each open door is a finding, and its remedy is the section Fix of the check."""
    findings = run(planned(), guard=Guard(lambda _: Doors(open=("south", "north")))).findings
    assert [(f.subject, f.status, f.remedy) for f in findings] == [
        ("north", Status.FAIL, "Close it."),
        ("south", Status.FAIL, "Close it."),
    ]


def test_checks_that_share_an_observation_make_it_once() -> None:
    """Two checks on one component make one observation."""
    guard = Guard(lambda _: Doors(open=()))
    findings = run(planned(doors_closed), planned(doors_few), guard=guard).findings
    assert len(findings) == 2
    assert guard.observed == ["auth"]


@pytest.mark.parametrize("reason", list(Reason))
def test_an_observation_error_is_unverified(reason: Reason) -> None:
    """ObservationError gives UNVERIFIED with its reason and remedy, for every reason."""

    def answer(_: str) -> Doors:
        raise ObservationError(reason, "the guard does not answer", remedy="grant test:Look")

    finding = only(run(planned(), guard=Guard(answer)))
    assert (finding.status, finding.reason, finding.remedy) == (Status.UNVERIFIED, reason, "grant test:Look")


def test_a_declared_component_that_is_absent_fails() -> None:
    """The response that a component does not exist is a fact, so it FAILs."""

    def answer(_: str) -> Doors:
        raise NotFoundError("no such house")

    assert only(run(planned(), guard=Guard(answer))).status is Status.FAIL


def test_a_crash_is_unverified_and_stops_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    """A crashing observation is UNVERIFIED with reason bug, its traceback is logged, and the run goes on."""

    def answer(name: str) -> Doors:
        if name == "auth":
            raise ZeroDivisionError
        return Doors(open=())

    with caplog.at_level(logging.ERROR):
        findings = run(planned(name="auth"), planned(name="billing"), guard=Guard(answer)).findings
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.BUG), (Status.PASS, None)]
    assert "ZeroDivisionError" in caplog.text


def test_a_judge_that_lacks_a_fact_is_unverified() -> None:
    """A judge that needs what could not be observed says so with the reason and the remedy, and is no bug."""

    def judge(*_: object) -> Iterator[Verdict]:
        raise ObservationError(Reason.TIMEOUT, "the door is locked", remedy="Wait.")

    finding = only(run(planned(replace(doors_closed, judge=judge)), guard=Guard(lambda _: Doors(open=()))))
    assert (finding.status, finding.reason, finding.remedy) == (Status.UNVERIFIED, Reason.TIMEOUT, "Wait.")


def test_a_judge_with_no_verdict_or_two_on_one_subject_is_unverified() -> None:
    """A judge without a verdict, and one with two verdicts on a subject, are UNVERIFIED with reason bug."""
    no_verdict = replace(doors_closed, judge=lambda _facts, _component, _now: iter(()))
    two_verdicts = planned()
    findings = [
        only(run(planned(no_verdict), guard=Guard(lambda _: Doors(open=())))),
        only(run(two_verdicts, guard=Guard(lambda _: Doors(open=("north", "north"))))),
    ]
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.BUG)] * 2


def test_a_client_that_hangs_times_out_and_other_observations_go_on() -> None:
    """A hanging observation is UNVERIFIED with reason timeout, and the other pairs are judged in time."""
    release = Event()

    def answer(name: str) -> Doors:
        if name == "auth":
            release.wait(600)
        return Doors(open=())

    deadlines = Deadlines(per_observation=timedelta(seconds=0.2), total=timedelta(seconds=10), concurrency=1)
    findings = run(planned(name="auth"), planned(name="billing"), guard=Guard(answer), deadlines=deadlines).findings
    release.set()
    assert [(f.status, f.reason) for f in findings] == [(Status.UNVERIFIED, Reason.TIMEOUT), (Status.PASS, None)]


def test_what_could_not_be_seen_is_named_by_its_source_and_action() -> None:
    """An error's own place counts first, then where the look went; a look that ended in time names none."""

    def own(_: str) -> Doors:
        raise ObservationError(Reason.DENIED, "no", source="aws:1/eu-west-1", action="test:Key")

    def unplaced(_: str) -> Doors:
        raise ObservationError(Reason.DENIED, "no")

    def crash(_: str) -> Doors:
        raise ZeroDivisionError

    def seen(guard: Guard, deadlines: Deadlines = SOON) -> tuple[str, str]:
        finding = only(run(planned(), guard=guard, deadlines=deadlines))
        return finding.source, finding.action

    assert seen(Guard(own)) == ("aws:1/eu-west-1", "test:Key")
    assert seen(Guard(unplaced)) == seen(Guard(crash)) == ("test", "test:Look")
    assert seen(Guard(lambda _: Doors(open=("north",)))) == ("", "")


def test_what_was_never_opened_is_named_too() -> None:
    """A look that did not begin, or whose client hangs or is refused, names the source that it was meant for."""
    release = Event()

    class Door(GuardPost):
        def open(self, client_type: type[K], component: Component) -> AbstractContextManager[K]:
            release.wait(600)
            return super().open(client_type, component)

    def source_of(observation: PlannedObservation) -> str:
        return f"test:{observation.component.name}"

    plan = (planned(name="auth"), planned(name="billing"))
    deadlines = Deadlines(per_observation=SOON.total, total=timedelta(seconds=0.1), concurrency=1)
    post = Door(Guard(lambda _: Doors(open=())))
    found = run_checks(plan, post, deadlines, NOW, lambda: NOW, source_of=source_of).findings
    release.set()
    assert [(f.source, f.action, f.reason) for f in found] == [
        ("test:auth", "connect", Reason.TIMEOUT),
        ("test:billing", "connect", Reason.TIMEOUT),
    ]


def test_a_pair_that_was_not_observed_before_the_deadline_is_unverified() -> None:
    """A pair whose observation did not start before the deadline of the run is UNVERIFIED with reason timeout."""
    guard = Guard(lambda _: Doors(open=()))
    checked = run(planned(), guard=guard, deadlines=replace(SOON, total=timedelta()))
    assert (only(checked).status, only(checked).reason, guard.observed) == (Status.UNVERIFIED, Reason.TIMEOUT, [])


def test_the_plan_holds_every_promised_pair_and_no_other() -> None:
    """The kind of component, its promises, the settings and the globs decide which pairs are planned."""
    plain, promised = Function(name="plain"), Function.model_validate({"name": "promised", "errors_below": "5%"})
    components = (plain, promised, Api(name="api", stage="prod"))
    checks = (doors_closed, doors_few)

    def pairs(settings: dict[str, CheckSettings], **globs: str) -> list[tuple[str, str]]:
        return [(p.check.id, p.component.name) for p in plan_checks(checks, components, settings, **globs)]

    closed = [("test.doors.closed", "plain"), ("test.doors.closed", "promised")]
    assert pairs({}) == [*closed, ("test.doors.few", "promised")]
    assert pairs({"test.doors.few": CheckSettings(enabled=False)}) == closed
    assert pairs({}, only="*.few") == [("test.doors.few", "promised")]
    assert pairs({}, component="pla*") == [("test.doors.closed", "plain")]


def test_a_configured_severity_is_the_severity_of_the_finding() -> None:
    """The configuration can set the severity of a check's findings."""
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
def test_rejudging_stored_evidence_gives_the_same_findings(open_doors: set[str]) -> None:
    """Rejudging a recorded run finds no difference."""
    checked = run(planned(), planned(doors_few), guard=Guard(lambda _: Doors(open=tuple(sorted(open_doors)))))
    assert rejudge(recorded(checked), (doors_closed, doors_few)) == ()


def test_rejudging_finds_an_altered_finding() -> None:
    """A recorded PASS whose evidence gives FAIL is a difference."""
    checked = run(planned(), guard=Guard(lambda _: Doors(open=("auth",))))
    altered = replace(checked, findings=tuple(replace(f, status=Status.PASS) for f in checked.findings))
    (difference,) = rejudge(recorded(altered), (doors_closed,))
    assert difference.rejudged is not None
    assert difference.rejudged.status is Status.FAIL


def test_evidence_has_its_requests_and_a_digest_of_its_content() -> None:
    """Equal facts have the same digest whenever they were read; other facts have another."""

    def observed(doors: tuple[str, ...], at: datetime) -> Evidence:
        guard = Guard(lambda _: Doors(open=doors))
        return run_checks((planned(),), GuardPost(guard), SOON, NOW, lambda: at).evidence[0]

    first, second, other = observed((), NOW), observed((), datetime(2027, 1, 1, tzinfo=UTC)), observed(("x",), NOW)
    assert first.digest == second.digest != other.digest
    assert (first.source, first.principal, first.requests) == ("test", "guard", ("test:Look 1",))


def test_a_run_with_unknown_settings_cannot_be_judged_again() -> None:
    """The settings of a component from another version give an error that names the run and what to do."""
    earlier = replace(
        recorded(run(planned(), guard=Guard(lambda _: Doors(open=())))),
        components={"function/auth": {"name": "auth", "an_earlier_name": 1}},
    )
    with pytest.raises(BasewatchError, match=r"the run run cannot be judged again.*use the version that recorded it"):
        rejudge(earlier, (doors_closed,))
