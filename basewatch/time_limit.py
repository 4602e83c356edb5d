"""Limits on the monotonic clock: whoever waits for another program stops waiting when the limit is over.

A thread that waits in foreign code cannot be stopped. It is abandoned: it is a daemon, its result is dropped, and its
reads end where they know of the limit.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from math import inf
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


_MOST_SLOW = 4
"""How many times `concurrency` jobs of a lane run at most, with those that gave their place to another."""
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


@dataclass(frozen=True, slots=True)
class _Running:
    """A job under way, and when it gives its place to another, which it does before its end when it is slow."""

    lane: object
    end: TimeLimit
    gives_place: TimeLimit


def run_all(
    jobs: Sequence[Callable[[], T]],
    limit: TimeLimit,
    *,
    concurrency: int,
    each_seconds: float = inf,
    patience_seconds: float = inf,
    lane: Callable[[int], object] = lambda _number: None,
) -> list[Done[T] | Late]:
    """Runs every job in a thread of its own, at most `concurrency` of a lane at once, and ends by the limit.

    The outcomes are in the order of the jobs. An exception of a job is raised here. `each_seconds` limits one job. One
    that takes longer than `patience_seconds` waits for a peer, and another may begin beside it. `lane` is the lane of
    the job with a number, such as the peer that it asks, so that a slow one delays no other.
    """
    limit = min(limit, current_limit() or limit)
    outcomes: list[Done[T] | Late] = [Late(started=False, own_limit=False)] * len(jobs)
    lanes, running = defaultdict[object, deque[int]](deque), dict[int, _Running]()
    for number in range(len(jobs)):
        lanes[lane(number)].append(number)
    results = SimpleQueue[tuple[int, T | None, Exception | None]]()
    while (any(lanes.values()) or running) and limit.remaining_seconds:
        # Looked at once: who keeps a place now is also who is waited for to give it away.
        placed = [each for each in running.values() if each.gives_place.remaining_seconds]
        for number in _startable(lanes, running.values(), placed, concurrency):
            end, gives_place = (min(limit, TimeLimit.after(each)) for each in (each_seconds, patience_seconds))
            running[number] = _Running(lane(number), end, gives_place)
            placed.append(running[number])
            outcomes[number] = Late(started=True, own_limit=False)
            Thread(target=_run, args=(number, jobs[number], end, results), daemon=True).start()
        try:
            next_event = min([*(each.end for each in running.values()), *(each.gives_place for each in placed)])
            number, result, error = results.get(timeout=next_event.remaining_seconds)
        except Empty:
            for number in [number for number, each in running.items() if not each.end.remaining_seconds]:
                outcomes[number] = Late(started=True, own_limit=running.pop(number).end is not limit)
        else:
            if running.pop(number, None) is None:
                continue
            if error is not None:
                raise error
            outcomes[number] = Done(result)  # type: ignore[arg-type]  # without an error there is a result
    return outcomes


def _startable(
    lanes: Mapping[object, deque[int]], running: Collection[_Running], placed: Iterable[_Running], concurrency: int
) -> list[int]:
    """Takes the jobs that can start now from their lanes."""
    here, places = Counter(each.lane for each in running), Counter(each.lane for each in placed)
    free = {name: min(concurrency - places[name], _MOST_SLOW * concurrency - here[name]) for name in lanes}
    return [jobs.popleft() for name, jobs in lanes.items() for _ in range(min(free[name], len(jobs)))]


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
