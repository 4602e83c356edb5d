"""Decides which notifications are due, from what was known before, what is seen now, and the policy. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from alerts.conditions import Seen, updated
from alerts.due import Moment
from alerts.messages import Envelope
from alerts.picture import Picture
from alerts.problems import problems_of, rests_on
from alerts.routing import ChannelRoutes, Labels
from alerts.silencing import Silencing
from basewatch.condition import Condition
from basewatch.config import Alerts, Platform
from basewatch.history import AlertState
from basewatch.notifier import Action, Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The notifications that are due, the most severe first, and the conditions to remember for the next decision."""

    notifications: tuple[Notification, ...]
    conditions: tuple[Condition, ...]


def decide(previous: AlertState, picture: Picture, policy: Alerts, platform: Platform) -> Decision:
    """The notifications that the picture requires, each with its reason, and the conditions after it.

    Depends on nothing else, and not on any order. Decided again on the same picture, with the result remembered, it
    gives nothing. At a later time on the same picture, with nothing judged, it gives what only time brings: reminders,
    escalations, digests, and what a silence held back. A channel with an open alert gets its resolve even if the routes
    have changed, if it is silenced, or if `verdicts: prometheus` has stopped the fires.
    """
    tracked = frozenset(key for alert in previous.open_alerts for key in rests_on(alert.last_notification.alert))
    known = {(each.key, each.status): each for each in previous.conditions}
    seen = Seen.of(picture)
    conditions = updated(known, seen, tracked, policy.flapping)
    routes, labels = ChannelRoutes.of(policy), _labels_of(picture)
    moment = Moment(
        envelope=Envelope(
            run=picture.run,
            platform=platform.name,
            environment=platform.environment,
            at=picture.at,
            note=picture.note,
            links=policy.links,
            dashboard=picture.dashboard,
        ),
        seen=seen,
        policy=policy,
        conditions=conditions,
        problems=problems_of(seen.alerts, conditions, previous.open_alerts),
        open={(alert.channel, alert.key): alert for alert in previous.open_alerts},
        routes=routes,
        acknowledged=previous.acknowledged,
        labels=labels,
        silencing=Silencing.of(policy, picture, seen.findings, labels),
    )
    due = [notification for each in routes for notification in moment.due(each)]
    return Decision(
        notifications=tuple(sorted(due, key=_most_severe_first)),
        conditions=tuple(sorted(conditions.values(), key=lambda each: (each.key, each.status))),
    )


def _labels_of(picture: Picture) -> Labels:
    """The labels of the declared components."""
    return {ref: getattr(component, "labels", {}) for ref, component in picture.components.items()}


def _most_severe_first(notification: Notification) -> tuple[object, ...]:
    alert = notification.alert
    return (
        notification.action is Action.RESOLVE,
        notification.action is Action.REMIND,
        # What is closed in case it is open can wait.
        notification.action is Action.RESOLVE and not notification.follows,
        -alert.severity.rank,
        alert.check,
        alert.component,
        alert.subject,
        notification.channel,
        notification.key,
    )
