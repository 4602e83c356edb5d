"""What is known of every series of one source: fed with answers, read from as one consistent snapshot."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import add, mul

from basewatch.collector import RefreshTier
from collectors.cloudwatch.counters import Counters, PeriodChanges, SavedCounter
from collectors.cloudwatch.fetch import Answer
from collectors.cloudwatch.gauge_values import GaugeValues
from collectors.cloudwatch.layout import EMPTY_LAYOUT, Layout, allowed_lateness_of, slices
from collectors.cloudwatch.snapshot import Snapshot


class RowStatus(IntEnum):
    """How the last asking for a row went: nothing was asked yet, or it failed and is held, or left out by now."""

    FETCHED = 0
    NEW = 1
    FAILED = 2
    EXPIRED = 3


class SeriesState:
    """The rows of a layout. Several threads may apply answers at once, as long as no row is in two of them."""

    def __init__(self, layout: Layout = EMPTY_LAYOUT, *, gauge_max_staleness: float = 0.0) -> None:
        """Every row is new; `gauge_max_staleness` is how many seconds a gauge's reading says something after its end."""
        specs = [query.spec for query in layout.queries]
        periods = [round(spec.period.total_seconds()) for spec in specs]
        lookbacks = [round(allowed_lateness_of(query).total_seconds()) for query in layout.queries]
        self.layout = layout
        self.is_counter = bytes(spec.is_counter for spec in specs)
        # A row is a counter's total or a gauge's reading: one column holds both.
        figures = array("d", [0.0 if spec.is_counter else float("nan") for spec in specs])
        depths = [-(-lookback // period) for lookback, period in zip(lookbacks, periods, strict=True)]
        self.counters = Counters(periods, depths, figures)
        self.gauge_values = GaugeValues(periods, gauge_max_staleness, figures)
        self.newest_period_end = [0.0] * len(layout.collector_locations)
        self._figures = figures
        self._factors = array("d", [spec.scale for spec in specs])
        self._got = array("d", bytes(8 * len(specs)))
        self._state = bytearray([RowStatus.NEW]) * len(specs)
        # What a row is shown as once, before it grows: Prometheus counts an increase only from a value it has seen.
        self._first: dict[int, float] = {}

    def start_at(self, row: int, until: int) -> None:
        """Sets a counter to zero as of a moment; it is shown as 0 before it grows."""
        self.counters.start_at(row, until)
        self._first[row] = 0.0

    def resume(self, row: int, saved: SavedCounter, *, shown_here: bool) -> None:
        """Sets a counter to what was kept of it; `shown_here` says that it was last shown here, as what was kept."""
        self.counters.resume(row, saved)
        if shown_here:
            self._first[row] = saved.last_shown

    def copy_rows(self, other: SeriesState, row_map: Mapping[int, int]) -> None:
        """Sets rows to what they are in `other`; `row_map` is where there, to where here."""
        adding_up = {old: new for old, new in row_map.items() if self.is_counter[new]}
        self.counters.copy_rows(other.counters, adding_up)
        self.gauge_values.copy_rows(
            other.gauge_values, {old: new for old, new in row_map.items() if not self.is_counter[new]}
        )
        for old, new in row_map.items():
            self._got[new], self._state[new] = other._got[old], other._state[old]
        self._first |= {row_map[row]: value for row, value in other._first.items() if row in row_map}
        newest = dict(zip(other.layout.collector_locations, other.newest_period_end, strict=True))
        self.newest_period_end = [newest.get(group, 0.0) for group in self.layout.collector_locations]

    def apply(
        self, rows: Sequence[int], answers: Sequence[Answer], start: int, end: int, at: float, *, up_to_date: bool
    ) -> bool:
        """Takes in the answers over [start, end), in seconds, and says whether every row had one.

        `up_to_date` says that nothing is left to be read up to now: only then are the rows got.
        """
        adds_up, group_of, newest, got, state = (
            self.is_counter,
            self.layout.location_index,
            self.newest_period_end,
            self._got,
            self._state,
        )
        count, read, periods = self.counters.add, self.gauge_values.record, self.counters.periods
        complete = True
        for row, (starts, values, error) in zip(rows, answers, strict=True):
            if error is not None:
                complete = False
                self._lose(row)
                continue
            if adds_up[row]:
                count(row, starts, values, start, end)
            else:
                read(row, starts, values, end, at)
            if starts and (ends := starts[-1] + periods[row]) > newest[group_of[row]]:
                newest[group_of[row]] = ends
            if up_to_date:
                got[row], state[row] = at, RowStatus.FETCHED
        if self.counters.catching_up:
            for row in rows:
                if state[row] == RowStatus.FETCHED:
                    self.counters.mark_caught_up(row)
        return complete

    def mark_failed(self, rows: Sequence[int]) -> None:
        """Notes that rows were asked for and could not be got."""
        for row in rows:
            self._lose(row)

    def take_changes(self) -> PeriodChanges:
        """What became of periods that were read again, since this was last asked; by row."""
        changes, self.counters.changes = self.counters.changes, Counter()
        self.counters.prune_lowered()
        return changes

    def saved_counters(self) -> Iterator[tuple[bytes, SavedCounter]]:
        """What it takes to go on from here with every counter that was ever got."""
        kept, catching_up = self.counters.saved, self.counters.catching_up
        for row, (series, adds_up, got) in enumerate(zip(self.layout.series, self.is_counter, self._got, strict=True)):
            if adds_up and (got or row in catching_up):
                yield series, kept(row)

    def ever_fetched(self, row: int) -> bool:
        """Whether the row was got, or goes on from one that was."""
        return self._got[row] > 0 or row in self.counters.catching_up

    def expire_rows(self, expires: Sequence[float], at: float) -> list[int]:
        """The rows that were shown until now and are too old from now on."""
        rows = [
            row
            for row in self._lost()
            if self._state[row] == RowStatus.FAILED and self._got[row] and expires[row] <= at
        ]
        for row in rows:
            self._state[row] = RowStatus.EXPIRED
        return rows

    def never_requested(self) -> frozenset[int]:
        """The rows that are new."""
        return frozenset(row for row, state in enumerate(self._state) if state == RowStatus.NEW)

    def locations_fetched_at(self, at: float) -> frozenset[int]:
        """The numbers of the groups of which any row was got then."""
        return frozenset(self.layout.location_index[row] for row, got in enumerate(self._got) if got == at)

    def failed_counts(self) -> Counter[int]:
        """How many rows the last asking for them could not get, by the number of their group."""
        return Counter(self.layout.location_index[row] for row in self._lost())

    def _lost(self) -> list[int]:
        return [row for row, state in enumerate(self._state) if state >= RowStatus.FAILED]

    def snapshot(self, shown_for_seconds: Mapping[RefreshTier, float]) -> Snapshot:
        """Everything as it is shown from now on; `shown_for_seconds` is how many seconds a row is shown after it was last got."""
        values = _by_row(mul, self._figures, self._factors)
        for row in [row for row in self._first if self._state[row] == RowStatus.FETCHED]:
            values[row] = self._first.pop(row) * self._factors[row]
        keeping = array("d", [shown_for_seconds[query.spec.tier] for query in self.layout.queries])
        return Snapshot(self.layout, values, expires=_by_row(add, self._got, keeping))

    def _lose(self, row: int) -> None:
        if self._state[row] != RowStatus.EXPIRED:
            self._state[row] = RowStatus.FAILED


def _by_row(of: Callable[[float, float], float], left: array[float], right: array[float]) -> array[float]:
    """What two columns come to, row by row; slice by slice, so that a scrape gets its turn in between."""
    column = array("d")
    for part in slices(len(left)):
        column.extend(map(of, left[part], right[part]))
    return column
