"""Why an alert about what could not be verified has ended, and what has taken its place."""

from __future__ import annotations

from collections.abc import Iterable

from alerts.messages import NO_LONGER_CHECKED, SEEN_AGAIN
from alerts.picture import Picture
from basewatch.alert import Alert, AlertKind


def ending_reason(ended: Alert, picture: Picture, alerts: Iterable[Alert]) -> str:
    """Why an UNSEEN or BLIND alert is not in the picture any more, whose alerts are given.

    What cannot be verified still may be part of another alert now: a wider place is blind, or a smaller one.
    """
    keys = {key for key in (ended.finding, *(member.key for member in ended.members)) if key}
    heirs = [
        alert
        for alert in alerts
        if alert.kind is not AlertKind.FINDING
        and not keys.isdisjoint((alert.finding, *(member.key for member in alert.members)))
    ]
    if heirs:
        return f"what still cannot be verified is reported as: {max(heirs, key=_size).summary}"
    judged = {finding.key for finding in picture.findings}
    return SEEN_AGAIN if not keys.isdisjoint(judged) else NO_LONGER_CHECKED


def _size(alert: Alert) -> tuple[int, str]:
    return len(alert.members), alert.key
