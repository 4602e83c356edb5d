"""Runs jobs at intervals by a clock that nobody sets, and knows which job is late or does not end."""

from __future__ import annotations

import logging
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock, Thread
from types import MappingProxyType

from basewatch.quantities import format_duration

_TICK_SECONDS = 1.0
"""The longest time until the clocks are read again; after a suspension, jobs that are late start within it."""
_STANDSTILL_SECONDS = 60.0
"""How long after a job was due, or after the last tick, nothing may have happened."""
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 10))
"""The pauses before something that failed is tried again; see pause_after."""
CLOCK_STEP = timedelta(minutes=1)
"""By how much the wall clock must jump to have been set. NTP moves it by less, or slowly."""

logger = logging.getLogger(__name__)


class SteadyClock:
    """Seconds that only grow. Time in which the machine was suspended counts, where the system can tell (Linux)."""

    def __init__(self, read: Callable[[], float] | None = None) -> None:
        """`read` returns seconds since any moment; by default, since the machine was started."""
        boot = getattr(time, "CLOCK_BOOTTIME", None)
        self._read = read or ((lambda: time.clock_gettime(boot)) if boot is not None else time.monotonic)
        self._last = self._read()
        self._seconds = 0.0
        self._lock = Lock()

    def __call__(self) -> float:
        """The seconds since the first reading. A source that goes back, as no clock of this kind may, stands still."""
        with self._lock:
            now = self._read()
            self._seconds += max(0.0, now - self._last)
            self._last = now
            return self._seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job: what it does, how often, after which time a run of it is stuck, and whether it may make a pass.

    An action that raises or returns False has failed; it runs again within minutes, and then ever later. An `aligned`
    job runs at multiples of its interval on the wall clock, so that replicas request the same periods.
    """

    name: str
    every: timedelta
    action: Callable[[], object]
    stuck_after: timedelta
    aligned: bool = False
    makes_pass: bool = False


@dataclass(slots=True, kw_only=True)
class _Slot:
    """The state of one job; times are those of the steady clock."""

    job: Job
    regular: float
    started: float = 0.0
    thread: Thread | None = None
    failures: int = 0

    @property
    def due(self) -> float:
        """When it runs next: at its interval, or sooner after a failure."""
        if not self.failures or self.running:
            return self.regular
        pause = pause_after(self.failures - 1, doubles=True, longest=self.job.every)
        return min(self.regular, self.started + pause.total_seconds())

    @property
    def running(self) -> bool:
        return self.thread is not None and self.thread.is_alive()


def pause_after(attempts: int, *, doubles: bool, longest: timedelta) -> timedelta:
    """The pause after so many attempts beyond the first: 1, 2, 5 and 10 minutes, and 10 again.

    With `doubles`, it doubles from there, until the `longest`.
    """
    if attempts < len(PAUSES):
        return PAUSES[attempts]
    return min(PAUSES[-1] * 2 ** min(attempts - len(PAUSES) + 1, 10), longest) if doubles else PAUSES[-1]


def until_aligned(every: timedelta, wall: datetime) -> float:
    """Seconds until a multiple of `every` on the wall clock that is at least half of `every` away.

    The next multiple may be moments away when a job ran a little early, or when the clock was set: that would be the
    same run twice.
    """
    seconds = every.total_seconds()
    wait = seconds - wall.timestamp() % seconds
    return wait if wait >= seconds / 2 else wait + seconds


class Scheduler:
    """Each job runs on a thread of its own, at once and then at its interval. Nobody waits for a slow one.

    A job that is due while it still runs is skipped. A thread that dies is started anew when the job is due again.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        steady: Callable[[], float],
        wall: Callable[[], datetime],
        on_overrun: Callable[[Job], None] = lambda _job: None,
        on_clock_set: Callable[[timedelta], None] = lambda _by: None,
        due_in: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        """`due_in` are the seconds until the first run of some jobs. `on_clock_set` gets how far the clock jumped."""
        self._steady, self._wall = steady, wall
        self._on_overrun, self._on_clock_set = on_overrun, on_clock_set
        now = steady()
        self._slots = [_Slot(job=job, regular=now + due_in.get(job.name, 0.0)) for job in jobs]
        self._ticked = now
        self._offset = wall().timestamp() - now
        self._stopped = False
        self._passes_held = False
        self._wake: socket.socket | None = None
        self._thread: Thread | None = None

    def start(self) -> None:
        """Starts every job that is due, from now on."""
        waiting, self._wake = socket.socketpair()
        self._thread = Thread(target=self._run, args=(waiting,), name="scheduler", daemon=True)
        self._thread.start()

    def hold_passes(self) -> None:
        """Starts no job any more that may make a pass; one that runs goes on."""
        self._passes_held = True

    @property
    def passing(self) -> bool:
        """Whether a job runs that may make a pass."""
        return any(slot.running for slot in self._slots if slot.job.makes_pass)

    def stop(self) -> None:
        """Starts no job any more, and returns when the last one has ended."""
        self._stopped = True
        if self._wake is not None:
            self._wake.close()
        if self._thread is not None:
            self._thread.join()
        for thread in [slot.thread for slot in self._slots]:
            if thread is not None:
                thread.join()

    def due_in(self) -> Mapping[str, float]:
        """The seconds until each job is due, 0 for one that is late."""
        now = self._steady()
        return {slot.job.name: max(0.0, slot.due - now) for slot in self._slots}

    def problem(self) -> str:
        """Why the jobs cannot be relied on; empty when they can."""
        return next(self._problems(self._steady()), "")

    def tick(self) -> float:
        """Starts what is due, and returns the seconds until the next tick."""
        now, wall = self._steady(), self._wall()
        self._ticked = now
        self._compare_clocks(now, wall)
        for slot in self._slots:
            if slot.due <= now and not self._holds(slot):
                self._start_or_skip(slot, now, wall)
        return min((slot.due - now for slot in self._slots if not self._holds(slot)), default=_TICK_SECONDS)

    def _problems(self, now: float) -> Iterator[str]:
        if self._stopped:
            return
        if now - self._ticked > _STANDSTILL_SECONDS:
            yield f"no job was started for {_written(now - self._ticked)}"
        for slot in self._slots:
            if slot.running and now - slot.started > slot.job.stuck_after.total_seconds():
                yield f"the job `{slot.job.name}` has not ended for {_written(now - slot.started)}"
            elif not slot.running and not self._holds(slot) and now - slot.due > _STANDSTILL_SECONDS:
                yield f"the job `{slot.job.name}` is overdue by {_written(now - slot.due)}"

    def _holds(self, slot: _Slot) -> bool:
        return self._passes_held and slot.job.makes_pass

    def _compare_clocks(self, now: float, wall: datetime) -> None:
        offset = wall.timestamp() - now
        step, self._offset = timedelta(seconds=offset - self._offset), offset
        if abs(step) >= CLOCK_STEP:
            self._on_clock_set(step)

    def _start_or_skip(self, slot: _Slot, now: float, wall: datetime) -> None:
        job = slot.job
        if slot.running:
            self._on_overrun(job)
        else:
            thread = Thread(target=_run, args=(slot,), name=job.name, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                logger.exception("no thread could be started for the job `%s`; it is tried again", job.name)
                return
            slot.thread, slot.started = thread, now
        every = job.every.total_seconds()
        slot.regular = now + (until_aligned(job.every, wall) if job.aligned else every)

    def _run(self, waiting: socket.socket) -> None:
        ended = select.poll()
        ended.register(waiting, select.POLLIN)
        with waiting:
            while not self._stopped:
                try:
                    wait = self.tick()
                except Exception:  # the scheduler must survive whatever happens in one tick
                    logger.exception("a job could not be started; it is tried again")
                    wait = _TICK_SECONDS
                # Unlike a lock with a timeout, `poll` measures by the wall clock nowhere; `stop` ends it.
                ended.poll(1000 * min(max(0.001, wait), _TICK_SECONDS))


def _run(slot: _Slot) -> None:
    try:
        failed = slot.job.action() is False
    except Exception:  # a job that fails stops no other
        logger.exception("the job `%s` failed; it is tried again", slot.job.name)
        failed = True
    slot.failures = slot.failures + 1 if failed else 0


def _written(seconds: float) -> str:
    return format_duration(timedelta(seconds=round(seconds)))
