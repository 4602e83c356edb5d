"""Decides which notifications are due: one when an alert opens, and one when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alerts.grouping import alerts_of, ending_reason, findings_by_key
from alerts.messages import (
    NO_LONGER_CHECKED,
    SUBJECT_GONE,
    Envelope,
    change_reason,
    fire,
    missed_reason,
    resolve,
    withdraw,
)
from alerts.picture import Picture
from basewatch.alert import Alert, AlertKind
from basewatch.config import Alerts, Platform, Route
from basewatch.history import OpenAlert
from basewatch.model import ExpectedCheck, Finding, Status
from basewatch.notifier import Action, Notification

_OpenAlerts: TypeAlias = Mapping[tuple[str, str], OpenAlert]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The findings and the alerts of one picture, by key."""

    findings: Mapping[str, Finding]
    alerts: Mapping[str, Alert]


def decide(
    open_alerts: Sequence[OpenAlert], picture: Picture, policy: Alerts, platform: Platform
) -> tuple[Notification, ...]:
    """The notifications that the picture requires, the most severe first, each with its reason.

    The alerts that are open in each channel (`open_alerts`) are compared with the alerts of the picture. So each change
    gives one notification, an unchanged alert gives none, and a channel that was added later, or never got its fire,
    gets it now. UNVERIFIED is sent on the routes that ask for it, and closes nothing. A channel with an open alert gets
    its resolve even if the routes have changed, or if `verdicts: prometheus` has stopped the fires.
    """
    envelope = Envelope(
        run=picture.run,
        platform=platform.name,
        environment=platform.environment,
        at=picture.at,
        note=picture.note,
    )
    known = _Known(findings=findings_by_key(picture), alerts={alert.key: alert for alert in alerts_of(picture)})
    by_key = {(alert.channel, alert.key): alert for alert in open_alerts}
    due = (*_fires(envelope, known, by_key, picture, policy), *_resolves(envelope, known, by_key, picture, policy))
    return tuple(sorted(due, key=_most_severe_first))


def _fires(
    envelope: Envelope, known: _Known, open_alerts: _OpenAlerts, picture: Picture, policy: Alerts
) -> Iterator[Notification]:
    if policy.verdicts == "prometheus":
        return
    for channel in policy.channels:
        routes = [route for route in policy.routes if route.channel == channel.name]
        for alert in known.alerts.values():
            if (channel.name, alert.key) not in open_alerts and any(_wants(route, alert) for route in routes):
                yield fire(envelope, channel.name, alert, _reason(alert, picture))


def _reason(alert: Alert, picture: Picture) -> str:
    keys = (alert.finding,) if alert.kind is AlertKind.FINDING else (alert.finding, *(m.key for m in alert.members))
    changed = [picture.before[key] for key in keys if key in picture.before]
    return change_reason(changed[0], alert.status) if changed else missed_reason(alert.status)


def _wants(route: Route, alert: Alert) -> bool:
    reported = alert.kind is AlertKind.FINDING or route.unverified
    return reported and alert.severity.rank >= route.severity.rank


def _resolves(
    envelope: Envelope, known: _Known, open_alerts: _OpenAlerts, picture: Picture, policy: Alerts
) -> Iterator[Notification]:
    channels = {channel.name for channel in policy.channels}
    for alert in open_alerts.values():
        # A channel that is no longer configured cannot be notified. If it comes back, its alerts are still open.
        if alert.channel not in channels or alert.key in known.alerts:
            continue
        last = alert.last_notification
        finding = known.findings.get(alert.key)
        if last.alert.kind is not AlertKind.FINDING:
            yield withdraw(envelope, last, ending_reason(last.alert, picture, known.alerts.values()))
        elif finding is not None and finding.status in (Status.PASS, Status.NOT_APPLICABLE):
            yield resolve(envelope, last, finding)
        elif finding is None and (reason := _gone(last.alert, picture)):
            yield withdraw(envelope, last, reason)


def _gone(alert: Alert, picture: Picture) -> str:
    """Why a finding that the picture does not have has ended; empty when it may still exist."""
    pair = ExpectedCheck(check=alert.check, component=alert.component)
    if pair not in picture.expected:
        return NO_LONGER_CHECKED
    siblings = [f.status for f in picture.findings if (f.check, f.component) == (alert.check, alert.component)]
    # A check that could not observe everything does not prove that the subject is gone.
    return SUBJECT_GONE if siblings and Status.UNVERIFIED not in siblings else ""


def _most_severe_first(notification: Notification) -> tuple[object, ...]:
    alert = notification.alert
    return (
        notification.action is Action.RESOLVE,
        -alert.severity.rank,
        alert.check,
        alert.component,
        alert.subject,
        notification.channel,
        notification.key,
    )
