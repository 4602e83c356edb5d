"""Delivers pending notifications at least once. One that a channel does not accept stays pending."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.dispatch import DEFAULT_DELIVERY_RETRY_POLICY, ChannelQueue, DeliveryRetryPolicy, Dispatcher
from basewatch.history import PendingNotification
from basewatch.notifier import Notification, Notifier

if TYPE_CHECKING:
    from basewatch.history.store import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A notification that its channel did not accept, and why; `pending` says whether a later delivery retries."""

    notification: Notification
    error: str
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The result for every pending notification."""

    delivered: tuple[Notification, ...]
    undelivered: tuple[Undelivered, ...]

    @property
    def complete(self) -> bool:
        """Whether everything was delivered; if not, the exit code of the program is 4."""
        return not self.undelivered


def deliver(
    history: History,
    notifiers: Iterable[Notifier],
    clock: Callable[[], datetime],
    retry_policy: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
) -> Delivery:
    """Sends every pending notification that its channel accepts within the deadline, and records each result.

    Channels are served in parallel: one that hangs or fails delays no other. Within a channel the order is kept, so a
    fire always comes before its resolve. Raises: HistoryError, when a result cannot be recorded; the next delivery
    then sends the notification again, under the same key.
    """
    queues, orphaned = _queues(history, {notifier.name: notifier for notifier in notifiers})
    for each in orphaned:
        history.mark_failed(each.notification.id, each.error, None)
    dispatcher = Dispatcher(history, queues, clock, retry_policy)
    dispatcher.run()
    given_up = [Undelivered(notification=message, error=error, pending=False) for message, error in dispatcher.rejected]
    left = [Undelivered(notification=message, error=error, pending=True) for message, error in dispatcher.pending()]
    return Delivery(delivered=tuple(dispatcher.delivered), undelivered=(*orphaned, *given_up, *left))


def _queues(history: History, notifiers: dict[str, Notifier]) -> tuple[list[ChannelQueue], list[Undelivered]]:
    """The pending notifications by channel, oldest first, and those whose channel is no longer configured."""
    by_channel: dict[str, list[PendingNotification]] = {}
    for each in history.pending_notifications():
        by_channel.setdefault(each.notification.channel, []).append(each)
    queues = [
        ChannelQueue.from_pending(notifiers[name], pending) for name, pending in by_channel.items() if name in notifiers
    ]
    orphaned = [
        Undelivered(notification=each.notification, error=f"the channel {name} is no longer configured", pending=False)
        for name, pending in by_channel.items()
        if name not in notifiers
        for each in pending
    ]
    return queues, orphaned
