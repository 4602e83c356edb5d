"""What is due at one moment for each channel: fires, reminders and resolves, each with its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from alerts.conditions import Conditions, Seen
from alerts.endings import Ended, ending
from alerts.grouping import blind_alerts
from alerts.messages import (
    Envelope,
    again,
    change_reason,
    close_in_case,
    escalation_reason,
    fire,
    flapping_reason,
    lasting_reason,
    missed_reason,
    reminder_reason,
    resolve,
    silence_ended_reason,
    withdraw,
    worse_reason,
)
from alerts.problems import Problem, rests_on
from alerts.routing import ChannelRoutes, Labels, digest_due
from alerts.silencing import Silencing
from basewatch.alert import Alert, AlertKind
from basewatch.condition import Condition
from basewatch.config import Alerts, Route
from basewatch.config.alerting import Flapping
from basewatch.history import OpenAlert
from basewatch.model import Finding, Status
from basewatch.notifier import Action, Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Everything that a decision rests on."""

    envelope: Envelope
    seen: Seen
    policy: Alerts
    conditions: Conditions
    problems: Mapping[str, Problem]
    open: Mapping[tuple[str, str], OpenAlert]
    routes: Sequence[ChannelRoutes]
    acknowledged: frozenset[str]
    labels: Labels
    silencing: Silencing

    def due(self, routes: ChannelRoutes) -> Iterator[Notification]:
        """What is due for one channel."""
        fires = [] if self.policy.verdicts == "prometheus" else list(self._opened(routes))
        yield from fires
        open_here = [alert for alert in self.open.values() if alert.channel == routes.channel.name]
        reported = {alert.key for alert in open_here} | {each.key for each in fires}
        for alert in open_here:
            yield from self._continued(routes, alert, reported)
        # Only where it stops paging: others may need one request for each, and have many.
        if not self.seen.picture.continuous and routes.channel.keyed and routes.channel.pages:
            yield from self._closed_in_case(routes, reported)

    def _opened(self, routes: ChannelRoutes) -> Iterator[Notification]:
        for problem in self.problems.values():
            alert = problem.alert
            if (routes.channel.name, alert.key) in self.open or self.silencing.silences(alert):
                continue
            leading = routes.leading(alert, self.labels)
            ready = [route for route in leading if self._is_ready(routes, route, problem)]
            if ready and digest_due(ready, problem.since, self.envelope.at):
                yield fire(self.envelope, routes.channel.name, alert, self._opening_reason(ready, problem))

    def _is_ready(self, routes: ChannelRoutes, route: Route, problem: Problem) -> bool:
        if not problem.lasts(routes.start(route, problem.alert)):
            return False
        if route.older_than is None:
            return True
        return problem.alert.key not in self.acknowledged and self._open_for(problem) >= route.older_than

    def _open_for(self, problem: Problem) -> timedelta:
        """How long people have known of the problem; how long it has lasted, if no route notifies anybody else."""
        if problem.first_fired_at is not None:
            return self.envelope.at - problem.first_fired_at
        others = (route for each in self.routes for route in each.leading(problem.alert, self.labels))
        return timedelta() if any(r.older_than is None for r in others) else self.envelope.at - problem.since

    def _opening_reason(self, ready: Sequence[Route], problem: Problem) -> str:
        alert, picture, at = problem.alert, self.seen.picture, self.envelope.at
        if alert.flapping:
            return self._flapping_reason(problem.conditions)
        if all(route.older_than for route in ready):
            return escalation_reason(self._open_for(problem))
        if (ended := self.silencing.ended(alert, problem.since)) and problem.first_fired_at is None:
            return silence_ended_reason(alert.status, ended)
        changed = [picture.before[key] for key in alert.finding_keys if key in picture.before]
        if changed:
            return change_reason(changed[0], alert.status)
        if problem.since < at and problem.first_fired_at is None:
            return lasting_reason(alert.status, at - problem.since)
        return missed_reason(alert.status)

    def _flapping_reason(self, conditions: Iterable[Condition]) -> str:
        changes = max((len(each.changes) for each in conditions), default=0)
        flapping = self.policy.flapping or Flapping()
        return flapping_reason(changes, flapping.within, flapping.quiet)

    def _continued(self, routes: ChannelRoutes, opened: OpenAlert, reported: Collection[str]) -> Iterator[Notification]:
        """What is due about an alert that is open in a channel."""
        last = opened.last_notification
        problem = self.problems.get(opened.key)
        leading = routes.leading(problem.alert if problem else last.alert, self.labels)
        if problem is not None:
            yield from self._still_there(routes, leading, opened, problem)
            return
        state = ending(last.alert, self.seen, self.conditions, routes.end(leading), reported)
        if isinstance(state, Ended):
            if not leading or digest_due(leading, self._gone_since(last.alert), self.envelope.at):
                yield self._closed(last, state)
        elif state.flapping and not last.alert.flapping and self._speaks(leading, last.alert):
            conditions = (self.conditions[key] for key in rests_on(last.alert) if key in self.conditions)
            flapping = replace(last.alert, flapping=True)
            yield again(self.envelope, last, Action.FIRE, flapping, self._flapping_reason(conditions))
        elif state.problem and opened.key not in self.seen.holders:
            yield from self._reminder(routes, leading, opened, last.alert)

    def _still_there(
        self, routes: ChannelRoutes, leading: Sequence[Route], opened: OpenAlert, problem: Problem
    ) -> Iterator[Notification]:
        last, alert = opened.last_notification, problem.alert
        if not self._speaks(leading, alert):
            return
        if alert.severity.rank > last.alert.severity.rank:
            reason = worse_reason(last.alert.severity, alert.severity)
            yield again(self.envelope, last, Action.FIRE, alert, reason)
        elif alert.flapping and not last.alert.flapping:
            reason = self._flapping_reason(problem.conditions)
            yield again(self.envelope, last, Action.FIRE, alert, reason)
        else:
            yield from self._reminder(routes, leading, opened, alert)

    def _reminder(
        self, routes: ChannelRoutes, leading: Sequence[Route], opened: OpenAlert, alert: Alert
    ) -> Iterator[Notification]:
        last, every = opened.last_notification, routes.reminder(leading)
        due = every and opened.delivered and self.envelope.at - last.at >= every
        due = due and digest_due(leading, last.at, self.envelope.at)
        if due and self._speaks(leading, alert) and opened.key not in self.acknowledged:
            reason = reminder_reason(alert.status, self.envelope.at - alert.since)
            yield again(self.envelope, last, Action.REMIND, alert, reason)

    def _speaks(self, leading: Sequence[Route], alert: Alert) -> bool:
        return bool(leading) and self.policy.verdicts == "direct" and not self.silencing.silences(alert)

    def _gone_since(self, alert: Alert) -> datetime:
        found = (self.conditions[key].since for key in rests_on(alert) if key in self.conditions)
        return max(found, default=self.envelope.at)

    def _closed(self, last: Notification, state: Ended) -> Notification:
        if state.finding is not None:
            return resolve(self.envelope, last, state.finding)
        return withdraw(self.envelope, last, state.reason)

    def _closed_in_case(self, routes: ChannelRoutes, reported: Collection[str]) -> Iterator[Notification]:
        """Resolves of what passes and may be open in the channel, as the record of what it was notified of is lost."""
        passing = (f for f in self.seen.findings.values() if f.status is Status.PASS)
        known = (alert_of_pass(finding, self.envelope.at) for finding in passing)
        for alert in (*known, *blind_alerts(self.seen.picture)):
            if alert.key not in reported and alert.key not in self.problems and routes.leading(alert, self.labels):
                yield close_in_case(self.envelope, routes.channel.name, alert)


def alert_of_pass(finding: Finding, at: datetime) -> Alert:
    """The alert that a finding which passes would have been."""
    return Alert(
        key=finding.key,
        kind=AlertKind.FINDING,
        check=finding.check,
        component=finding.component,
        subject=finding.subject,
        status=finding.status,
        severity=finding.severity,
        summary=finding.summary,
        since=at,
        finding=finding.key,
        observed=finding.observed,
        expected=finding.expected,
    )
