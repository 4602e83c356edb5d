"""A chart keeps every peak, stays in its box, and has a gap where data is missing."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from basewatch.model import Window
from basewatch.series import Point
from reports.svg import HEIGHT, WIDTH, chart, downsampled
from reports.trends import Trend, percent_text

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
values = st.floats(min_value=0, max_value=1e9)
amounts = st.lists(st.tuples(st.integers(1, 10_080), values), min_size=1, max_size=60, unique_by=lambda pair: pair[0])


def _trend(points: tuple[Point, ...], limit: float | None = None) -> Trend:
    return Trend(
        component="function/auth-v2",
        title="invocations that failed",
        points=points,
        period=MINUTE,
        limit=limit,
        limit_text="5% for 5m" if limit else "",
        format_value=percent_text,
    )


def _points(*pairs: tuple[int, float]) -> tuple[Point, ...]:
    return tuple(Point(period_end=START + minute * MINUTE, value=value) for minute, value in sorted(pairs))


def _window(minutes: int) -> Window:
    return Window(start=START, end=START + minutes * MINUTE)


@given(amounts, values)
def test_a_chart_stays_in_its_box(pairs: list[tuple[int, float]], limit: float) -> None:
    """No value is drawn outside the box."""
    drawn = chart(_trend(_points(*pairs), limit), _window(10_080))
    numbers = re.findall(r"[ML]([\d.]+) ([\d.]+)", drawn.line_path + drawn.area_path)
    assert numbers
    assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in numbers)
    assert 0 <= (drawn.limit_y or 0) <= HEIGHT


@given(amounts)
def test_downsampling_keeps_every_peak(pairs: list[tuple[int, float]]) -> None:
    """The maximum of every interval is kept, and the number of points is limited."""
    points, period = downsampled(_points(*pairs), _window(10_080), MINUTE)
    assert max(point.value for point in points) == max(value for _, value in pairs)
    assert len(points) <= 168
    assert period >= MINUTE


def test_few_points_are_not_downsampled() -> None:
    """Points that fit are not changed."""
    points = _points(*((minute, float(minute)) for minute in range(1, 61)))
    assert downsampled(points, _window(60), MINUTE) == (points, MINUTE)


def test_a_gap_in_the_data_is_a_gap_in_the_line() -> None:
    """No line is drawn over missing minutes; a single measurement is a dot."""
    drawn = chart(_trend(_points((1, 1.0), (2, 2.0), (30, 1.0), (59, 1.0), (60, 2.0))), _window(60))
    assert drawn.line_path.count("M") == 3
    assert drawn.line_path.count("h0") == 1


def test_what_was_measured_before_the_window_is_shown_as_well() -> None:
    """A run may read points from before its window: the axis begins with them."""
    window = Window(start=START + 3 * MINUTE, end=START + 60 * MINUTE)
    drawn = chart(_trend(_points((1, 1.0), (2, 9.0), (3, 1.0))), window)
    assert drawn.start == "00:00"
    assert len(set(re.findall(r"[ML]([\d.]+) ", drawn.line_path))) == 3


def test_nothing_but_zeros_is_a_line_at_the_bottom() -> None:
    """Zeros cause no division by zero."""
    drawn = chart(_trend(_points((1, 0.0), (2, 0.0))), _window(60))
    assert set(re.findall(r"[ML][\d.]+ ([\d.]+)", drawn.line_path)) == {"100.0"}


def test_a_chart_has_a_text_description() -> None:
    """The description has the peak, its time and the limit."""
    drawn = chart(_trend(_points((1, 0.01), (2, 0.08)), 0.05), _window(60))
    assert drawn.description == "2 measurements, 8% at most, at 2026-03-01 00:02 UTC; the limit is 5% for 5m"
    assert (drawn.start, drawn.end) == ("00:00", "01:00 UTC")


def test_a_window_of_days_names_them() -> None:
    """The labels of several days have the date."""
    drawn = chart(_trend(_points((1, 1.0))), _window(3 * 1440))
    assert (drawn.start, drawn.end) == ("01 Mar 00:00", "04 Mar 00:00 UTC")
