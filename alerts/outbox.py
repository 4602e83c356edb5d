"""Delivers what is owed, at least once: what a channel does not take now stays owed for the next delivery."""

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
    """A message that its channel did not take, and why; `pending` says whether a later delivery tries again."""

    notification: Notification
    error: str
    pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of everything that was owed."""

    delivered: tuple[Notification, ...]
    undelivered: tuple[Undelivered, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to say; when False, the program's exit code says so too."""
        return not self.undelivered


def deliver(
    history: History,
    notifiers: Iterable[Notifier],
    clock: Callable[[], datetime],
    retry_policy: DeliveryRetryPolicy = DEFAULT_DELIVERY_RETRY_POLICY,
) -> Delivery:
    """Sends everything owed that its channel takes within the deadline, and records each outcome as it comes.

    Channels are served side by side: one that hangs or fails delays no other. Within a channel the order is kept, so a
    fire always comes before its resolve. Raises: HistoryError, when an outcome cannot be recorded; the message is then
    sent again by the next delivery, under the same key.
    """
    lines, homeless = _lines(history, {notifier.name: notifier for notifier in notifiers})
    for each in homeless:
        history.mark_failed(each.notification.id, each.error, None)
    sending = Dispatcher(history, lines, clock, retry_policy)
    sending.run()
    given_up = [Undelivered(notification=message, error=error, pending=False) for message, error in sending.rejected]
    left = [Undelivered(notification=message, error=error, pending=True) for message, error in sending.pending()]
    return Delivery(delivered=tuple(sending.delivered), undelivered=(*homeless, *given_up, *left))


def _lines(history: History, notifiers: dict[str, Notifier]) -> tuple[list[ChannelQueue], list[Undelivered]]:
    """The messages owed by channel, oldest first, and those whose channel is no longer there."""
    by_channel: dict[str, list[PendingNotification]] = {}
    for owed in history.pending_notifications():
        by_channel.setdefault(owed.notification.channel, []).append(owed)
    lines = [ChannelQueue.from_pending(notifiers[name], owed) for name, owed in by_channel.items() if name in notifiers]
    homeless = [
        Undelivered(
            notification=each.notification, error=f"the channel {name} is not configured any more", pending=False
        )
        for name, owed in by_channel.items()
        if name not in notifiers
        for each in owed
    ]
    return lines, homeless
