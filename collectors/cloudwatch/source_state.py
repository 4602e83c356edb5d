"""One account and region that is asked: what is known of its series, and the round of calls under way."""

from __future__ import annotations

import logging
import time
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from threading import Event, Lock

from basewatch.collector import Target, Tier
from basewatch.errors import CouldNotLook
from basewatch.model import Reason
from basewatch.quantities import duration_text
from basewatch.telemetry import Telemetry
from collectors.cloudwatch import freshness_metrics
from collectors.cloudwatch.fetch import Fetched
from collectors.cloudwatch.layout import EMPTY, laid_out
from collectors.cloudwatch.planner import SETTLE_CORRECTED, floor
from collectors.cloudwatch.relayout import Arranger
from collectors.cloudwatch.requests import CATCH_UP, Ask, asks
from collectors.cloudwatch.series_state import Ledger
from collectors.cloudwatch.snapshot import Snapshot
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.state import packed
from collectors.cloudwatch.tiers import due
from collectors.cloudwatch.turns import COMPUTING

_SILENT = (Reason.UNREACHABLE, Reason.TIMEOUT)
_PLANS = 2
"""How many sets of due tiers have their calls kept: those with the fast tier alone, and with the standard one."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Round:
    """One refresh of one source; `silent` is why the rest of it is not even asked."""

    at: datetime
    settled: int
    source: MetricSource
    under_way: int
    groups: frozenset[int]
    keep: Mapping[Tier, float]
    began: float = field(default_factory=time.monotonic)
    silent: CouldNotLook | None = None
    done: Event = field(default_factory=Event)


class Site:
    """A source's ledger and calls. One round at a time, whose jobs may run in several threads; the last one ends it."""

    def __init__(self, name: str, arranger: Arranger, telemetry: Telemetry, hold: timedelta) -> None:
        self.name = name
        self.suspect = False
        self.snapshot = Snapshot(EMPTY, array("d"), array("d"))
        self.round: Round | None = None
        self.targets: tuple[Target, ...] = ()
        self.attempted = frozenset[str]()
        self.answered = frozenset[str]()
        self._arranged: tuple[Target, ...] = ()
        self._arranger = arranger
        self._ledger = Ledger()
        self._telemetry = telemetry
        self._hold = hold
        self._asked: dict[Tier, datetime] = {}
        self._plans: dict[tuple[object, ...], tuple[Ask, ...]] = {}
        self._lock = Lock()

    def begin(
        self, at: datetime, source: MetricSource, intervals: Mapping[Tier, timedelta]
    ) -> tuple[Round, tuple[Callable[[], None], ...]]:
        """A new round and its jobs; without any it is over at once. No other may be under way."""
        settled = round(floor(at - SETTLE_CORRECTED, timedelta(minutes=1)).timestamp())
        tiers, new = due(at, intervals, self._asked), frozenset[int]()
        if self.targets is not self._arranged:
            self._arrange(settled)
            # What is new is asked for at once, whatever its tier: the next hour may be far away.
            new = self._ledger.never_asked()
        self._asked |= dict.fromkeys(tiers, at)
        planned = asks(self._ledger.layout, tiers, intervals, new) if new else self._plan(tiers, intervals)
        group_of = self._ledger.layout.group_of
        self.round = round_ = Round(
            at=at,
            settled=settled,
            source=source,
            under_way=len(planned),
            groups=frozenset(group_of[row] for ask in planned for row in ask.rows),
            keep={tier: (interval + self._hold).total_seconds() for tier, interval in intervals.items()},
        )
        if not planned:
            self._end(round_)
        return round_, tuple(partial(self._do, round_, ask) for ask in planned)

    def state(self) -> bytes:
        """Where every counter stands. No round may be under way."""
        return packed(chain(self._arranger.kept(), self._ledger.kept()))

    def overrun(self) -> None:
        """Says that the round under way is late: until it ends, what it asks of is not up, however long that takes."""
        # A round that ends just now has said what came of it, and keeps the word.
        with self._lock:
            for number in self.round.groups if self.round else ():
                self._telemetry.up.labels(*self._ledger.layout.groups[number]).set(0)

    def _arrange(self, settled: int) -> None:
        before, layout = self._ledger.layout, laid_out(self.targets)
        self._ledger, gone = self._arranger.arranged(self._ledger, layout, settled)
        self._arranged, self._plans = self.targets, {}
        freshness_metrics.drop(self._telemetry, before, gone, "gone")
        for query in set(layout.duplicates).difference(before.duplicates):
            logger.error("%s of %s is asked for twice; the first is shown", query.spec.name, query.target.resource)
            self._telemetry.dropped.labels(query.target.collector, "duplicate").inc()
        freshness_metrics.forget(self._telemetry, set(before.groups).difference(layout.groups))

    def _plan(self, tiers: frozenset[Tier], intervals: Mapping[Tier, timedelta]) -> tuple[Ask, ...]:
        key = (tiers, *sorted(intervals.items()))
        plan = self._plans.pop(key, None) or asks(self._ledger.layout, tiers, intervals)
        self._plans[key] = plan
        while len(self._plans) > _PLANS:
            del self._plans[next(iter(self._plans))]
        return plan

    def _do(self, round_: Round, ask: Ask) -> None:
        try:
            self._read(round_, ask)
        except Exception:  # no bug of ours may end the thread: whoever waits for the round would wait for ever
            logger.exception("what %s answered could not be taken in", self.name)
            self._ledger.lose(ask.rows)
        with self._lock:
            round_.under_way -= 1
            last = not round_.under_way
        if last:
            self._end(round_)

    def _read(self, round_: Round, ask: Ask) -> None:
        """Make the call, and again for what follows when one answer cannot hold all there is to catch up with."""
        end, complete = 0, True
        while complete and end < round_.settled:
            if round_.silent is not None:
                self._ledger.lose(ask.rows)
                return
            start, end = ask.window(self._ledger, round_.settled)
            fetched = round_.source.fetch(ask.over(start, end))
            self._listen(round_, fetched)
            at = round_.at.timestamp()
            with COMPUTING:
                complete = self._ledger.apply(ask.rows, fetched.answers, start, end, at, whole=end == round_.settled)
        if end < round_.settled:
            self._ledger.lose(ask.rows)

    def _listen(self, round_: Round, fetched: Fetched) -> None:
        """Notes whether the source answers at all: when it does not, the rest of the round would only wait as long."""
        missing = [answer.missing for answer in fetched.answers]
        silent = missing[0] if all(error is not None and error.reason in _SILENT for error in missing) else None
        if silent is not None:
            round_.silent = silent
            self.suspect = True
        elif None in missing:
            self.suspect = False

    def _end(self, round_: Round) -> None:
        at, groups = round_.at, self._ledger.layout.groups
        try:
            self.attempted |= {groups[number][0] for number in round_.groups}
            if self.answered != self.attempted:
                self.answered |= {groups[number][0] for number in self._ledger.got_at(at.timestamp())}
            self.snapshot = self._ledger.snapshot(round_.keep)
            seconds = time.monotonic() - round_.began
            with self._lock:
                holes = freshness_metrics.tell(
                    self._telemetry, self._ledger, self.snapshot, asked=round_.groups, at=at, seconds=seconds
                )
                self.round = None
            if holes:
                logger.warning(
                    "%s: %d counters miss what was more than %s ago", self.name, holes, duration_text(CATCH_UP)
                )
        finally:
            self.round = None
            round_.done.set()
