"""Adds up what CloudWatch counts by period and still corrects for a while: each event once, and never downwards."""

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
    """What became of a period that had been read before, or was never read at all."""

    LATE = "late"
    RAISED = "up"
    LOWERED = "down"
    GAP = "gap"


PeriodChanges = Counter[tuple[int, PeriodChange]]
"""How often each happened, by row."""


class SavedCounter(NamedTuple):
    """A counter to go on from: its exact total (`total` + `compensation`) of the periods before `until`, which is in seconds.

    It was shown as `last_shown`. What was counted of the periods from `until` on is not in `total`: they are read
    again.
    """

    total: float
    compensation: float
    until: int
    last_shown: float


class Counters:
    """Totals by row, in CloudWatch's units, as columns: tens of thousands of them are to cost little.

    What the last `depth` periods of a row were is remembered, so that reading them again adds only what is new. Totals
    are exact to 106 bits (`total` + `compensation`), whatever the order of additions: one that is rebuilt after a
    restart is not lower by a rounding, which Prometheus would take for a reset.
    """

    def __init__(self, periods: Sequence[int], depths: Sequence[int], total: array[float]) -> None:
        """All at zero, and born at no time yet; `periods` are in seconds, `total` is the column to add up in.

        `read_from` is from where on a row is to be read next: the oldest period that is remembered.
        """
        rows = len(periods)
        self.periods = array("l", periods)
        self.depths = array("l", depths)
        self.read_from = array("q", bytes(_DOUBLE * rows))
        self.total = total
        self.changes: PeriodChanges = Counter()
        self._until = array("q", bytes(_DOUBLE * rows))
        self._rest = array("d", bytes(_DOUBLE * rows))
        self._recent = [b""] * rows
        self._floors: dict[int, float] = {}
        # What was counted of periods that have become less since: (row, start of the period) to the most there was.
        self._lowered: dict[tuple[int, int], float] = {}

    def add(self, row: int, starts: Sequence[float], values: Sequence[float], start: int, end: int) -> None:
        """Counts the periods within [start, end) of a whole answer: new ones as they are, known ones by what changed.

        A period without a datapoint had no events. `starts` ascend; all are in seconds since the epoch.
        """
        period = self.periods[row]
        first, last = -(-start // period) * period, end // period * period
        count = (last - first) // period
        if count <= 0:
            return
        if not values:
            seen = _NOTHING * count
        else:
            if len(values) != count or starts[0] != first or starts[-1] != last - period:
                values = _spread(starts, values, first, period, count)
            seen = _packer(count)(*values)
        until, begun, recent = self._until[row], self.read_from[row], self._recent[row]
        # The usual case is that everything remembered is read again; otherwise only what both know is compared.
        low, high = max(first, begun), min(last, until)
        if low < high:
            was = recent[(low - begun) // period * _DOUBLE : (high - begun) // period * _DOUBLE]
            now = seen[(low - first) // period * _DOUBLE : (high - first) // period * _DOUBLE]
            if was != now:
                self._revise(row, low, was, now)
                before, after = (low - begun) // period * _DOUBLE, (high - begun) // period * _DOUBLE
                recent = recent[:before] + now + recent[after:]
        if last > until:
            if first > until:
                self.changes[row, PeriodChange.GAP] += 1
                begun, recent = first, b""
            new = max(until, first)
            self._grow(row, values[(new - first) // period :])
            self._until[row] = until = last
            recent += seen[(new - first) // period * _DOUBLE :]
        depth = self.depths[row] * _DOUBLE
        self._recent[row] = recent = recent[-depth:] if depth else b""
        self.read_from[row] = until - len(recent) // _DOUBLE * period

    def mark_caught_up(self, row: int) -> None:
        """Notes that a counter that went on from what was kept has read what was to be read again.

        From here on it is shown, and not below what it was shown as before.
        """
        floor = self._floors.pop(row, 0.0)
        if self.total[row] < floor:
            self.total[row], self._rest[row] = floor, 0.0

    @property
    def catching_up(self) -> Collection[int]:
        """The rows that went on from what was kept, and have not read all of it again."""
        return self._floors.keys()

    def start_at(self, row: int, until: int) -> None:
        """Sets a row to zero at a moment, a multiple of its period; what was before is never counted."""
        self.total[row], self._until[row], self.read_from[row] = 0.0, until, until

    def resume(self, row: int, saved: SavedCounter) -> None:
        """Sets a row to what was kept of it."""
        self.start_at(row, saved.until)
        self.total[row], self._rest[row] = saved.total, saved.compensation
        self._floors[row] = saved.last_shown

    def copy_rows(self, other: Counters, row_map: Mapping[int, int]) -> None:
        """Sets rows to what they are in `other`; `row_map` is where there, to where here."""
        for old, new in row_map.items():
            self.total[new], self._rest[new] = other.total[old], other._rest[old]
            self._until[new], self.read_from[new] = other._until[old], other.read_from[old]
            self._recent[new] = other._recent[old]
        self._floors |= {row_map[row]: floor for row, floor in other._floors.items() if row in row_map}
        self._lowered |= {(row_map[row], at): most for (row, at), most in other._lowered.items() if row in row_map}

    def saved(self, row: int) -> SavedCounter:
        """What it takes to go on from here: the total without what is remembered, which is then read again."""
        begun, total, rest = self.read_from[row], self.total[row], self._rest[row]
        floor = self._floors.get(row, total) if self._floors else total
        values = _unpacked(self._recent[row])
        if self._lowered:
            ats = range(begun, self._until[row], self.periods[row])
            values = tuple(self._lowered.get((row, at), value) for at, value in zip(ats, values, strict=True))
        counted = sum(values, 0.0)
        if counted.is_integer() and total.is_integer() and not rest:
            total -= counted
        elif counted:
            # A sum that is no number has periods without a datapoint in it.
            parts = (total, rest, *map(neg, filter(_IS_NUMBER, values) if isnan(counted) else values))
            total = fsum(parts)
            rest = fsum((*parts, -total))
        return SavedCounter(total, rest, begun, floor)

    def prune_lowered(self) -> None:
        """Forgets what became less so long ago that it is not read again."""
        self._lowered = {(row, at): value for (row, at), value in self._lowered.items() if at >= self.read_from[row]}

    def _grow(self, row: int, values: Iterable[float]) -> None:
        """Add amounts, of which NaN is none; a total never falls."""
        amounts = [value for value in values if value and not isnan(value)]
        if not amounts:
            return
        parts = (self.total[row], self._rest[row], *amounts)
        total = fsum(parts)
        if total >= self.total[row]:
            self.total[row], self._rest[row] = total, fsum((*parts, -total))

    def _revise(self, row: int, first: int, was: bytes, now: bytes) -> None:
        period = self.periods[row]
        for number, (old, new) in enumerate(zip(_unpacked(was), _unpacked(now), strict=True)):
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
                # What comes back in part is more than it was last, and no new change for the worse.
                if isnan(new) or new < old:
                    self.changes[row, PeriodChange.LOWERED] += 1


def _spread(starts: Sequence[float], values: Sequence[float], first: int, period: int, count: int) -> Sequence[float]:
    """The value of each of `count` periods from `first` on, NaN where there is none."""
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
