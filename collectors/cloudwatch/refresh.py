"""Refreshes every series on the clock of its tier, source by source: a slow or dead one does not hold up the others."""

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
from collectors.cloudwatch.cost import BudgetedIntervals, fit_budget
from collectors.cloudwatch.counter_state import CounterStore, decode_counters
from collectors.cloudwatch.counters import SavedCounter
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.fetch import Answer, FetchResult
from collectors.cloudwatch.planner import Call, floor_time
from collectors.cloudwatch.relayout import StateCarryOver
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.source_state import RefreshCycle, SourceState
from collectors.cloudwatch.tiers import usage_by_tier
from collectors.cloudwatch.workers import SourceQueue, Workers

SAVE_INTERVAL = timedelta(minutes=1)
"""How often where the counters stand is written down; what is older is read again after a restart."""
_SUSPECT_SECONDS = 1.0
"""How long a refresh waits for a source that did not answer the last time."""
_PATIENCE_SECONDS = 5.0
"""How long the end of the process waits for a refresh under way; what is not written down then is read again."""

logger = logging.getLogger(__name__)


class Refresher:
    """CloudWatch as a source of blocks. One refresh at a time; blocks may be asked for by any thread meanwhile."""

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
        """Asks nothing yet. `source_of` names who is asked about an account and region, and may raise ObservationError.

        `targets` gives the same sequence until they change. `fixed_dollars`, in dollars a month, comes off the budget.
        """
        self._collection = collection
        self._targets = targets
        self._source_of = source_of
        self._telemetry = telemetry
        self._keep = counter_store
        self._fixed_cost = fixed_dollars
        self._workers = Workers(collection.concurrency)
        self._sites: dict[Location, SourceState] = {}
        self._sources: dict[Location, MetricSource] = {}
        self._known: Sequence[MetricTarget] | None = None
        self._asked: dict[tuple[str, str], tuple[str, str]] = {}
        self._stretched = BudgetedIntervals(tier_intervals={}, dollars_upper=0.0, budget_ratio=None)
        self._saved: datetime | None = None
        self._saving: Thread | None = None
        self._refreshing = Lock()

    def refresh(self, at: datetime) -> None:
        """Asks for what is due at `at`; the series of a source are shown anew when its last call is answered.

        A source that did not answer the last time is hardly waited for: its round ends when it ends.
        """
        if not self._refreshing.acquire(blocking=False):
            self._telemetry.overruns.inc()
            return
        try:
            self._refresh(at)
        finally:
            self._refreshing.release()

    def blocks(self, at: datetime) -> Iterable[Block]:
        """Every family of every source as of its last round; a series that was not got for too long is NaN."""
        return [block for site in tuple(self._sites.values()) for block in site.snapshot.blocks(at)]

    @property
    def attempted(self) -> frozenset[str]:
        """The collectors that were asked for something and have an outcome, good or bad."""
        return frozenset[str]().union(*(site.attempted for site in tuple(self._sites.values())))

    @property
    def succeeded(self) -> frozenset[str]:
        """The collectors of which anything was answered, ever."""
        return frozenset[str]().union(*(site.succeeded for site in tuple(self._sites.values())))

    def close(self, at: datetime) -> None:
        """Writes down where the counters stand, but for those of a source that is just being asked."""
        if self._refreshing.acquire(timeout=_PATIENCE_SECONDS):
            try:
                self._end_saving()
                self._save(at)
            finally:
                self._refreshing.release()

    def _refresh(self, at: datetime) -> None:
        self._end_saving()
        self._sort()
        began, long = time.monotonic(), self._collection.fast.total_seconds() / 2
        for round_, patience in [self._begin(site, place, at, long) for place, site in self._sites.items()]:
            if round_ is not None:
                round_.done.wait(max(0.0, began + patience - time.monotonic()))
        if self._saved is None or floor_time(self._saved, SAVE_INTERVAL) < floor_time(at, SAVE_INTERVAL):
            # Nobody waits for it: the page can be shown meanwhile.
            self._saving = Thread(target=self._save, args=(at,), name="counters", daemon=True)
            self._saving.start()

    def _sort(self) -> None:
        """Hand every target to whoever is asked about it, when they or those have changed."""
        targets = self._targets()
        places = dict.fromkeys((target.account_id, target.region) for target in targets)
        sources = {place: self._source(*place) for place in places}
        self._sources |= {Location(account_id=each.account_id, region=each.region): each for each in sources.values()}
        asked = {place: (each.account_id, each.region) for place, each in sources.items()}
        if targets is self._known and asked == self._asked:
            return
        self._known, self._asked = targets, asked
        by_source: dict[Location, list[MetricTarget]] = {place: [] for place in self._sites}
        for target in targets:
            account_id, region = asked[target.account_id, target.region]
            by_source.setdefault(Location(account_id=account_id, region=region), []).append(target)
        for place, its in by_source.items():
            if place not in self._sites:
                self._sites[place] = self._site(place)
            if self._sites[place].targets != tuple(its):
                self._sites[place].targets = tuple(its)
        self._stretch(targets)

    def _source(self, account_id: str, region: str) -> MetricSource:
        try:
            return self._source_of(account_id, region)
        except ObservationError as error:
            return UnavailableSource(account_id, region, error)

    def _site(self, place: Location) -> SourceState:
        name = f"{place.account_id}/{place.region}"
        arranger = StateCarryOver(
            self._kept(name), max_staleness=self._collection.hold, discovery_delay=self._collection.discover_every
        )
        return SourceState(name, arranger, self._telemetry, self._collection.hold)

    def _begin(
        self, site: SourceState, place: Location, at: datetime, long: float
    ) -> tuple[RefreshCycle | None, float]:
        """A round of a site, unless one is under way still, and how many seconds it is waited for."""
        if site.cycle is not None:
            self._telemetry.overruns.inc()
            site.mark_overrun()
            return None, 0.0
        suspect = site.unresponsive
        round_, jobs = site.start_cycle(at, self._sources[place], self._stretched.tier_intervals)
        # One thread at least is left for the others.
        at_most = max(1, self._collection.concurrency - (len(self._sites) > 1))
        self._workers.add(SourceQueue(jobs, at_most=at_most, suspect=suspect))
        return round_, min(long, _SUSPECT_SECONDS) if suspect else long

    def _stretch(self, targets: Sequence[MetricTarget]) -> None:
        """Settle how often each tier is asked, so that the budget is kept."""
        collection, usages = self._collection, usage_by_tier(targets)
        configured = {
            RefreshTier.FAST: collection.fast,
            RefreshTier.STANDARD: collection.every,
            RefreshTier.SLOW: collection.slow,
        }
        fixed = self._fixed_cost()
        self._stretched = fit_budget(configured, usages, collection.budget, fixed_dollars=fixed)
        for tier, interval in self._stretched.tier_intervals.items():
            self._telemetry.tier_seconds.labels(tier, "configured").set(configured[tier].total_seconds())
            self._telemetry.tier_seconds.labels(tier, "now").set(interval.total_seconds())
        if collection.budget is not None:
            month = [usages[tier].monthly(interval) for tier, interval in self._stretched.tier_intervals.items()]
            dearer, cheaper = (sum(each.dollars_upper for each in month), sum(each.dollars for each in month))
            self._telemetry.budget_used.labels("per_query").set((fixed + dearer) / collection.budget)
            self._telemetry.budget_used.labels("five_for_one").set((fixed + cheaper) / collection.budget)
        if not self._stretched.within_budget:
            logger.warning(
                "collectors.budget is not enough: a month is forecast to cost $%.2f; raise it, or ask for less",
                self._stretched.dollars_upper,
            )

    def _kept(self, name: str) -> Mapping[bytes, SavedCounter]:
        try:
            state = self._keep.load_counters(name)
            return decode_counters(state) if state else {}
        except HistoryError:
            logger.exception("where the counters of %s stood cannot be read; they begin again at zero", name)
        except ValueError as error:
            logger.warning("where the counters of %s stood is left aside: %s; they begin again at zero", name, error)
        return {}

    def _end_saving(self) -> None:
        """Wait until all is written down as it was: what comes next changes it."""
        if self._saving is not None:
            self._saving.join()

    def _save(self, at: datetime) -> None:
        self._saved = at
        for site in self._sites.values():
            if site.cycle is not None:
                continue
            try:
                self._keep.save_counters(site.name, site.counter_state(), at)
            except HistoryError:
                logger.exception("where the counters of %s stand could not be written down", site.name)


class UnavailableSource:
    """In place of a source that there is none of: it answers every call with the reason."""

    def __init__(self, account_id: str, region: str, error: ObservationError) -> None:
        self.account_id = account_id
        self.region = region
        self._error = error

    @property
    def principal(self) -> str:
        """Nobody. Raises: ObservationError, always."""
        raise self._error

    def fetch(self, call: Call) -> FetchResult:
        """The reason, for each query."""
        return FetchResult(answers=(Answer((), (), self._error),) * len(call.queries), requests=())
