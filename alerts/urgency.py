"""The order in which a channel gets what is pending from several passes: what is urgent does not wait in line."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from basewatch.notifier import Action, Notification
from basewatch.outbox import PendingMessage

_KINDS = (Action.FIRE, Action.REMIND, Action.RESOLVE)


def most_urgent_first(pending: Sequence[PendingMessage]) -> list[PendingMessage]:
    """Fires, reminders, resolves, and last what is closed in case it is open; of each the worst first, then the oldest.

    `pending` is in the order in which it was decided on. What was decided on about one alert keeps that order: an
    earlier message is as urgent as any that waits for it.
    """
    of_key: dict[str, tuple[int, bool, int]] = {}
    ranked = list[tuple[tuple[int, bool, int], PendingMessage]]()
    for message in reversed(pending):
        keys = {each.key for each in message.notifications}
        own = min(_urgency(each) for each in message.notifications)
        urgency = min([own, *(of_key[key] for key in keys if key in of_key)])
        of_key |= dict.fromkeys(keys, urgency)
        ranked.append((urgency, message))
    # Sorting is stable: from here on, the oldest is first among equals.
    ranked.reverse()
    return [message for _, message in sorted(ranked, key=itemgetter(0))]


def _urgency(notification: Notification) -> tuple[int, bool, int]:
    in_case = notification.action is Action.RESOLVE and not notification.follows
    return _KINDS.index(notification.action), in_case, -notification.alert.severity.rank
