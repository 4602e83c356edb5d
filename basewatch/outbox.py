"""The outbox: the messages that channels still have to accept, as whoever delivers them sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeAlias

from basewatch.history import OpenAlert
from basewatch.notifier import Message, Notification, Receipt

LONGEST_WAIT: Final = timedelta(hours=2)
"""A claim or a delay that ends later than this from now was made by a clock that was wrong, and does not count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message that its channel has not accepted, the most severe notification first.

    `next_attempt_at` is when it is due again. Until `claimed_until`, another process may be sending it.
    """

    id: str
    channel: str
    notifications: tuple[Notification, ...]
    attempts: int
    next_attempt_at: datetime
    claimed_until: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclaimed:
    """The message may not be sent now: not before `until`, or never when that is None, as nothing of it is pending."""

    until: datetime | None


Claim: TypeAlias = Message | Unclaimed


class Outbox(Protocol):
    """Where messages wait. The notifications of a message are claimed, sent and marked together."""

    def pending_messages(self) -> tuple[PendingMessage, ...]:
        """Every message that its channel has not accepted yet, oldest first. Raises: HistoryError."""
        ...

    def open_alerts(self) -> tuple[OpenAlert, ...]:
        """Every alert that a channel was notified of, or will be, and that no resolve has closed."""
        ...

    def remember(self, messages: Sequence[Message]) -> None:
        """Queues messages, unless they are queued or were sent already. Raises: HistoryError."""
        ...

    def claim(self, id: str, now: datetime, until: datetime, *, even_early: bool) -> Claim:  # noqa: A002  # a message is identified by its id
        """The message as it is to be sent now, and by nobody else before `until`, even if the caller dies.

        With `even_early`, it may be sent before it is due. Raises: HistoryError.
        """
        ...

    def mark_delivered(self, id: str, receipt: Receipt, at: datetime) -> None:  # noqa: A002  # see claim
        """Records that the channel accepted the message. Raises: HistoryError."""
        ...

    def mark_failed(self, id: str, error: str, next_attempt_at: datetime | None, *, arrived: bool) -> None:  # noqa: A002  # see claim
        """Records why the channel did not accept the message, and when it is due again; None means never.

        `arrived` says whether the channel may have received it all the same. Raises: HistoryError.
        """
        ...
