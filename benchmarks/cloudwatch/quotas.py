"""AWS' quotas as the fake keeps them: one bucket per account, region and operation."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class TokenBucket:
    """A token bucket that holds one second's worth and is full when it is first asked."""

    rate: float
    tokens: float = 0
    updated_at: float = float("-inf")

    def take(self, tokens: float, now: float) -> bool:
        """Whether a request of so many tokens may go at `now`; one may overdraw, and the next ones wait for it."""
        self.tokens = min(self.rate, self.tokens + (now - self.updated_at) * self.rate)
        self.updated_at = now
        if self.tokens < min(tokens, 1):
            return False
        self.tokens -= tokens
        return True
