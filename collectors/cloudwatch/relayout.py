"""Carries what is known of series over to other targets: what stays goes on, what leaves is kept a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors.cloudwatch.counters import SavedCounter
from collectors.cloudwatch.layout import Layout, collector_location
from collectors.cloudwatch.planned_calls import CATCH_UP
from collectors.cloudwatch.planner import Query
from collectors.cloudwatch.series_state import SeriesState

LIST_METRICS_DELAY = timedelta(minutes=15)
"""How long after its first event CloudWatch may begin to list a metric: ListMetrics' own documentation."""
_FEW = 1000


@dataclass(frozen=True, slots=True)
class RetiredCounter:
    """A counter without a row: where it stands, and whether it was last shown here as that."""

    saved: SavedCounter
    shown_here: bool


class StateCarryOver:
    """The ledgers of one source, each following on the last; counters that are not asked for are kept for a day."""

    def __init__(
        self, saved: Mapping[bytes, SavedCounter], *, max_staleness: timedelta, discovery_delay: timedelta
    ) -> None:
        """`saved` is where counters stood when another process ended.

        `discovery_delay` is by how much a resource may be older than what is known of it.
        """
        self._left = {series: RetiredCounter(each, shown_here=False) for series, each in saved.items()}
        self._hold = max_staleness.total_seconds()
        self._late = round((discovery_delay + LIST_METRICS_DELAY).total_seconds())
        self._first = True

    def next_state(
        self, series_state: SeriesState, layout: Layout, settled: int
    ) -> tuple[SeriesState, tuple[int, ...]]:
        """A ledger for this layout that goes on from `series_state`, and which rows of that one are gone.

        A counter that nothing is known of begins at `settled`; but where discovery has found others before, it is of
        something new, whose first events are counted as well.
        """
        if not self._first:
            self._forget(settled)
        arranged, gone, moved = (
            SeriesState(layout, gauge_max_staleness=self._hold),
            _rows(series_state.layout),
            dict[int, int](),
        )
        new, known = list[int](), set[int]()
        for row, series in enumerate(layout.series):
            old = gone.get(series)
            if old is not None and _alike(series_state.layout.queries[old], layout.queries[row]):
                moved[gone.pop(series)] = row
            elif not (arranged.is_counter[row] and self._goes_on(arranged, row)):
                new.append(row)
                continue
            known.add(row)
        arranged.copy_rows(series_state, moved)
        self._begin(arranged, new, known, settled, frozenset(series_state.layout.collector_locations))
        self._keep(series_state, gone, len(layout.series))
        self._first = False
        return arranged, tuple(gone.values())

    def retired_counters(self) -> Iterator[tuple[bytes, SavedCounter]]:
        """The counters that are not asked for now."""
        for series, left in self._left.items():
            yield series, left.saved

    def _goes_on(self, arranged: SeriesState, row: int) -> bool:
        left = self._left.pop(arranged.layout.series[row], None)
        if left is None or left.saved.until % arranged.counters.periods[row]:
            return False
        arranged.resume(row, left.saved, shown_here=left.shown_here)
        return True

    def _begin(
        self,
        arranged: SeriesState,
        new: list[int],
        known: set[int],
        settled: int,
        groups: frozenset[tuple[str, str, str]],
    ) -> None:
        queries = arranged.layout.queries
        targets = {id(queries[row].target) for row in known}
        groups |= {collector_location(queries[row].target) for row in known}
        for row in new:
            if arranged.is_counter[row]:
                target, period = queries[row].target, arranged.counters.periods[row]
                # What another version asks for besides, of a resource that was known, is not new in itself.
                fresh = not target.resource.component and collector_location(target) in groups
                fresh = fresh and not (self._first and id(target) in targets)
                arranged.start_at(row, (settled - self._late * fresh) // period * period)

    def _forget(self, settled: int) -> None:
        oldest = settled - CATCH_UP.total_seconds()
        self._left = {series: left for series, left in self._left.items() if left.saved.until >= oldest}

    def _keep(self, ledger: SeriesState, gone: Mapping[bytes, int], rows: int) -> None:
        for series, row in gone.items():
            if ledger.is_counter[row] and ledger.ever_fetched(row):
                here = row not in ledger.counters.catching_up
                self._left[series] = RetiredCounter(ledger.counters.saved(row), shown_here=here)
        self._left = dict(list(self._left.items())[-max(rows, _FEW) :])


def _rows(layout: Layout) -> dict[bytes, int]:
    return {series: row for row, series in enumerate(layout.series)}


def _alike(old: Query, new: Query) -> bool:
    return (old.spec.period, old.spec.is_counter) == (new.spec.period, new.spec.is_counter)
