"""Rate limits and retries: how fast, how often and for how long an API is called."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock

_CALLS_BURST_SECONDS = 0.25
"""The burst: 40 calls a second and this burst make 50 in any second, which is AWS's quota."""
_DATAPOINTS_BURST_SECONDS = 0.05
# Multiplicative decrease as in botocore's adaptive mode; additive increase by a thirtieth of the throttled rate.
_DECREASE = 0.7
_RECOVERY_SECONDS = 30.0
_CALM_SECONDS = 1.0
"""Throttles within this time count as one: those calls were sent before the rate was lowered."""
_SLOWEST_CALLS_PER_SECOND = 0.5
# Quotas below that of GetMetricData, minus a fifth for other clients; bursts are included.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
_QUOTAS: Mapping[str, float] = {"ListMetrics": 20, "GetResources": 12}


@dataclass(slots=True)
class _Bucket:
    """A token bucket with its tokens at `at`, which is in the future when tokens are already reserved."""

    rate: float
    burst: float
    tokens: float
    at: float

    def available_at(self, cost: float, rate_ratio: float) -> float:
        """When `cost` tokens are available; a cost above the burst is available at a full bucket and leaves a debt."""
        short = min(cost, self.burst) - self.tokens
        return self.at + short / (self.rate * rate_ratio) if short > 0 else self.at

    def spend(self, cost: float, rate_ratio: float, at: float) -> None:
        """Takes `cost` tokens at a moment that is not before the previous one."""
        self.tokens = min(self.burst, self.tokens + (at - self.at) * self.rate * rate_ratio) - cost
        self.at = at


def _bucket(rate: float, seconds: float, now: float) -> _Bucket:
    burst = max(1.0, rate * seconds)
    return _Bucket(rate, burst, burst, now)


class RateLimiter:
    """Limits calls and datapoints in order of arrival. Thread-safe.

    In any `t` seconds at most burst + rate * t pass. A throttle lowers both rates by 30 %, at most once a second;
    without throttles they recover slowly up to the configured rates.
    """

    def __init__(self, limits: RateLimits, calls_per_second: float) -> None:
        self._limits = limits
        self._lock = Lock()
        now = limits.clock()
        self._calls = _bucket(calls_per_second, _CALLS_BURST_SECONDS, now)
        self._datapoints = _bucket(limits.datapoints_per_second, _DATAPOINTS_BURST_SECONDS, now)
        self._min_ratio = min(1.0, _SLOWEST_CALLS_PER_SECOND / calls_per_second)
        self._rate_ratio = self._throttled_ratio = 1.0
        self._updated_at = now
        self._lowered_at = now - _CALM_SECONDS
        self._closed_until = now

    @property
    def rate_ratio(self) -> float:
        """The current rate divided by the configured rate, 0 to 1."""
        with self._lock:
            self._recover(self._limits.clock())
            return self._rate_ratio

    def acquire(self, datapoints: float = 0) -> float:
        """Waits until a call for that many datapoints is allowed; returns the seconds waited."""
        with self._lock:
            now = self._limits.clock()
            self._recover(now)
            rate_ratio = self._rate_ratio
            available_at = max(
                now,
                self._closed_until,
                self._calls.available_at(1, rate_ratio),
                self._datapoints.available_at(datapoints, rate_ratio),
            )
            self._calls.spend(1, rate_ratio, available_at)
            self._datapoints.spend(datapoints, rate_ratio, available_at)
        wait = available_at - now
        if wait > 0:
            self._limits.sleep(wait)
        return wait

    def record_throttle(self) -> None:
        """Lowers the rate after the API throttled a call."""
        with self._lock:
            now = self._limits.clock()
            self._recover(now)
            if now - self._lowered_at < _CALM_SECONDS:
                return
            self._throttled_ratio, self._rate_ratio = (
                self._rate_ratio,
                max(self._min_ratio, self._rate_ratio * _DECREASE),
            )
            self._lowered_at = now
            # Other processes that share the quota were throttled too: the jitter keeps them from returning together.
            self._closed_until = now + self._limits.jitter() * _CALM_SECONDS

    def _recover(self, now: float) -> None:
        self._rate_ratio = min(
            1.0, self._rate_ratio + max(0.0, now - self._updated_at) * self._throttled_ratio / _RECOVERY_SECONDS
        )
        self._updated_at = now


class RateLimits:
    """The rate limiters of all APIs, one for each account, region and operation. Thread-safe."""

    def __init__(
        self,
        calls_per_second: float = 40,
        datapoints_per_second: float = 170_000,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.datapoints_per_second = datapoints_per_second
        self.clock = clock
        self.sleep = sleep
        self.jitter = jitter
        self._calls_per_second = calls_per_second
        self._limiters: dict[tuple[str, str, str], RateLimiter] = {}
        self._lock = Lock()

    def limiter(self, account_id: str, region: str, api: str) -> RateLimiter:
        """The shared limiter of an operation, such as `ListMetrics`, in an account and region."""
        with self._lock:
            key = (account_id, region, api)
            if key not in self._limiters:
                at_most = _QUOTAS.get(api, self._calls_per_second)
                self._limiters[key] = RateLimiter(self, min(self._calls_per_second, at_most))
            return self._limiters[key]


_LONGEST_PAUSE_SECONDS = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """The limits of retries, and the clock, so that tests need not wait.

    A failed request is sent at most `max_attempts` times. A throttled request is repeated for `retry_timeout_seconds`;
    time spent waiting for the rate limiter does not count.
    """

    max_attempts: int = 5
    connect_timeout_seconds: float = 5
    read_timeout_seconds: float = 15
    retry_timeout_seconds: float = 60
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random

    def back_off(self, failures: int, at_least: float = 0) -> None:
        """Sleeps before the next attempt: up to 0.5 s after the first failure, doubled each time, at most 20 s.

        Exponential backoff with full jitter: https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        """
        backoff = min(_LONGEST_PAUSE_SECONDS, 0.5 * 2 ** min(failures - 1, 10))
        self.sleep(max(at_least, self.jitter() * backoff))
