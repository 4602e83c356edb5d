"""Keeps the newest complete reading of what is a height and not an amount: gauges, and the quantiles of summaries."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence

_NONE = float("nan")


class Readings:
    """Newest readings by row, in CloudWatch's units, as columns; NaN where there is none that still says something."""

    def __init__(self, periods: Sequence[int], hold: float, value: array[float]) -> None:
        """None yet; `value` is the column to write them to, `periods` and `hold` are in seconds.

        A reading says something for `hold` and its period after its end, which is in `until`.
        """
        self.periods = array("l", periods)
        self.value = value
        self.until = array("q", bytes(8 * len(periods)))
        self._hold = hold

    def read(self, row: int, starts: Sequence[float], values: Sequence[float], end: int, at: float) -> None:
        """Takes the newest reading whose period is over by `end`; a period that is read again replaces itself.

        Without one, the row keeps what it had for as long as that says something as of `at`.
        """
        period = self.periods[row]
        newest = bisect_right(starts, end - period) - 1
        if newest >= 0 and int(starts[newest]) + period >= self.until[row]:
            self.until[row] = int(starts[newest]) + period
            self.value[row] = values[newest]
        if self.until[row] + self._hold + period < at:
            self.value[row] = _NONE

    def take_over(self, other: Readings, moved: Mapping[int, int]) -> None:
        """Sets rows to what they are in `other`; `moved` is where there, to where here."""
        for old, new in moved.items():
            self.value[new], self.until[new] = other.value[old], other.until[old]
