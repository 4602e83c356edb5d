"""Findings and checks as text for a terminal."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from basewatch.model import Reason, Severity, Status
from checks import CHECKS
from tests.checks.example import doors_closed, doors_few
from tests.fakes import a_finding
from workflows.terminal import check_text, checks_json, checks_text, escape_control, findings_text

FINDINGS = (
    a_finding(Status.PASS, check="a.passes"),
    replace(a_finding(Status.FAIL, check="b.fails", severity=Severity.LOW), remedy="Repair it."),
    a_finding(Status.FAIL, check="c.fails", subject="one\x1b[2Jthing"),
    replace(
        a_finding(Status.UNVERIFIED, check="d.unknown"), reason=Reason.NOT_ENOUGH_DATA, remedy="Wait for more of it."
    ),
    a_finding(Status.NOT_APPLICABLE, check="e.nothing"),
)


def test_findings_are_printed_worst_first(snapshot: SnapshotAssertion) -> None:
    """FAIL comes first with its details; PASS comes last in one line."""
    assert findings_text(FINDINGS) == snapshot


def test_brief_text_has_only_open_findings(snapshot: SnapshotAssertion) -> None:
    """Only FAIL and UNVERIFIED are printed, and the count of each status."""
    assert findings_text(FINDINGS, brief=True, colour=True) == snapshot


def test_a_check_is_printed_with_every_section(snapshot: SnapshotAssertion) -> None:
    """Promise, what it reads, needs and fix are printed."""
    assert check_text(doors_closed) == snapshot
    assert checks_text((doors_closed, doors_few)) == snapshot


def test_symptoms_are_printed_under_their_cause() -> None:
    """A symptom is one line under its cause, without details, and is counted under its status."""
    cause = a_finding(Status.FAIL, check="b.cause")
    symptom = replace(a_finding(Status.FAIL, check="a.symptom", subject="one\x1b[2Jthing"), cause=cause.key)
    lines = findings_text((symptom, cause)).splitlines()
    assert lines[0].split() == ["FAIL", "b.cause", cause.component]
    assert lines[-4:-2] == ["           explains 1 more:", "           - FAIL a.symptom one\\x1b[2Jthing: 2 h"]
    assert lines[-1] == "2 failed · 0 passed"


@given(st.text())
def test_control_characters_are_escaped(name: str) -> None:
    """No name from the platform can send a control character to the terminal."""
    assert escape_control(name).isprintable()


def test_every_check_is_listed_and_described() -> None:
    """Every check has its line, its JSON and its description, also one that is about components of any kind."""
    assert len(checks_text(CHECKS).splitlines()) == len(json.loads(checks_json(CHECKS))) == len(CHECKS)
    assert all(check_text(check).startswith(check.id) for check in CHECKS)
