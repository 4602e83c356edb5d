"""Notifications of every kind, as `decide` builds them."""

from __future__ import annotations

from datetime import timedelta

from basewatch.history import OpenAlert
from basewatch.model import Finding, Severity, Status, Transition
from basewatch.notifier import Notification
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
