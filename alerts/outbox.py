"""Delivers what is owed, at least once: what a channel does not take now stays owed for the next delivery."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from alerts.sending import DEFAULT_PATIENCE, Line, Patience, Sending
from basewatch.history import Owed
from basewatch.notifier import Notification, Notifier

if TYPE_CHECKING:
    from basewatch.history.store import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Undelivered:
    """A message that its channel did not take, and why; `owed` says whether a later delivery tries again."""

    notification: Notification
    error: str
    owed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of everything that was owed."""

    delivered: tuple[Notification, ...]
    failed: tuple[Undelivered, ...]

    @property
    def complete(self) -> bool:
        """Whether nothing is left to say; when False, the program's exit code says so too."""
        return not self.failed


def deliver(
    history: History,
    notifiers: Iterable[Notifier],
    clock: Callable[[], datetime],
    patience: Patience = DEFAULT_PATIENCE,
) -> Delivery:
    """Sends everything owed that its channel takes within the deadline, and records each outcome as it comes.

    Channels are served side by side: one that hangs or fails delays no other. Within a channel the order is kept, so a
    fire always comes before its resolve. Raises: HistoryError, when an outcome cannot be recorded; the message is then
    sent again by the next delivery, under the same key.
    """
    lines, homeless = _lines(history, {notifier.name: notifier for notifier in notifiers})
    for each in homeless:
        history.mark_failed(each.notification.id, each.error, None)
    sending = Sending(history, lines, clock, patience)
    sending.run()
    given_up = [Undelivered(notification=message, error=error, owed=False) for message, error in sending.given_up]
    left = [Undelivered(notification=message, error=error, owed=True) for message, error in sending.left()]
    return Delivery(delivered=tuple(sending.delivered), failed=(*homeless, *given_up, *left))


def _lines(history: History, notifiers: dict[str, Notifier]) -> tuple[list[Line], list[Undelivered]]:
    """The messages owed by channel, oldest first, and those whose channel is no longer there."""
    by_channel: dict[str, list[Owed]] = {}
    for owed in history.owed():
        by_channel.setdefault(owed.notification.channel, []).append(owed)
    lines = [Line.of(notifiers[name], owed) for name, owed in by_channel.items() if name in notifiers]
    homeless = [
        Undelivered(notification=each.notification, error=f"the channel {name} is not configured any more", owed=False)
        for name, owed in by_channel.items()
        if name not in notifiers
        for each in owed
    ]
    return lines, homeless
