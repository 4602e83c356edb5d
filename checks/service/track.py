"""A series laid on the minutes of a window, so that silence has a place too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.model import Series, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One value for each period from `start` on, oldest first; None where there is no datapoint."""

    start: datetime
    period: timedelta
    values: tuple[float | None, ...]

    @property
    def length(self) -> timedelta:
        """The span of time that the track covers."""
        return self.period * len(self.values)

    @property
    def known(self) -> int:
        """How many periods have a datapoint."""
        return sum(value is not None for value in self.values)

    def moment(self, position: int) -> datetime:
        """When the period at `position` starts, and the one before it ends."""
        return self.start + self.period * position

    def with_values(self, values: tuple[float | None, ...]) -> Track:
        """Other values over the same periods."""
        return Track(start=self.start, period=self.period, values=values)


def lay(series: Series, window: Window) -> Track:
    """The series on the window's periods; a point outside the window is left out."""
    by_end = {point.period_end: point.value for point in series.points}
    count = max(0, window.length // series.period)
    ends = (window.start + series.period * position for position in range(1, count + 1))
    return Track(start=window.start, period=series.period, values=tuple(by_end.get(end) for end in ends))
