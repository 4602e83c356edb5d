"""The exit status says the worst of what a pass came to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Finding, Severity, Status
from tests.fakes import a_finding
from workflows.exit_codes import ExitCode, exit_code

FINDINGS = st.lists(
    st.builds(
        lambda status, severity: a_finding(status, severity=severity),
        st.sampled_from(Status),
        st.sampled_from(Severity),
    ),
    max_size=6,
)


@given(FINDINGS, st.sampled_from(Severity), st.booleans())
def test_a_grave_failure_beats_an_undelivered_alert_which_beats_the_unverified(
    found: list[Finding],
    fail_on: Severity,
    undelivered: bool,  # noqa: FBT001  # hypothesis draws it
) -> None:
    """1 for a FAIL at or above the threshold, else 4 if a message was lost, else 3 for the unverified, else 0."""
    grave = any(f.status is Status.FAIL and f.severity.rank >= fail_on.rank for f in found)
    unknown = any(f.status is Status.UNVERIFIED for f in found)
    wanted = (
        ExitCode.FAILED
        if grave
        else ExitCode.UNDELIVERED
        if undelivered
        else ExitCode.UNVERIFIED
        if unknown
        else ExitCode.PASSED
    )
    assert exit_code(found, fail_on=fail_on, undelivered=undelivered) is wanted


def test_the_statuses_are_the_documented_numbers() -> None:
    """Scripts rely on the numbers."""
    assert {code.name: int(code) for code in ExitCode} == {
        "PASSED": 0,
        "FAILED": 1,
        "USAGE": 2,
        "UNVERIFIED": 3,
        "UNDELIVERED": 4,
    }
