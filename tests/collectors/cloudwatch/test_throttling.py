"""An API is never called faster than its limits by any number of threads, and slower after throttles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cloudwatch.throttling import RateLimits
from tests.collectors.cloudwatch.fake import FakeClock

CALLS, DATAPOINTS = 40.0, 1000.0
BURST = 0.25
DATAPOINTS_BURST = 0.05
# One acquire after that many seconds of other work: the number of datapoints.
STEPS = st.lists(st.tuples(st.floats(0, 2), st.integers(0, int(DATAPOINTS * DATAPOINTS_BURST))), max_size=200)
Passed = list[tuple[float, float]]


def no_more_than(passed: Sequence[tuple[float, float]], rate: float, burst: float) -> None:
    """Between any two events at most the burst and the rate times the duration passed."""
    for first, (start, _) in enumerate(passed):
        total = 0.0
        for at, cost in passed[first:]:
            total += cost
            assert total <= burst + rate * (at - start) + 1e-6


@given(STEPS, st.lists(st.booleans(), max_size=200))
def test_no_window_holds_more_than_its_limits(steps: list[tuple[float, int]], refused: list[bool]) -> None:
    """In any t seconds at most burst + rate * t calls and datapoints pass, whatever was throttled in between."""
    clock = FakeClock()
    limiter = clock.rate_limits(CALLS, DATAPOINTS).limiter("1", "r", "GetMetricData")
    passed: Passed = []
    for position, (idle, datapoints) in enumerate(steps):
        clock.now += idle
        limiter.acquire(datapoints)
        passed.append((clock.now, datapoints))
        if refused[position : position + 1] == [True]:
            limiter.record_throttle()
    no_more_than([(at, 1) for at, _ in passed], CALLS, CALLS * BURST)
    no_more_than(passed, DATAPOINTS, DATAPOINTS * DATAPOINTS_BURST)


@dataclass(slots=True)
class Simulation:
    """A clock for many real threads: when all wait, it moves to the next moment that one waits for."""

    running: int
    now: float = 0.0
    _due: list[float] = field(default_factory=list[float])
    _moved: Condition = field(default_factory=Condition)

    def pause(self, seconds: float) -> None:
        """Waits that long on this clock."""
        with self._moved:
            due = self.now + seconds
            self._due.append(due)
            self._leave()
            self._moved.wait_for(lambda: self.now >= due)

    def _leave(self) -> None:
        self.running -= 1
        if not self.running and self._due:
            self.now = min(self._due)
            # A thread that is due counts as running from now on, before the machine schedules it.
            self.running = self._due.count(self.now)
            self._due = [due for due in self._due if due > self.now]
            self._moved.notify_all()

    def done(self) -> None:
        """One thread fewer."""
        with self._moved:
            self._leave()


@pytest.mark.parametrize("datapoints", [0, 45])
def test_threads_share_one_limit(datapoints: int) -> None:
    """Twenty threads together are no faster than one."""
    clock = Simulation(running=20)
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: clock.now, clock.pause).limiter("1", "r", "GetMetricData")
    passed: Passed = []

    def asking() -> None:
        for _ in range(10):
            limiter.acquire(datapoints)
            passed.append((clock.now, datapoints))
        clock.done()

    threads = [Thread(target=asking, daemon=True) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(passed) == 200
    passed.sort()
    no_more_than([(at, 1) for at, _ in passed], CALLS, CALLS * BURST)
    no_more_than(passed, DATAPOINTS, DATAPOINTS * DATAPOINTS_BURST)
    # And no slower: all 200 calls are through when the limits allow it.
    least = max(190 / CALLS, (200 * datapoints - 50) / DATAPOINTS)
    assert passed[-1][0] == pytest.approx(least, abs=0.01)


def test_calls_pass_in_order_of_arrival() -> None:
    """Calls are let through in the order of arrival, however small a later one is."""
    waits: list[float] = []
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: 0.0, waits.append).limiter("1", "r", "GetMetricData")
    waited = [limiter.acquire(datapoints) for datapoints in (50, 500, 0, 0, 50)]
    assert waited == [0, *waits]
    assert waited == pytest.approx([0, 0.05, 0.5, 0.5, 0.55])


def test_more_than_a_burst_leaves_a_debt() -> None:
    """A call with more datapoints than the burst passes, and the next call waits for the debt."""
    clock = FakeClock()
    limiter = clock.rate_limits(CALLS, DATAPOINTS).limiter("1", "r", "GetMetricData")
    assert limiter.acquire(5000) == 0
    assert limiter.acquire(1) == pytest.approx(4.951)


def test_a_throttle_lowers_the_rate_which_then_recovers() -> None:
    """Throttles within a second count as one: the rate drops by 30 % and recovers slowly, not above its limit."""
    clock = FakeClock()
    limiter = clock.rate_limits(CALLS).limiter("1", "r", "GetMetricData")
    for _ in range(5):
        limiter.record_throttle()
    assert limiter.rate_ratio == pytest.approx(0.7)
    clock.now += 4.5
    assert limiter.rate_ratio == pytest.approx(0.85)
    clock.now += 60
    assert limiter.rate_ratio == 1.0


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.9])
def test_after_a_throttle_processes_resume_at_random_times(chance: float) -> None:
    """Processes throttled together resume at random times within a second."""
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: 0.0, lambda _: None, lambda: chance).limiter(
        "1", "r", "GetMetricData"
    )
    limiter.record_throttle()
    assert limiter.acquire() == chance


def test_the_rate_has_a_minimum() -> None:
    """However often an API throttles, one call in two seconds is allowed."""
    clock = FakeClock()
    limiter = clock.rate_limits(CALLS).limiter("1", "r", "GetMetricData")
    for _ in range(200):
        clock.now += 1
        limiter.record_throttle()
    assert limiter.rate_ratio * CALLS == pytest.approx(0.5)


@pytest.mark.parametrize("quota", [3.0, 10.0])
def test_the_rate_adapts_to_a_lower_quota(quota: float) -> None:
    """With a lower real quota, most calls pass after a while, and most of the quota is used."""
    clock = FakeClock()
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: clock.now, clock.sleep, lambda: 0.5).limiter(
        "1", "r", "GetMetricData"
    )
    theirs, at, refused, passed = quota, 0.0, 0, 0
    while clock.now < 300:
        limiter.acquire()
        theirs, at = min(quota, theirs + (clock.now - at) * quota), clock.now
        if theirs >= 1:
            theirs -= 1
            passed += clock.now > 60
        else:
            refused += clock.now > 60
            limiter.record_throttle()
    assert refused < passed / 5
    assert passed > 240 * quota * 0.7


def test_each_api_has_one_shared_limiter() -> None:
    """One limiter for each account, region and API; a quota below the configured rate still applies."""
    clock = FakeClock()
    limits = clock.rate_limits(100)
    assert limits.limiter("1", "r", "ListMetrics") is limits.limiter("1", "r", "ListMetrics")
    apart = {id(limits.limiter(*key)) for key in (("1", "r", "a"), ("2", "r", "a"), ("1", "s", "a"), ("1", "r", "b"))}
    assert len(apart) == 4
    for _ in range(125):
        limits.limiter("1", "r", "ListMetrics").acquire()
    assert clock.now == pytest.approx(6.0)
