"""The messages that one channel still has to accept, in order and at the pace that it allows."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from basewatch.notifier import Message, Notifier
from basewatch.outbox import PendingMessage

MAX_SET_ASIDE = 3
"""How many messages are passed over in a row before the channel, and not its messages, is taken for broken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A message that is being sent, and until when its answer is awaited."""

    message: Message
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """The rate limit of a channel: `burst` messages at once, then one per `interval`."""

    interval: timedelta = timedelta()
    burst: int = 1


@dataclass(slots=True, kw_only=True)
class ChannelQueue:
    """The pending messages of one channel, oldest first; only the first is ever in flight."""

    notifier: Notifier
    pace: Pace
    backlog: deque[PendingMessage]
    ready_at: datetime
    error: str
    attempts: int = 0
    in_flight: InFlight | None = None
    aside: list[tuple[PendingMessage, str]] = field(default_factory=list[tuple[PendingMessage, str]])
    passed_over: int = 0
    _paid_until: datetime | None = None

    @classmethod
    def of(cls, notifier: Notifier, pace: Pace, pending: Sequence[PendingMessage], ready_at: datetime) -> ChannelQueue:
        """A queue whose first attempt is at `ready_at`."""
        return cls(notifier=notifier, pace=pace, backlog=deque(pending), ready_at=ready_at, error=pending[0].error)

    @property
    def waits(self) -> bool:
        """Whether something is to be sent, and nothing is in flight."""
        return bool(self.backlog) and self.in_flight is None

    def start(self, message: Message, now: datetime, until: datetime) -> InFlight:
        """Notes that the first message is being sent, as it is now."""
        self.in_flight, self.attempts = InFlight(message=message, since=now, until=until), self.attempts + 1
        # The generic cell rate algorithm: each message pays for one interval, and may do so `burst` intervals later.
        self._paid_until = max(self._paid_until or now, now) + self.pace.interval
        return self.in_flight

    def finish(self, now: datetime) -> None:
        """Removes the first message; the next may be sent as soon as the pace allows."""
        self.backlog.popleft()
        self._next(now)
        self.passed_over = 0

    def postpone(self, until: datetime, error: str) -> None:
        """Keeps the first message until it may be tried again."""
        self.in_flight, self.ready_at, self.error = None, max(until, self._allowed(until)), error

    def set_aside(self, now: datetime, error: str) -> bool:
        """Passes over the first message, and all that say more about an alert in it, so that the others are sent.

        False when there is no other, or when too many were passed over: then the channel is broken, not its messages.
        """
        held, others = {each.key for each in self.backlog[0].notifications}, list[PendingMessage]()
        for each in self.backlog:
            keys = {notification.key for notification in each.notifications}
            # What waits holds up all of its alerts in turn.
            if held.isdisjoint(keys):
                others.append(each)
            else:
                held |= keys
        if not others or self.passed_over >= MAX_SET_ASIDE:
            return False
        first = self.backlog[0]
        waits = f"it waits for an earlier message to {self.notifier.name}"
        self.aside += ((each, error if each is first else waits) for each in self.backlog if each not in others)
        self.backlog = deque(others)
        self.passed_over += 1
        self._next(now)
        return True

    def left(self) -> Iterator[tuple[PendingMessage, str]]:
        """Every message that is still pending, and why."""
        yield from self.aside
        for position, each in enumerate(self.backlog):
            waits = f"it waits for an earlier message to {self.notifier.name}"
            yield each, waits if position else self.error or "the deadline came before an attempt"

    def _next(self, now: datetime) -> None:
        self.in_flight, self.error, self.attempts = None, "", 0
        self.ready_at = self._allowed(now)

    def _allowed(self, now: datetime) -> datetime:
        if self._paid_until is None:
            return now
        return max(now, self._paid_until - (self.pace.burst - 1) * self.pace.interval)
