"""Sends to the fallback of a channel what that channel does not accept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.undelivered import Outlook, Undelivered
from basewatch.history import OpenAlert
from basewatch.notifier import Action, Channel, Notification

_MAX_ERROR = 200


def diverted(
    undelivered: Sequence[Undelivered],
    channels: Mapping[str, Channel],
    open_alerts: Sequence[OpenAlert],
    now: datetime,
    after: timedelta,
) -> Iterator[Notification]:
    """The notifications for the fallback channels, each with a note that says whom it was for and what went wrong.

    What was refused is diverted at once, and what is pending once it is as old as `after`. The resolve needs no copy:
    the fallback channel gets its own, as every channel does that has the alert open. The ids depend on those of
    `undelivered` alone, so nothing is diverted twice.
    """
    last = {(alert.channel, alert.key): alert.last_notification for alert in open_alerts}
    for each in undelivered:
        told = each.notification
        fallback = channels[told.channel].fallback if told.channel in channels else None
        too_old = each.outlook is Outlook.REFUSED or now - told.at >= after
        if fallback and fallback in channels and told.action is not Action.RESOLVE and too_old:
            yield _copy(told, fallback, each.error, last.get((fallback, told.key)))


def _copy(told: Notification, fallback: str, error: str, last: Notification | None) -> Notification:
    # Without secrets already, but perhaps with a whole page of a proxy.
    note = f"This is for {told.channel}, which did not accept it: {error[:_MAX_ERROR]}."
    return replace(
        told,
        id="f1-" + hashlib.sha256(f"{told.id}\x1f{fallback}".encode()).hexdigest()[:32],
        channel=fallback,
        action=Action.REMIND if last else Action.FIRE,
        fired_at=last.fired_at if last else told.at,
        note=f"{note} {told.note}".strip(),
        follows=last.id if last else "",
    )
