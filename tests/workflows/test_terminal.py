"""What a person reads in a terminal."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from basewatch.model import Reason, Severity, Status
from tests.checks.example import doors_closed, doors_few
from tests.fakes import a_finding
from workflows.terminal import check_text, checks_text, escape_control, findings_text

FINDINGS = (
    a_finding(Status.PASS, check="a.passes"),
    replace(a_finding(Status.FAIL, check="b.fails", severity=Severity.LOW), remedy="Mend it."),
    a_finding(Status.FAIL, check="c.fails", subject="one\x1b[2Jthing"),
    replace(
        a_finding(Status.UNVERIFIED, check="d.unknown"), reason=Reason.NOT_ENOUGH_DATA, remedy="Wait for more of it."
    ),
    a_finding(Status.NOT_APPLICABLE, check="e.nothing"),
)


def test_findings_are_told_worst_first(snapshot: SnapshotAssertion) -> None:
    """What fails comes first with its story, what holds comes last in a line."""
    assert findings_text(FINDINGS) == snapshot


def test_a_brief_telling_leaves_out_what_holds(snapshot: SnapshotAssertion) -> None:
    """Only what needs somebody is told, and how much else there was."""
    assert findings_text(FINDINGS, brief=True, colour=True) == snapshot


def test_a_check_is_shown_whole(snapshot: SnapshotAssertion) -> None:
    """Its promise, how it looks, what it needs and what to do."""
    assert check_text(doors_closed) == snapshot
    assert checks_text((doors_closed, doors_few)) == snapshot


def test_what_a_finding_explains_is_told_under_it() -> None:
    """A symptom is a line of its cause, with no story of its own, and is counted as ever."""
    cause = a_finding(Status.FAIL, check="b.cause")
    symptom = replace(a_finding(Status.FAIL, check="a.symptom", subject="one\x1b[2Jthing"), cause=cause.key)
    lines = findings_text((symptom, cause)).splitlines()
    assert lines[0].split() == ["FAIL", "b.cause", cause.component]
    assert lines[-4:-2] == ["           explains 1 more:", "           - FAIL a.symptom one\\x1b[2Jthing: 2 h"]
    assert lines[-1] == "2 failed · 0 passed"


@given(st.text())
def test_no_name_steers_the_terminal(name: str) -> None:
    """Whatever a platform calls its things, no control character reaches the terminal."""
    assert escape_control(name).isprintable()
