"""How often and how long a call is tried."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long a call is tried; the clock is in here so that a test need not wait.

    What failed is tried `max_attempts` times; what was throttled as often as `retry_timeout_seconds` allow, which a
    call has for itself: waiting for its turn among others does not count.
    """

    max_attempts: int = 5
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 15
    retry_timeout_seconds: float = 60
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def back_off(self, failures: int, at_least: float = 0) -> None:
        """Pause before the next attempt: up to 0.5 s after the first failure, twice that after each more, 20 s at most.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html: exponential, with full jitter.
        """
        backoff = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(failures - 1, 10))
        self.sleep(max(at_least, self.jitter() * backoff))
