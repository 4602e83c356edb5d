"""The alerts of a picture, each with how long its findings have been a problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from alerts.conditions import ConditionKey, Conditions, lasts
from basewatch.alert import Alert, AlertKind
from basewatch.condition import Condition
from basewatch.config.streak import Streak
from basewatch.history import OpenAlert
from basewatch.model import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An alert of the picture. `conditions` are those of its findings.

    `since` is when a pass first saw it; the alert may have begun earlier, as the facts say.
    `first_fired_at` is when the first channel in which it is open was notified; None when it is open in none.
    """

    alert: Alert
    conditions: tuple[Condition, ...]
    since: datetime
    first_fired_at: datetime | None

    def lasts(self, streak: Streak) -> bool:
        """Whether a finding of it has been a problem for so many passes, or for so long, or comes and goes."""
        return any(condition.flapping or lasts(condition, streak) for condition in self.conditions)


def rests_on(alert: Alert) -> tuple[ConditionKey, ...]:
    """The conditions that decide when an alert ends."""
    match alert.kind:
        case AlertKind.FINDING:
            return ((alert.key, Status.FAIL),)
        case AlertKind.UNSEEN | AlertKind.BLIND:
            return tuple((key, Status.UNVERIFIED) for key in alert.finding_keys)


def problems_of(
    alerts: Iterable[Alert], conditions: Conditions, open_alerts: Iterable[OpenAlert]
) -> dict[str, Problem]:
    """The problems by key, each since it began: for an open alert, since that alert says."""
    opened: dict[str, list[OpenAlert]] = {}
    for each in open_alerts:
        opened.setdefault(each.key, []).append(each)
    return {alert.key: _problem(alert, conditions, opened.get(alert.key, ())) for alert in alerts}


def _problem(alert: Alert, conditions: Conditions, opened: Iterable[OpenAlert]) -> Problem:
    statuses: Mapping[str, Status] = {alert.finding: alert.status} | {each.key: each.status for each in alert.members}
    found = [conditions.get((key, status)) for key, status in statuses.items()]
    holding = tuple(each for each in found if each is not None and each.holds)
    lead = [each for each in holding if each.key == alert.key] or holding
    # An alert that was open through a pass without the problem began before that.
    told, fired = [each.last_notification.alert.since for each in opened], [each.fired_at for each in opened]
    since = min([*(each.since for each in lead), *fired], default=alert.since)
    return Problem(
        alert=replace(alert, since=min([alert.since, since, *told]), flapping=any(each.flapping for each in holding)),
        conditions=holding,
        since=since,
        first_fired_at=min(fired, default=None),
    )
