"""Sources share threads fairly: none waits for one that hangs, and nothing a job does ends the sharing."""

from __future__ import annotations

from functools import partial
from threading import Barrier, BrokenBarrierError, Event, Lock

import pytest

from collectors.cloudwatch.workers import SourceQueue, Workers

_PATIENCE = 20


def test_every_job_is_done_once() -> None:
    """More jobs than threads, of several sources: each is done, and by no more threads than there may be."""
    done, finished, lock = list[tuple[int, int]](), Event(), Lock()

    def job(lane: int, number: int) -> None:
        with lock:
            done.append((lane, number))
            if len(done) == 60:
                finished.set()

    workers = Workers(3)
    for lane in range(3):
        workers.add(SourceQueue([partial(job, lane, number) for number in range(20)], at_most=2))
    assert finished.wait(_PATIENCE)
    assert sorted(done) == [(lane, number) for lane in range(3) for number in range(20)]


def test_one_source_may_have_all_threads() -> None:
    """What there is to do is done at once, as far as threads go."""
    together, done = Barrier(4), Event()

    def job() -> None:
        together.wait(_PATIENCE)
        done.set()

    Workers(4).add(SourceQueue([job] * 4, at_most=4))
    assert done.wait(_PATIENCE)


@pytest.mark.parametrize(("at_once", "suspect"), [(2, False), (4, True), (2, True)])
def test_a_source_that_hangs_leaves_a_thread_to_others(at_once: int, suspect: bool) -> None:  # noqa: FBT001  # a case
    """However many of its jobs hang, another source's are done, those that come later too."""
    hang, workers = Event(), Workers(at_once)
    hanging = SourceQueue([partial(hang.wait, _PATIENCE)] * 9, at_most=at_once - 1, suspect=suspect)
    workers.add(hanging)
    for _ in range(2):
        done = Event()
        workers.add(SourceQueue([done.set], at_most=at_once - 1))
        assert done.wait(_PATIENCE)
    assert hanging.running_jobs == 1
    hang.set()


def test_suspects_together_get_half_of_the_threads() -> None:
    """Many dead sources do not take all threads either, and each gets its turn."""
    hang, started, lock = Event(), list[int](), Lock()

    def job(number: int) -> None:
        with lock:
            started.append(number)
        hang.wait(_PATIENCE)

    workers, lanes = Workers(4), [SourceQueue([partial(job, number)], at_most=3, suspect=True) for number in range(6)]
    for lane in lanes:
        workers.add(lane)
    done = Event()
    workers.add(SourceQueue([done.set], at_most=3))
    assert done.wait(_PATIENCE)
    assert sum(lane.running_jobs for lane in lanes) <= 2
    hang.set()


def test_at_most_is_kept() -> None:
    """A source that may have one call under way never has two."""
    together, finished, broken = Barrier(2), Event(), list[bool]()

    def job() -> None:
        try:
            together.wait(0.05)
        except BrokenBarrierError:
            broken.append(True)
            together.reset()
            if len(broken) == 2:
                finished.set()

    Workers(4).add(SourceQueue([job] * 2, at_most=1))
    assert finished.wait(_PATIENCE)


def test_a_job_that_fails_is_logged_and_the_next_is_done(caplog: pytest.LogCaptureFixture) -> None:
    """A bug in one job costs that job alone."""
    done = Event()
    Workers(1).add(SourceQueue([partial(list[int]().index, 1), done.set], at_most=1))
    assert done.wait(_PATIENCE)
    assert "a job of a refresh failed" in caplog.text
