"""AWS' quotas as the fake keeps them: one bucket per account, region and operation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """A token bucket that holds one second's worth and is full when it is first asked."""

    rate: float
    level: float = 0
    at: float = float("-inf")

    def take(self, tokens: float, now: float) -> bool:
        """Whether a request of so many tokens may go at `now`; one may overdraw, and the next ones wait for it."""
        self.level = min(self.rate, self.level + (now - self.at) * self.rate)
        self.at = now
        if self.level < min(tokens, 1):
            return False
        self.level -= tokens
        return True
