"""The state of one source: its series and its current refresh cycle."""

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
from collectors.cloudwatch.workers import CPU_LOCK

_NO_RESPONSE = (Reason.UNREACHABLE, Reason.TIMEOUT)
_PLANS = 2
"""The number of cached plans: one for the fast tier alone, one for fast and standard."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RefreshCycle:
    """One refresh of one source. `source_error` is set when the source does not respond; the rest is then skipped."""

    at: datetime
    settled_until: int
    source: MetricSource
    pending_calls: int
    location_indexes: frozenset[int]
    intervals: Mapping[RefreshTier, timedelta]
    started: float = field(default_factory=time.monotonic)
    source_error: ObservationError | None = None
    done: Event = field(default_factory=Event)


class SourceState:
    """The series and calls of one source. One cycle at a time; its jobs run in threads, and the last job ends it."""

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
        self._laid_out: tuple[MetricTarget, ...] = ()
        self._carry_over = carry_over
        self._series_state = SeriesState()
        self._telemetry = telemetry
        self._max_staleness = max_staleness
        self._refreshed_at: dict[RefreshTier, datetime] = {}
        self._plans: dict[tuple[object, ...], tuple[PlannedCall, ...]] = {}
        self._lock = Lock()

    def start_cycle(
        self, at: datetime, source: MetricSource, intervals: Mapping[RefreshTier, timedelta]
    ) -> tuple[RefreshCycle, tuple[Callable[[], None], ...]]:
        """Starts a cycle and returns its jobs; a cycle without jobs ends at once. No other cycle may be running."""
        settled_until = round(floor_time(at - REREAD_SETTLE_DELAY, timedelta(minutes=1)).timestamp())
        tiers, new = due_tiers(at, intervals, self._refreshed_at), frozenset[int]()
        if self.targets is not self._laid_out:
            self._relayout(settled_until)
            # New rows are requested at once, whatever their tier: their next interval may be an hour away.
            new = self._series_state.never_requested()
        self._refreshed_at |= dict.fromkeys(tiers, at)
        planned = plan_calls(self._series_state.layout, tiers, intervals, new) if new else self._plan(tiers, intervals)
        location_index = self._series_state.layout.location_index
        self.cycle = cycle = RefreshCycle(
            at=at,
            settled_until=settled_until,
            source=source,
            pending_calls=len(planned),
            location_indexes=frozenset(location_index[row] for planned_call in planned for row in planned_call.rows),
            intervals=intervals,
        )
        if not planned:
            self._finish(cycle)
        return cycle, tuple(partial(self._run_job, cycle, planned_call) for planned_call in planned)

    def counter_state(self) -> bytes:
        """The serialised counters. No cycle may be running."""
        return encode_counters(chain(self._carry_over.retired_counters(), self._series_state.saved_counters()))

    def mark_overrun(self) -> None:
        """Marks the running cycle as late: its collector locations are down until it ends."""
        # The lock orders this against a cycle that ends now: its own result is not overwritten.
        with self._lock:
            for index in self.cycle.location_indexes if self.cycle else ():
                self._telemetry.up.labels(*self._series_state.layout.collector_locations[index]).set(0)

    def _relayout(self, settled_until: int) -> None:
        before, layout = self._series_state.layout, build_layout(self.targets)
        self._series_state, gone = self._carry_over.next_state(self._series_state, layout, settled_until)
        self._laid_out, self._plans = self.targets, {}
        freshness_metrics.count_dropped(self._telemetry, before, gone, "gone")
        for query in set(layout.duplicates).difference(before.duplicates):
            logger.error(
                "%s of %s is requested twice; only the first series is exported",
                query.spec.series_name,
                query.target.resource,
            )
            self._telemetry.dropped_series.labels(query.target.collector, "duplicate").inc()
        freshness_metrics.remove_gauges(
            self._telemetry, set(before.collector_locations).difference(layout.collector_locations)
        )

    def _plan(
        self, tiers: frozenset[RefreshTier], intervals: Mapping[RefreshTier, timedelta]
    ) -> tuple[PlannedCall, ...]:
        key = (tiers, *sorted(intervals.items()))
        plan = self._plans.pop(key, None) or plan_calls(self._series_state.layout, tiers, intervals)
        self._plans[key] = plan
        while len(self._plans) > _PLANS:
            del self._plans[next(iter(self._plans))]
        return plan

    def _run_job(self, cycle: RefreshCycle, planned_call: PlannedCall) -> None:
        try:
            self._fetch_all(cycle, planned_call)
        except Exception:  # a bug must not end the thread: the cycle would never end
            logger.exception("a response of %s could not be processed", self.name)
            self._series_state.mark_failed(planned_call.rows)
        with self._lock:
            cycle.pending_calls -= 1
            last = not cycle.pending_calls
        if last:
            self._finish(cycle)

    def _fetch_all(self, cycle: RefreshCycle, planned_call: PlannedCall) -> None:
        """Makes the call, and makes it again over later windows when one response cannot hold everything."""
        end, complete = 0, True
        while complete and end < cycle.settled_until:
            if cycle.source_error is not None:
                self._series_state.mark_failed(planned_call.rows)
                return
            start, end = planned_call.next_window(self._series_state, cycle.settled_until)
            fetched = cycle.source.fetch(planned_call.call_over(start, end))
            self._note_silence(cycle, fetched)
            at = cycle.at.timestamp()
            with CPU_LOCK:
                complete = self._series_state.apply(
                    planned_call.rows, fetched.answers, start, end, at, up_to_date=end == cycle.settled_until
                )
        if end < cycle.settled_until:
            self._series_state.mark_failed(planned_call.rows)

    def _note_silence(self, cycle: RefreshCycle, fetched: FetchResult) -> None:
        """Notes whether the source responds: if not, the rest of the cycle is skipped."""
        errors = [answer.error for answer in fetched.answers]
        source_error = (
            errors[0] if all(error is not None and error.reason in _NO_RESPONSE for error in errors) else None
        )
        if source_error is not None:
            cycle.source_error = source_error
            self.unresponsive = True
        elif None in errors:
            self.unresponsive = False

    def _finish(self, cycle: RefreshCycle) -> None:
        at, locations = cycle.at, self._series_state.layout.collector_locations
        try:
            self.attempted |= {locations[index][0] for index in cycle.location_indexes}
            if self.succeeded != self.attempted:
                self.succeeded |= {
                    locations[index][0] for index in self._series_state.locations_fetched_at(at.timestamp())
                }
            self.snapshot = self._series_state.snapshot(
                {tier: (interval + self._max_staleness).total_seconds() for tier, interval in cycle.intervals.items()}
            )
            seconds = time.monotonic() - cycle.started
            with self._lock:
                gaps = freshness_metrics.record_cycle(
                    self._telemetry,
                    self._series_state,
                    self.snapshot,
                    requested=cycle.location_indexes,
                    intervals=cycle.intervals,
                    at=at,
                    seconds=seconds,
                )
                self.cycle = None
            if gaps:
                logger.warning(
                    "%s: %d counters have a gap, because the missing periods are more than %s old",
                    self.name,
                    gaps,
                    format_duration(CATCH_UP),
                )
        finally:
            self.cycle = None
            cycle.done.set()


def due_tiers(
    at: datetime, intervals: Mapping[RefreshTier, timedelta], last_refreshed: Mapping[RefreshTier, datetime]
) -> frozenset[RefreshTier]:
    """The tiers due at `at`: those never refreshed, those whose next multiple has come, and FAST always.

    Multiples are counted on the wall clock, so that tiers coincide and share a plan.
    """
    return frozenset(
        tier
        for tier, interval in intervals.items()
        if tier is RefreshTier.FAST
        or tier not in last_refreshed
        or floor_time(last_refreshed[tier], interval) < floor_time(at, interval)
    )
