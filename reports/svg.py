"""The geometry of a small line chart with a limit line, for a template."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from basewatch.model import Window
from basewatch.series import Point
from reports.trends import Trend

WIDTH, HEIGHT = 340, 120
_LEFT, _RIGHT, _TOP, _BOTTOM = 2, 338, 18, 100
_MAX_POINTS = 168


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Paths and labels in a box of WIDTH by HEIGHT. `limit_y` is the y position of the limit; None without one."""

    trend: Trend
    line_path: str
    area_path: str
    limit_y: float | None
    start: str
    end: str
    description: str


def chart(trend: Trend, window: Window) -> Chart:
    """The chart of a trend over the window of its run, and over the points before and after it."""
    first, last = trend.points[0].period_end - trend.period, trend.points[-1].period_end
    window = Window(start=min(window.start, first), end=max(window.end, last))
    points, period = downsampled(trend.points, window, trend.period)
    top = max(trend.peak.value, trend.limit or 0.0) * 1.12 or 1.0
    coordinates = [(_across(point, window, period), _up(point.value, top)) for point in points]
    strokes = list(_unbroken(points, coordinates, period))
    same_day = window.start.date() == window.end.date()
    hours = "%H:%M" if same_day else "%d %b %H:%M"
    return Chart(
        trend=trend,
        line_path="".join(_line(stroke) for stroke in strokes),
        area_path="".join(_area(stroke) for stroke in strokes),
        limit_y=None if trend.limit is None else _up(trend.limit, top),
        start=f"{window.start:{hours}}",
        end=f"{window.end:{hours}} UTC",
        description=_description(trend),
    )


def downsampled(points: Sequence[Point], window: Window, period: timedelta) -> tuple[tuple[Point, ...], timedelta]:
    """At most `_MAX_POINTS` points, each the maximum of its interval, so that no peak is lost; and the interval."""
    interval = period * max(1, -(-window.length // (period * _MAX_POINTS)))
    highest: dict[int, Point] = {}
    for point in points:
        number = (point.period_end - window.start - period / 2) // interval
        if number not in highest or point.value > highest[number].value:
            highest[number] = point
    return tuple(
        Point(period_end=window.start + (number + 1) * interval, value=highest[number].value)
        for number in sorted(highest)
    ), interval


def _across(point: Point, window: Window, period: timedelta) -> float:
    # The last interval may end after the window.
    return _LEFT + (_RIGHT - _LEFT) * min((point.period_end - period / 2 - window.start) / window.length, 1.0)


def _up(value: float, top: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * value / top


def _unbroken(
    points: Sequence[Point], coordinates: Sequence[tuple[float, float]], period: timedelta
) -> Iterator[list[tuple[float, float]]]:
    """The coordinates in strokes: a gap in the data is a gap in the line."""
    stroke: list[tuple[float, float]] = []
    for index, coordinate in enumerate(coordinates):
        if stroke and points[index].period_end - points[index - 1].period_end > 1.5 * period:
            yield stroke
            stroke = []
        stroke.append(coordinate)
    if stroke:
        yield stroke


def _line(stroke: Sequence[tuple[float, float]]) -> str:
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in stroke)
    # A stroke of one point has no length; a round cap makes it a dot.
    return f"M{steps}" if len(stroke) > 1 else f"M{steps}h0"


def _area(stroke: Sequence[tuple[float, float]]) -> str:
    steps = "L".join(f"{x:.1f} {y:.1f}" for x, y in stroke)
    return f"M{stroke[0][0]:.1f} {_BOTTOM}L{steps}L{stroke[-1][0]:.1f} {_BOTTOM}Z"


def _description(trend: Trend) -> str:
    peak = f"{trend.format_value(trend.peak.value)} at most, at {trend.peak.period_end:%Y-%m-%d %H:%M} UTC"
    limit = f"; the limit is {trend.limit_text}" if trend.limit_text else ""
    return f"{len(trend.points)} measurements, {peak}{limit}"
