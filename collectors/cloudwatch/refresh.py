"""Refreshes every series on the clock of its tier, source by source: a slow or dead one does not hold up the others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from threading import Lock, Thread

from basewatch.collector import Target, Tier
from basewatch.config.collection import Collection
from basewatch.errors import CouldNotLook, HistoryError
from basewatch.family import Block
from basewatch.telemetry import Telemetry
from collectors.cloudwatch.cost import Stretched, stretched
from collectors.cloudwatch.counters import Kept
from collectors.cloudwatch.declared_targets import Place
from collectors.cloudwatch.fetch import Answer, Fetched
from collectors.cloudwatch.planner import Call, floor
from collectors.cloudwatch.relayout import Arranger
from collectors.cloudwatch.source import MetricSource
from collectors.cloudwatch.source_state import Round, Site
from collectors.cloudwatch.state import CounterStore, unpacked
from collectors.cloudwatch.tiers import asked
from collectors.cloudwatch.workers import Lane, Workers

SAVE_EVERY = timedelta(minutes=1)
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
        collection: Collection,
        targets: Callable[[], Sequence[Target]],
        source_of: Callable[[str, str], MetricSource],
        telemetry: Telemetry,
        keep: CounterStore,
        fixed_cost: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """Asks nothing yet. `source_of` names who is asked about an account and region, and may raise CouldNotLook.

        `targets` gives the same sequence until they change. `fixed_cost`, in dollars a month, comes off the budget.
        """
        self._collection = collection
        self._targets = targets
        self._source_of = source_of
        self._telemetry = telemetry
        self._keep = keep
        self._fixed_cost = fixed_cost
        self._workers = Workers(collection.concurrency)
        self._sites: dict[Place, Site] = {}
        self._sources: dict[Place, MetricSource] = {}
        self._known: Sequence[Target] | None = None
        self._asked: dict[tuple[str, str], tuple[str, str]] = {}
        self._stretched = Stretched(every={}, dollars_at_most=0.0, used=None)
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
    def answered(self) -> frozenset[str]:
        """The collectors of which anything was answered, ever."""
        return frozenset[str]().union(*(site.answered for site in tuple(self._sites.values())))

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
        if self._saved is None or floor(self._saved, SAVE_EVERY) < floor(at, SAVE_EVERY):
            # Nobody waits for it: the page can be shown meanwhile.
            self._saving = Thread(target=self._save, args=(at,), name="counters", daemon=True)
            self._saving.start()

    def _sort(self) -> None:
        """Hand every target to whoever is asked about it, when they or those have changed."""
        targets = self._targets()
        places = dict.fromkeys((target.account_id, target.region) for target in targets)
        sources = {place: self._source(*place) for place in places}
        self._sources |= {Place(account_id=each.account_id, region=each.region): each for each in sources.values()}
        asked = {place: (each.account_id, each.region) for place, each in sources.items()}
        if targets is self._known and asked == self._asked:
            return
        self._known, self._asked = targets, asked
        by_source: dict[Place, list[Target]] = {place: [] for place in self._sites}
        for target in targets:
            account_id, region = asked[target.account_id, target.region]
            by_source.setdefault(Place(account_id=account_id, region=region), []).append(target)
        for place, its in by_source.items():
            if place not in self._sites:
                self._sites[place] = self._site(place)
            if self._sites[place].targets != tuple(its):
                self._sites[place].targets = tuple(its)
        self._stretch(targets)

    def _source(self, account_id: str, region: str) -> MetricSource:
        try:
            return self._source_of(account_id, region)
        except CouldNotLook as error:
            return NoSource(account_id, region, error)

    def _site(self, place: Place) -> Site:
        name = f"{place.account_id}/{place.region}"
        arranger = Arranger(
            self._kept(name), hold=self._collection.hold, discovered_late=self._collection.discover_every
        )
        return Site(name, arranger, self._telemetry, self._collection.hold)

    def _begin(self, site: Site, place: Place, at: datetime, long: float) -> tuple[Round | None, float]:
        """A round of a site, unless one is under way still, and how many seconds it is waited for."""
        if site.round is not None:
            self._telemetry.overruns.inc()
            site.overrun()
            return None, 0.0
        suspect = site.suspect
        round_, jobs = site.begin(at, self._sources[place], self._stretched.every)
        # One thread at least is left for the others.
        at_most = max(1, self._collection.concurrency - (len(self._sites) > 1))
        self._workers.add(Lane(jobs, at_most=at_most, suspect=suspect))
        return round_, min(long, _SUSPECT_SECONDS) if suspect else long

    def _stretch(self, targets: Sequence[Target]) -> None:
        """Settle how often each tier is asked, so that the budget is kept."""
        collection, usages = self._collection, asked(targets)
        configured = {Tier.FAST: collection.fast, Tier.STANDARD: collection.every, Tier.SLOW: collection.slow}
        fixed = self._fixed_cost()
        self._stretched = stretched(configured, usages, collection.budget, fixed=fixed)
        for tier, interval in self._stretched.every.items():
            self._telemetry.tier_seconds.labels(tier, "configured").set(configured[tier].total_seconds())
            self._telemetry.tier_seconds.labels(tier, "now").set(interval.total_seconds())
        if collection.budget is not None:
            month = [usages[tier].monthly(interval) for tier, interval in self._stretched.every.items()]
            dearer, cheaper = (sum(each.dollars_at_most for each in month), sum(each.dollars for each in month))
            self._telemetry.budget_used.labels("per_query").set((fixed + dearer) / collection.budget)
            self._telemetry.budget_used.labels("five_for_one").set((fixed + cheaper) / collection.budget)
        if not self._stretched.kept:
            logger.warning(
                "collectors.budget is not enough: a month is forecast to cost $%.2f; raise it, or ask for less",
                self._stretched.dollars_at_most,
            )

    def _kept(self, name: str) -> Mapping[bytes, Kept]:
        try:
            state = self._keep.counters(name)
            return unpacked(state) if state else {}
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
            if site.round is not None:
                continue
            try:
                self._keep.keep_counters(site.name, site.state(), at)
            except HistoryError:
                logger.exception("where the counters of %s stand could not be written down", site.name)


class NoSource:
    """In place of a source that there is none of: it answers every call with the reason."""

    def __init__(self, account_id: str, region: str, error: CouldNotLook) -> None:
        self.account_id = account_id
        self.region = region
        self._error = error

    @property
    def principal(self) -> str:
        """Nobody. Raises: CouldNotLook, always."""
        raise self._error

    def fetch(self, call: Call) -> Fetched:
        """The reason, for each query."""
        return Fetched(answers=(Answer((), (), self._error),) * len(call.queries), requests=())
