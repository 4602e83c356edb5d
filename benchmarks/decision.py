"""The cost of deciding on alerts when everything changes at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from alerts import Picture, decide
from alerts.channels.slack import SlackChannel
from basewatch.config import Alerts, Platform, Route
from basewatch.history import AlertState
from basewatch.model import ExpectedCheck, Finding, Proof, Severity, Status
from basewatch.secrets import Reference
from benchmarks.timing import Measurement, best_time

_NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
_CHAT = SlackChannel(name="chat", kind="slack", webhook=Reference("env", "SLACK_WEBHOOK_URL"))


def measurements() -> Iterator[Measurement]:
    """10,000 findings pass, and then fail; decided on as one pass does."""
    policy, platform = Alerts(channels=(_CHAT,), routes=(Route(channel="chat"),)), Platform(name="p", environment="e")
    passed = decide(AlertState(), picture(Status.PASS, _NOON), policy, platform)
    known = AlertState(conditions=passed.conditions)
    failing = picture(Status.FAIL, _NOON + timedelta(hours=6))
    yield Measurement(
        what="decide on 10,000 findings that flip",
        measured_seconds=best_time(lambda: decide(known, failing, policy, platform)),
        bound_name="the limit",
        bound_seconds=1,
    )


def picture(status: Status, at: datetime) -> Picture:
    """10,000 findings of this status."""
    findings = tuple(
        Finding(
            check=f"service.check.{number % 70}",
            component=f"function/{number % 300}",
            subject=str(number),
            status=status,
            severity=Severity.HIGH,
            proof=Proof.SAMPLE,
            summary=status.value,
        )
        for number in range(10_000)
    )
    expected = frozenset(ExpectedCheck(check=each.check, component=each.component) for each in findings)
    return Picture(run=f"run at {at}", at=at, findings=findings, expected=expected, judged=expected)
