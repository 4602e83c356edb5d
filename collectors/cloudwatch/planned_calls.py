"""The calls of one source that a refresh makes, planned once: which rows each is about, and over which window."""

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
"""How far back a counter is made up for, after an outage or a restart; what is older is a hole, and flagged."""
_CATCH_UP_SECONDS = round(CATCH_UP.total_seconds())
_NEVER = Window(start=utc_datetime(0), end=utc_datetime(0))


class PlannedCall:
    """One call, and the rows that its queries are about."""

    def __init__(self, queries: tuple[Query, ...], rows: tuple[int, ...]) -> None:
        self.rows = rows
        self._call = Call(queries, _NEVER)
        self._counting = [row for query, row in zip(queries, rows, strict=True) if query.spec.is_counter]
        # A gauge is looked for no further back than a counter is read again: only its newest reading matters.
        self._reading: dict[int, list[int]] = {}
        for query, row in zip(queries, rows, strict=True):
            if not query.spec.is_counter:
                reach = round(max(allowed_lateness_of(query), query.spec.period).total_seconds())
                self._reading.setdefault(reach, []).append(row)
        periods = [round(query.spec.period.total_seconds()) for query in queries]
        self._longest = max(periods)
        # One answer holds the datapoints of this long a window.
        whole = MAX_DATAPOINTS / sum(1 / period for period in periods)
        self._at_most = max(self._longest, int(whole) // self._longest * self._longest)

    def next_window(self, series_state: SeriesState, settled: int) -> tuple[int, int]:
        """What to read next, in seconds: from the oldest period that any row wants, to `settled` or as far as one goes.

        It starts at a multiple of the longest period, so that CloudWatch's periods are whole, and holds one at least.
        """
        starts = [
            max(min(map(series_state.gauge_values.period_ends.__getitem__, rows)), settled - reach)
            for reach, rows in self._reading.items()
        ]
        if self._counting:
            begun = min(map(series_state.counters.read_from.__getitem__, self._counting))
            starts.append(max(begun, settled - _CATCH_UP_SECONDS))
        start = min(*starts, settled - self._longest) // self._longest * self._longest
        return start, min(settled, start + self._at_most)

    def call_over(self, start: int, end: int) -> Call:
        """The call over [start, end), in seconds."""
        return self._call.with_window(Window(start=utc_datetime(start), end=utc_datetime(end)))


def plan_calls(
    layout: Layout,
    tiers: Iterable[RefreshTier],
    intervals: Mapping[RefreshTier, timedelta],
    extra_rows: Collection[int] = (),
) -> tuple[PlannedCall, ...]:
    """The fewest calls that ask for every row of these tiers, and for some others."""
    wanted = frozenset(tiers)
    rows = {
        id(query): row for row, query in enumerate(layout.queries) if query.spec.tier in wanted or row in extra_rows
    }

    def reach(query: Query) -> timedelta:
        back = allowed_lateness_of(query)
        return back + intervals[query.spec.tier] if query.spec.is_counter else max(back, query.spec.period)

    packed = pack_calls((query for query in layout.queries if id(query) in rows), reach)
    return tuple(PlannedCall(queries, tuple(rows[id(query)] for query in queries)) for queries in packed)
