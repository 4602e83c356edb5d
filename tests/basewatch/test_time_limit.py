"""Whoever waits for another program stops waiting when the time limit is over."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event

import pytest

from basewatch.time_limit import Done, Late, TimeLimit, call_within, current_limit, limited, run_all

HOUR = 3600.0


def test_a_job_that_hangs_takes_its_own_limit_and_no_place_of_another() -> None:
    """With one place, a job that hangs leaves it at its limit, and the next has its result."""
    release = Event()
    found = run_all([lambda: release.wait(600), lambda: "x"], TimeLimit.after(HOUR), concurrency=1, each_seconds=0.05)
    release.set()
    assert found == [Late(started=True, own_limit=True), Done("x")]


def test_the_limit_of_all_ends_what_runs_and_what_never_began() -> None:
    """Jobs without a result say whether they were started."""
    release = Event()
    found = run_all([lambda: release.wait(600)] * 2, TimeLimit.after(0.05), concurrency=1, each_seconds=HOUR)
    release.set()
    assert found == [Late(started=True, own_limit=False), Late(started=False, own_limit=False)]


def test_a_lane_that_hangs_delays_no_other() -> None:
    """Each lane has its own places: a peer that never answers takes none of those of the others."""
    release = Event()
    jobs = [lambda: release.wait(600), lambda: release.wait(600), lambda: "x"]
    found = run_all(jobs, TimeLimit.after(0.2), concurrency=1, lane=lambda number: number == 2)
    release.set()
    assert found[2] == Done("x")


def test_a_slow_job_gives_its_place_to_another() -> None:
    """Jobs that hang do not keep the others waiting until they are given up, and their results still count."""
    release = Event()

    def last() -> str:
        release.set()
        return "last"

    jobs: list[Callable[[], object]] = [lambda: release.wait(600), lambda: release.wait(600), last]
    found = run_all(jobs, TimeLimit.after(HOUR), concurrency=1, each_seconds=HOUR, patience_seconds=0.02)
    assert found == [Done(release.is_set()), Done(release.is_set()), Done("last")]


def test_what_a_job_raises_is_raised() -> None:
    """An exception is none of the outcomes, and one that comes too late is dropped."""
    release = Event()

    def late() -> bool:
        release.wait(600)
        raise LookupError

    with pytest.raises(ZeroDivisionError):
        call_within(TimeLimit.after(HOUR), lambda: 1 / 0)
    with pytest.raises(TimeoutError):
        call_within(TimeLimit.after(0.05), late)
    release.set()


def test_the_nearest_limit_counts() -> None:
    """A limit inside another cannot be longer, also in the threads that are started for its jobs."""
    near, far = TimeLimit.after(HOUR), TimeLimit.after(2 * HOUR)
    assert current_limit() is None
    with limited(near), limited(far):
        assert current_limit() == near
        assert call_within(far, current_limit) == near
    assert current_limit() is None
