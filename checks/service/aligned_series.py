"""A series aligned to the periods of a window; a period without a datapoint is None."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import reduce

from basewatch.components import Component
from basewatch.metrics import MetricsClient
from basewatch.model import Window
from basewatch.series import Series

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlignedSeries:
    """One value for each period from `start` on, oldest first; None where there is no datapoint.

    An earlier run judged the first `warm_up_periods`. They count only together with later periods, for example when a
    breach goes on.
    """

    start: datetime
    period: timedelta
    values: tuple[float | None, ...]
    warm_up_periods: int = 0

    @property
    def length(self) -> timedelta:
        """The duration of all periods."""
        return self.period * len(self.values)

    @property
    def judged(self) -> tuple[float | None, ...]:
        """The values after the warm-up, which this run judges."""
        return self.values[self.warm_up_periods :]

    @property
    def datapoint_count(self) -> int:
        """The number of judged periods with a datapoint."""
        return sum(value is not None for value in self.judged)

    @property
    def active_periods(self) -> tuple[bool, ...]:
        """For each period, whether its value is neither missing nor zero."""
        return tuple(bool(value) for value in self.values)

    def time_at(self, position: int) -> datetime:
        """The start of the period at `position`, which is the end of the period before it."""
        return self.start + self.period * position

    def plus(self, other: AlignedSeries) -> AlignedSeries:
        """The sum, period by period: one missing value counts as zero, two missing values give None."""
        return self.combined(other, lambda one, two: None if one is two is None else (one or 0) + (two or 0))

    def combined(
        self, other: AlignedSeries, combine: Callable[[float | None, float | None], float | None]
    ) -> AlignedSeries:
        """The series of `combine` of both values, period by period."""
        return self.with_values(tuple(map(combine, self.values, other.values)))

    def with_values(self, values: tuple[float | None, ...]) -> AlignedSeries:
        """The same periods with these values."""
        return replace(self, values=values)


def read_series(
    metrics: MetricsClient, component: Component, family: str, *, of: str = "", **labels: str
) -> AlignedSeries:
    """The series `family` of the component, or of the one whose ref is `of`, over the component's window and warm-up.

    Raises: ObservationError, when it was not collected.
    """
    series = metrics.series(of or component.ref, family, **labels)
    return align(series, metrics.judged_window(component.ref), min(metrics.warm_up, component.warm_up))


def read_sum(metrics: MetricsClient, component: Component, family: str, *, of: str = "") -> AlignedSeries:
    """The sum of all series `family` of the component, or of the one whose ref is `of`, as `read_series` reads one.

    Raises: ObservationError, when one of them was not collected.
    """
    judged, warm_up = metrics.judged_window(component.ref), min(metrics.warm_up, component.warm_up)
    series = metrics.all_series(of or component.ref, family)
    return reduce(AlignedSeries.plus, (align(each, judged, warm_up) for each in series))


def read_past(
    metrics: MetricsClient,
    component: Component,
    family: str,
    length: timedelta,
    *,
    of: str = "",
    period: timedelta | None = None,
    **labels: str,
) -> AlignedSeries:
    """The sum of the past series `family` from `length` before the component's window to its end.

    With `period`, of those of this period. Raises: ObservationError, when one of them was not collected.
    """
    series = metrics.past_series(of or component.ref, family, period=period, **labels)
    judged = metrics.judged_window(component.ref)
    return reduce(AlignedSeries.plus, (align(each, judged, length) for each in series))


def align(series: Series, judged: Window, warm_up: timedelta = timedelta()) -> AlignedSeries:
    """The series over the periods that end within `judged` and those of the `warm_up` before it, without others."""
    first, start, end = (_floor(at, series.period) for at in (judged.start - warm_up, judged.start, judged.end))
    by_end = {point.period_end: point.value for point in series.points}
    count = max(0, (end - first) // series.period)
    ends = (first + series.period * position for position in range(1, count + 1))
    return AlignedSeries(
        start=first,
        period=series.period,
        values=tuple(by_end.get(end) for end in ends),
        warm_up_periods=min(count, (start - first) // series.period),
    )


def _floor(moment: datetime, period: timedelta) -> datetime:
    return _EPOCH + (moment - _EPOCH) // period * period
