"""Proves that an API is never asked faster than its limits, however many threads ask, and slower when it says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Condition, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.cloudwatch.limiter import RateLimits
from tests.collectors.cloudwatch.fake import Waiting

CALLS, DATAPOINTS = 40.0, 1000.0
BURST = 0.25
DATAPOINTS_BURST = 0.05
# A take, after so many seconds of doing something else: how many datapoints it asks for.
STEPS = st.lists(st.tuples(st.floats(0, 2), st.integers(0, int(DATAPOINTS * DATAPOINTS_BURST))), max_size=200)
Passed = list[tuple[float, float]]


def no_more_than(passed: Sequence[tuple[float, float]], rate: float, burst: float) -> None:
    """In any window, from any event to any later one, at most the burst and the rate's share passed."""
    for first, (start, _) in enumerate(passed):
        total = 0.0
        for at, cost in passed[first:]:
            total += cost
            assert total <= burst + rate * (at - start) + 1e-6


@given(STEPS, st.lists(st.booleans(), max_size=200))
def test_no_window_holds_more_than_its_limits(steps: list[tuple[float, int]], refused: list[bool]) -> None:
    """In any t seconds at most burst + rate·t calls and datapoints pass, whatever was refused in between."""
    waiting = Waiting()
    limiter = waiting.limits(CALLS, DATAPOINTS).limiter("1", "r", "GetMetricData")
    passed: Passed = []
    for position, (idle, datapoints) in enumerate(steps):
        waiting.now += idle
        limiter.acquire(datapoints)
        passed.append((waiting.now, datapoints))
        if refused[position : position + 1] == [True]:
            limiter.record_throttle()
    no_more_than([(at, 1) for at, _ in passed], CALLS, CALLS * BURST)
    no_more_than(passed, DATAPOINTS, DATAPOINTS * DATAPOINTS_BURST)


@dataclass(slots=True)
class Simulation:
    """A clock for many real threads: it moves to the next moment that anybody waits for, once all of them wait."""

    running: int
    now: float = 0.0
    _due: list[float] = field(default_factory=list[float])
    _moved: Condition = field(default_factory=Condition)

    def pause(self, seconds: float) -> None:
        """Wait that long on this clock."""
        with self._moved:
            due = self.now + seconds
            self._due.append(due)
            self._leave()
            self._moved.wait_for(lambda: self.now >= due)

    def _leave(self) -> None:
        self.running -= 1
        if not self.running and self._due:
            self.now = min(self._due)
            # Whoever is due counts as running from now on, before the machine has come to it.
            self.running = self._due.count(self.now)
            self._due = [due for due in self._due if due > self.now]
            self._moved.notify_all()

    def done(self) -> None:
        """One thread less."""
        with self._moved:
            self._leave()


@pytest.mark.parametrize("datapoints", [0, 45])
def test_threads_share_one_limit(datapoints: int) -> None:
    """Twenty threads that ask at once are together let through no faster than one."""
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
    # And no slower: all of the two hundred are through when the limits allow it.
    least = max(190 / CALLS, (200 * datapoints - 50) / DATAPOINTS)
    assert passed[-1][0] == pytest.approx(least, abs=0.01)


def test_who_comes_first_is_let_through_first() -> None:
    """A turn is kept for whoever asked, however small the next one's wish; all wait in the order they came."""
    waits: list[float] = []
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: 0.0, waits.append).limiter("1", "r", "GetMetricData")
    told = [limiter.acquire(datapoints) for datapoints in (50, 500, 0, 0, 50)]
    assert told == [0, *waits]
    assert told == pytest.approx([0, 0.05, 0.5, 0.5, 0.55])


def test_more_than_a_burst_is_paid_off_afterwards() -> None:
    """A call that asks for seconds of datapoints is let through, and the next one waits until they are made up for."""
    waiting = Waiting()
    limiter = waiting.limits(CALLS, DATAPOINTS).limiter("1", "r", "GetMetricData")
    assert limiter.acquire(5000) == 0
    assert limiter.acquire(1) == pytest.approx(4.951)


def test_a_refusal_slows_down_everybody_and_time_heals() -> None:
    """Refusals within a second are one: the pace falls by 30 %, and comes back slowly, to what it was and no more."""
    waiting = Waiting()
    limiter = waiting.limits(CALLS).limiter("1", "r", "GetMetricData")
    for _ in range(5):
        limiter.record_throttle()
    assert limiter.rate_ratio == pytest.approx(0.7)
    waiting.now += 4.5
    assert limiter.rate_ratio == pytest.approx(0.85)
    waiting.now += 60
    assert limiter.rate_ratio == 1.0


@pytest.mark.parametrize("chance", [0.0, 0.3, 0.9])
def test_after_a_refusal_everybody_pauses_by_chance(chance: float) -> None:
    """Processes that were refused together do not come back together, but some time within a second."""
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: 0.0, lambda _: None, lambda: chance).limiter(
        "1", "r", "GetMetricData"
    )
    limiter.record_throttle()
    assert limiter.acquire() == chance


def test_the_pace_has_a_floor() -> None:
    """However long an API refuses, it is asked once in two seconds."""
    waiting = Waiting()
    limiter = waiting.limits(CALLS).limiter("1", "r", "GetMetricData")
    for _ in range(200):
        waiting.now += 1
        limiter.record_throttle()
    assert limiter.rate_ratio * CALLS == pytest.approx(0.5)


@pytest.mark.parametrize("quota", [3.0, 10.0])
def test_a_quota_that_others_share_is_found_out(quota: float) -> None:
    """Where AWS lets through less than is configured, most calls pass after a while, and most of the quota is used."""
    waiting = Waiting()
    limiter = RateLimits(CALLS, DATAPOINTS, lambda: waiting.now, waiting.pause, lambda: 0.5).limiter(
        "1", "r", "GetMetricData"
    )
    theirs, at, refused, passed = quota, 0.0, 0, 0
    while waiting.now < 300:
        limiter.acquire()
        theirs, at = min(quota, theirs + (waiting.now - at) * quota), waiting.now
        if theirs >= 1:
            theirs -= 1
            passed += waiting.now > 60
        else:
            refused += waiting.now > 60
            limiter.record_throttle()
    assert refused < passed / 5
    assert passed > 240 * quota * 0.7


def test_each_api_has_its_own_limit_and_everybody_shares_it() -> None:
    """One limiter for each account, region and API; a quota below the configured rate holds nevertheless."""
    waiting = Waiting()
    limits = waiting.limits(100)
    assert limits.limiter("1", "r", "ListMetrics") is limits.limiter("1", "r", "ListMetrics")
    apart = {id(limits.limiter(*key)) for key in (("1", "r", "a"), ("2", "r", "a"), ("1", "s", "a"), ("1", "r", "b"))}
    assert len(apart) == 4
    for _ in range(125):
        limits.limiter("1", "r", "ListMetrics").acquire()
    assert waiting.now == pytest.approx(6.0)
