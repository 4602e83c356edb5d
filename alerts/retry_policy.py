"""How long a delivery takes at most, and when it tries again what a channel did not accept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

MAX_RETRY_AFTER: Final = timedelta(hours=1)
"""The longest delay before a retry, even if a channel asks for a longer one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRetryPolicy:
    """The deadlines of a delivery, the pauses between its attempts, and the delay before the next delivery.

    `deadline` is how long a delivery goes on without a message that was accepted; each of them extends it, up to
    `longest` in all. An attempt ends after `attempt_timeout`; meanwhile no other process sends the same. With
    `even_early`, what an earlier delivery left pending is tried at once, and not when it is due. What is pending for
    `fallback_after` goes to the fallback channel as well.
    """

    deadline: timedelta = timedelta(seconds=30)
    longest: timedelta = timedelta(minutes=5)
    attempt_timeout: timedelta = timedelta(seconds=30)
    backoff: tuple[timedelta, ...] = (timedelta(seconds=0.5), timedelta(seconds=2))
    next_delivery_delay: timedelta = timedelta(minutes=5)
    fallback_after: timedelta = timedelta(minutes=10)
    even_early: bool = False

    def delay_after(self, attempts: int, retry_after_seconds: float | None) -> timedelta:
        """The delay after an attempt, counted from 1; at least what the channel asks for, up to MAX_RETRY_AFTER."""
        own = self.backoff[attempts - 1] if attempts <= len(self.backoff) else self.next_delivery_delay
        asked = min(max(retry_after_seconds or 0, 0), MAX_RETRY_AFTER.total_seconds())
        return max(own, timedelta(seconds=asked))


DEFAULT_DELIVERY_RETRY_POLICY: Final = DeliveryRetryPolicy()
"""For a process that goes on: the next delivery is minutes away."""

_LAST_CHANCE: Final = tuple(timedelta(seconds=seconds) for seconds in (0.5, 2, 5, 10, 20))


def last_chance_policy(remaining: timedelta) -> DeliveryRetryPolicy:
    """For a process that ends: the next delivery may be hours away. `remaining` is what is left of its own time."""
    longest = max(remaining, timedelta(minutes=1))
    return DeliveryRetryPolicy(
        deadline=timedelta(minutes=1),
        longest=longest,
        backoff=_LAST_CHANCE,
        fallback_after=timedelta(),
        even_early=True,
    )
