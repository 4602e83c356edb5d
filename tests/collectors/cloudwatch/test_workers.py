"""Sources share threads fairly: none waits for a hanging one, and an exception ends only its job."""

from __future__ import annotations

from functools import partial
from threading import Barrier, BrokenBarrierError, Event, Lock

import pytest

from collectors.cloudwatch.workers import SourceQueue, Workers

_TIMEOUT_SECONDS = 600


def test_every_job_is_done_once() -> None:
    """More jobs than threads, of several sources: each runs once, on no more threads than allowed."""
    done, finished, lock = list[tuple[int, int]](), Event(), Lock()

    def job(queue: int, number: int) -> None:
        with lock:
            done.append((queue, number))
            if len(done) == 60:
                finished.set()

    workers = Workers(3)
    for queue in range(3):
        workers.add(SourceQueue([partial(job, queue, number) for number in range(20)], max_running_jobs=2))
    assert finished.wait(_TIMEOUT_SECONDS)
    assert sorted(done) == [(queue, number) for queue in range(3) for number in range(20)]


def test_one_source_can_use_all_threads() -> None:
    """The jobs of one source use all threads."""
    together, done = Barrier(4), Event()

    def job() -> None:
        together.wait(_TIMEOUT_SECONDS)
        done.set()

    Workers(4).add(SourceQueue([job] * 4, max_running_jobs=4))
    assert done.wait(_TIMEOUT_SECONDS)


@pytest.mark.parametrize(("max_threads", "unresponsive"), [(2, False), (4, True), (2, True)])
def test_a_source_that_hangs_leaves_a_thread_to_others(max_threads: int, unresponsive: bool) -> None:  # noqa: FBT001  # a case
    """However many jobs of one source hang, those of another run, also later ones."""
    release, workers = Event(), Workers(max_threads)
    hanging = SourceQueue(
        [partial(release.wait, _TIMEOUT_SECONDS)] * 9, max_running_jobs=max_threads - 1, unresponsive=unresponsive
    )
    workers.add(hanging)
    for _ in range(2):
        done = Event()
        workers.add(SourceQueue([done.set], max_running_jobs=max_threads - 1))
        assert done.wait(_TIMEOUT_SECONDS)
    assert hanging.running_jobs == 1
    release.set()


def test_unresponsive_sources_get_half_of_the_threads() -> None:
    """Many unresponsive sources use at most half of the threads."""
    release, started, lock = Event(), list[int](), Lock()

    def job(number: int) -> None:
        with lock:
            started.append(number)
        release.wait(_TIMEOUT_SECONDS)

    workers, queues = (
        Workers(4),
        [SourceQueue([partial(job, number)], max_running_jobs=3, unresponsive=True) for number in range(6)],
    )
    for queue in queues:
        workers.add(queue)
    done = Event()
    workers.add(SourceQueue([done.set], max_running_jobs=3))
    assert done.wait(_TIMEOUT_SECONDS)
    assert sum(queue.running_jobs for queue in queues) <= 2
    release.set()


def test_max_running_jobs_is_kept() -> None:
    """A source with one allowed running job never has two."""
    together, finished, broken = Barrier(2), Event(), list[bool]()

    def job() -> None:
        try:
            together.wait(0.05)
        except BrokenBarrierError:
            broken.append(True)
            together.reset()
            if len(broken) == 2:
                finished.set()

    Workers(4).add(SourceQueue([job] * 2, max_running_jobs=1))
    assert finished.wait(_TIMEOUT_SECONDS)


def test_a_failed_job_is_logged_and_the_next_one_runs(caplog: pytest.LogCaptureFixture) -> None:
    """An exception in a job is logged, and the next job runs."""
    done = Event()
    Workers(1).add(SourceQueue([partial(list[int]().index, 1), done.set], max_running_jobs=1))
    assert done.wait(_TIMEOUT_SECONDS)
    assert "a refresh job failed" in caplog.text
