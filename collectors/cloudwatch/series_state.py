"""The state of every series of one source: updated from answers, exported as consistent snapshots."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import add, mul

from basewatch.collector import RefreshTier
from collectors.cloudwatch.counters import Counters, PeriodChanges, SavedCounter
from collectors.cloudwatch.layout import EMPTY_LAYOUT, Layout, allowed_lateness_of, slices
from collectors.cloudwatch.query_answer import Answer
from collectors.cloudwatch.snapshot import Snapshot

_NONE = float("nan")


class GaugeValues:
    """The newest value of each gauge row, in CloudWatch's units; NaN when there is none or it is too old."""

    def __init__(self, periods: Sequence[int], max_staleness: float, value: array[float]) -> None:
        """No row has a value yet. Values are written to the column `values`; `periods` and `max_staleness` are seconds.

        A value is valid until `max_staleness` plus one period after its period's end, which is kept in `period_ends`.
        """
        self.periods = array("l", periods)
        self.values = value
        self.period_ends = array("q", bytes(8 * len(periods)))
        self._max_staleness = max_staleness

    def record(self, row: int, starts: Sequence[float], values: Sequence[float], end: int, at: float) -> None:
        """Records the newest value whose period ended by `end`; a period that is read again replaces its value.

        Without a new value, the row keeps the old one for as long as it is valid at `at`.
        """
        period = self.periods[row]
        newest_period_end = bisect_right(starts, end - period) - 1
        if newest_period_end >= 0 and int(starts[newest_period_end]) + period >= self.period_ends[row]:
            self.period_ends[row] = int(starts[newest_period_end]) + period
            self.values[row] = values[newest_period_end]
        if self.period_ends[row] + self._max_staleness + period < at:
            self.values[row] = _NONE

    def copy_rows(self, other: GaugeValues, row_map: Mapping[int, int]) -> None:
        """Copies rows from `other`; `row_map` maps a row there to a row here."""
        for old, new in row_map.items():
            self.values[new], self.period_ends[new] = other.values[old], other.period_ends[old]


class RowStatus(IntEnum):
    """Result of the latest request for a row: none yet (NEW), FETCHED, FAILED but still shown, or EXPIRED."""

    FETCHED = 0
    NEW = 1
    FAILED = 2
    EXPIRED = 3


class SeriesState:
    """The rows of a layout. Several threads may apply answers at the same time, but not for the same row."""

    def __init__(self, layout: Layout = EMPTY_LAYOUT, *, gauge_max_staleness: float = 0.0) -> None:
        """All rows are NEW; a gauge value is valid for `gauge_max_staleness` seconds after its end."""
        specs = [query.spec for query in layout.queries]
        periods = [round(spec.period.total_seconds()) for spec in specs]
        lateness = [round(allowed_lateness_of(query).total_seconds()) for query in layout.queries]
        self.layout = layout
        self.is_counter = bytes(spec.is_counter for spec in specs)
        # One column holds both kinds of value: counter totals and gauges.
        column = array("d", [0.0 if spec.is_counter else float("nan") for spec in specs])
        depths = [-(-late // period) for late, period in zip(lateness, periods, strict=True)]
        self.counters = Counters(periods, depths, column)
        self.gauge_values = GaugeValues(periods, gauge_max_staleness, column)
        self.newest_period_end = [0.0] * len(layout.collector_locations)
        self._column = column
        self._scales = array("d", [spec.scale for spec in specs])
        self._fetched_at = array("d", bytes(8 * len(specs)))
        self._status = bytearray([RowStatus.NEW]) * len(specs)
        # Shown once before the counter grows: Prometheus sees an increase only from a value that it has scraped.
        self._shown_once: dict[int, float] = {}

    def start_at(self, row: int, until: int) -> None:
        """Sets a counter to zero at a moment; 0 is shown before it grows."""
        self.counters.start_at(row, until)
        self._shown_once[row] = 0.0

    def resume(self, row: int, saved: SavedCounter, *, shown_here: bool) -> None:
        """Sets a counter to its saved state; with `shown_here`, this process exported that value last."""
        self.counters.resume(row, saved)
        if shown_here:
            self._shown_once[row] = saved.last_shown

    def copy_rows(self, other: SeriesState, row_map: Mapping[int, int]) -> None:
        """Copies rows from `other`; `row_map` maps a row there to a row here."""
        counter_rows = {old: new for old, new in row_map.items() if self.is_counter[new]}
        self.counters.copy_rows(other.counters, counter_rows)
        self.gauge_values.copy_rows(
            other.gauge_values, {old: new for old, new in row_map.items() if not self.is_counter[new]}
        )
        for old, new in row_map.items():
            self._fetched_at[new], self._status[new] = other._fetched_at[old], other._status[old]
        self._shown_once |= {row_map[row]: value for row, value in other._shown_once.items() if row in row_map}
        newest_period_end = dict(zip(other.layout.collector_locations, other.newest_period_end, strict=True))
        self.newest_period_end = [newest_period_end.get(location, 0.0) for location in self.layout.collector_locations]

    def apply(
        self, rows: Sequence[int], answers: Sequence[Answer], start: int, end: int, at: float, *, up_to_date: bool
    ) -> bool:
        """Applies answers over [start, end) in Unix seconds; returns whether every row has one.

        `up_to_date` says that nothing before now is left to read; only then do the rows count as fetched.
        """
        is_counter, location_index, newest_period_end, fetched_at, status = (
            self.is_counter,
            self.layout.location_index,
            self.newest_period_end,
            self._fetched_at,
            self._status,
        )
        add_to_counter, record_gauge, periods = self.counters.add, self.gauge_values.record, self.counters.periods
        complete = True
        for row, (starts, values, error) in zip(rows, answers, strict=True):
            if error is not None:
                complete = False
                self._mark_failed(row)
                continue
            if is_counter[row]:
                add_to_counter(row, starts, values, start, end)
            else:
                record_gauge(row, starts, values, end, at)
            if starts and (ends := starts[-1] + periods[row]) > newest_period_end[location_index[row]]:
                newest_period_end[location_index[row]] = ends
            if up_to_date:
                fetched_at[row], status[row] = at, RowStatus.FETCHED
        if self.counters.catching_up:
            for row in rows:
                if status[row] == RowStatus.FETCHED:
                    self.counters.mark_caught_up(row)
        return complete

    def mark_failed(self, rows: Sequence[int]) -> None:
        """Marks rows whose request failed."""
        for row in rows:
            self._mark_failed(row)

    def take_changes(self) -> PeriodChanges:
        """Returns and clears the changes found in periods that were read again, by row."""
        changes, self.counters.changes = self.counters.changes, Counter()
        self.counters.prune_lowered()
        return changes

    def saved_counters(self) -> Iterator[tuple[bytes, SavedCounter]]:
        """The saved state of every counter that was ever fetched."""
        saved, catching_up = self.counters.saved, self.counters.catching_up
        for row, (series, is_counter, fetched_at) in enumerate(
            zip(self.layout.series, self.is_counter, self._fetched_at, strict=True)
        ):
            if is_counter and (fetched_at or row in catching_up):
                yield series, saved(row)

    def ever_fetched(self, row: int) -> bool:
        """Whether the row was fetched, or resumes a row that was."""
        return self._fetched_at[row] > 0 or row in self.counters.catching_up

    def expire_rows(self, expires: Sequence[float], at: float) -> list[int]:
        """Marks the rows that were shown so far and are too old now, and returns them."""
        rows = [
            row
            for row in self._failed_rows()
            if self._status[row] == RowStatus.FAILED and self._fetched_at[row] and expires[row] <= at
        ]
        for row in rows:
            self._status[row] = RowStatus.EXPIRED
        return rows

    def never_requested(self) -> frozenset[int]:
        """The rows that were never requested."""
        return frozenset(row for row, status in enumerate(self._status) if status == RowStatus.NEW)

    def locations_fetched_at(self, at: float) -> frozenset[int]:
        """The indexes of the collector locations with a row fetched at that time."""
        return frozenset(
            self.layout.location_index[row] for row, fetched_at in enumerate(self._fetched_at) if fetched_at == at
        )

    def failed_counts(self) -> Counter[int]:
        """The number of rows whose latest request failed, by index of the collector location."""
        return Counter(self.layout.location_index[row] for row in self._failed_rows())

    def _failed_rows(self) -> list[int]:
        return [row for row, status in enumerate(self._status) if status >= RowStatus.FAILED]

    def snapshot(self, shown_for_seconds: Mapping[RefreshTier, float]) -> Snapshot:
        """The values to export; a row is shown for `shown_for_seconds` of its tier after it was last fetched."""
        values = _by_row(mul, self._column, self._scales)
        for row in [row for row in self._shown_once if self._status[row] == RowStatus.FETCHED]:
            values[row] = self._shown_once.pop(row) * self._scales[row]
        shown_for = array("d", [shown_for_seconds[query.spec.tier] for query in self.layout.queries])
        return Snapshot(self.layout, values, expires=_by_row(add, self._fetched_at, shown_for))

    def _mark_failed(self, row: int) -> None:
        if self._status[row] != RowStatus.EXPIRED:
            self._status[row] = RowStatus.FAILED


def _by_row(of: Callable[[float, float], float], left: array[float], right: array[float]) -> array[float]:
    """Combines two columns row by row, in slices, so that a scrape can run in between."""
    column = array("d")
    for part in slices(len(left)):
        column.extend(map(of, left[part], right[part]))
    return column
