"""The dispatcher: a thread per notification sends it; the calling thread alone decides and records."""

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
from basewatch.notifier import Message, Notification, Notifier, Receipt

if TYPE_CHECKING:
    from basewatch.history.store import History

# The longest delay before a retry, even if a channel asks for a longer one.
MAX_RETRY_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRetryPolicy:
    """The deadline of a delivery, the pauses between its attempts, and the delay before the next delivery."""

    deadline: timedelta = timedelta(seconds=30)
    backoff: tuple[timedelta, ...] = (timedelta(seconds=0.5), timedelta(seconds=2))
    next_delivery_delay: timedelta = timedelta(minutes=5)

    def delay_after(self, attempts: int, retry_after_seconds: float | None) -> timedelta:
        """The delay after an attempt, counted from 1; at least what the channel asks for, up to MAX_RETRY_AFTER."""
        own = self.backoff[attempts - 1] if attempts <= len(self.backoff) else self.next_delivery_delay
        return max(own, min(timedelta(seconds=retry_after_seconds or 0), MAX_RETRY_AFTER))


DEFAULT_DELIVERY_RETRY_POLICY = DeliveryRetryPolicy()


@dataclass(slots=True, kw_only=True)
class ChannelQueue:
    """The pending notifications of one channel, oldest first; only the first is ever in flight."""

    notifier: Notifier
    backlog: deque[PendingNotification]
    next_attempt_at: datetime
    error: str
    attempts: int = 0
    in_flight: bool = False

    @classmethod
    def from_pending(cls, notifier: Notifier, pending: Sequence[PendingNotification]) -> ChannelQueue:
        """A queue whose first attempt is at the time that the last delivery recorded."""
        return cls(
            notifier=notifier,
            backlog=deque(pending),
            next_attempt_at=pending[0].next_attempt_at,
            error=pending[0].error,
        )

    def pop(self, now: datetime) -> Notification:
        """Removes the first notification; the next may be sent at once."""
        self.next_attempt_at, self.error, self.attempts = now, "", 0
        return self.backlog.popleft().notification


SendResult: TypeAlias = tuple[ChannelQueue, Receipt | DeliveryError]


class Dispatcher:
    """Sends from every queue until all are empty, none is ready before the deadline, or the deadline is reached."""

    def __init__(
        self,
        history: History,
        queues: Sequence[ChannelQueue],
        clock: Callable[[], datetime],
        retry_policy: DeliveryRetryPolicy,
    ) -> None:
        self._history, self._queues, self._clock, self._retry_policy = history, queues, clock, retry_policy
        self._end = clock() + retry_policy.deadline
        self._results: SimpleQueue[SendResult] = SimpleQueue()
        self.delivered: list[Notification] = []
        self.rejected: list[tuple[Notification, str]] = []

    def run(self) -> None:
        """Returns by the deadline, even if a channel hangs. Raises: HistoryError."""
        while (now := self._clock()) < self._end:
            for queue in self._queues:
                if queue.backlog and not queue.in_flight and queue.next_attempt_at <= now:
                    self._start(queue, now)
            moments = [queue.next_attempt_at for queue in self._queues if queue.backlog and not queue.in_flight]
            busy = any(queue.in_flight for queue in self._queues)
            if not busy and not any(moment < self._end for moment in moments):
                return
            self._await_result(min([self._end, *moments]) - now)
        self._abandon()

    def pending(self) -> Iterator[tuple[Notification, str]]:
        """Every notification that is still pending, and why."""
        for queue in self._queues:
            for position, each in enumerate(queue.backlog):
                waits = f"it waits for an earlier message to {queue.notifier.name}"
                yield each.notification, waits if position else queue.error or "the deadline came before an attempt"

    def _start(self, queue: ChannelQueue, now: datetime) -> None:
        message = queue.backlog[0].notification
        # Claimed until the deadline, and counted as an attempt, before sending: a crash can only repeat it.
        if self._history.claim(message.id, now, self._end):
            queue.in_flight, queue.attempts = True, queue.attempts + 1
            single = Message(id=message.id, channel=message.channel, notifications=(message,))
            Thread(target=_send, args=(queue, single, self._results), daemon=True).start()
        else:
            queue.next_attempt_at, queue.error = self._end, "another process is sending it"

    def _await_result(self, wait: timedelta) -> None:
        try:
            queue, result = self._results.get(timeout=max(0, wait.total_seconds()))
        except Empty:
            return
        queue.in_flight = False
        if isinstance(result, Receipt):
            self._delivered(queue, result)
        elif result.retryable:
            self._failed(queue, str(result), result.retry_after_seconds)
        else:
            self._history.mark_failed(queue.backlog[0].notification.id, str(result), None)
            self.rejected.append((queue.pop(self._clock()), str(result)))

    def _delivered(self, queue: ChannelQueue, receipt: Receipt) -> None:
        now = self._clock()
        self._history.mark_delivered(queue.backlog[0].notification.id, receipt, now)
        self.delivered.append(queue.pop(now))

    def _failed(self, queue: ChannelQueue, error: str, retry_after_seconds: float | None) -> None:
        queue.error = error
        queue.next_attempt_at = self._clock() + self._retry_policy.delay_after(queue.attempts, retry_after_seconds)
        self._history.mark_failed(queue.backlog[0].notification.id, error, queue.next_attempt_at)

    def _abandon(self) -> None:
        for queue in self._queues:
            if queue.in_flight:
                seconds = self._retry_policy.deadline.total_seconds()
                self._failed(queue, f"{queue.notifier.name} did not answer within {seconds:g} s", None)


def _send(queue: ChannelQueue, message: Message, results: SimpleQueue[SendResult]) -> None:
    try:
        results.put((queue, queue.notifier.send(message)))
    except DeliveryError as error:
        results.put((queue, error))
    except Exception as error:  # noqa: BLE001  # a channel may be a third party's, and none may stop another
        broken = DeliveryError(f"{queue.notifier.name} is broken: {type(error).__name__}", retryable=True)
        results.put((queue, broken))
