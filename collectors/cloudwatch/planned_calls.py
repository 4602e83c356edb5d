"""The calls of one refresh, planned once: the queries and rows of each, and the window it reads next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from basewatch.collector import RefreshTier
from basewatch.model import Window
from collectors.cloudwatch.layout import Layout, allowed_lateness_of
from collectors.cloudwatch.planner import MAX_DATAPOINTS, Call, Query, pack_calls
from collectors.cloudwatch.series_state import SeriesState
from collectors.cloudwatch.wire import utc_datetime

CATCH_UP = timedelta(hours=24)
"""How far back a counter is filled after an outage or a restart; anything older is a gap, which is reported."""
_CATCH_UP_SECONDS = round(CATCH_UP.total_seconds())
_NEVER = Window(start=utc_datetime(0), end=utc_datetime(0))


class PlannedCall:
    """One call and the rows of its queries."""

    def __init__(self, queries: tuple[Query, ...], rows: tuple[int, ...]) -> None:
        self.rows = rows
        self._call = Call(queries, _NEVER)
        self._counter_rows = [row for query, row in zip(queries, rows, strict=True) if query.spec.is_counter]
        # Only the newest value of a gauge matters, so it is read no further back than a counter is read again.
        self._gauge_rows: dict[int, list[int]] = {}
        for query, row in zip(queries, rows, strict=True):
            if not query.spec.is_counter:
                window_length = round(max(allowed_lateness_of(query), query.spec.period).total_seconds())
                self._gauge_rows.setdefault(window_length, []).append(row)
        periods = [round(query.spec.period.total_seconds()) for query in queries]
        self._longest = max(periods)
        # The longest window whose datapoints fit into one response.
        full_window = MAX_DATAPOINTS / sum(1 / period for period in periods)
        self._at_most = max(self._longest, int(full_window) // self._longest * self._longest)

    def next_window(self, series_state: SeriesState, settled: int) -> tuple[int, int]:
        """The next window, from the oldest period that a row needs to `settled`, or as far as one call goes.

        In Unix seconds. It starts at a multiple of the longest period, so that all periods are complete, and holds at
        least one period.
        """
        starts = [
            max(min(map(series_state.gauge_values.period_ends.__getitem__, rows)), settled - window_length)
            for window_length, rows in self._gauge_rows.items()
        ]
        if self._counter_rows:
            read_from = min(map(series_state.counters.read_from.__getitem__, self._counter_rows))
            starts.append(max(read_from, settled - _CATCH_UP_SECONDS))
        start = min(*starts, settled - self._longest) // self._longest * self._longest
        return start, min(settled, start + self._at_most)

    def call_over(self, start: int, end: int) -> Call:
        """The call over [start, end) in Unix seconds."""
        return self._call.with_window(Window(start=utc_datetime(start), end=utc_datetime(end)))


def plan_calls(
    layout: Layout,
    tiers: Iterable[RefreshTier],
    intervals: Mapping[RefreshTier, timedelta],
    extra_rows: Collection[int] = (),
) -> tuple[PlannedCall, ...]:
    """The fewest calls that cover every row of these tiers and the extra rows."""
    wanted = frozenset(tiers)
    rows = {
        id(query): row for row, query in enumerate(layout.queries) if query.spec.tier in wanted or row in extra_rows
    }

    def window_length(query: Query) -> timedelta:
        lateness = allowed_lateness_of(query)
        return lateness + intervals[query.spec.tier] if query.spec.is_counter else max(lateness, query.spec.period)

    packed = pack_calls((query for query in layout.queries if id(query) in rows), window_length)
    return tuple(PlannedCall(queries, tuple(rows[id(query)] for query in queries)) for queries in packed)
