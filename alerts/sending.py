"""Sends a message in a thread of its own, at most one for each channel however long a channel hangs."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeAlias

from alerts.channel_queue import ChannelQueue, InFlight
from basewatch.errors import DeliveryError, HistoryError
from basewatch.notifier import Message, Notifier, Receipt

SendResult: TypeAlias = tuple[ChannelQueue, InFlight, Receipt | DeliveryError | HistoryError]

# By the identity of the notifier, which the value keeps alive. A thread cannot be ended from outside.
_THREADS: dict[int, tuple[Notifier, Thread]] = {}


def is_still_sending(notifier: Notifier) -> bool:
    """Whether an earlier message is still being sent, also when nobody waits for its result any more."""
    known = _THREADS.get(id(notifier))
    return known is not None and known[1].is_alive()


def start_sending(
    queue: ChannelQueue, flight: InFlight, results: SimpleQueue[SendResult], record: Callable[[Receipt], None]
) -> None:
    """Starts a thread that sends the message, records a success by `record`, and puts the result into `results`."""
    thread = Thread(target=_send, args=(queue, flight, results, record), daemon=True)
    _THREADS[id(queue.notifier)] = (queue.notifier, thread)
    thread.start()


def _send(
    queue: ChannelQueue, flight: InFlight, results: SimpleQueue[SendResult], record: Callable[[Receipt], None]
) -> None:
    notifier = queue.notifier
    result: Receipt | DeliveryError | HistoryError = _result(notifier, flight.message)
    if isinstance(result, Receipt):
        # At once and here: a process that dies before this repeats it. It counts also when nobody waits for it.
        try:
            record(result)
        except HistoryError as error:
            result = error
    # First: whoever gets the result may send the next message at once.
    _THREADS.pop(id(notifier), None)
    results.put((queue, flight, result))


def _result(notifier: Notifier, message: Message) -> Receipt | DeliveryError:
    try:
        return notifier.send(message)
    except DeliveryError as error:
        return error
    except Exception as error:  # noqa: BLE001  # a channel may be a third party's, and none may stop another
        return DeliveryError(f"{notifier.name} is broken: {type(error).__name__}", retryable=True)
