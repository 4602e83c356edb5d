"""Decides who must be told what after a run: a channel is told what it does not know, and told when it is over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

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
from basewatch.affected import symptoms
from basewatch.config import Alerts, Platform, Route
from basewatch.history import OpenAlert
from basewatch.model import ExpectedCheck, Finding, Run, Status
from basewatch.notifier import Action, Notification

FindingsByKey: TypeAlias = Mapping[str, Finding]
OpenAlerts: TypeAlias = Mapping[tuple[str, str], OpenAlert]

# When one key is judged twice in a run, the graver status speaks, so that no order of findings hides one.
_GRAVITY = (Status.NOT_APPLICABLE, Status.PASS, Status.UNVERIFIED, Status.FAIL)


def decide(
    open_alerts: Sequence[OpenAlert], run: Run, policy: Alerts, platform: Platform, now: datetime
) -> tuple[Notification, ...]:
    """The messages that this run owes, gravest first, each with the reason why it is due.

    What every channel was told (`open_alerts`) is compared with what is true (`run`). So a message is due once per
    change, an unchanged finding says nothing, and a channel that was added later, or never got its fire, is told.
    A finding that another one explains is told with that one, wherever that one is told.
    UNVERIFIED is told on the routes that want it, and closes nothing. Whoever was told is told the end, whatever the
    routes say by then, and also when `verdicts: prometheus` has stopped the fires meanwhile.
    """
    stamp = Envelope(run=run.id, platform=platform.name, environment=platform.environment, at=now)
    findings = {finding.key: finding for finding in sorted(run.findings, key=lambda f: _GRAVITY.index(f.status))}
    told = {(alert.channel, alert.key): alert for alert in open_alerts}
    due = (*_fires(stamp, findings, told, run, policy), *_resolves(stamp, findings, told, run, policy))
    return tuple(sorted(due, key=_gravest_first))


def _fires(
    stamp: Envelope, findings: FindingsByKey, told: OpenAlerts, run: Run, policy: Alerts
) -> Iterator[Notification]:
    if policy.verdicts == "prometheus":
        return
    previous = {transition.finding.key: transition.previous for transition in run.transitions}
    caused = symptoms(findings.values())
    for channel in policy.channels:
        routes = [route for route in policy.routes if route.channel == channel.name]
        for key, finding in findings.items():
            alert = told.get((channel.name, key))
            if not any(_wants(route, finding) for route in routes):
                continue
            seen = caused.get(key, ())
            if alert is not None:
                if alert.status is not finding.status:
                    reason = change_reason(alert.status, finding.status)
                    yield fire(stamp, channel.name, finding, reason, since=alert.fired_at, symptoms=seen)
            elif not _told_by_cause(finding, findings, told.get((channel.name, finding.cause)), routes):
                changed = key in previous
                reason = change_reason(previous[key], finding.status) if changed else missed_reason(finding.status)
                yield fire(stamp, channel.name, finding, reason, since=stamp.at, symptoms=seen)


def _told_by_cause(finding: Finding, findings: FindingsByKey, alert: OpenAlert | None, routes: Sequence[Route]) -> bool:
    """Whether the finding that explains this one is told on the same channel: now, or before and it stands."""
    cause = findings.get(finding.cause)
    if cause is not None and any(_wants(route, cause) for route in routes):
        return True
    return alert is not None and alert.status is Status.FAIL


def _wants(route: Route, finding: Finding) -> bool:
    told = finding.status is Status.FAIL or (finding.status is Status.UNVERIFIED and route.unverified)
    return told and finding.severity.rank >= route.severity.rank


def _resolves(
    stamp: Envelope, findings: FindingsByKey, told: OpenAlerts, run: Run, policy: Alerts
) -> Iterator[Notification]:
    channels = {channel.name for channel in policy.channels}
    for alert in told.values():
        # A channel that is no longer configured cannot be told; should it come back, its alerts are still open.
        if alert.channel not in channels:
            continue
        finding = findings.get(alert.key)
        if finding is not None and finding.status in (Status.PASS, Status.NOT_APPLICABLE):
            yield resolve(stamp, alert.last_notification, finding)
        elif finding is None and (reason := _gone(alert.last_notification, run)):
            yield withdraw(stamp, alert.last_notification, reason)


def _gone(told: Notification, run: Run) -> str:
    """Why a finding that this run does not have is over; empty when it may only not have been seen."""
    if ExpectedCheck(check=told.check, component=told.component) not in run.expected:
        # What a partial pass did not look at is as it was.
        return "" if run.scope else NO_LONGER_CHECKED
    siblings = [f.status for f in run.findings if (f.check, f.component) == (told.check, told.component)]
    # A check that could not look at all, or not at everything, proves nobody's absence.
    return SUBJECT_GONE if siblings and Status.UNVERIFIED not in siblings else ""


def _gravest_first(notification: Notification) -> tuple[object, ...]:
    return (
        notification.action is Action.RESOLVE,
        -notification.severity.rank,
        notification.check,
        notification.component,
        notification.subject,
        notification.channel,
    )
