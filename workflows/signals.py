"""The signals of a service: SIGTERM and SIGINT stop it, SIGHUP makes it read its configuration again."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class HangupSignal:
    """SIGHUP from the moment of creation: one that arrives before the service is ready is kept for it."""

    def __init__(self) -> None:
        self._action: Callable[[], None] | None = None
        self._received = False
        signal.signal(signal.SIGHUP, self._receive)

    def call(self, action: Callable[[], None]) -> None:
        """Calls `action`, which must not block, on every SIGHUP from now on, and now if one was received before."""
        self._action = action
        if self._received:
            action()

    def _receive(self, _number: int, _frame: object) -> None:
        self._received = True
        if self._action is not None:
            self._action()


@contextmanager
def stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Makes SIGTERM and SIGINT call `stop` only. uvicorn's own handler would also end the process."""

    def received(_number: int, _frame: object) -> None:
        stop()

    before = {number: signal.signal(number, received) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
