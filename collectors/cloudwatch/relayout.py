"""Carries what is known of series over to other targets: what stays goes on, what leaves is kept a day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from collectors.cloudwatch.counters import Kept
from collectors.cloudwatch.layout import Layout, group_of
from collectors.cloudwatch.planner import Query
from collectors.cloudwatch.requests import CATCH_UP
from collectors.cloudwatch.series_state import Ledger

LISTED_LATE = timedelta(minutes=15)
"""How long after its first event CloudWatch may begin to list a metric: ListMetrics' own documentation."""
_FEW = 1000


@dataclass(frozen=True, slots=True)
class Left:
    """A counter without a row: where it stands, and whether it was last shown here as that."""

    kept: Kept
    here: bool


class Arranger:
    """The ledgers of one source, each following on the last; counters that are not asked for are kept for a day."""

    def __init__(self, kept: Mapping[bytes, Kept], *, hold: timedelta, discovered_late: timedelta) -> None:
        """`kept` is where counters stood when another process ended.

        `discovered_late` is by how much a resource may be older than what is known of it.
        """
        self._left = {series: Left(each, here=False) for series, each in kept.items()}
        self._hold = hold.total_seconds()
        self._late = round((discovered_late + LISTED_LATE).total_seconds())
        self._first = True

    def arranged(self, ledger: Ledger, layout: Layout, settled: int) -> tuple[Ledger, tuple[int, ...]]:
        """A ledger for this layout that goes on from `ledger`, and which rows of that one are gone.

        A counter that nothing is known of begins at `settled`; but where discovery has found others before, it is of
        something new, whose first events are counted as well.
        """
        if not self._first:
            self._forget(settled)
        arranged, gone, moved = Ledger(layout, hold=self._hold), _rows(ledger.layout), dict[int, int]()
        new, known = list[int](), set[int]()
        for row, series in enumerate(layout.series):
            old = gone.get(series)
            if old is not None and _alike(ledger.layout.queries[old], layout.queries[row]):
                moved[gone.pop(series)] = row
            elif not (arranged.adds_up[row] and self._goes_on(arranged, row)):
                new.append(row)
                continue
            known.add(row)
        arranged.take_over(ledger, moved)
        self._begin(arranged, new, known, settled, frozenset(ledger.layout.groups))
        self._keep(ledger, gone, len(layout.series))
        self._first = False
        return arranged, tuple(gone.values())

    def kept(self) -> Iterator[tuple[bytes, Kept]]:
        """The counters that are not asked for now."""
        for series, left in self._left.items():
            yield series, left.kept

    def _goes_on(self, arranged: Ledger, row: int) -> bool:
        left = self._left.pop(arranged.layout.series[row], None)
        if left is None or left.kept.until % arranged.counters.periods[row]:
            return False
        arranged.go_on(row, left.kept, shown=left.here)
        return True

    def _begin(
        self, arranged: Ledger, new: list[int], known: set[int], settled: int, groups: frozenset[tuple[str, str, str]]
    ) -> None:
        queries = arranged.layout.queries
        targets = {id(queries[row].target) for row in known}
        groups |= {group_of(queries[row].target) for row in known}
        for row in new:
            if arranged.adds_up[row]:
                target, period = queries[row].target, arranged.counters.periods[row]
                # What another version asks for besides, of a resource that was known, is not new in itself.
                fresh = not target.resource.component and group_of(target) in groups
                fresh = fresh and not (self._first and id(target) in targets)
                arranged.begin(row, (settled - self._late * fresh) // period * period)

    def _forget(self, settled: int) -> None:
        oldest = settled - CATCH_UP.total_seconds()
        self._left = {series: left for series, left in self._left.items() if left.kept.until >= oldest}

    def _keep(self, ledger: Ledger, gone: Mapping[bytes, int], rows: int) -> None:
        for series, row in gone.items():
            if ledger.adds_up[row] and ledger.ever_got(row):
                here = row not in ledger.counters.catching_up
                self._left[series] = Left(ledger.counters.kept(row), here=here)
        self._left = dict(list(self._left.items())[-max(rows, _FEW) :])


def _rows(layout: Layout) -> dict[bytes, int]:
    return {series: row for row, series in enumerate(layout.series)}


def _alike(old: Query, new: Query) -> bool:
    return (old.spec.period, old.spec.adds_up) == (new.spec.period, new.spec.adds_up)
