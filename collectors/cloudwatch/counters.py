"""Sums CloudWatch's counts by period into counters that never decrease, although periods may still be corrected."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from functools import cache
from math import fsum, isnan
from operator import neg
from struct import Struct
from typing import NamedTuple

_DOUBLE = 8
_IS_NUMBER = float("-inf").__lt__
_NOTHING = Struct("=d").pack(float("nan"))


class PeriodChange(StrEnum):
    """How a period that was read again differs from the first read, or that it was never read."""

    LATE = "late"
    RAISED = "up"
    LOWERED = "down"
    GAP = "gap"


PeriodChanges = Counter[tuple[int, PeriodChange]]
"""The number of changes, by row and kind."""


class SavedCounter(NamedTuple):
    """A saved counter: its exact total (`total` + `compensation`) over the periods before `until` (Unix seconds).

    `last_shown` is the value that was last exported. The periods from `until` on are not in `total`; they are read
    again.
    """

    total: float
    compensation: float
    until: int
    last_shown: float


class Counters:
    """Totals by row, in CloudWatch's units; stored as columns to keep tens of thousands of rows small.

    The values of the last `depth` periods of each row are kept, so that reading them again adds only the difference.
    Totals have 106 bits (`total` + `compensation`), so the order of additions does not matter: a total rebuilt after a
    restart is never lower by a rounding error, which Prometheus would read as a counter reset.
    """

    def __init__(self, periods: Sequence[int], depths: Sequence[int], total: array[float]) -> None:
        """All rows start at zero and without a start time. `periods` are seconds; `total` is the column of totals.

        `read_from` holds, for each row, the start of the oldest kept period: the next read starts there.
        """
        rows = len(periods)
        self.periods = array("l", periods)
        self.depths = array("l", depths)
        self.read_from = array("q", bytes(_DOUBLE * rows))
        self.total = total
        self.changes: PeriodChanges = Counter()
        self._until = array("q", bytes(_DOUBLE * rows))
        self._compensation = array("d", bytes(_DOUBLE * rows))
        self._recent = [b""] * rows
        self._last_shown: dict[int, float] = {}
        # Periods that were lowered: (row, start of the period) to the highest value counted.
        self._lowered: dict[tuple[int, int], float] = {}

    def add(self, row: int, starts: Sequence[float], values: Sequence[float], start: int, end: int) -> None:
        """Counts the periods in [start, end) of a complete answer: new ones in full, known ones by their difference.

        A period without a datapoint had no events. `starts` are in ascending order; all times are Unix seconds.
        """
        period = self.periods[row]
        first, last = -(-start // period) * period, end // period * period
        count = (last - first) // period
        if count <= 0:
            return
        if not values:
            packed = _NOTHING * count
        else:
            if len(values) != count or starts[0] != first or starts[-1] != last - period:
                values = _spread(starts, values, first, period, count)
            packed = _packer(count)(*values)
        until, read_from, recent = self._until[row], self.read_from[row], self._recent[row]
        # Usually all kept periods are read again; otherwise only the overlap is compared.
        low, high = max(first, read_from), min(last, until)
        if low < high:
            old_bytes = recent[(low - read_from) // period * _DOUBLE : (high - read_from) // period * _DOUBLE]
            new_bytes = packed[(low - first) // period * _DOUBLE : (high - first) // period * _DOUBLE]
            if old_bytes != new_bytes:
                self._revise(row, low, old_bytes, new_bytes)
                before, after = (low - read_from) // period * _DOUBLE, (high - read_from) // period * _DOUBLE
                recent = recent[:before] + new_bytes + recent[after:]
        if last > until:
            if first > until:
                self.changes[row, PeriodChange.GAP] += 1
                read_from, recent = first, b""
            new = max(until, first)
            self._grow(row, values[(new - first) // period :])
            self._until[row] = until = last
            recent += packed[(new - first) // period * _DOUBLE :]
        depth = self.depths[row] * _DOUBLE
        self._recent[row] = recent = recent[-depth:] if depth else b""
        self.read_from[row] = until - len(recent) // _DOUBLE * period

    def mark_caught_up(self, row: int) -> None:
        """Marks a resumed counter as up to date: the periods after its saved state have been read.

        It is exported from now on, and not below the value that was last shown.
        """
        last_shown = self._last_shown.pop(row, 0.0)
        if self.total[row] < last_shown:
            self.total[row], self._compensation[row] = last_shown, 0.0

    @property
    def catching_up(self) -> Collection[int]:
        """The rows that were resumed and are not yet up to date."""
        return self._last_shown.keys()

    def start_at(self, row: int, until: int) -> None:
        """Sets a row to zero at a multiple of its period; earlier events are never counted."""
        self.total[row], self._until[row], self.read_from[row] = 0.0, until, until

    def resume(self, row: int, saved: SavedCounter) -> None:
        """Sets a row to its saved counter."""
        self.start_at(row, saved.until)
        self.total[row], self._compensation[row] = saved.total, saved.compensation
        self._last_shown[row] = saved.last_shown

    def copy_rows(self, other: Counters, row_map: Mapping[int, int]) -> None:
        """Copies rows from `other`; `row_map` maps a row there to a row here."""
        for old, new in row_map.items():
            self.total[new], self._compensation[new] = other.total[old], other._compensation[old]
            self._until[new], self.read_from[new] = other._until[old], other.read_from[old]
            self._recent[new] = other._recent[old]
        self._last_shown |= {
            row_map[row]: last_shown for row, last_shown in other._last_shown.items() if row in row_map
        }
        self._lowered |= {(row_map[row], at): most for (row, at), most in other._lowered.items() if row in row_map}

    def saved(self, row: int) -> SavedCounter:
        """The counter to save: the total without the kept periods, which are read again."""
        read_from, total, compensation = self.read_from[row], self.total[row], self._compensation[row]
        last_shown = self._last_shown.get(row, total) if self._last_shown else total
        values = _unpacked(self._recent[row])
        if self._lowered:
            ats = range(read_from, self._until[row], self.periods[row])
            values = tuple(self._lowered.get((row, at), value) for at, value in zip(ats, values, strict=True))
        counted = sum(values, 0.0)
        if counted.is_integer() and total.is_integer() and not compensation:
            total -= counted
        elif counted:
            # A NaN sum means that some of the periods have no datapoint.
            parts = (total, compensation, *map(neg, filter(_IS_NUMBER, values) if isnan(counted) else values))
            total = fsum(parts)
            compensation = fsum((*parts, -total))
        return SavedCounter(total, compensation, read_from, last_shown)

    def prune_lowered(self) -> None:
        """Drops lowered periods that are too old to be read again."""
        self._lowered = {(row, at): value for (row, at), value in self._lowered.items() if at >= self.read_from[row]}

    def _grow(self, row: int, values: Iterable[float]) -> None:
        """Adds values, ignoring NaN; a total never decreases."""
        amounts = [value for value in values if value and not isnan(value)]
        if not amounts:
            return
        parts = (self.total[row], self._compensation[row], *amounts)
        total = fsum(parts)
        if total >= self.total[row]:
            self.total[row], self._compensation[row] = total, fsum((*parts, -total))

    def _revise(self, row: int, first: int, old_bytes: bytes, new_bytes: bytes) -> None:
        period = self.periods[row]
        for number, (old, new) in enumerate(zip(_unpacked(old_bytes), _unpacked(new_bytes), strict=True)):
            if old == new or (isnan(old) and isnan(new)):
                continue
            at = first + number * period
            counted = self._lowered.pop((row, at), old)
            if isnan(counted):
                self.changes[row, PeriodChange.LATE] += 1
                self._grow(row, (new,))
            elif new > counted:
                self.changes[row, PeriodChange.RAISED] += 1
                self._grow(row, (new, -counted))
            elif new != counted:
                self._lowered[row, at] = counted
                # A partial recovery is above the last value, so it is not another lowering.
                if isnan(new) or new < old:
                    self.changes[row, PeriodChange.LOWERED] += 1


def _spread(starts: Sequence[float], values: Sequence[float], first: int, period: int, count: int) -> Sequence[float]:
    """The values of `count` periods from `first` on; NaN for a period without a datapoint."""
    spread = [float("nan")] * count
    for at, value in zip(starts, values, strict=True):
        number = (int(at) - first) // period
        if 0 <= number < count:
            spread[number] = value
    return spread


@cache
def _packer(count: int) -> Callable[..., bytes]:
    return Struct(f"={count}d").pack


@cache
def _unpacker(size: int) -> Callable[[bytes], tuple[float, ...]]:
    return Struct(f"={size // _DOUBLE}d").unpack


def _unpacked(packed: bytes) -> tuple[float, ...]:
    return _unpacker(len(packed))(packed)
