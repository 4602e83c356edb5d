"""The calls of one source that a refresh makes, planned once: which rows each is about, and over which window."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta

from basewatch.collector import Tier
from basewatch.model import Window
from collectors.cloudwatch.layout import Layout, lookback_of
from collectors.cloudwatch.planner import MAX_DATAPOINTS, Call, Query, pack
from collectors.cloudwatch.series_state import Ledger
from collectors.cloudwatch.wire import moment

CATCH_UP = timedelta(hours=24)
"""How far back a counter is made up for, after an outage or a restart; what is older is a hole, and flagged."""
_CATCH_UP_SECONDS = round(CATCH_UP.total_seconds())
_NEVER = Window(start=moment(0), end=moment(0))


class Ask:
    """One call, and the rows that its queries are about."""

    def __init__(self, queries: tuple[Query, ...], rows: tuple[int, ...]) -> None:
        self.rows = rows
        self._call = Call(queries, _NEVER)
        self._counting = [row for query, row in zip(queries, rows, strict=True) if query.spec.adds_up]
        # A gauge is looked for no further back than a counter is read again: only its newest reading matters.
        self._reading: dict[int, list[int]] = {}
        for query, row in zip(queries, rows, strict=True):
            if not query.spec.adds_up:
                reach = round(max(lookback_of(query), query.spec.period).total_seconds())
                self._reading.setdefault(reach, []).append(row)
        periods = [round(query.spec.period.total_seconds()) for query in queries]
        self._longest = max(periods)
        # One answer holds the datapoints of this long a window.
        whole = MAX_DATAPOINTS / sum(1 / period for period in periods)
        self._at_most = max(self._longest, int(whole) // self._longest * self._longest)

    def window(self, ledger: Ledger, settled: int) -> tuple[int, int]:
        """What to read next, in seconds: from the oldest period that any row wants, to `settled` or as far as one goes.

        It starts at a multiple of the longest period, so that CloudWatch's periods are whole, and holds one at least.
        """
        starts = [
            max(min(map(ledger.readings.until.__getitem__, rows)), settled - reach)
            for reach, rows in self._reading.items()
        ]
        if self._counting:
            begun = min(map(ledger.counters.begun.__getitem__, self._counting))
            starts.append(max(begun, settled - _CATCH_UP_SECONDS))
        start = min(*starts, settled - self._longest) // self._longest * self._longest
        return start, min(settled, start + self._at_most)

    def over(self, start: int, end: int) -> Call:
        """The call over [start, end), in seconds."""
        return self._call.over(Window(start=moment(start), end=moment(end)))


def asks(
    layout: Layout, tiers: Iterable[Tier], intervals: Mapping[Tier, timedelta], also: Collection[int] = ()
) -> tuple[Ask, ...]:
    """The fewest calls that ask for every row of these tiers, and for some others."""
    wanted = frozenset(tiers)
    rows = {id(query): row for row, query in enumerate(layout.queries) if query.spec.tier in wanted or row in also}

    def reach(query: Query) -> timedelta:
        back = lookback_of(query)
        return back + intervals[query.spec.tier] if query.spec.adds_up else max(back, query.spec.period)

    packed = pack((query for query in layout.queries if id(query) in rows), reach)
    return tuple(Ask(queries, tuple(rows[id(query)] for query in queries)) for queries in packed)
