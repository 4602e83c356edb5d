"""Builds notifications: their identity, reason and content, which are the same for every kind of channel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from basewatch.alert import Alert
from basewatch.model import Finding, Status
from basewatch.notifier import Action, Notification

NO_LONGER_CHECKED = "it is no longer checked"
SUBJECT_GONE = "it is no longer there"
SEEN_AGAIN = "it can be verified again"

_BEFORE = {
    Status.PASS: "it passed before",
    Status.FAIL: "it failed before",
    Status.UNVERIFIED: "it could not be verified before",
    Status.NOT_APPLICABLE: "it did not apply before",
    None: "it was not checked before",
}
_NOW = {
    Status.PASS: "it passes now",
    Status.FAIL: "it fails now",
    Status.UNVERIFIED: "it cannot be verified now",
    Status.NOT_APPLICABLE: "it no longer applies",
}

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The fields that all notifications of one run have in common."""

    run: str
    platform: str
    environment: str
    at: datetime
    note: str = ""


def fire(envelope: Envelope, channel: str, alert: Alert, reason: str) -> Notification:
    """The notification that opens an alert."""
    return Notification(
        id=_id(envelope.run, channel, alert.key),
        channel=channel,
        action=Action.FIRE,
        alert=alert,
        reason=reason,
        fired_at=envelope.at,
        at=envelope.at,
        platform=envelope.platform,
        environment=envelope.environment,
        run=envelope.run,
        note=envelope.note,
    )


def resolve(envelope: Envelope, last_sent: Notification, finding: Finding) -> Notification:
    """The notification that closes an alert because its finding passes, or does not apply."""
    ended = replace(
        last_sent.alert,
        status=finding.status,
        summary=finding.summary,
        observed=finding.observed,
        expected=finding.expected,
    )
    return _closing(envelope, last_sent, ended, change_reason(last_sent.alert.status, finding.status))


def withdraw(envelope: Envelope, last_sent: Notification, reason: str) -> Notification:
    """The notification that closes an alert whose problem is no longer judged, so that its state is unknown."""
    return _closing(envelope, last_sent, replace(last_sent.alert, status=Status.NOT_APPLICABLE), reason)


def members_text(alert: Alert) -> str:
    """The findings inside an alert besides the first, in one line; empty when there are none."""
    if not alert.members:
        return ""
    names = sorted({" ".join(filter(None, (each.check, each.subject))) for each in alert.members})
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    other = "other " if alert.finding else ""
    findings = f"{len(alert.members)} {other}finding{'s' if len(alert.members) > 1 else ''}"
    return f"{findings}: {', '.join(names[:_SHOWN])}{more}"


def change_reason(before: Status | None, now: Status) -> str:
    """The change of a finding in a few words; `before` is None when it was not judged before."""
    return f"{_BEFORE[before]}, {_NOW[now]}"


def missed_reason(status: Status) -> str:
    """Why a channel is notified of an unchanged finding: it was not notified before."""
    return f"{_NOW[status]}, as before, and this channel was not notified"


def _closing(envelope: Envelope, last_sent: Notification, ended: Alert, reason: str) -> Notification:
    return replace(
        last_sent,
        id=_id(envelope.run, last_sent.channel, last_sent.key),
        action=Action.RESOLVE,
        alert=replace(ended, remedy="", members=()),
        reason=reason,
        at=envelope.at,
        platform=envelope.platform,
        environment=envelope.environment,
        run=envelope.run,
        note=envelope.note,
    )


def _id(run: str, channel: str, key: str) -> str:
    """The identity of a notification: a run sends at most one to a channel about a key."""
    return "n1-" + hashlib.sha256("\x1f".join((run, channel, key)).encode()).hexdigest()[:32]
