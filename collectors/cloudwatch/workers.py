"""Threads that several sources share fairly: one that does not answer cannot take them all."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock, Thread

Job = Callable[[], object]

logger = logging.getLogger(__name__)


class SourceQueue:
    """The jobs of one source, of which `max_running_jobs` are done at once; `unresponsive` when it did not answer the last time."""

    def __init__(self, jobs: Iterable[Job], *, at_most: int, suspect: bool = False) -> None:
        self.jobs = deque(jobs)
        self.max_running_jobs = at_most
        self.unresponsive = suspect
        self.running_jobs = 0


class Workers:
    """At most `max_threads` threads, which live while there is something to do.

    Whoever has the fewest jobs under way is next. Suspects together get half of the threads at most, and one each.
    """

    def __init__(self, max_threads: int) -> None:
        self._at_once = max_threads
        self._lanes: list[SourceQueue] = []
        self._running = 0
        self._lock = Lock()

    def add(self, source_queue: SourceQueue) -> None:
        """Begins to do the lane's jobs; what one raises is logged."""
        with self._lock:
            self._lanes.append(source_queue)
            more = min(len(source_queue.jobs), source_queue.max_running_jobs, self._at_once - self._running)
            self._running += more
        for _ in range(more):
            # Daemons: a source that never answers does not keep the process from ending.
            Thread(target=self._work, name="cloudwatch", daemon=True).start()

    def _work(self) -> None:
        lane = None
        while True:
            with self._lock:
                if lane is not None:
                    lane.running_jobs -= 1
                lane = self._next()
                if lane is None:
                    self._running -= 1
                    return
                lane.running_jobs += 1
                job = lane.jobs.popleft()
            try:
                job()
            except Exception:  # a thread that ended here would be missed by all that comes after
                logger.exception("a job of a refresh failed")

    def _next(self) -> SourceQueue | None:
        """The lane whose turn it is; one that is done is forgotten."""
        self._lanes = [lane for lane in self._lanes if lane.jobs or lane.running_jobs]
        suspects = sum(lane.running_jobs for lane in self._lanes if lane.unresponsive)
        free = [
            lane
            for lane in self._lanes
            if lane.jobs
            and lane.running_jobs < (1 if lane.unresponsive else lane.max_running_jobs)
            and not (lane.unresponsive and suspects >= max(1, self._at_once // 2))
        ]
        return min(free, key=lambda lane: lane.running_jobs, default=None)
