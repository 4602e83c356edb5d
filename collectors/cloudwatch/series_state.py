"""What is known of every series of one source: fed with answers, read from as one consistent snapshot."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from operator import add, mul

from basewatch.collector import Tier
from collectors.cloudwatch.counters import Changes, Counters, Kept
from collectors.cloudwatch.fetch import Answer
from collectors.cloudwatch.layout import EMPTY, Layout, lookback_of, slices
from collectors.cloudwatch.readings import Readings
from collectors.cloudwatch.snapshot import Snapshot


class State(IntEnum):
    """How the last asking for a row went: nothing was asked yet, or it failed and is held, or left out by now."""

    GOT = 0
    NEW = 1
    LOST = 2
    LEFT_OUT = 3


class Ledger:
    """The rows of a layout. Several threads may apply answers at once, as long as no row is in two of them."""

    def __init__(self, layout: Layout = EMPTY, *, hold: float = 0.0) -> None:
        """Every row is new; `hold` is how many seconds a gauge's reading says something after its end."""
        specs = [query.spec for query in layout.queries]
        periods = [round(spec.period.total_seconds()) for spec in specs]
        lookbacks = [round(lookback_of(query).total_seconds()) for query in layout.queries]
        self.layout = layout
        self.adds_up = bytes(spec.adds_up for spec in specs)
        # A row is a counter's total or a gauge's reading: one column holds both.
        figures = array("d", [0.0 if spec.adds_up else float("nan") for spec in specs])
        depths = [-(-lookback // period) for lookback, period in zip(lookbacks, periods, strict=True)]
        self.counters = Counters(periods, depths, figures)
        self.readings = Readings(periods, hold, figures)
        self.newest = [0.0] * len(layout.groups)
        self._figures = figures
        self._factors = array("d", [spec.factor for spec in specs])
        self._got = array("d", bytes(8 * len(specs)))
        self._state = bytearray([State.NEW]) * len(specs)
        # What a row is shown as once, before it grows: Prometheus counts an increase only from a value it has seen.
        self._first: dict[int, float] = {}

    def begin(self, row: int, until: int) -> None:
        """Sets a counter to zero as of a moment; it is shown as 0 before it grows."""
        self.counters.begin(row, until)
        self._first[row] = 0.0

    def go_on(self, row: int, kept: Kept, *, shown: bool) -> None:
        """Sets a counter to what was kept of it; `shown` says that it was last shown here, as what was kept."""
        self.counters.go_on(row, kept)
        if shown:
            self._first[row] = kept.floor

    def take_over(self, other: Ledger, moved: Mapping[int, int]) -> None:
        """Sets rows to what they are in `other`; `moved` is where there, to where here."""
        adding_up = {old: new for old, new in moved.items() if self.adds_up[new]}
        self.counters.take_over(other.counters, adding_up)
        self.readings.take_over(other.readings, {old: new for old, new in moved.items() if not self.adds_up[new]})
        for old, new in moved.items():
            self._got[new], self._state[new] = other._got[old], other._state[old]
        self._first |= {moved[row]: value for row, value in other._first.items() if row in moved}
        newest = dict(zip(other.layout.groups, other.newest, strict=True))
        self.newest = [newest.get(group, 0.0) for group in self.layout.groups]

    def apply(
        self, rows: Sequence[int], answers: Sequence[Answer], start: int, end: int, at: float, *, whole: bool
    ) -> bool:
        """Takes in the answers over [start, end), in seconds, and says whether every row had one.

        `whole` says that nothing is left to be read up to now: only then are the rows got.
        """
        adds_up, group_of, newest, got, state = self.adds_up, self.layout.group_of, self.newest, self._got, self._state
        count, read, periods = self.counters.add, self.readings.read, self.counters.periods
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
            if whole:
                got[row], state[row] = at, State.GOT
        if self.counters.catching_up:
            for row in rows:
                if state[row] == State.GOT:
                    self.counters.caught_up(row)
        return complete

    def lose(self, rows: Sequence[int]) -> None:
        """Notes that rows were asked for and could not be got."""
        for row in rows:
            self._lose(row)

    def changes(self) -> Changes:
        """What became of periods that were read again, since this was last asked; by row."""
        changes, self.counters.changes = self.counters.changes, Counter()
        self.counters.forget_settled()
        return changes

    def kept(self) -> Iterator[tuple[bytes, Kept]]:
        """What it takes to go on from here with every counter that was ever got."""
        kept, catching_up = self.counters.kept, self.counters.catching_up
        for row, (series, adds_up, got) in enumerate(zip(self.layout.series, self.adds_up, self._got, strict=True)):
            if adds_up and (got or row in catching_up):
                yield series, kept(row)

    def ever_got(self, row: int) -> bool:
        """Whether the row was got, or goes on from one that was."""
        return self._got[row] > 0 or row in self.counters.catching_up

    def left_out(self, expires: Sequence[float], at: float) -> list[int]:
        """The rows that were shown until now and are too old from now on."""
        rows = [row for row in self._lost() if self._state[row] == State.LOST and self._got[row] and expires[row] <= at]
        for row in rows:
            self._state[row] = State.LEFT_OUT
        return rows

    def never_asked(self) -> frozenset[int]:
        """The rows that are new."""
        return frozenset(row for row, state in enumerate(self._state) if state == State.NEW)

    def got_at(self, at: float) -> frozenset[int]:
        """The numbers of the groups of which any row was got then."""
        return frozenset(self.layout.group_of[row] for row, got in enumerate(self._got) if got == at)

    def stale(self) -> Counter[int]:
        """How many rows the last asking for them could not get, by the number of their group."""
        return Counter(self.layout.group_of[row] for row in self._lost())

    def _lost(self) -> list[int]:
        return [row for row, state in enumerate(self._state) if state >= State.LOST]

    def snapshot(self, keep: Mapping[Tier, float]) -> Snapshot:
        """Everything as it is shown from now on; `keep` is how many seconds a row is shown after it was last got."""
        values = _by_row(mul, self._figures, self._factors)
        for row in [row for row in self._first if self._state[row] == State.GOT]:
            values[row] = self._first.pop(row) * self._factors[row]
        keeping = array("d", [keep[query.spec.tier] for query in self.layout.queries])
        return Snapshot(self.layout, values, expires=_by_row(add, self._got, keeping))

    def _lose(self, row: int) -> None:
        if self._state[row] != State.LEFT_OUT:
            self._state[row] = State.LOST


def _by_row(of: Callable[[float, float], float], left: array[float], right: array[float]) -> array[float]:
    """What two columns come to, row by row; slice by slice, so that a scrape gets its turn in between."""
    column = array("d")
    for part in slices(len(left)):
        column.extend(map(of, left[part], right[part]))
    return column
