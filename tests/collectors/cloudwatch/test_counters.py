"""A counter counts each event once, follows CloudWatch's corrections, and resumes after a restart."""

from __future__ import annotations

from array import array

import pytest

from collectors.cloudwatch.counters import Counters, PeriodChange, SavedCounter
from collectors.cloudwatch.series_state import GaugeValues

FIRST = 60 * 10_000
"""The start of the counter."""


def counters(depth: int = 3) -> Counters:
    """One counter of minutes, started at zero."""
    one = Counters([60], [depth], array("d", [0.0]))
    one.start_at(0, FIRST)
    return one


def add(counted: Counters, *values: float | None, first: int = 0) -> float:
    """The total after reading minutes from the given number on; None is a minute without a datapoint."""
    start, end = FIRST + 60 * first, FIRST + 60 * (first + len(values))
    points = [(float(start + 60 * at), value) for at, value in enumerate(values) if value is not None]
    counted.add(0, [at for at, _ in points], [value for _, value in points], start, end)
    return counted.total[0]


def test_events_before_the_start_are_not_counted() -> None:
    """Periods that ended before the start of a counter are ignored, also when they change later."""
    counted = counters()
    assert add(counted, 5, 5, 1, first=-2) == 1
    assert add(counted, 9, 9, 1, first=-2) == 1


def test_a_larger_value_adds_the_difference() -> None:
    """A period that grew adds its difference once, however often it is read."""
    counted = counters()
    assert add(counted, 1, 2, 3) == 6
    assert add(counted, 1, 4, 3) == add(counted, 1, 4, 3) == 8
    assert counted.changes == {(0, PeriodChange.RAISED): 1}


def test_a_smaller_value_is_ignored_and_counted_once() -> None:
    """A total never decreases; when the period grows again, only what exceeds its highest value counts."""
    counted = counters()
    add(counted, 5)
    assert add(counted, 3) == add(counted, 3) == 5
    assert add(counted, 5) == 5
    assert add(counted, 6) == 6
    assert counted.changes == {(0, PeriodChange.LOWERED): 1, (0, PeriodChange.RAISED): 1}


def test_a_datapoint_that_vanishes_counts_as_smaller() -> None:
    """A vanished datapoint stays counted, and is not counted again when it returns."""
    counted = counters()
    add(counted, 5, 1)
    assert add(counted, None, 1) == 6
    assert add(counted, 5, 1) == 6
    assert counted.changes == {(0, PeriodChange.LOWERED): 1}


@pytest.mark.parametrize("value", [7.0, 0.0])
def test_a_late_datapoint_is_counted_and_reported(value: float) -> None:
    """A period without a datapoint has no events until it gets one, which is reported as late, even when it is zero."""
    counted = counters()
    assert add(counted, None, 1, None) == 1
    assert add(counted, value, 1, None) == 1 + value
    assert counted.changes == {(0, PeriodChange.LATE): 1}


def test_periods_older_than_the_depth_are_final() -> None:
    """A period is corrected for as long as it is kept, and not afterwards."""
    counted = counters(depth=2)
    add(counted, 1, 1, 1)
    assert counted.read_from[0] == FIRST + 60
    assert add(counted, 9, 1, 1) == 3


def test_a_gap_is_reported() -> None:
    """Skipped periods are not filled, and are reported as a gap."""
    counted = counters()
    add(counted, 1, 1)
    assert add(counted, 5, 5, first=4) == 12
    assert counted.changes == {(0, PeriodChange.GAP): 1}


def test_a_shorter_window_than_before_changes_nothing_else() -> None:
    """A window that covers only part of the kept periods corrects that part alone."""
    counted = counters(depth=4)
    add(counted, 1, 2, 3, 4)
    assert add(counted, 9, first=2) == 16
    assert add(counted, 1, 2, 9, 4, 5) == 21


def test_only_whole_periods_are_counted() -> None:
    """A period that the window covers only partly is left to the next read."""
    counted = Counters([300], [1], array("d", [0.0]))
    counted.start_at(0, FIRST)
    counted.add(0, [float(FIRST), float(FIRST + 300)], [5.0, 1.0], FIRST - 60, FIRST + 420)
    assert counted.total[0] == 5


def test_a_counter_resumes_from_its_saved_state() -> None:
    """Kept periods are read again after a restart: no correction and no new event is missed."""
    counted = counters()
    add(counted, 10, 1, 2, 3)
    kept = counted.saved(0)
    assert kept == SavedCounter(total=10.0, compensation=0.0, until=FIRST + 60, last_shown=16.0)
    following = counters()
    following.resume(0, kept)
    assert add(following, 1, 2, 5, 4, first=1) == 22


def test_a_resumed_counter_is_not_below_its_last_value() -> None:
    """When CloudWatch has less after a restart, the total stays and then grows as it should."""
    counted = counters()
    add(counted, 1, 9)
    following = counters()
    following.resume(0, counted.saved(0))
    assert add(following, 1, 4) == 5
    following.mark_caught_up(0)
    assert following.total[0] == 10
    assert add(following, 1, 4, 2) == 12


def test_lowered_periods_are_saved_as_counted() -> None:
    """The saved total does not count a lowered period twice."""
    counted = counters()
    add(counted, 5, 1)
    add(counted, 3, 1)
    assert counted.saved(0) == SavedCounter(total=0.0, compensation=0.0, until=FIRST, last_shown=6.0)


def test_sums_do_not_depend_on_their_order() -> None:
    """Tenths added minute by minute, or at once after a restart, give the same number to the last bit."""
    values = [0.1 * number for number in range(1, 500)]
    slow, quick = counters(depth=0), counters(depth=0)
    for at, value in enumerate(values):
        add(slow, value, first=at)
    assert add(quick, *values) == slow.total[0]


def test_a_gauge_is_its_newest_complete_period() -> None:
    """The period that is not over is not exported; the one before it is."""
    readings = GaugeValues([60], 900, array("d", [float("nan")]))
    readings.record(0, [FIRST - 60.0, float(FIRST)], [1.0, 2.0], FIRST + 30, FIRST + 200)
    assert (readings.values[0], readings.period_ends[0]) == (1.0, FIRST)


def test_a_gauge_is_corrected_but_never_replaced_by_an_older_value() -> None:
    """The same period read again replaces its value; a window that ends earlier changes nothing."""
    readings = GaugeValues([60], 900, array("d", [float("nan")]))
    readings.record(0, [FIRST - 60.0], [1.0], FIRST, FIRST + 200)
    readings.record(0, [FIRST - 60.0], [3.0], FIRST, FIRST + 200)
    readings.record(0, [FIRST - 120.0], [7.0], FIRST - 60, FIRST + 200)
    assert readings.values[0] == 3.0


def test_a_gauge_that_is_too_old_has_no_value() -> None:
    """Without a newer value, a gauge is kept for the maximum staleness plus its period."""
    readings = GaugeValues([60], 900, array("d", [float("nan")]))
    readings.record(0, [FIRST - 60.0], [1.0], FIRST, FIRST + 200)
    readings.record(0, [], [], FIRST + 900, FIRST + 960)
    assert readings.values[0] == 1.0
    readings.record(0, [], [], FIRST + 900, FIRST + 961)
    assert readings.values[0] != readings.values[0]
