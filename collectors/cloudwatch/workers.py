"""Threads that several sources share fairly: one that does not answer cannot take them all."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock, Thread

Job = Callable[[], object]

logger = logging.getLogger(__name__)


class Lane:
    """The jobs of one source, of which `at_most` are done at once; `suspect` when it did not answer the last time."""

    def __init__(self, jobs: Iterable[Job], *, at_most: int, suspect: bool = False) -> None:
        self.jobs = deque(jobs)
        self.at_most = at_most
        self.suspect = suspect
        self.under_way = 0


class Workers:
    """At most `at_once` threads, which live while there is something to do.

    Whoever has the fewest jobs under way is next. Suspects together get half of the threads at most, and one each.
    """

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._lanes: list[Lane] = []
        self._running = 0
        self._lock = Lock()

    def add(self, lane: Lane) -> None:
        """Begins to do the lane's jobs; what one raises is logged."""
        with self._lock:
            self._lanes.append(lane)
            more = min(len(lane.jobs), lane.at_most, self._at_once - self._running)
            self._running += more
        for _ in range(more):
            # Daemons: a source that never answers does not keep the process from ending.
            Thread(target=self._work, name="cloudwatch", daemon=True).start()

    def _work(self) -> None:
        lane = None
        while True:
            with self._lock:
                if lane is not None:
                    lane.under_way -= 1
                lane = self._next()
                if lane is None:
                    self._running -= 1
                    return
                lane.under_way += 1
                job = lane.jobs.popleft()
            try:
                job()
            except Exception:  # a thread that ended here would be missed by all that comes after
                logger.exception("a job of a refresh failed")

    def _next(self) -> Lane | None:
        """The lane whose turn it is; one that is done is forgotten."""
        self._lanes = [lane for lane in self._lanes if lane.jobs or lane.under_way]
        suspects = sum(lane.under_way for lane in self._lanes if lane.suspect)
        free = [
            lane
            for lane in self._lanes
            if lane.jobs
            and lane.under_way < (1 if lane.suspect else lane.at_most)
            and not (lane.suspect and suspects >= max(1, self._at_once // 2))
        ]
        return min(free, key=lambda lane: lane.under_way, default=None)
