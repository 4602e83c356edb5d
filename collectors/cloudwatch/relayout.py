"""Carries series state over to a new layout; counters whose series leave are kept for a day."""

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
"""The documented delay between the first datapoint of a metric and its appearance in ListMetrics."""
_MIN_RETIRED = 1000


@dataclass(frozen=True, slots=True)
class RetiredCounter:
    """A counter without a row; `shown_here` says whether this process exported it last."""

    saved: SavedCounter
    shown_here: bool


class StateCarryOver:
    """Builds each new SeriesState of one source from the previous one; keeps retired counters for a day."""

    def __init__(
        self, saved: Mapping[bytes, SavedCounter], *, max_staleness: timedelta, discovery_delay: timedelta
    ) -> None:
        """`saved` are the counters that the previous process saved.

        `discovery_delay` is the longest time between the creation of a resource and its discovery.
        """
        self._retired = {series: RetiredCounter(each, shown_here=False) for series, each in saved.items()}
        self._max_staleness = max_staleness.total_seconds()
        self._discovery_delay = round((discovery_delay + LIST_METRICS_DELAY).total_seconds())
        self._first = True

    def next_state(
        self, series_state: SeriesState, layout: Layout, settled: int
    ) -> tuple[SeriesState, tuple[int, ...]]:
        """The state for this layout, carried over from `series_state`, and the rows of the old layout that are gone.

        An unknown counter starts at `settled`. If discovery already found resources at its collector location, the
        resource is new, and its first events are counted as well.
        """
        if not self._first:
            self._prune(settled)
        state, gone, row_map = (
            SeriesState(layout, gauge_max_staleness=self._max_staleness),
            _rows(series_state.layout),
            dict[int, int](),
        )
        new, known = list[int](), set[int]()
        for row, series in enumerate(layout.series):
            old = gone.get(series)
            if old is not None and _same_kind(series_state.layout.queries[old], layout.queries[row]):
                row_map[gone.pop(series)] = row
            elif not (state.is_counter[row] and self._resume(state, row)):
                new.append(row)
                continue
            known.add(row)
        state.copy_rows(series_state, row_map)
        self._start_new(state, new, known, settled, frozenset(series_state.layout.collector_locations))
        self._retire(series_state, gone, len(layout.series))
        self._first = False
        return state, tuple(gone.values())

    def retired_counters(self) -> Iterator[tuple[bytes, SavedCounter]]:
        """The counters that have no row now."""
        for series, retired in self._retired.items():
            yield series, retired.saved

    def _resume(self, state: SeriesState, row: int) -> bool:
        retired = self._retired.pop(state.layout.series[row], None)
        if retired is None or retired.saved.until % state.counters.periods[row]:
            return False
        state.resume(row, retired.saved, shown_here=retired.shown_here)
        return True

    def _start_new(
        self,
        state: SeriesState,
        new: list[int],
        known: set[int],
        settled: int,
        locations: frozenset[tuple[str, str, str]],
    ) -> None:
        queries = state.layout.queries
        targets = {id(queries[row].target) for row in known}
        locations |= {collector_location(queries[row].target) for row in known}
        for row in new:
            if state.is_counter[row]:
                target, period = queries[row].target, state.counters.periods[row]
                # An additional metric that a newer version requests does not make a known resource new.
                is_new = not target.resource.component and collector_location(target) in locations
                is_new = is_new and not (self._first and id(target) in targets)
                state.start_at(row, (settled - self._discovery_delay * is_new) // period * period)

    def _prune(self, settled: int) -> None:
        oldest = settled - CATCH_UP.total_seconds()
        self._retired = {series: retired for series, retired in self._retired.items() if retired.saved.until >= oldest}

    def _retire(self, series_state: SeriesState, gone: Mapping[bytes, int], rows: int) -> None:
        for series, row in gone.items():
            if series_state.is_counter[row] and series_state.ever_fetched(row):
                shown_here = row not in series_state.counters.catching_up
                self._retired[series] = RetiredCounter(series_state.counters.saved(row), shown_here=shown_here)
        self._retired = dict(list(self._retired.items())[-max(rows, _MIN_RETIRED) :])


def _rows(layout: Layout) -> dict[bytes, int]:
    return {series: row for row, series in enumerate(layout.series)}


def _same_kind(old: Query, new: Query) -> bool:
    return (old.spec.period, old.spec.is_counter) == (new.spec.period, new.spec.is_counter)
