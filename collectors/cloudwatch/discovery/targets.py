"""The current metric targets: everything declared and everything discovered."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from threading import Lock

from basewatch.collector import AnyCollector, MetricSpec, MetricTarget
from basewatch.components import Component
from basewatch.config.collection import CollectorSettings as Settings
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location, collector_gap, declared_targets
from collectors.cloudwatch.discovery.plan import TagLookup, discovery_queries, resource_searches, tag_lookups
from collectors.cloudwatch.discovery.result import DiscoveryState, ResourceKey, resource_key
from collectors.cloudwatch.discovery.run import AccountLookup, DiscoveryResults, DiscoveryRunner
from collectors.cloudwatch.throttling import RateLimits

ArnAndTags = tuple[str, tuple[tuple[str, str], ...]]


class ResourceTags:
    """The latest result of the tag lookups, limited to the `allowed` tags. Not thread-safe."""

    def __init__(self, tag_lookups: tuple[TagLookup, ...], allowed: Iterable[str]) -> None:
        self._tag_lookups = tag_lookups
        self._allowed = frozenset(allowed)
        self._known: list[dict[ResourceKey, ArnAndTags]] = [{} for _ in tag_lookups]

    def apply_results(self, results: DiscoveryResults) -> tuple[tuple[CollectionGap, Location], ...]:
        """Applies the results of the tag lookups; returns the gaps of failed queries, which change nothing."""
        failures: list[tuple[CollectionGap, Location]] = []
        for index, tag_lookup in enumerate(self._tag_lookups):
            result = results[tag_lookup.tag_query]
            if isinstance(result, ObservationError):
                failures.append((collector_gap(tag_lookup.collector, result), tag_lookup.location))
                continue
            self._known[index] = {
                (
                    tag_lookup.collector,
                    tag_lookup.location.account_id,
                    tag_lookup.location.region,
                    frozenset(known.items()),
                ): (
                    arn,
                    tuple(sorted(tags.items())),
                )
                for arn, tags in result.items()
                for discovery in tag_lookup.discoveries
                if (known := discovery.dimensions_of_arn(arn)) is not None
            }
        return tuple(failures)

    def with_tags(self, targets: Iterable[MetricTarget]) -> Iterator[MetricTarget]:
        """The targets with their ARNs and exported tags."""
        known_tags = {key: known for each in self._known for key, known in each.items()}
        for target in targets:
            resource = target.resource
            arn, tags = known_tags.get(resource_key(target), (resource.arn, resource.tags))
            tags = tuple((name, value) for name, value in tags if name in self._allowed)
            same = (arn, tags) == (resource.arn, resource.tags)
            yield target if same else replace(target, resource=replace(resource, arn=arn, tags=tags))


logger = logging.getLogger(__name__)


class Targets:
    """All metric targets. Discovery runs at its own interval; any thread may read the current targets."""

    def __init__(
        self,
        *,
        collectors: Iterable[AnyCollector],
        components: Iterable[Component],
        collection: Settings,
        accounts: AccountLookup,
        rate_limits: RateLimits,
        telemetry: ExporterMetrics,
    ) -> None:
        """Has the declared targets; sends no request yet."""
        all_collectors = tuple(collectors)
        self._declared, self._unlocated = declared_targets(all_collectors, components, accounts.location)
        self._searches = resource_searches(
            all_collectors,
            collection,
            lambda entry: accounts.location_of(entry.account, entry.region),
            accounts.monitoring_account,
        )
        self._tag_lookups = tag_lookups(all_collectors, collection, self._declared, self._searches)
        self._runner = DiscoveryRunner(
            accounts=accounts, rate_limits=rate_limits, telemetry=telemetry, concurrency=collection.concurrency
        )
        self._discovered = DiscoveryState(self._searches, self._declared, skip_idle=collection.skip_idle)
        self._tags = ResourceTags(self._tag_lookups, collection.exported_tags)
        self._telemetry = telemetry
        self._lock = Lock()
        self._gaps = self._unlocated
        self._current = without_duplicates(self._declared)
        self._count_resources()

    def current(self) -> tuple[MetricTarget, ...]:
        """The current targets; the same tuple until something changes."""
        return self._current

    @property
    def gaps(self) -> tuple[CollectionGap, ...]:
        """Why targets may be missing: components without a location, and failed discovery queries."""
        return self._gaps

    def discover(self, at: datetime) -> None:
        """Discovers undeclared resources and activity; one discovery at a time.

        AWS errors do not raise: the previous result is kept, and the failure becomes one of the `gaps`.
        """
        with self._lock:
            results = self._runner.execute_all(discovery_queries(self._searches, self._tag_lookups))
            over_limit_before = frozenset(self._discovered.over_limit)
            failures = (*self._discovered.apply_results(results, at), *self._tags.apply_results(results))
            self._log_gaps(tuple(dict.fromkeys(gap for gap, _ in failures)))
            self._log_over_limit(over_limit_before)
            self._record_success({(gap.collector, location) for gap, location in failures}, at)
            self._count_resources()
            self._replace_current(without_duplicates(self._tags.with_tags(self._discovered.targets)))

    def _replace_current(self, targets: tuple[MetricTarget, ...]) -> None:
        """Replaces the targets; unchanged targets, and an unchanged tuple, stay the same objects."""
        before = {resource_key(target): target for target in self._current}
        same = ((before.get(resource_key(target), target), target) for target in targets)
        targets = tuple(old if old == new else new for old, new in same)
        if targets != self._current:
            self._current = targets

    def _log_gaps(self, gaps: tuple[CollectionGap, ...]) -> None:
        for gap in gaps:
            if gap not in self._gaps:
                remedy = f"; {gap.remedy}" if gap.remedy else ""
                logger.warning(
                    "discovery for %s failed and keeps its previous result: %s%s", gap.collector, gap.detail, remedy
                )
        self._gaps = (*self._unlocated, *gaps)

    def _log_over_limit(self, before: frozenset[ResourceKey]) -> None:
        """Logs resources that are newly over the limit, once."""
        new = [found for key, found in self._discovered.over_limit.items() if key not in before]
        for collector, count in Counter(found.found_by.collector for found in new).items():
            logger.warning(
                "%s: %d resources exceed collectors.discover.at_most and are not collected", collector, count
            )
        for found in new:
            self._telemetry.dropped_series.labels(found.found_by.collector, "limit").inc(len(found.target.specs))

    def _record_success(self, failed: Collection[tuple[str, Location]], at: datetime) -> None:
        all_collectors = {(search.collector, search.location) for search in self._searches}
        all_collectors |= {(tag_lookup.collector, tag_lookup.location) for tag_lookup in self._tag_lookups}
        for collector, location in all_collectors.difference(failed):
            success = self._telemetry.discovery_success.labels(collector, location.account_id, location.region)
            success.set(at.timestamp())

    def _count_resources(self) -> None:
        """Exports the number of resources; zero for a collector that discovers and finds none."""
        declared = Counter(collector for collector, _, _, _ in frozenset(map(resource_key, self._declared)))
        for collector in {*declared, *(search.collector for search in self._searches)}:
            self._telemetry.known_resources.labels(collector, "declared").set(declared[collector])
            self._telemetry.known_resources.labels(collector, "discovered").set(
                self._discovered.resource_counts.get(collector, 0)
            )
            self._telemetry.idle_resources.labels(collector).set(self._discovered.idle_counts.get(collector, 0))


def without_duplicates(targets: Iterable[MetricTarget]) -> tuple[MetricTarget, ...]:
    """The targets, without specs whose series an earlier target already has."""
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
    """The specs whose series are not among those of `before`."""
    known = {(spec.series_name, frozenset(spec.labels)) for spec in before}
    return tuple(spec for spec in specs if (spec.series_name, frozenset(spec.labels)) not in known)
