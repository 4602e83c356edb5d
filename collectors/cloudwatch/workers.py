"""A pool of threads that sources share fairly; one that does not respond cannot occupy all threads."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock, Thread

Job = Callable[[], object]

CPU_LOCK = Lock()
"""Held while a response is processed, never while waiting for one.

Only one thread runs at a time in any case, but the interpreter picks the next thread at random, and a scrape needs
several time slices. Threads that wait for this lock do not compete with it.
"""

logger = logging.getLogger(__name__)


class SourceQueue:
    """The jobs of one source; at most `max_running_jobs` run at once. `unresponsive`: no response the last time."""

    def __init__(self, jobs: Iterable[Job], *, max_running_jobs: int, unresponsive: bool = False) -> None:
        self.jobs = deque(jobs)
        self.max_running_jobs = max_running_jobs
        self.unresponsive = unresponsive
        self.running_jobs = 0


class Workers:
    """At most `max_threads` threads, which exist while there are jobs.

    The source with the fewest running jobs is next. Unresponsive sources get one thread each, and half of all at most.
    """

    def __init__(self, max_threads: int) -> None:
        self._max_threads = max_threads
        self._queues: list[SourceQueue] = []
        self._running = 0
        self._lock = Lock()

    def add(self, source_queue: SourceQueue) -> None:
        """Starts the jobs of a queue; an exception in a job is logged."""
        with self._lock:
            self._queues.append(source_queue)
            more = min(len(source_queue.jobs), source_queue.max_running_jobs, self._max_threads - self._running)
            self._running += more
        for _ in range(more):
            # Daemon threads: a source that never responds does not keep the process alive.
            Thread(target=self._work, name="cloudwatch", daemon=True).start()

    def _work(self) -> None:
        queue = None
        while True:
            with self._lock:
                if queue is not None:
                    queue.running_jobs -= 1
                queue = self._next()
                if queue is None:
                    self._running -= 1
                    return
                queue.running_jobs += 1
                job = queue.jobs.popleft()
            try:
                job()
            except Exception:  # the thread must survive: later jobs need it
                logger.exception("a refresh job failed")

    def _next(self) -> SourceQueue | None:
        """The queue whose job is next; finished queues are removed."""
        self._queues = [queue for queue in self._queues if queue.jobs or queue.running_jobs]
        unresponsive_jobs = sum(queue.running_jobs for queue in self._queues if queue.unresponsive)
        free = [
            queue
            for queue in self._queues
            if queue.jobs
            and queue.running_jobs < (1 if queue.unresponsive else queue.max_running_jobs)
            and not (queue.unresponsive and unresponsive_jobs >= max(1, self._max_threads // 2))
        ]
        return min(free, key=lambda queue: queue.running_jobs, default=None)
