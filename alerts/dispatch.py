"""One delivery under way: a thread per message sends, and this one alone decides and writes down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from basewatch.errors import DeliveryError
from basewatch.history import PendingNotification
from basewatch.notifier import Notification, Notifier, Receipt

if TYPE_CHECKING:
    from basewatch.history.store import History

# However long a channel asks to be left alone, an alert is tried again after this.
MAX_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRetryPolicy:
    """How long a delivery takes at most, how long it pauses between two tries, and when the next delivery may try."""

    deadline: timedelta = timedelta(seconds=30)
    backoff: tuple[timedelta, ...] = (timedelta(seconds=0.5), timedelta(seconds=2))
    next_delivery_delay: timedelta = timedelta(minutes=5)

    def delay_after(self, attempts: int, retry_after_seconds: float | None) -> timedelta:
        """The wait after the given try, counted from 1; what the channel asked for is honoured, up to LONGEST_WAIT."""
        own = self.backoff[attempts - 1] if attempts <= len(self.backoff) else self.next_delivery_delay
        return max(own, min(timedelta(seconds=retry_after_seconds or 0), MAX_RETRY_AFTER))


DEFAULT_DELIVERY_RETRY_POLICY = DeliveryRetryPolicy()


@dataclass(slots=True, kw_only=True)
class ChannelQueue:
    """What is owed to one channel, oldest first; only the first message is ever under way."""

    notifier: Notifier
    backlog: deque[PendingNotification]
    next_attempt_at: datetime
    error: str
    attempts: int = 0
    in_flight: bool = False

    @classmethod
    def from_pending(cls, notifier: Notifier, pending: Sequence[PendingNotification]) -> ChannelQueue:
        """A line whose first message may be tried when the last delivery said so."""
        return cls(
            notifier=notifier,
            backlog=deque(pending),
            next_attempt_at=pending[0].next_attempt_at,
            error=pending[0].error,
        )

    def pop(self, now: datetime) -> Notification:
        """Takes the first message off the line; the next may be sent at once."""
        self.next_attempt_at, self.error, self.attempts = now, "", 0
        return self.backlog.popleft().notification


SendResult: TypeAlias = tuple[ChannelQueue, Receipt | DeliveryError]


class Dispatcher:
    """Sends along every line until nothing is left, nothing is ready before the deadline, or it has come."""

    def __init__(
        self,
        history: History,
        queues: Sequence[ChannelQueue],
        clock: Callable[[], datetime],
        retry_policy: DeliveryRetryPolicy,
    ) -> None:
        self._history, self._lines, self._clock, self._patience = history, queues, clock, retry_policy
        self._end = clock() + retry_policy.deadline
        self._answers: SimpleQueue[SendResult] = SimpleQueue()
        self.delivered: list[Notification] = []
        self.rejected: list[tuple[Notification, str]] = []

    def run(self) -> None:
        """Returns by the deadline, whatever a channel does. Raises: HistoryError."""
        while (now := self._clock()) < self._end:
            for line in self._lines:
                if line.backlog and not line.in_flight and line.next_attempt_at <= now:
                    self._start(line, now)
            moments = [line.next_attempt_at for line in self._lines if line.backlog and not line.in_flight]
            busy = any(line.in_flight for line in self._lines)
            if not busy and not any(moment < self._end for moment in moments):
                return
            self._await_answer(min([self._end, *moments]) - now)
        self._abandon()

    def pending(self) -> Iterator[tuple[Notification, str]]:
        """Every message that is still owed, and why."""
        for line in self._lines:
            for place, owed in enumerate(line.backlog):
                waits = f"it waits for an earlier message to {line.notifier.name}"
                yield owed.notification, waits if place else line.error or "the time was up before it was tried"

    def _start(self, line: ChannelQueue, now: datetime) -> None:
        message = line.backlog[0].notification
        # Claimed until the deadline, and counted as tried, before it leaves: a crash from here on repeats it at worst.
        if self._history.claim(message.id, now, self._end):
            line.in_flight, line.attempts = True, line.attempts + 1
            Thread(target=_send, args=(line, message, self._answers), daemon=True).start()
        else:
            line.next_attempt_at, line.error = self._end, "another process is sending it"

    def _await_answer(self, wait: timedelta) -> None:
        try:
            line, answer = self._answers.get(timeout=max(0, wait.total_seconds()))
        except Empty:
            return
        line.in_flight = False
        if isinstance(answer, Receipt):
            self._delivered(line, answer)
        elif answer.retryable:
            self._failed(line, str(answer), answer.retry_after_seconds)
        else:
            self._history.mark_failed(line.backlog[0].notification.id, str(answer), None)
            self.rejected.append((line.pop(self._clock()), str(answer)))

    def _delivered(self, line: ChannelQueue, receipt: Receipt) -> None:
        now = self._clock()
        self._history.mark_delivered(line.backlog[0].notification.id, receipt, now)
        self.delivered.append(line.pop(now))

    def _failed(self, line: ChannelQueue, error: str, asked_seconds: float | None) -> None:
        line.error = error
        line.next_attempt_at = self._clock() + self._patience.delay_after(line.attempts, asked_seconds)
        self._history.mark_failed(line.backlog[0].notification.id, error, line.next_attempt_at)

    def _abandon(self) -> None:
        for line in self._lines:
            if line.in_flight:
                seconds = self._patience.deadline.total_seconds()
                self._failed(line, f"{line.notifier.name} did not answer within {seconds:g} s", None)


def _send(line: ChannelQueue, message: Notification, answers: SimpleQueue[SendResult]) -> None:
    try:
        answers.put((line, line.notifier.send(message)))
    except DeliveryError as error:
        answers.put((line, error))
    except Exception as error:  # noqa: BLE001  # a channel may be a third party's, and none may stop another
        broken = DeliveryError(f"{line.notifier.name} is broken: {type(error).__name__}", retryable=True)
        answers.put((line, broken))
