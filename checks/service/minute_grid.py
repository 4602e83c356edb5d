"""A series laid on the minutes of a window, so that silence has a place too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from basewatch.components import Component
from basewatch.metrics import Metrics
from basewatch.model import Series, Window

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One value for each period from `start` on, oldest first; None where there is no datapoint.

    The run before judged the first `lead` of them: they count only as part of what goes on after them.
    """

    start: datetime
    period: timedelta
    values: tuple[float | None, ...]
    lead: int = 0

    @property
    def length(self) -> timedelta:
        """The span of time that the track covers."""
        return self.period * len(self.values)

    @property
    def judged(self) -> tuple[float | None, ...]:
        """The values that are judged here for the first time."""
        return self.values[self.lead :]

    @property
    def known(self) -> int:
        """How many of those have a datapoint."""
        return sum(value is not None for value in self.judged)

    @property
    def busy(self) -> tuple[bool, ...]:
        """Of each period, whether anything happened in it."""
        return tuple(bool(value) for value in self.values)

    def moment(self, position: int) -> datetime:
        """When the period at `position` starts, and the one before it ends."""
        return self.start + self.period * position

    def plus(self, other: Track) -> Track:
        """Both added up; one that is missing is nothing, and both missing is unknown."""
        return self.combined(other, lambda one, two: None if one is two is None else (one or 0) + (two or 0))

    def combined(self, other: Track, combine: Callable[[float | None, float | None], float | None]) -> Track:
        """A value made of both, period by period."""
        return self.with_values(tuple(map(combine, self.values, other.values)))

    def with_values(self, values: tuple[float | None, ...]) -> Track:
        """Other values over the same periods."""
        return replace(self, values=values)


def track(metrics: Metrics, component: Component, family: str, *, of: str = "", **labels: str) -> Track:
    """The series `family` of the component, or of the one whose ref is `of`, for the component's own judgement.

    As far back as the component needs. Raises: CouldNotLook.
    """
    series = metrics.series(of or component.ref, family, **labels)
    return lay(series, metrics.judged(component.ref), min(metrics.lead, component.lead))


def lay(series: Series, judged: Window, lead: timedelta = timedelta()) -> Track:
    """The series on the periods that end within `judged`, and on those of the `lead` before it; others are left out."""
    first, start, end = (_floor(at, series.period) for at in (judged.start - lead, judged.start, judged.end))
    by_end = {point.period_end: point.value for point in series.points}
    count = max(0, (end - first) // series.period)
    ends = (first + series.period * position for position in range(1, count + 1))
    return Track(
        start=first,
        period=series.period,
        values=tuple(by_end.get(end) for end in ends),
        lead=min(count, (start - first) // series.period),
    )


def _floor(moment: datetime, period: timedelta) -> datetime:
    return _EPOCH + (moment - _EPOCH) // period * period
