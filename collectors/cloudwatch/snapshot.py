"""The exported values of one source: unchanged until the next refresh, except for values that become too old."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from itertools import compress
from operator import eq

from basewatch.family import Block
from collectors.cloudwatch.layout import Layout, slices

_NONE = float("nan")


class Snapshot:
    """The value of every row at the end of a refresh; NaN for none. Immutable.

    A row is shown until its time in `expires` (Unix seconds), even if no refresh follows.
    """

    def __init__(self, layout: Layout, values: array[float], expires: array[float]) -> None:
        self.layout = layout
        self.expires = expires
        self._values = values
        self._shown: tuple[float, float, array[float], tuple[Block, ...]] | None = None

    def shown_counts(self, at: datetime) -> Counter[int]:
        """The number of rows with a value, by index of the collector location."""
        values, shown = self._as_of(at.timestamp())[2], Counter[int]()
        for part in slices(len(values)):
            # A NaN is not equal to itself.
            shown.update(compress(self.layout.location_index[part], map(eq, values[part], values[part])))
        return shown

    def blocks(self, at: datetime) -> Sequence[Block]:
        """One block for each family; the same objects until another row expires."""
        return self._as_of(at.timestamp())[3]

    def _as_of(self, at: float) -> tuple[float, float, array[float], tuple[Block, ...]]:
        shown = self._shown
        if shown is None or not shown[0] <= at < shown[1]:
            self._shown = shown = self._rendered(at)
        return shown

    def _rendered(self, at: float) -> tuple[float, float, array[float], tuple[Block, ...]]:
        values, until = self._values, min(self.expires, default=float("inf"))
        since = float("-inf")
        if until <= at:
            values = values[:]
            for row, expires in enumerate(self.expires):
                if expires <= at:
                    values[row] = _NONE
            since = max(expires for expires in self.expires if expires <= at)
            until = min((expires for expires in self.expires if expires > at), default=float("inf"))
        blocks = tuple(
            Block(family=family, series=self.layout.series[first:last], values=values[first:last])
            for family, first, last in self.layout.families
        )
        return since, until, values, blocks
