"""How often and how long a call is tried."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

_LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often and how long a call is tried; the clock is in here so that a test need not wait.

    What failed is tried `attempts` times; what was throttled as often as `total_seconds` allow, which a call has for
    itself: waiting for its turn among others does not count.
    """

    attempts: int = 5
    connect_seconds: float = 5
    read_seconds: float = 15
    total_seconds: float = 60
    pause: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random

    def wait(self, failures: int, at_least: float = 0) -> None:
        """Pause before the next attempt: up to 0.5 s after the first failure, twice that after each more, 20 s at most.

        https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html: exponential, with full jitter.
        """
        backoff = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(failures - 1, 10))
        self.pause(max(at_least, self.chance() * backoff))
