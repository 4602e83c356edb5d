"""The messages that one channel still has to accept, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.notifier import Message, Notifier
from basewatch.outbox import PendingMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A message that is being sent, and until when its answer is awaited."""

    message: Message
    since: datetime
    until: datetime


@dataclass(slots=True, kw_only=True)
class ChannelQueue:
    """The pending messages of one channel, oldest first; only the first is ever in flight."""

    notifier: Notifier
    min_interval: timedelta
    backlog: deque[PendingMessage]
    ready_at: datetime
    error: str
    attempts: int = 0
    in_flight: InFlight | None = None

    @classmethod
    def of(
        cls, notifier: Notifier, min_interval: timedelta, pending: Sequence[PendingMessage], ready_at: datetime
    ) -> ChannelQueue:
        """A queue whose first attempt is at `ready_at`."""
        return cls(
            notifier=notifier,
            min_interval=min_interval,
            backlog=deque(pending),
            ready_at=ready_at,
            error=pending[0].error,
        )

    @property
    def waits(self) -> bool:
        """Whether something is to be sent, and nothing is in flight."""
        return bool(self.backlog) and self.in_flight is None

    def start(self, message: Message, now: datetime, until: datetime) -> InFlight:
        """Notes that the first message is being sent, as it is now."""
        self.in_flight, self.attempts = InFlight(message=message, since=now, until=until), self.attempts + 1
        return self.in_flight

    def finish(self, now: datetime) -> None:
        """Removes the first message; the next may be sent after the interval that the channel asks for."""
        self.backlog.popleft()
        self.in_flight, self.error, self.attempts = None, "", 0
        self.ready_at = now + self.min_interval

    def postpone(self, until: datetime, error: str) -> None:
        """Keeps the first message until it may be tried again."""
        self.in_flight, self.ready_at, self.error = None, until, error

    def left(self) -> Iterator[tuple[PendingMessage, str]]:
        """Every message that is still pending, and why."""
        for position, each in enumerate(self.backlog):
            waits = f"it waits for an earlier message to {self.notifier.name}"
            yield each, waits if position else self.error or "the deadline came before an attempt"
