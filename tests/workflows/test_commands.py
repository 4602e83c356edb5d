"""The exit status says the worst result of a pass, and each channel that missed notifications has one line."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from alerts import Delivery, Outlook, Undelivered
from basewatch.metrics import CollectedMetrics
from basewatch.model import Finding, Severity, Status
from tests.fakes import NOON, a_finding, a_run, due_of, picture_of
from workflows.commands import ExitCode, exit_code, undelivered_lines
from workflows.monitor import Delivered

FINDINGS = st.lists(
    st.builds(
        lambda status, severity: a_finding(status, severity=severity),
        st.sampled_from(Status),
        st.sampled_from(Severity),
    ),
    max_size=6,
)


@given(FINDINGS, st.sampled_from(Severity), st.booleans())
def test_nothing_hides_an_undelivered_notification_and_a_failure_beats_the_unverified(
    found: list[Finding],
    fail_on: Severity,
    undelivered: bool,  # noqa: FBT001  # hypothesis draws it
) -> None:
    """1 for a FAIL at or above the threshold, else 3 for UNVERIFIED, else 0; and 4 more for a lost notification."""
    failed = any(f.status is Status.FAIL and f.severity.rank >= fail_on.rank for f in found)
    unknown = any(f.status is Status.UNVERIFIED for f in found)
    wanted = (1 if failed else 3 if unknown else 0) + (4 if undelivered else 0)
    assert exit_code(found, fail_on=fail_on, undelivered=undelivered) is ExitCode(wanted)


def test_the_statuses_are_the_documented_numbers() -> None:
    """Scripts rely on the numbers."""
    assert {code.name: int(code) for code in ExitCode} == {
        "PASSED": 0,
        "FAILED": 1,
        "USAGE": 2,
        "UNVERIFIED": 3,
        "UNDELIVERED": 4,
        "FAILED_AND_UNDELIVERED": 5,
        "UNVERIFIED_AND_UNDELIVERED": 7,
    }


def test_each_channel_that_missed_notifications_is_one_line() -> None:
    """The line says how many notifications the channel missed, why, and whether they are retried."""
    run = a_run(a_finding(check="a.b.c"), a_finding(check="d.e.f"))
    shown = picture_of(run, at=NOON)
    pending = due_of(shown)
    failed = tuple(
        Undelivered(
            notification=message,
            error="it hung up",
            outlook=Outlook.PENDING if message.channel == "on-call" else Outlook.REFUSED,
        )
        for message in pending
    )
    nothing = CollectedMetrics(window=run.window)
    delivery = Delivery(delivered=(), undelivered=failed)
    delivered = Delivered(run=run, collected=nothing, previous=(), picture=shown, delivery=delivery)
    missed = "was not notified of a.b.c aurora_cluster/securebase-production and 1 more: it hung up"
    assert sorted(undelivered_lines(delivered)) == [
        f"on-call {missed}; the next run retries",
        f"production-alerts {missed}; the next run sends it again, in case that is mended",
    ]
    assert undelivered_lines(replace(delivered, delivery=Delivery(delivered=pending, undelivered=()))) == ()
