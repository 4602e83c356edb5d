"""Jobs run by a clock that nobody sets: a wall clock that jumps neither stops them nor doubles them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from queue import SimpleQueue
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.schedule import Job, Scheduler, SteadyClock, until_aligned

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Clocks:
    """Both clocks of a machine. `hand` sets the wall clock, `pass_time` lets time pass on both."""

    wall: datetime = NOON
    steady: float = 0.0

    def pass_time(self, by: timedelta) -> None:
        """Time passes."""
        self.wall += by
        self.steady += by.total_seconds()


@dataclass
class Started:
    """A scheduler of one job, and when the job ran by the steady clock."""

    clocks: Clocks
    scheduler: Scheduler
    ran: SimpleQueue[float]
    steps: list[timedelta] = field(default_factory=list)

    def ticks(self, count: int, every: timedelta = timedelta(seconds=1)) -> list[float]:
        """When the job ran in so many ticks."""
        found: list[float] = []
        for _ in range(count):
            self.scheduler.tick()
            while self.scheduler.passing:
                pass
            while not self.ran.empty():
                found.append(self.ran.get())
            self.clocks.pass_time(every)
        return found


def job(action: Callable[[], object], every: timedelta = MINUTE, *, aligned: bool = False) -> Job:
    """A job that makes passes."""
    return Job(name="pass", every=every, action=action, stuck_after=10 * MINUTE, aligned=aligned, makes_pass=True)


def started(
    every: timedelta = MINUTE, *, aligned: bool = False, fails_with: BaseException | bool | None = None
) -> Started:
    """One job under test."""
    clocks, ran, steps = Clocks(), SimpleQueue[float](), list[timedelta]()

    def action() -> object:
        ran.put(clocks.steady)
        if isinstance(fails_with, BaseException):
            raise fails_with
        return fails_with

    scheduler = Scheduler(
        [job(action, every, aligned=aligned)],
        steady=lambda: clocks.steady,
        wall=lambda: clocks.wall,
        on_clock_set=steps.append,
    )
    return Started(clocks, scheduler, ran, steps)


def test_a_job_runs_at_once_and_then_at_its_interval() -> None:
    """Ticks in between start nothing."""
    assert started().ticks(200) == [0, 60, 120, 180]


@given(
    jumps=st.lists(
        st.tuples(st.integers(1, 150), st.timedeltas(timedelta(days=-400), timedelta(days=400)) | st.just(timedelta())),
        max_size=3,
    ),
    aligned=st.booleans(),
)
def test_a_clock_that_is_set_neither_stops_a_job_nor_doubles_it(
    jumps: list[tuple[int, timedelta]], *, aligned: bool
) -> None:
    """However often and far the wall clock jumps, two runs are between half and one and a half intervals apart."""
    one = started(aligned=aligned)
    times: list[float] = []
    for seconds, jump in [*jumps, (200, timedelta())]:
        times += one.ticks(seconds)
        one.clocks.wall += jump
    apart = [later - earlier for earlier, later in pairwise(times)]
    assert all(30 <= gap <= 91 for gap in apart)
    assert times[0] == 0
    assert one.clocks.steady - times[-1] <= 91


def test_a_clock_that_is_set_is_reported_once() -> None:
    """By how far it jumped; time that passes, fast or slow, is no jump."""
    one = started()
    one.ticks(3)
    one.clocks.wall -= timedelta(hours=1)
    one.ticks(3)
    one.clocks.wall += timedelta(seconds=20)
    one.ticks(3)
    one.ticks(3, every=timedelta(hours=8))
    assert one.steps == [timedelta(hours=-1)]


def test_after_a_suspension_a_late_job_runs_once() -> None:
    """Intervals that were slept through are not made up for."""
    one = started()
    one.ticks(10)
    one.clocks.pass_time(timedelta(hours=8))
    assert len(one.ticks(10)) == 1


@given(st.integers(1, 600), st.timedeltas(timedelta(), timedelta(days=50_000)))
def test_replicas_run_an_aligned_job_at_the_same_moments(minutes: int, since: timedelta) -> None:
    """At multiples of the interval on the wall clock, whenever each was started, and at least half of it away."""
    every, epoch = timedelta(minutes=minutes), datetime(1970, 1, 1, tzinfo=UTC)
    wait = timedelta(seconds=until_aligned(every, epoch + since))
    assert every / 2 - timedelta(milliseconds=1) <= wait <= every * 1.5
    off = (since + wait) % every
    assert min(off, every - off) < timedelta(milliseconds=1)


def test_a_job_that_runs_is_not_started_again_and_counts_as_stuck_in_the_end() -> None:
    """A job that hangs is named once it took too long; nothing else is delayed by it."""
    clocks, may_end, began, other, overrun = Clocks(), Event(), Event(), SimpleQueue[float](), list[str]()

    def hang() -> None:
        began.set()
        may_end.wait(600)

    beside = Job(name="beside", every=MINUTE, action=lambda: other.put(clocks.steady), stuck_after=MINUTE)
    scheduler = Scheduler(
        [job(hang), beside],
        steady=lambda: clocks.steady,
        wall=lambda: clocks.wall,
        on_overrun=lambda late: overrun.append(late.name),
    )
    try:
        scheduler.tick()
        assert began.wait(600)
        for _ in range(11):
            assert scheduler.problem() == ""
            clocks.pass_time(MINUTE)
            scheduler.tick()
        assert scheduler.problem() == "the job `pass` has not ended for 11m"
        assert overrun == ["pass"] * 11
        assert [other.get(timeout=600) for _ in range(12)] == [60.0 * number for number in range(12)]
    finally:
        may_end.set()


def test_a_scheduler_that_stands_still_is_a_problem() -> None:
    """Without a tick for a minute, no job can be relied on; stopped on purpose is no problem."""
    one = started()
    one.ticks(1)
    one.clocks.pass_time(2 * MINUTE)
    assert one.scheduler.problem() == "no job was started for 2m1s"
    one.scheduler.stop()
    assert one.scheduler.problem() == ""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_job_whose_thread_dies_runs_again(caplog: pytest.LogCaptureFixture) -> None:
    """Whatever ends the thread, the job is due again; what can be logged is."""
    for trouble in (ValueError("a bug"), SystemExit(1)):
        one = started(fails_with=trouble)
        assert one.ticks(100) == [0, 60]
    assert "the job `pass` failed; it is tried again" in caplog.text


@pytest.mark.parametrize("trouble", [ValueError("a bug"), False])
def test_a_job_that_failed_runs_again_within_minutes(trouble: Exception | bool) -> None:  # noqa: FBT001  # a parameter
    """A pass that could not be made is not left for the next interval, hours later; the pauses grow."""
    one = started(every=timedelta(hours=6), fails_with=trouble)
    times = one.ticks(6 * 60 + 5, every=MINUTE)
    assert [round(time / 60) for time in times] == [0, 1, 3, 8, 18, 38, 78, 158, 318]


def test_passes_are_held_and_others_are_not() -> None:
    """Before a switch no new pass begins; the next scheduler takes the time that is left."""
    one = started()
    one.ticks(10)
    one.scheduler.hold_passes()
    assert one.ticks(100) == []
    assert one.scheduler.problem() == ""
    assert one.scheduler.due_in() == {"pass": 0}


def test_a_started_scheduler_ticks_by_itself_and_stops() -> None:
    """Its own thread starts the jobs; `stop` returns when the last one has ended."""
    ran, clock = Event(), SteadyClock()
    scheduler = Scheduler([job(ran.set, timedelta(milliseconds=1))], steady=clock, wall=lambda: NOON)
    scheduler.start()
    assert ran.wait(600)
    scheduler.stop()
    assert not scheduler.passing


def test_steady_seconds_never_go_back() -> None:
    """Even a source that goes back, which no monotonic clock may, only stands still for a moment."""
    readings = iter([1000.0, 1001.0, 1.0, 2.0, 2.0, 5000.0])
    clock = SteadyClock(lambda: next(readings))
    assert [clock() for _ in range(5)] == [1, 1, 2, 2, 5000]
