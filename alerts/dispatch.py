"""The dispatcher: a thread per message sends it and records its success; the calling thread decides all else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from queue import Empty, SimpleQueue
from threading import Lock

from alerts.channel_queue import ChannelQueue, InFlight
from alerts.retry_policy import DeliveryRetryPolicy
from alerts.sending import SendResult, is_still_sending, start_sending
from alerts.undelivered import Outlook, Undelivered
from basewatch.errors import DeliveryError, HistoryError
from basewatch.notifier import Notification, Receipt
from basewatch.outbox import Outbox, Unclaimed

# When a message that another process has just claimed is looked at again.
_SOON = timedelta(seconds=1)


class Dispatcher:
    """Sends from every queue until all are empty, none is ready before the deadline, or the deadline is reached."""

    def __init__(
        self,
        outbox: Outbox,
        queues: Sequence[ChannelQueue],
        clock: Callable[[], datetime],
        sleep: Callable[[float], None],
        retry_policy: DeliveryRetryPolicy,
    ) -> None:
        self._outbox, self._queues, self._clock, self._sleep = outbox, queues, clock, sleep
        # One thread of the delivery at a time writes, or one would find the history locked by the other.
        self._writing = Lock()
        self._retry_policy = retry_policy
        started = clock()
        self._end, self._latest_end = started + retry_policy.deadline, started + retry_policy.longest
        self._results: SimpleQueue[SendResult] = SimpleQueue()
        self.delivered: list[Notification] = []
        self.rejected: list[Undelivered] = []

    def run(self) -> None:
        """Returns by the deadline, even if a channel hangs. Raises: HistoryError."""
        while (now := self._clock()) < self._end:
            for queue in self._queues:
                if queue.in_flight and queue.in_flight.until <= now:
                    self._abandon(queue, queue.in_flight)
                if queue.waits and queue.ready_at <= now:
                    self._start(queue, now)
            waking = [queue.ready_at for queue in self._queues if queue.waits and queue.ready_at < self._end]
            flying = [queue.in_flight.until for queue in self._queues if queue.in_flight]
            if flying:
                self._await_result((min([self._end, *waking, *flying]) - now).total_seconds())
            elif not waking:
                return
            elif (pause := (min(waking) - now).total_seconds()) > 0:
                self._sleep(pause)
        for queue in self._queues:
            if queue.in_flight:
                self._abandon(queue, queue.in_flight)

    def _start(self, queue: ChannelQueue, now: datetime) -> None:
        if is_still_sending(queue.notifier):
            hangs = queue.error or f"{queue.notifier.name} has not answered an earlier message yet"
            queue.postpone(self._latest_end, hangs)
            return
        until = min(now + self._retry_policy.attempt_timeout, self._end)
        # Claimed, and counted as an attempt, before sending: a crash can only repeat it.
        with self._writing:
            claim = self._outbox.claim(queue.backlog[0].id, now, until, even_early=self._retry_policy.even_early)
        if not isinstance(claim, Unclaimed):
            start_sending(queue, queue.start(claim, now, until), self._results, partial(self._record, claim.id))
        elif claim.until is None:
            queue.finish(now)
        else:
            queue.postpone(max(claim.until, now + _SOON), "another process is sending it")

    def _await_result(self, seconds: float) -> None:
        try:
            queue, flight, result = self._results.get(timeout=max(0, seconds))
        except Empty:
            return
        if queue.in_flight is not flight:
            return
        if isinstance(result, HistoryError):
            raise result
        if isinstance(result, Receipt):
            self._accepted(queue, flight)
        elif result.retryable:
            self._failed(queue, flight, result)
        else:
            with self._writing:
                self._outbox.mark_failed(flight.message.id, str(result), None, arrived=result.arrived)
            self.rejected += (
                Undelivered(notification=each, error=str(result), outlook=Outlook.REFUSED)
                for each in flight.message.notifications
            )
            queue.finish(self._clock())

    def _record(self, message: str, receipt: Receipt) -> None:
        with self._writing:
            self._outbox.mark_delivered(message, receipt, self._clock())

    def _accepted(self, queue: ChannelQueue, flight: InFlight) -> None:
        now = self._clock()
        self.delivered += flight.message.notifications
        queue.finish(now)
        self._end = max(self._end, min(now + self._retry_policy.deadline, self._latest_end))

    def _failed(self, queue: ChannelQueue, flight: InFlight, error: DeliveryError) -> None:
        now = self._clock()
        # Another message may pass where this one does not. The wait after a message that was passed over is over.
        attempts = len(self._retry_policy.backoff) + 1 if queue.passed_over else queue.attempts
        again = now + self._retry_policy.delay_after(attempts, error.retry_after_seconds)
        of_the_message = error.arrived and error.retry_after_seconds is None and flight.until > now
        gives_up = attempts > len(self._retry_policy.backoff)
        if not (of_the_message and gives_up and queue.set_aside(now, str(error))):
            queue.postpone(again, str(error))
        with self._writing:
            self._outbox.mark_failed(flight.message.id, str(error), again, arrived=error.arrived)

    def _abandon(self, queue: ChannelQueue, flight: InFlight) -> None:
        seconds = (flight.until - flight.since).total_seconds()
        silent = DeliveryError(f"{queue.notifier.name} did not answer within {round(seconds, 1):g} s", retryable=True)
        self._failed(queue, flight, silent)
