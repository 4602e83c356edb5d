"""The usual size of a dump: the highest level that the dumps before it kept, so that a collapse never becomes usual."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from statistics import median_high

# One odd day, or three, among seven move no level.
_DAYS_OF_A_LEVEL = 7
_MIN_BEFORE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpSize:
    """The size of one dump, by the time at which it was written."""

    key: str
    written: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBest:
    """The largest dump of one day in UTC."""

    day: date
    size_bytes: int


def day_bests(dumps: Iterable[DumpSize]) -> tuple[DayBest, ...]:
    """The largest dump of each day, oldest first."""
    best = dict[date, int]()
    for dump in dumps:
        day = dump.written.date()
        best[day] = max(best.get(day, 0), dump.size_bytes)
    return tuple(DayBest(day=day, size_bytes=size) for day, size in sorted(best.items()))


def usual_size(earlier: Sequence[DayBest]) -> int | None:
    """The highest median of any seven days in a row that have dumps; None without a day.

    A collapse that lasts does not lower it while earlier dumps are kept, a slow shrinking does neither, and one large
    dump does not raise it.
    """
    sizes = [each.size_bytes for each in sorted(earlier, key=lambda each: each.day)]
    starts = range(max(len(sizes) - _DAYS_OF_A_LEVEL, 0) + 1)
    levels = [median_high(sizes[start : start + _DAYS_OF_A_LEVEL]) for start in starts if sizes]
    return max(levels, default=None)


def usual_before(recent: Sequence[DumpSize], earlier: Sequence[DayBest]) -> int | None:
    """The usual size before a dump, of the dumps of the last day before it and the best of each earlier day."""
    best = {each.day: each.size_bytes for each in earlier}
    for each in day_bests(recent):
        best[each.day] = max(best.get(each.day, 0), each.size_bytes)
    return usual_size([DayBest(day=day, size_bytes=size) for day, size in best.items()])


def collapsed(
    recent: Sequence[DumpSize], earlier: Sequence[DayBest], others: int, ratio: float
) -> tuple[DumpSize, ...]:
    """The dumps of the last day that are smaller than `ratio` of the usual size before each; `others` precede them all.

    The first three dumps of all have nothing to be compared with.
    """
    return tuple(
        dump
        for index, dump in enumerate(recent)
        if others + index >= _MIN_BEFORE and dump.size_bytes < ratio * (usual_before(recent[:index], earlier) or 0)
    )
