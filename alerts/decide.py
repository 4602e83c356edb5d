"""Decides which notifications a run requires: one when a finding opens or changes, and one when it ends."""

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
from basewatch.check import PLAN_FAMILY
from basewatch.config import Alerts, Platform, Route
from basewatch.history import OpenAlert
from basewatch.model import ExpectedCheck, Finding, Run, Status
from basewatch.notifier import Action, Notification

FindingsByKey: TypeAlias = Mapping[str, Finding]
OpenAlerts: TypeAlias = Mapping[tuple[str, str], OpenAlert]

# When a run has two findings of one key, the more severe status counts, in any order.
_BY_SEVERITY = (Status.NOT_APPLICABLE, Status.PASS, Status.UNVERIFIED, Status.FAIL)


def decide(
    open_alerts: Sequence[OpenAlert], run: Run, policy: Alerts, platform: Platform, now: datetime
) -> tuple[Notification, ...]:
    """The notifications that this run requires, the most severe first, each with its reason.

    The alerts that are open in each channel (`open_alerts`) are compared with the findings of the run. So each change
    gives one notification, an unchanged finding gives none, and a channel that was added later, or never got its fire,
    gets it now. A finding that another one explains is reported with that one, in the channels that report that one.
    UNVERIFIED is sent on the routes that ask for it, and closes nothing. A channel with an open alert gets its resolve
    even if the routes have changed, or if `verdicts: prometheus` has stopped the fires.
    """
    envelope = Envelope(run=run.id, platform=platform.name, environment=platform.environment, at=now)
    findings = {finding.key: finding for finding in sorted(run.findings, key=lambda f: _BY_SEVERITY.index(f.status))}
    by_key = {(alert.channel, alert.key): alert for alert in open_alerts}
    due = (*_fires(envelope, findings, by_key, run, policy), *_resolves(envelope, findings, by_key, run, policy))
    return tuple(sorted(due, key=_most_severe_first))


def _fires(
    envelope: Envelope, findings: FindingsByKey, open_alerts: OpenAlerts, run: Run, policy: Alerts
) -> Iterator[Notification]:
    if policy.verdicts == "prometheus":
        return
    previous = {transition.finding.key: transition.previous for transition in run.transitions}
    caused = symptoms(findings.values())
    for channel in policy.channels:
        routes = [route for route in policy.routes if route.channel == channel.name]
        for key, finding in findings.items():
            alert = open_alerts.get((channel.name, key))
            if not any(_wants(route, finding) for route in routes):
                continue
            explained = caused.get(key, ())
            if alert is not None:
                if alert.status is not finding.status:
                    reason = change_reason(alert.status, finding.status)
                    yield fire(envelope, channel.name, finding, reason, since=alert.fired_at, symptoms=explained)
            elif not _reported_with_cause(finding, findings, open_alerts.get((channel.name, finding.cause)), routes):
                changed = key in previous
                reason = change_reason(previous[key], finding.status) if changed else missed_reason(finding.status)
                yield fire(envelope, channel.name, finding, reason, since=envelope.at, symptoms=explained)


def _reported_with_cause(
    finding: Finding, findings: FindingsByKey, alert: OpenAlert | None, routes: Sequence[Route]
) -> bool:
    """Whether the channel reports the finding that explains this one: in this run, or in an alert that is open."""
    cause = findings.get(finding.cause)
    if cause is not None and any(_wants(route, cause) for route in routes):
        return True
    return alert is not None and alert.status is Status.FAIL


def _wants(route: Route, finding: Finding) -> bool:
    if finding.check.partition(".")[0] == PLAN_FAMILY:
        # Known before the pass, and the same in each: the plan, the reports and the exit status say it.
        return False
    reported = finding.status is Status.FAIL or (finding.status is Status.UNVERIFIED and route.unverified)
    return reported and finding.severity.rank >= route.severity.rank


def _resolves(
    envelope: Envelope, findings: FindingsByKey, open_alerts: OpenAlerts, run: Run, policy: Alerts
) -> Iterator[Notification]:
    channels = {channel.name for channel in policy.channels}
    for alert in open_alerts.values():
        # A channel that is no longer configured cannot be notified. If it comes back, its alerts are still open.
        if alert.channel not in channels:
            continue
        finding = findings.get(alert.key)
        if finding is not None and finding.status in (Status.PASS, Status.NOT_APPLICABLE):
            yield resolve(envelope, alert.last_notification, finding)
        elif finding is None and (reason := _gone(alert.last_notification, run)):
            yield withdraw(envelope, alert.last_notification, reason)


def _gone(last_sent: Notification, run: Run) -> str:
    """Why a finding that this run does not have has ended; empty when it may still exist."""
    if ExpectedCheck(check=last_sent.check, component=last_sent.component) not in run.expected:
        # A partial pass says nothing about what it did not check.
        return "" if run.scope else NO_LONGER_CHECKED
    siblings = [f.status for f in run.findings if (f.check, f.component) == (last_sent.check, last_sent.component)]
    # A check that could not observe everything does not prove that the subject is gone.
    return SUBJECT_GONE if siblings and Status.UNVERIFIED not in siblings else ""


def _most_severe_first(notification: Notification) -> tuple[object, ...]:
    return (
        notification.action is Action.RESOLVE,
        -notification.severity.rank,
        notification.check,
        notification.component,
        notification.subject,
        notification.channel,
    )
