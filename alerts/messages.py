"""Builds notifications: their identity, reason and content, which are the same for every kind of channel."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from alerts.links import links_of
from basewatch.alert import Alert
from basewatch.config.alerting import AlertLinks
from basewatch.model import Finding, Severity, Status
from basewatch.notifier import Action, Notification

NO_LONGER_CHECKED = "it is no longer checked"
NO_LONGER_DECLARED = "its component is no longer declared"
SUBJECT_GONE = "it is no longer there"
SEEN_AGAIN = "it can be verified again"
MAY_BE_OPEN = "the record of earlier alerts is lost, and this passes now: closed in case it was open"

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
_STILL = {
    Status.FAIL: "it still fails",
    Status.UNVERIFIED: "it still cannot be verified",
}

_UNITS = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The fields that all notifications of one run have in common."""

    run: str
    platform: str
    environment: str
    at: datetime
    note: str = ""
    links: AlertLinks = field(default_factory=AlertLinks)
    dashboard: str = ""


def fire(envelope: Envelope, channel: str, alert: Alert, reason: str) -> Notification:
    """The notification that opens an alert."""
    return Notification(
        id=_id(envelope.run, channel, alert.key, Action.FIRE),
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
        links=links_of(alert, envelope.run, envelope.links, envelope.dashboard, history_down=bool(envelope.note)),
        dedup_key=_dedup_key(envelope, alert),
    )


def _dedup_key(envelope: Envelope, alert: Alert) -> str:
    """Staging and production may have components of the same names, and the same PagerDuty service."""
    place = hashlib.sha256("\x1f".join((envelope.platform, envelope.environment)).encode()).hexdigest()[:8]
    return f"{alert.key}-{place}"


def again(envelope: Envelope, last_sent: Notification, action: Action, alert: Alert, reason: str) -> Notification:
    """A further notification of an open alert: a change of it as FIRE, or a REMIND."""
    return _following(envelope, last_sent, action, alert, reason)


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


def close_in_case(envelope: Envelope, channel: str, alert: Alert) -> Notification:
    """A resolve for an alert that may be open in the channel, although no record of it is left."""
    opened = fire(envelope, channel, alert, MAY_BE_OPEN)
    return replace(
        opened, id=_id(envelope.run, channel, alert.key, Action.RESOLVE), action=Action.RESOLVE, reason=MAY_BE_OPEN
    )


def change_reason(before: Status | None, now: Status) -> str:
    """The change of a finding in a few words; `before` is None when it was not judged before."""
    return f"{_BEFORE[before]}, {_NOW[now]}"


def is_first_look(notification: Notification) -> bool:
    """Whether the notification opens an alert of what was not checked before."""
    return notification.action is Action.FIRE and notification.reason.startswith(_BEFORE[None])


def missed_reason(status: Status) -> str:
    """Why a channel is notified of an unchanged finding: it was not notified before."""
    return f"{_NOW[status]}, as before, and this channel was not notified"


def lasting_reason(status: Status, lasted: timedelta) -> str:
    """Why a channel is notified only now: the route waits until a problem has lasted for some time."""
    return f"{_NOW[status]}, for {age_text(lasted)} already"


def silence_ended_reason(status: Status, until: datetime) -> str:
    """Why a channel is notified of an older problem: it was silenced until now."""
    return f"{_STILL[status]}, and its silence ended at {until:%Y-%m-%d %H:%M} UTC"


def escalation_reason(opened: timedelta) -> str:
    """Why a further channel is notified."""
    return f"it has been open for {age_text(opened)}, and nobody has acknowledged it"


def worse_reason(before: Severity, now: Severity) -> str:
    """Why a channel is notified of an open alert again."""
    return f"its severity rose from {before} to {now}"


def flapping_reason(changes: int, within: timedelta, quiet: timedelta) -> str:
    """Why an alert stays open although it passes at times."""
    return (
        f"flapping: it changed {changes} times within {age_text(within)}; "
        f"it stays open until it has not changed for {age_text(quiet)}"
    )


def reminder_reason(status: Status, lasted: timedelta) -> str:
    """Why a channel is notified of an alert that has not changed."""
    return f"{_STILL[status]} after {age_text(lasted)}"


def merged_reason(into: Alert) -> str:
    """Why an alert is closed although its findings are not verified: another alert has them now."""
    return f"what still cannot be verified is reported as: {into.summary}"


def age_text(age: timedelta) -> str:
    """A duration in at most two units, such as `2 d 3 h` or `44 s`."""
    left, parts = max(0, int(age.total_seconds())), list[str]()
    for unit, seconds in _UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}")
        if parts and (len(parts) == 2 or not count):  # noqa: PLR2004  # two units are exact enough
            break
    return " ".join(parts) or "0 s"


def _closing(envelope: Envelope, last_sent: Notification, ended: Alert, reason: str) -> Notification:
    closed = replace(ended, remedy="", members=(), flapping=False)
    return _following(envelope, last_sent, Action.RESOLVE, closed, reason)


def _following(envelope: Envelope, last_sent: Notification, action: Action, alert: Alert, reason: str) -> Notification:
    return replace(
        last_sent,
        id=_id(envelope.run, last_sent.channel, last_sent.key, action, last_sent.id),
        action=action,
        alert=alert,
        reason=reason,
        at=envelope.at,
        platform=envelope.platform,
        environment=envelope.environment,
        run=envelope.run,
        note=envelope.note,
        follows=last_sent.id,
        was=last_sent.alert.summary,
        links=links_of(alert, envelope.run, envelope.links, envelope.dashboard, history_down=bool(envelope.note)),
    )


def _id(run: str, channel: str, key: str, action: Action, follows: str = "") -> str:
    """The identity of a notification: deciding the same again gives the same one."""
    return "n1-" + hashlib.sha256("\x1f".join((run, channel, key, action, follows)).encode()).hexdigest()[:32]
