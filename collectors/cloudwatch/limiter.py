"""Keeps every API within its limits: one limiter for each account, region and API in the whole process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

_CALLS_BURST_SECONDS = 0.25
"""So much may be let through at once: with 40 a second, 50 in any second, which is AWS' quota."""
_DATAPOINTS_BURST_SECONDS = 0.05
# Multiplicative decrease as botocore's adaptive mode has it; additive increase by a thirtieth of what was too much.
_DECREASE = 0.7
_RECOVERY_SECONDS = 30.0
_CALM_SECONDS = 1.0
"""Refusals so close to each other are one: they were all sent before the pace was lowered."""
_SLOWEST_CALLS_PER_SECOND = 0.5
# Quotas below GetMetricData's, with a fifth left to others; a burst is counted in.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
_QUOTAS: Mapping[str, float] = {"ListMetrics": 20, "GetResources": 12}


@dataclass(slots=True)
class _Bucket:
    """A token bucket: what it holds at `at`, which is in the future when turns were given away already."""

    rate: float
    burst: float
    held: float
    at: float

    def turn(self, cost: float, pace: float) -> float:
        """When `cost` can be had; more than the bucket holds is had when it is full, and paid off afterwards."""
        short = min(cost, self.burst) - self.held
        return self.at + short / (self.rate * pace) if short > 0 else self.at

    def take(self, cost: float, pace: float, at: float) -> None:
        """Take `cost` at that moment, which is no earlier than the last."""
        self.held = min(self.burst, self.held + (at - self.at) * self.rate * pace) - cost
        self.at = at


def _bucket(rate: float, seconds: float, now: float) -> _Bucket:
    burst = max(1.0, rate * seconds)
    return _Bucket(rate, burst, burst, now)


class RateLimiter:
    """Lets calls and datapoints through, first come first served; threads share it.

    In any `t` seconds no more than the burst and the rate times `t` pass. Refusals lower the pace of both by 30 %,
    once a second at most; without any it recovers slowly, up to the configured rates.
    """

    def __init__(self, limits: RateLimits, calls_per_second: float) -> None:
        self._limits = limits
        self._lock = Lock()
        now = limits.clock()
        self._calls = _bucket(calls_per_second, _CALLS_BURST_SECONDS, now)
        self._datapoints = _bucket(limits.datapoints_per_second, _DATAPOINTS_BURST_SECONDS, now)
        self._slowest = min(1.0, _SLOWEST_CALLS_PER_SECOND / calls_per_second)
        self._pace = self._too_fast = 1.0
        self._paced_at = now
        self._lowered_at = now - _CALM_SECONDS
        self._closed_until = now

    @property
    def rate_ratio(self) -> float:
        """The share of the configured rates that is let through now."""
        with self._lock:
            self._recover(self._limits.clock())
            return self._pace

    def acquire(self, datapoints: float = 0) -> float:
        """Waits until one call that asks for so many datapoints may be made; the seconds waited."""
        with self._lock:
            now = self._limits.clock()
            self._recover(now)
            pace = self._pace
            turn = max(now, self._closed_until, self._calls.turn(1, pace), self._datapoints.turn(datapoints, pace))
            self._calls.take(1, pace, turn)
            self._datapoints.take(datapoints, pace, turn)
        wait = turn - now
        if wait > 0:
            self._limits.sleep(wait)
        return wait

    def record_throttle(self) -> None:
        """Notes that the API refused a call for coming too fast, and goes slower from now on."""
        with self._lock:
            now = self._limits.clock()
            self._recover(now)
            if now - self._lowered_at < _CALM_SECONDS:
                return
            self._too_fast, self._pace = self._pace, max(self._slowest, self._pace * _DECREASE)
            self._lowered_at = now
            # Other processes that share the quota were refused as well: they shall not all come back at once.
            self._closed_until = now + self._limits.jitter() * _CALM_SECONDS

    def _recover(self, now: float) -> None:
        self._pace = min(1.0, self._pace + max(0.0, now - self._paced_at) * self._too_fast / _RECOVERY_SECONDS)
        self._paced_at = now


class RateLimits:
    """The rates of every API in every account and region, and the limiter that all who ask there share."""

    def __init__(
        self,
        calls_per_second: float = 40,
        datapoints_per_second: float = 170_000,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.datapoints_per_second = datapoints_per_second
        self.clock = clock
        self.sleep = pause
        self.jitter = chance
        self._calls_per_second = calls_per_second
        self._limiters: dict[tuple[str, str, str], RateLimiter] = {}
        self._lock = Lock()

    def limiter(self, account_id: str, region: str, api: str) -> RateLimiter:
        """The limiter of an operation, such as `ListMetrics`, as this account asks for it in this region."""
        with self._lock:
            key = (account_id, region, api)
            if key not in self._limiters:
                at_most = _QUOTAS.get(api, self._calls_per_second)
                self._limiters[key] = RateLimiter(self, min(self._calls_per_second, at_most))
            return self._limiters[key]
