"""Delivers pending messages at least once. One that a channel does not accept stays pending."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts.channel_queue import ChannelQueue
from alerts.dispatch import Dispatcher
from alerts.retry_policy import DEFAULT_DELIVERY_RETRY_POLICY, DeliveryRetryPolicy
from basewatch.notifier import Channel, Notification, Notifier
from basewatch.outbox import Outbox, PendingMessage


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
        """Whether everything was delivered; if not, the exit code of the program says so."""
        return not self.undelivered

    def and_then(self, later: Delivery) -> Delivery:
        """Both deliveries as one. What the first left pending, the second has tried again or left pending too."""
        if not later.delivered and not later.undelivered:
            return self
        tried_again = {each.notification.id for each in later.undelivered} | {each.id for each in later.delivered}
        kept = (each for each in self.undelivered if each.notification.id not in tried_again)
        return Delivery(delivered=(*self.delivered, *later.delivered), undelivered=(*kept, *later.undelivered))


def deliver(
    outbox: Outbox,
    notifiers: Iterable[Notifier],
    clock: Callable[[], datetime],
    retry_policy: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
    *,
    channels: Iterable[Channel] = (),
    sleep: Callable[[float], None] = time.sleep,
) -> Delivery:
    """Sends every pending message that its channel accepts within the deadline, and records each result.

    Channels are served in parallel: one that hangs or fails delays no other. Within a channel the order is kept, so a
    fire always comes before its resolve. `channels` are the settings of the notifiers. Raises: HistoryError, when a
    result cannot be recorded; the next delivery then sends the message again, under the same key.
    """
    open_ = {notifier.name: notifier for notifier in notifiers}
    intervals = {channel.name: channel.min_interval for channel in channels}
    queues, orphaned = list[ChannelQueue](), list[Undelivered]()
    for name, pending in _by_channel(outbox.pending_messages()).items():
        if name in open_:
            ready_at = clock() if retry_policy.even_early else pending[0].next_attempt_at
            queues.append(ChannelQueue.of(open_[name], intervals.get(name, timedelta()), pending, ready_at))
        else:
            orphaned += _orphaned(outbox, name, pending)
    dispatcher = Dispatcher(outbox, queues, clock, sleep, retry_policy)
    dispatcher.run()
    given_up = (Undelivered(notification=each, error=error, pending=False) for each, error in dispatcher.rejected)
    left = (
        Undelivered(notification=each, error=error, pending=True)
        for queue in queues
        for message, error in queue.left()
        for each in message.notifications
    )
    return Delivery(delivered=tuple(dispatcher.delivered), undelivered=(*orphaned, *given_up, *left))


def _by_channel(pending: Iterable[PendingMessage]) -> dict[str, list[PendingMessage]]:
    by_channel: dict[str, list[PendingMessage]] = {}
    for each in pending:
        by_channel.setdefault(each.channel, []).append(each)
    return by_channel


def _orphaned(outbox: Outbox, name: str, pending: Iterable[PendingMessage]) -> Iterable[Undelivered]:
    error = f"the channel {name} is no longer configured"
    for message in pending:
        outbox.mark_failed(message.id, error, None, arrived=True)
        for each in message.notifications:
            yield Undelivered(notification=each, error=error, pending=False)
