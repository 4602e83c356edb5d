"""What is asked about now: everything declared, and what discovery found besides."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime
from threading import Lock

from basewatch.collector import AnyCollector, MetricSpec, MetricTarget
from basewatch.components import Component
from basewatch.config.collection import CollectorSettings as Settings
from basewatch.metrics import CollectionGap
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location, declared_targets
from collectors.cloudwatch.discovery.plan import discovery_queries, resource_searches, tag_lookups
from collectors.cloudwatch.discovery.result import DiscoveredResources, ResourceKey, resource_key
from collectors.cloudwatch.discovery.run import Accounts, DiscoveryRunner
from collectors.cloudwatch.discovery.tags import ResourceTags
from collectors.cloudwatch.limiter import RateLimits

logger = logging.getLogger(__name__)


class Targets:
    """Every target, of which discovery has its own slow clock; any thread may ask what they are now."""

    def __init__(
        self,
        *,
        collectors: Iterable[AnyCollector],
        components: Iterable[Component],
        collection: Settings,
        accounts: Accounts,
        rate_limits: RateLimits,
        telemetry: ExporterMetrics,
    ) -> None:
        """Knows what is declared, and asks nobody yet."""
        every = tuple(collectors)
        self._declared, self._undeclarable = declared_targets(every, components, accounts.location)
        self._searches = resource_searches(
            every,
            collection,
            lambda wanted: accounts.location_of(wanted.account, wanted.region),
            accounts.monitoring_account,
        )
        self._labellings = tag_lookups(every, collection, self._declared, self._searches)
        self._hunter = DiscoveryRunner(
            accounts=accounts, rate_limits=rate_limits, telemetry=telemetry, concurrency=collection.concurrency
        )
        self._finds = DiscoveredResources(self._searches, self._declared, skip_idle=collection.gate)
        self._tags = ResourceTags(self._labellings, collection.tags)
        self._telemetry = telemetry
        self._lock = Lock()
        self._gaps = self._undeclarable
        self._current = without_duplicates(self._declared)
        self._count()

    def current(self) -> tuple[MetricTarget, ...]:
        """Every target as of now: the same tuple until something has changed."""
        return self._current

    @property
    def gaps(self) -> tuple[CollectionGap, ...]:
        """What stands in the way of knowing every target: places that cannot be told, and discovery that failed."""
        return self._gaps

    def discover(self, at: datetime) -> None:
        """Looks for what nobody declared, and for activity; one look at a time.

        Raises nothing that AWS does: what could not be found out stays as it was last known, and is among the `gaps`.
        """
        with self._lock:
            outcomes = self._hunter.execute_all(discovery_queries(self._searches, self._labellings))
            left_out = frozenset(self._finds.over_limit)
            failures = (*self._finds.apply_results(outcomes, at), *self._tags.apply_results(outcomes))
            self._tell_of_gaps(tuple(dict.fromkeys(gap for gap, _ in failures)))
            self._tell_of_limit(left_out)
            self._tell_of_success({(gap.collector, place) for gap, place in failures}, at)
            self._count()
            self._show(without_duplicates(self._tags.with_tags(self._finds.targets)))

    def _show(self, targets: tuple[MetricTarget, ...]) -> None:
        """Make these the targets; one that is as it was stays the same object, and so does the tuple."""
        before = {resource_key(target): target for target in self._current}
        same = ((before.get(resource_key(target), target), target) for target in targets)
        targets = tuple(old if old == new else new for old, new in same)
        if targets != self._current:
            self._current = targets

    def _tell_of_gaps(self, gaps: tuple[CollectionGap, ...]) -> None:
        for gap in gaps:
            if gap not in self._gaps:
                remedy = f"; {gap.remedy}" if gap.remedy else ""
                logger.warning("discovery for %s keeps what it last knew: %s%s", gap.collector, gap.detail, remedy)
        self._gaps = (*self._undeclarable, *gaps)

    def _tell_of_limit(self, before: frozenset[ResourceKey]) -> None:
        """Say what is newly left out, once."""
        new = [found for key, found in self._finds.over_limit.items() if key not in before]
        for collector, count in Counter(found.found_by.collector for found in new).items():
            logger.warning("%s: %d more resources than collectors.discover.at_most are left out", collector, count)
        for found in new:
            self._telemetry.dropped_series.labels(found.found_by.collector, "limit").inc(len(found.target.specs))

    def _tell_of_success(self, failed: Collection[tuple[str, Location]], at: datetime) -> None:
        every = {(search.collector, search.location) for search in self._searches}
        every |= {(labelling.collector, labelling.location) for labelling in self._labellings}
        for collector, place in every.difference(failed):
            success = self._telemetry.discovery_success.labels(collector, place.account_id, place.region)
            success.set(at.timestamp())

    def _count(self) -> None:
        """Say how many there are; of a collector that looks and finds nothing, that it is none."""
        declared = Counter(collector for collector, _, _, _ in frozenset(map(resource_key, self._declared)))
        for collector in {*declared, *(search.collector for search in self._searches)}:
            self._telemetry.known_resources.labels(collector, "declared").set(declared[collector])
            self._telemetry.known_resources.labels(collector, "discovered").set(
                self._finds.resource_counts.get(collector, 0)
            )
            self._telemetry.idle_resources.labels(collector).set(self._finds.idle_counts.get(collector, 0))


def without_duplicates(targets: Iterable[MetricTarget]) -> tuple[MetricTarget, ...]:
    """The targets, without what would become a series that one before it becomes already."""
    asked: dict[object, tuple[MetricSpec, ...]] = {}
    shown: list[MetricTarget] = []
    for target in targets:
        resource = target.account_id, target.region, frozenset(target.resource.labels)
        before = asked.get(resource)
        specs = target.specs if before is None else _others(target.specs, before)
        asked[resource] = specs if before is None else (*before, *specs)
        if specs:
            shown.append(target if specs == target.specs else replace(target, specs=specs))
    return tuple(shown)


def _others(specs: Iterable[MetricSpec], before: Iterable[MetricSpec]) -> tuple[MetricSpec, ...]:
    """Those of the specs that become other series of the same resource than the ones before do."""
    known = {(spec.series_name, frozenset(spec.labels)) for spec in before}
    return tuple(spec for spec in specs if (spec.series_name, frozenset(spec.labels)) not in known)
