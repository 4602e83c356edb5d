"""Refreshes every series at the interval of its tier; a slow or dead source does not delay the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock, Thread

from basewatch.collector import MetricTarget, RefreshTier
from basewatch.config.collection import CollectorSettings
from basewatch.errors import HistoryError, ObservationError
from basewatch.family import Block
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.cost import BudgetedIntervals, fit_budget, usage_by_tier
from collectors.cloudwatch.counter_state import CounterStore, decode_counters
from collectors.cloudwatch.counters import SavedCounter
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.fetch import FetchResult
from collectors.cloudwatch.planner import Call, floor_time
from collectors.cloudwatch.query_answer import Answer
from collectors.cloudwatch.relayout import StateCarryOver
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.source_state import RefreshCycle, SourceState
from collectors.cloudwatch.workers import SourceQueue, Workers

SAVE_INTERVAL = timedelta(minutes=1)
"""How often counters are saved; after a restart, later periods are read again."""
_UNRESPONSIVE_WAIT_SECONDS = 1.0
"""How long a refresh waits for a source that did not respond the last time."""
_CLOSE_TIMEOUT_SECONDS = 5.0
"""How long a shutdown waits for a running refresh; counters not saved then are read again after the restart."""

logger = logging.getLogger(__name__)


class Refresher:
    """The BlockSource of CloudWatch. One refresh runs at a time; any thread may read the blocks."""

    name = "cloudwatch"

    def __init__(
        self,
        *,
        collection: CollectorSettings,
        targets: Callable[[], Sequence[MetricTarget]],
        source_of: Callable[[str, str], MetricSource],
        telemetry: ExporterMetrics,
        counter_store: CounterStore,
        fixed_dollars: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`source_of` returns the source of an account and region, or raises ObservationError. No request is sent yet.

        `targets` returns the same sequence object until the targets change. `fixed_dollars` are the further costs of a
        month, which reduce the budget.
        """
        self._collection = collection
        self._targets = targets
        self._source_of = source_of
        self._telemetry = telemetry
        self._counter_store = counter_store
        self._fixed_dollars = fixed_dollars
        self._workers = Workers(collection.concurrency)
        self._source_states: dict[Location, SourceState] = {}
        self._sources: dict[Location, MetricSource] = {}
        self._last_targets: Sequence[MetricTarget] | None = None
        self._source_locations: dict[tuple[str, str], tuple[str, str]] = {}
        self._budgeted = BudgetedIntervals(tier_intervals={}, dollars_upper=0.0, budget_ratio=None)
        self._saved_at: datetime | None = None
        self._saving: Thread | None = None
        self._refreshing = Lock()

    def refresh(self, at: datetime) -> None:
        """Fetches what is due at `at`. New values of a source are shown when its last call is answered.

        A source that did not respond the last time gets only a short wait; its cycle ends later.
        """
        if not self._refreshing.acquire(blocking=False):
            self._telemetry.overruns.inc()
            return
        try:
            self._refresh(at)
        finally:
            self._refreshing.release()

    def blocks(self, at: datetime) -> Iterable[Block]:
        """The families of every source as of its last cycle; a series that is too old is NaN."""
        return [
            block for source_state in tuple(self._source_states.values()) for block in source_state.snapshot.blocks(at)
        ]

    @property
    def attempted(self) -> frozenset[str]:
        """The collectors with a finished request, successful or not."""
        return frozenset[str]().union(*(source_state.attempted for source_state in tuple(self._source_states.values())))

    @property
    def succeeded(self) -> frozenset[str]:
        """The collectors with at least one successful request since the start."""
        return frozenset[str]().union(*(source_state.succeeded for source_state in tuple(self._source_states.values())))

    def close(self, at: datetime) -> None:
        """Saves the counters, except those of sources with a running cycle."""
        if self._refreshing.acquire(timeout=_CLOSE_TIMEOUT_SECONDS):
            try:
                self._join_saving()
                self._save(at)
            finally:
                self._refreshing.release()

    def _refresh(self, at: datetime) -> None:
        self._join_saving()
        self._assign_targets()
        started, max_wait = time.monotonic(), self._collection.fast.total_seconds() / 2
        for cycle, wait_seconds in [
            self._start_cycle(source_state, location, at, max_wait)
            for location, source_state in self._source_states.items()
        ]:
            if cycle is not None:
                cycle.done.wait(max(0.0, started + wait_seconds - time.monotonic()))
        if self._saved_at is None or floor_time(self._saved_at, SAVE_INTERVAL) < floor_time(at, SAVE_INTERVAL):
            # Saving runs in a thread, so that the page is available meanwhile.
            self._saving = Thread(target=self._save, args=(at,), name="counters", daemon=True)
            self._saving.start()

    def _assign_targets(self) -> None:
        """Assigns every target to its source, when targets or sources have changed."""
        targets = self._targets()
        locations = dict.fromkeys((target.account_id, target.region) for target in targets)
        sources = {location: self._source(*location) for location in locations}
        self._sources |= {Location(account_id=each.account_id, region=each.region): each for each in sources.values()}
        source_locations = {location: (each.account_id, each.region) for location, each in sources.items()}
        if targets is self._last_targets and source_locations == self._source_locations:
            return
        self._last_targets, self._source_locations = targets, source_locations
        by_source: dict[Location, list[MetricTarget]] = {location: [] for location in self._source_states}
        for target in targets:
            account_id, region = source_locations[target.account_id, target.region]
            by_source.setdefault(Location(account_id=account_id, region=region), []).append(target)
        for location, source_targets in by_source.items():
            if location not in self._source_states:
                self._source_states[location] = self._new_source_state(location)
            if self._source_states[location].targets != tuple(source_targets):
                self._source_states[location].targets = tuple(source_targets)
        self._fit_budget(targets)

    def _source(self, account_id: str, region: str) -> MetricSource:
        try:
            return self._source_of(account_id, region)
        except ObservationError as error:
            return UnavailableSource(account_id, region, error)

    def _new_source_state(self, location: Location) -> SourceState:
        name = f"{location.account_id}/{location.region}"
        carry_over = StateCarryOver(
            self._load_counters(name),
            max_staleness=self._collection.max_staleness,
            discovery_delay=self._collection.discover_every,
        )
        return SourceState(name, carry_over, self._telemetry, self._collection.max_staleness)

    def _start_cycle(
        self, source_state: SourceState, location: Location, at: datetime, max_wait: float
    ) -> tuple[RefreshCycle | None, float]:
        """The new cycle of a source and the seconds to wait for it; None while the previous cycle is running."""
        if source_state.cycle is not None:
            self._telemetry.overruns.inc()
            source_state.mark_overrun()
            return None, 0.0
        unresponsive = source_state.unresponsive
        cycle, jobs = source_state.start_cycle(at, self._sources[location], self._budgeted.tier_intervals)
        # At least one thread is left for the other sources.
        max_running_jobs = max(1, self._collection.concurrency - (len(self._source_states) > 1))
        self._workers.add(SourceQueue(jobs, max_running_jobs=max_running_jobs, unresponsive=unresponsive))
        return cycle, min(max_wait, _UNRESPONSIVE_WAIT_SECONDS) if unresponsive else max_wait

    def _fit_budget(self, targets: Sequence[MetricTarget]) -> None:
        """Sets the intervals of the tiers so that the budget is kept."""
        collection, usages = self._collection, usage_by_tier(targets)
        configured = {
            RefreshTier.FAST: collection.fast,
            RefreshTier.STANDARD: collection.standard,
            RefreshTier.SLOW: collection.slow,
        }
        fixed_dollars = self._fixed_dollars()
        self._budgeted = fit_budget(configured, usages, collection.budget, fixed_dollars=fixed_dollars)
        for tier, interval in self._budgeted.tier_intervals.items():
            self._telemetry.tier_seconds.labels(tier, "configured").set(configured[tier].total_seconds())
            self._telemetry.tier_seconds.labels(tier, "effective").set(interval.total_seconds())
        if collection.budget is not None:
            month = [usages[tier].monthly(interval) for tier, interval in self._budgeted.tier_intervals.items()]
            upper, lower = (sum(each.dollars_upper for each in month), sum(each.dollars for each in month))
            self._telemetry.budget_used.labels("per_query").set((fixed_dollars + upper) / collection.budget)
            self._telemetry.budget_used.labels("five_for_one").set((fixed_dollars + lower) / collection.budget)
        if not self._budgeted.within_budget:
            logger.warning(
                "collectors.budget is exceeded: the forecast for a month is $%.2f; raise it, or collect less",
                self._budgeted.dollars_upper,
            )

    def _load_counters(self, name: str) -> Mapping[bytes, SavedCounter]:
        try:
            state = self._counter_store.load_counters(name)
            return decode_counters(state) if state else {}
        except HistoryError:
            logger.exception("the saved counters of %s cannot be read; they restart at zero", name)
        except ValueError as error:
            logger.warning("the saved counters of %s are ignored: %s; they restart at zero", name, error)
        return {}

    def _join_saving(self) -> None:
        """Waits for the running save: the next step changes the counters."""
        if self._saving is not None:
            self._saving.join()

    def _save(self, at: datetime) -> None:
        self._saved_at = at
        for source_state in self._source_states.values():
            if source_state.cycle is not None:
                continue
            try:
                self._counter_store.save_counters(source_state.name, source_state.counter_state(), at)
            except HistoryError:
                logger.exception("the counters of %s could not be saved", source_state.name)


class UnavailableSource:
    """A source that answers every query with one error."""

    def __init__(self, account_id: str, region: str, error: ObservationError) -> None:
        self.account_id = account_id
        self.region = region
        self._error = error

    @property
    def principal(self) -> str:
        """Raises: ObservationError, always."""
        raise self._error

    def fetch(self, call: Call) -> FetchResult:
        """The error, once for each query."""
        return FetchResult(answers=(Answer((), (), self._error),) * len(call.queries), requests=())
