"""Writes the messages that are owed: identity, reason and content, the same for every kind of channel."""

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
    """What every message of one run has in common."""

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
    """The message that opens an alert for this finding, or says that its status is another now."""
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
    """What was found that another finding explains, in one line; empty when there is nothing."""
    if not symptoms:
        return ""
    pairs = sorted({f"{principal} on {what}" for each in symptoms for principal, what in each.affected})
    more = f" and {len(pairs) - _SHOWN} more" if len(pairs) > _SHOWN else ""
    findings = f"{len(symptoms)} other finding{'s' if len(symptoms) > 1 else ''}"
    return f"it explains {findings}: {', '.join(pairs[:_SHOWN])}{more}"


def resolve(stamp: Envelope, last_sent: Notification, finding: Finding) -> Notification:
    """The message that closes an alert because its finding is well, or does not apply."""
    closing = _closing(stamp, last_sent, finding.status, change_reason(last_sent.status, finding.status))
    return replace(closing, summary=finding.summary, observed=finding.observed, expected=finding.expected)


def withdraw(stamp: Envelope, told: Notification, reason: str) -> Notification:
    """The message that closes an alert whose finding is judged no more, so that nothing new is known of it."""
    return _closing(stamp, told, Status.NOT_APPLICABLE, reason)


def change_reason(before: Status | None, now: Status) -> str:
    """The change of a finding in a few words; None when it was never seen before."""
    return f"{_BEFORE[before]}, {_NOW[now]}"


def missed_reason(status: Status) -> str:
    """Why an unchanged finding is told all the same: this channel was not."""
    return f"{_NOW[status]}, as before, and this channel was not told"


def _closing(stamp: Envelope, told: Notification, status: Status, reason: str) -> Notification:
    return replace(
        told,
        id=_id(stamp.run, told.channel, told.key),
        action=Action.RESOLVE,
        status=status,
        reason=reason,
        remedy="",
        symptoms="",
        at=stamp.at,
        platform=stamp.platform,
        environment=stamp.environment,
        run=stamp.run,
    )


def _id(run: str, channel: str, key: str) -> str:
    """A message's identity: a run says one thing at most to a channel about a key."""
    return "n1-" + hashlib.sha256("\x1f".join((run, channel, key)).encode()).hexdigest()[:32]
