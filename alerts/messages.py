"""Builds notifications: their identity, reason and content, which are the same for every kind of channel."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from basewatch.model import Finding, Status
from basewatch.notifier import Action, Notification

NO_LONGER_CHECKED = "it is no longer checked"
SUBJECT_GONE = "it is no longer there"

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


def fire(
    envelope: Envelope,
    channel: str,
    finding: Finding,
    reason: str,
    *,
    since: datetime,
    symptoms: Sequence[Finding] = (),
) -> Notification:
    """The notification that opens an alert for this finding, or reports its new status."""
    return Notification(
        id=_id(envelope.run, channel, finding.key),
        channel=channel,
        action=Action.FIRE,
        key=finding.key,
        check=finding.check,
        component=finding.component,
        subject=finding.subject,
        status=finding.status,
        severity=finding.severity,
        summary=finding.summary,
        observed=finding.observed,
        expected=finding.expected,
        remedy=finding.remedy,
        reason=reason,
        fired_at=since,
        at=envelope.at,
        platform=envelope.platform,
        environment=envelope.environment,
        run=envelope.run,
        symptoms=symptoms_text(symptoms),
    )


def symptoms_text(symptoms: Sequence[Finding]) -> str:
    """The findings that another one explains, in one line; empty when there are none."""
    if not symptoms:
        return ""
    pairs = sorted({f"{principal} on {relation}" for each in symptoms for principal, relation in each.affected})
    more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    findings = f"{len(symptoms)} other finding{'s' if len(symptoms) > 1 else ''}"
    return f"{findings}: {', '.join(pairs[:_SHOWN])}{more}"


def resolve(envelope: Envelope, last_sent: Notification, finding: Finding) -> Notification:
    """The notification that closes an alert because its finding passes, or does not apply."""
    closing = _closing(envelope, last_sent, finding.status, change_reason(last_sent.status, finding.status))
    return replace(closing, summary=finding.summary, observed=finding.observed, expected=finding.expected)


def withdraw(envelope: Envelope, last_sent: Notification, reason: str) -> Notification:
    """The notification that closes an alert whose finding is no longer judged, so that its state is unknown."""
    return _closing(envelope, last_sent, Status.NOT_APPLICABLE, reason)


def change_reason(before: Status | None, now: Status) -> str:
    """The change of a finding in a few words; `before` is None when it was not judged before."""
    return f"{_BEFORE[before]}, {_NOW[now]}"


def missed_reason(status: Status) -> str:
    """Why a channel is notified of an unchanged finding: it was not notified before."""
    return f"{_NOW[status]}, as before, and this channel was not notified"


def _closing(envelope: Envelope, last_sent: Notification, status: Status, reason: str) -> Notification:
    return replace(
        last_sent,
        id=_id(envelope.run, last_sent.channel, last_sent.key),
        action=Action.RESOLVE,
        status=status,
        reason=reason,
        remedy="",
        symptoms="",
        at=envelope.at,
        platform=envelope.platform,
        environment=envelope.environment,
        run=envelope.run,
    )


def _id(run: str, channel: str, key: str) -> str:
    """The identity of a notification: a run sends at most one to a channel about a key."""
    return "n1-" + hashlib.sha256("\x1f".join((run, channel, key)).encode()).hexdigest()[:32]
