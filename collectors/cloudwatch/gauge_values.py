"""Keeps the newest complete reading of what is a height and not an amount: gauges, and the quantiles of summaries."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence

_NONE = float("nan")


class GaugeValues:
    """Newest readings by row, in CloudWatch's units, as columns; NaN where there is none that still says something."""

    def __init__(self, periods: Sequence[int], max_staleness: float, value: array[float]) -> None:
        """None yet; `values` is the column to write them to, `periods` and `max_staleness` are in seconds.

        A reading says something for `max_staleness` and its period after its end, which is in `period_ends`.
        """
        self.periods = array("l", periods)
        self.values = value
        self.period_ends = array("q", bytes(8 * len(periods)))
        self._hold = max_staleness

    def record(self, row: int, starts: Sequence[float], values: Sequence[float], end: int, at: float) -> None:
        """Takes the newest reading whose period is over by `end`; a period that is read again replaces itself.

        Without one, the row keeps what it had for as long as that says something as of `at`.
        """
        period = self.periods[row]
        newest = bisect_right(starts, end - period) - 1
        if newest >= 0 and int(starts[newest]) + period >= self.period_ends[row]:
            self.period_ends[row] = int(starts[newest]) + period
            self.values[row] = values[newest]
        if self.period_ends[row] + self._hold + period < at:
            self.values[row] = _NONE

    def copy_rows(self, other: GaugeValues, row_map: Mapping[int, int]) -> None:
        """Sets rows to what they are in `other`; `row_map` is where there, to where here."""
        for old, new in row_map.items():
            self.values[new], self.period_ends[new] = other.values[old], other.period_ends[old]
