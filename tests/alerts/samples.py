"""Notifications of every kind, as `decide` builds them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from alerts.messages import SEEN_AGAIN
from basewatch.alert import AlertKind, Member
from basewatch.history import OpenAlert
from basewatch.model import Finding, Severity, Status, Transition
from basewatch.notifier import Action, Notification
from tests.fakes import NOON, a_finding, a_run, due_of, picture_of

_HIGH = Severity.HIGH


def _notification(now: Finding | None, before: Finding | None = None) -> Notification:
    """The notification to Slack when `before` was reported, and `now` is found."""
    reported = due_of(picture_of(a_run(before, id="run-0"), at=NOON)) if before else ()
    alerts = [OpenAlert(last_notification=each, delivered=True) for each in reported]
    previous = before.status if before else Status.PASS
    moved = [Transition(finding=now, previous=previous, at=NOON)] if now else []
    run = a_run(*(each.finding for each in moved), id="run-1", transitions=moved)
    messages = due_of(picture_of(run, at=NOON + timedelta(hours=6, seconds=31)), alerts)
    return next(each for each in messages if each.channel == "production-alerts")


EXAMPLES = {
    "fails": _notification(a_finding(Status.FAIL, subject="public.invoices")),
    "fails mildly": _notification(a_finding(Status.FAIL, severity=Severity.LOW)),
    "cannot be verified": _notification(a_finding(Status.UNVERIFIED, severity=_HIGH)),
    "cannot be verified any more": _notification(a_finding(Status.UNVERIFIED), a_finding(Status.FAIL)),
    "passes again": _notification(a_finding(Status.PASS), a_finding(Status.FAIL)),
    "is no longer checked": _notification(None, a_finding(Status.FAIL)),
}

_FAILS = EXAMPLES["fails"]
_HIDDEN = tuple(
    Member(
        key=f"v1-{name}",
        check="service.function.errors",
        component=f"function/{name}",
        subject="",
        status=Status.UNVERIFIED,
        severity=_HIGH,
        summary="cloudwatch:GetMetricData received no answer in time",
    )
    for name in ("auth", "billing")
)
_BLIND = replace(
    EXAMPLES["cannot be verified"].alert,
    key="b1-1",
    kind=AlertKind.BLIND,
    check="",
    component="aws:123456789012",
    severity=Severity.CRITICAL,
    summary="Basewatch cannot see AWS account production (123456789012): 2 promises cannot be verified",
    finding="",
    source="aws:123456789012",
    remedy="check the network between Basewatch and AWS",
    members=_HIDDEN,
)
EXAMPLES.update(
    {
        "still fails": replace(
            _FAILS, action=Action.REMIND, at=_FAILS.at + timedelta(days=2), reason="it still fails after 2 d"
        ),
        "cannot be seen": replace(_FAILS, alert=_BLIND, links=()),
        "is seen again": replace(
            _FAILS,
            action=Action.RESOLVE,
            alert=replace(_BLIND, status=Status.NOT_APPLICABLE, remedy="", members=()),
            at=_FAILS.at + timedelta(minutes=7),
            reason=SEEN_AGAIN,
            was=_BLIND.summary,
            links=(),
        ),
    }
)
