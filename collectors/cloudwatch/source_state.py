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

from basewatch.collector import MetricTarget, RefreshTier
from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.quantities import format_duration
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch import freshness_metrics
from collectors.cloudwatch.counter_state import encode_counters
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.layout import EMPTY_LAYOUT, build_layout
from collectors.cloudwatch.planned_calls import CATCH_UP, PlannedCall, plan_calls
from collectors.cloudwatch.planner import REREAD_SETTLE_DELAY, floor_time
from collectors.cloudwatch.relayout import StateCarryOver
from collectors.cloudwatch.series_state import SeriesState
from collectors.cloudwatch.snapshot import Snapshot
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.tiers import due_tiers
from collectors.cloudwatch.turns import CPU_LOCK

_SILENT = (Reason.UNREACHABLE, Reason.TIMEOUT)
_PLANS = 2
"""How many sets of due tiers have their calls kept: those with the fast tier alone, and with the standard one."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RefreshCycle:
    """One refresh of one source; `source_error` is why the rest of it is not even asked."""

    at: datetime
    settled_until: int
    source: MetricSource
    pending_calls: int
    location_indexes: frozenset[int]
    shown_for_seconds: Mapping[RefreshTier, float]
    started: float = field(default_factory=time.monotonic)
    source_error: ObservationError | None = None
    done: Event = field(default_factory=Event)


class SourceState:
    """A source's ledger and calls. One round at a time, whose jobs may run in several threads; the last one ends it."""

    def __init__(
        self, name: str, carry_over: StateCarryOver, telemetry: ExporterMetrics, max_staleness: timedelta
    ) -> None:
        self.name = name
        self.unresponsive = False
        self.snapshot = Snapshot(EMPTY_LAYOUT, array("d"), array("d"))
        self.cycle: RefreshCycle | None = None
        self.targets: tuple[MetricTarget, ...] = ()
        self.attempted = frozenset[str]()
        self.succeeded = frozenset[str]()
        self._arranged: tuple[MetricTarget, ...] = ()
        self._arranger = carry_over
        self._ledger = SeriesState()
        self._telemetry = telemetry
        self._hold = max_staleness
        self._asked: dict[RefreshTier, datetime] = {}
        self._plans: dict[tuple[object, ...], tuple[PlannedCall, ...]] = {}
        self._lock = Lock()

    def start_cycle(
        self, at: datetime, source: MetricSource, intervals: Mapping[RefreshTier, timedelta]
    ) -> tuple[RefreshCycle, tuple[Callable[[], None], ...]]:
        """A new round and its jobs; without any it is over at once. No other may be under way."""
        settled = round(floor_time(at - REREAD_SETTLE_DELAY, timedelta(minutes=1)).timestamp())
        tiers, new = due_tiers(at, intervals, self._asked), frozenset[int]()
        if self.targets is not self._arranged:
            self._arrange(settled)
            # What is new is asked for at once, whatever its tier: the next hour may be far away.
            new = self._ledger.never_requested()
        self._asked |= dict.fromkeys(tiers, at)
        planned = plan_calls(self._ledger.layout, tiers, intervals, new) if new else self._plan(tiers, intervals)
        group_of = self._ledger.layout.location_index
        self.cycle = round_ = RefreshCycle(
            at=at,
            settled_until=settled,
            source=source,
            pending_calls=len(planned),
            location_indexes=frozenset(group_of[row] for ask in planned for row in ask.rows),
            shown_for_seconds={tier: (interval + self._hold).total_seconds() for tier, interval in intervals.items()},
        )
        if not planned:
            self._end(round_)
        return round_, tuple(partial(self._do, round_, ask) for ask in planned)

    def counter_state(self) -> bytes:
        """Where every counter stands. No round may be under way."""
        return encode_counters(chain(self._arranger.retired_counters(), self._ledger.saved_counters()))

    def mark_overrun(self) -> None:
        """Says that the round under way is late: until it ends, what it asks of is not up, however long that takes."""
        # A round that ends just now has said what came of it, and keeps the word.
        with self._lock:
            for number in self.cycle.location_indexes if self.cycle else ():
                self._telemetry.up.labels(*self._ledger.layout.collector_locations[number]).set(0)

    def _arrange(self, settled: int) -> None:
        before, layout = self._ledger.layout, build_layout(self.targets)
        self._ledger, gone = self._arranger.next_state(self._ledger, layout, settled)
        self._arranged, self._plans = self.targets, {}
        freshness_metrics.count_dropped(self._telemetry, before, gone, "gone")
        for query in set(layout.duplicates).difference(before.duplicates):
            logger.error(
                "%s of %s is asked for twice; the first is shown", query.spec.series_name, query.target.resource
            )
            self._telemetry.dropped_series.labels(query.target.collector, "duplicate").inc()
        freshness_metrics.remove_gauges(
            self._telemetry, set(before.collector_locations).difference(layout.collector_locations)
        )

    def _plan(
        self, tiers: frozenset[RefreshTier], intervals: Mapping[RefreshTier, timedelta]
    ) -> tuple[PlannedCall, ...]:
        key = (tiers, *sorted(intervals.items()))
        plan = self._plans.pop(key, None) or plan_calls(self._ledger.layout, tiers, intervals)
        self._plans[key] = plan
        while len(self._plans) > _PLANS:
            del self._plans[next(iter(self._plans))]
        return plan

    def _do(self, round_: RefreshCycle, ask: PlannedCall) -> None:
        try:
            self._read(round_, ask)
        except Exception:  # no bug of ours may end the thread: whoever waits for the round would wait for ever
            logger.exception("what %s answered could not be taken in", self.name)
            self._ledger.mark_failed(ask.rows)
        with self._lock:
            round_.pending_calls -= 1
            last = not round_.pending_calls
        if last:
            self._end(round_)

    def _read(self, round_: RefreshCycle, ask: PlannedCall) -> None:
        """Make the call, and again for what follows when one answer cannot hold all there is to catch up with."""
        end, complete = 0, True
        while complete and end < round_.settled_until:
            if round_.source_error is not None:
                self._ledger.mark_failed(ask.rows)
                return
            start, end = ask.next_window(self._ledger, round_.settled_until)
            fetched = round_.source.fetch(ask.call_over(start, end))
            self._listen(round_, fetched)
            at = round_.at.timestamp()
            with CPU_LOCK:
                complete = self._ledger.apply(
                    ask.rows, fetched.answers, start, end, at, up_to_date=end == round_.settled_until
                )
        if end < round_.settled_until:
            self._ledger.mark_failed(ask.rows)

    def _listen(self, round_: RefreshCycle, fetched: FetchResult) -> None:
        """Notes whether the source answers at all: when it does not, the rest of the round would only wait as long."""
        missing = [answer.error for answer in fetched.answers]
        silent = missing[0] if all(error is not None and error.reason in _SILENT for error in missing) else None
        if silent is not None:
            round_.source_error = silent
            self.unresponsive = True
        elif None in missing:
            self.unresponsive = False

    def _end(self, round_: RefreshCycle) -> None:
        at, groups = round_.at, self._ledger.layout.collector_locations
        try:
            self.attempted |= {groups[number][0] for number in round_.location_indexes}
            if self.succeeded != self.attempted:
                self.succeeded |= {groups[number][0] for number in self._ledger.locations_fetched_at(at.timestamp())}
            self.snapshot = self._ledger.snapshot(round_.shown_for_seconds)
            seconds = time.monotonic() - round_.started
            with self._lock:
                holes = freshness_metrics.record_cycle(
                    self._telemetry,
                    self._ledger,
                    self.snapshot,
                    requested=round_.location_indexes,
                    at=at,
                    seconds=seconds,
                )
                self.cycle = None
            if holes:
                logger.warning(
                    "%s: %d counters miss what was more than %s ago", self.name, holes, format_duration(CATCH_UP)
                )
        finally:
            self.cycle = None
            round_.done.set()
