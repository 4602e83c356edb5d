"""Limits on the monotonic clock: whoever waits for another program stops waiting when the limit is over.

A thread that waits in foreign code cannot be stopped. It is abandoned: it is a daemon, its result is dropped, and its
reads end where they know of the limit.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, order=True)
class TimeLimit:
    """A moment, in seconds of the monotonic clock, from which on nobody waits any more."""

    ends: float

    @classmethod
    def after(cls, seconds: float) -> TimeLimit:
        """The limit that is over in so many seconds."""
        return cls(time.monotonic() + seconds)

    @property
    def remaining_seconds(self) -> float:
        """The seconds that are left; 0 when it is over."""
        return max(0.0, self.ends - time.monotonic())

    def part(self, share: float) -> TimeLimit:
        """The limit that is over when this share of the remaining time has passed."""
        return TimeLimit.after(self.remaining_seconds * share)


_CURRENT: ContextVar[TimeLimit | None] = ContextVar("time_limit", default=None)


def current_limit() -> TimeLimit | None:
    """The limit of what this thread is doing; None when it may wait for ever."""
    return _CURRENT.get()


@contextmanager
def limited(limit: TimeLimit) -> Generator[None]:
    """Ends what is done meanwhile by this limit, and by the limits around it."""
    around = _CURRENT.get()
    token = _CURRENT.set(limit if around is None else min(limit, around))
    try:
        yield
    finally:
        _CURRENT.reset(token)


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The result of a job that ended in time."""

    result: T


@dataclass(frozen=True, slots=True)
class Late:
    """A job without a result: it was `started` and reached its own limit, or the limit of all came first."""

    started: bool
    own_limit: bool


def run_all(
    jobs: Sequence[Callable[[], T]],
    limit: TimeLimit,
    *,
    concurrency: int,
    each_seconds: float | None = None,
    lane: Callable[[int], object] = lambda _number: None,
) -> list[Done[T] | Late]:
    """Runs every job in a thread of its own, at most `concurrency` of a lane at once, and ends by the limit.

    The outcomes are in the order of the jobs. An exception of a job is raised here. `each_seconds` limits one job;
    `lane` is the lane of the job with a number, such as the peer that it asks, so that a slow one delays no other.
    """
    limit = min(limit, current_limit() or limit)
    outcomes: list[Done[T] | Late] = [Late(started=False, own_limit=False)] * len(jobs)
    waiting, ends = list(range(len(jobs))), dict[int, TimeLimit]()
    results = SimpleQueue[tuple[int, T | None, Exception | None]]()
    while (waiting or ends) and limit.remaining_seconds:
        for number in _startable(waiting, [lane(number) for number in ends], concurrency, lane):
            waiting.remove(number)
            ends[number] = limit if each_seconds is None else min(limit, TimeLimit.after(each_seconds))
            outcomes[number] = Late(started=True, own_limit=False)
            Thread(target=_run, args=(number, jobs[number], ends[number], results), daemon=True).start()
        try:
            number, result, error = results.get(timeout=min(ends.values()).remaining_seconds)
        except Empty:
            for number in [number for number, end in ends.items() if not end.remaining_seconds]:
                outcomes[number] = Late(started=True, own_limit=ends.pop(number) is not limit)
        else:
            if ends.pop(number, None) is None:
                continue
            if error is not None:
                raise error
            outcomes[number] = Done(result)  # type: ignore[arg-type]  # without an error there is a result
    return outcomes


def _startable(
    waiting: Sequence[int], running: Sequence[object], concurrency: int, lane: Callable[[int], object]
) -> list[int]:
    """The waiting jobs that can start beside those of the `running` lanes."""
    busy, found = Counter(running), list[int]()
    for number in waiting:
        if busy[lane(number)] < concurrency:
            busy[lane(number)] += 1
            found.append(number)
    return found


def call_within(limit: TimeLimit, call: Callable[[], T]) -> T:
    """The result of one call. Raises: TimeoutError, when the limit comes first; whatever the call raises."""
    (outcome,) = run_all((call,), limit, concurrency=1)
    if isinstance(outcome, Late):
        raise TimeoutError("no answer in time")
    return outcome.result


def _run(
    number: int, job: Callable[[], T], limit: TimeLimit, results: SimpleQueue[tuple[int, T | None, Exception | None]]
) -> None:
    try:
        with limited(limit):
            result = job()
    except Exception as error:  # noqa: BLE001  # raised again in the thread that waits
        results.put((number, None, error))
    else:
        results.put((number, result, None))
