"""Delivers pending messages at least once. One that a channel does not accept stays pending."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from alerts.bundling import bundled
from alerts.channel_queue import ChannelQueue, Pace
from alerts.dispatch import Dispatcher
from alerts.fallback import diverted
from alerts.retry_policy import DEFAULT_DELIVERY_RETRY_POLICY, DeliveryRetryPolicy
from alerts.undelivered import Delivery, Outlook, Undelivered
from alerts.urgency import most_urgent_first
from basewatch.notifier import Channel, Notification, Notifier
from basewatch.outbox import LONGEST_WAIT, Outbox, PendingMessage


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

    Channels are served in parallel: one that hangs or fails delays no other. What says more about an alert is never
    sent before what was said about it earlier, so a fire always comes before its resolve. `channels` are the settings
    of the notifiers. Raises: HistoryError, when a result cannot be recorded; the next delivery then sends the message
    again, under the same key.
    """
    open_, settings = {notifier.name: notifier for notifier in notifiers}, {each.name: each for each in channels}
    delivered, undelivered = list[Notification](), dict[str, Undelivered]()
    todo = outbox.pending_messages()
    # A fallback may have a fallback: each round diverts what the last one left.
    for _ in range(len(settings) + 1):
        queues = tuple(_queues(todo, open_, settings, clock, retry_policy))
        dispatcher = Dispatcher(outbox, queues, clock, sleep, retry_policy)
        dispatcher.run()
        delivered += dispatcher.delivered
        missed = (*_orphaned(outbox, todo, open_), *dispatcher.rejected, *_left(queues))
        undelivered |= {each.notification.id: each for each in missed}
        if not missed:
            break
        copies = diverted(missed, settings, outbox.open_alerts(), clock(), retry_policy.fallback_after)
        known = {each.id for each in outbox.pending_messages()}
        outbox.remember(bundled(copies, settings.values()))
        todo = tuple(each for each in outbox.pending_messages() if each.id not in known)
        if not todo:
            break
    return Delivery(delivered=tuple(delivered), undelivered=tuple(undelivered.values()))


def _queues(
    pending: Iterable[PendingMessage],
    notifiers: Mapping[str, Notifier],
    channels: Mapping[str, Channel],
    clock: Callable[[], datetime],
    retry_policy: DeliveryRetryPolicy,
) -> Iterator[ChannelQueue]:
    by_channel: dict[str, list[PendingMessage]] = {}
    for each in pending:
        by_channel.setdefault(each.channel, []).append(each)
    for name, waiting in by_channel.items():
        if name in notifiers:
            ready_at = clock() if retry_policy.even_early else _left_alone_until(waiting, clock())
            channel = channels.get(name)
            pace = Pace(interval=channel.min_interval, burst=channel.burst) if channel else Pace()
            yield ChannelQueue.of(notifiers[name], pace, most_urgent_first(waiting), ready_at)


def _left_alone_until(waiting: Iterable[PendingMessage], now: datetime) -> datetime:
    """When the channel may be asked again: what is more urgent than the message that it did not accept waits too."""
    tried = (each.next_attempt_at for each in waiting if each.attempts)
    return max((until for until in tried if until <= now + LONGEST_WAIT), default=now)


def _orphaned(
    outbox: Outbox, pending: Iterable[PendingMessage], notifiers: Mapping[str, Notifier]
) -> Iterator[Undelivered]:
    for message in pending:
        if message.channel not in notifiers:
            error = f"the channel {message.channel} is no longer configured"
            outbox.mark_failed(message.id, error, None, arrived=True)
            for each in message.notifications:
                yield Undelivered(notification=each, error=error, outlook=Outlook.DROPPED)


def _left(queues: Iterable[ChannelQueue]) -> Iterator[Undelivered]:
    for queue in queues:
        for message, error in queue.left():
            for each in message.notifications:
                yield Undelivered(notification=each, error=error, outlook=Outlook.PENDING)
