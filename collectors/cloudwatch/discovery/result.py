"""The result of discovery: which resources are known, which are active, and which of them are collected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import TypeVar

from basewatch.collector import DescribedResource, DiscoverySpec, MetricSpec, MetricTarget, Resource
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap
from collectors.cloudwatch.declared_targets import Location, collector_gap
from collectors.cloudwatch.discovery.plan import ResourceSearch
from collectors.cloudwatch.discovery.queries import Dimensions
from collectors.cloudwatch.discovery.run import DiscoveryResults, described_resources, listed_dimensions

K = TypeVar("K")

FORGET_AFTER = timedelta(days=14)
"""How long a resource known only from CloudWatch is kept without activity: as long as ListMetrics lists it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownResource:
    """A discovered resource; `active_at` is the time of its last known activity, or of its discovery."""

    described: DescribedResource
    active: bool
    active_at: datetime


def dimensions_of(described: DescribedResource) -> Dimensions:
    """The dimensions that identify a resource among those of its kind."""
    return frozenset(described.dimensions.items())


def updated_resources(
    before: Mapping[Dimensions, KnownResource],
    found: Iterable[DescribedResource] | None,
    active: Collection[Dimensions] | None,
    at: datetime,
    *,
    lists_active_only: bool,
) -> dict[Dimensions, KnownResource]:
    """The known resources after a discovery at `at` that returned `found` and listed `active`.

    None means that a query failed: known resources are then kept, and new ones count as active. A resource that is not
    found is dropped; when `found` lists active resources only (`lists_active_only`), it is kept for FORGET_AFTER.
    """
    now = {key: known.described for key, known in before.items()}
    if found is not None:
        listed = {dimensions_of(described): described for described in found}
        selected = {
            key: now[key] for key, known in before.items() if lists_active_only and at - known.active_at < FORGET_AFTER
        }
        now = selected | listed
    return {key: _known(key, described, before.get(key), active, at) for key, described in now.items()}


def _known(
    key: Dimensions,
    described: DescribedResource,
    before: KnownResource | None,
    active: Collection[Dimensions] | None,
    at: datetime,
) -> KnownResource:
    was_active = before.active if before else True
    is_active = was_active if active is None else key in active
    since = before.active_at if before else at
    return KnownResource(described=described, active=is_active, active_at=at if is_active else since)


def activity_specs(discovery: DiscoverySpec, specs: tuple[MetricSpec, ...]) -> tuple[MetricSpec, ...]:
    """The specs requested of an idle resource; a collector may have none."""
    return tuple(spec for spec in specs if spec.metric == discovery.activity_metric)


def within_limit(candidates: Mapping[K, bool], at_most: int, before: Collection[K]) -> tuple[K, ...]:
    """At most `at_most` of the candidates, in their order; the mapping says which are active.

    Active candidates come first, then those selected `before`, so that the selection is stable.
    """
    ranked = sorted(candidates, key=lambda key: (not candidates[key], key not in before))
    selected = set(ranked[:at_most])
    return tuple(key for key in candidates if key in selected)


ResourceKey = tuple[str, str, str, Dimensions]
"""The collector, the account, the region and the dimensions: unique over all collectors."""


def resource_key(target: MetricTarget) -> ResourceKey:
    """The identity of a target's resource."""
    return target.collector, target.account_id, target.region, frozenset(target.resource.dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredResource:
    """A discovered resource and its full target; `known` says whether it is active."""

    found_by: ResourceSearch
    known: KnownResource
    target: MetricTarget


class DiscoveryState:
    """Everything that the searches have found so far, beside the declared targets. Not thread-safe."""

    def __init__(
        self, searches: tuple[ResourceSearch, ...], declared: tuple[MetricTarget, ...], *, skip_idle: bool
    ) -> None:
        self._searches = searches
        self._declared = declared
        self._declared_keys = frozenset(map(resource_key, declared))
        self._skip_idle = skip_idle
        self._known: list[Mapping[Dimensions, KnownResource]] = [{} for _ in searches]
        self._declared_descriptions: dict[ResourceKey, DescribedResource] = {}
        self._selected: dict[ResourceKey, DiscoveredResource] = {}
        self._over_limit: dict[ResourceKey, DiscoveredResource] = {}

    def apply_results(self, results: DiscoveryResults, at: datetime) -> tuple[tuple[CollectionGap, Location], ...]:
        """Applies the results of a discovery at `at`; returns the gaps of failed queries, which change nothing."""
        failures: dict[tuple[CollectionGap, Location], None] = {}
        for index, search in enumerate(self._searches):
            for query in search.discovery_queries:
                if isinstance(error := results[query], ObservationError):
                    failures[collector_gap(search.collector, error), search.location] = None
            self._known[index] = self._updated(search, self._known[index], results, at)
        self._select()
        return tuple(failures)

    @property
    def targets(self) -> Iterator[MetricTarget]:
        """The declared targets with their described attributes, then the targets of the selected resources."""
        for target in self._declared:
            described = self._declared_descriptions.get(resource_key(target))
            yield replace(target, resource=_with_description(target.resource, described)) if described else target
        # Thousands of idle resources share one tuple of specs.
        shared_idle_specs: dict[tuple[int, int], tuple[MetricSpec, ...]] = {}
        for found in self._selected.values():
            discovery, specs = found.found_by.discovery, found.target.specs
            if found.known.active:
                yield found.target
            elif idle_specs := shared_idle_specs.setdefault(
                (id(discovery), id(specs)), activity_specs(discovery, specs)
            ):
                yield replace(found.target, specs=idle_specs)

    @property
    def resource_counts(self) -> Mapping[str, int]:
        """The number of selected resources, by collector."""
        return Counter(found.found_by.collector for found in self._selected.values())

    @property
    def idle_counts(self) -> Mapping[str, int]:
        """The number of selected resources without recent activity, by collector."""
        return Counter(found.found_by.collector for found in self._selected.values() if not found.known.active)

    @property
    def over_limit(self) -> Mapping[ResourceKey, DiscoveredResource]:
        """The resources found beyond `at_most`."""
        return self._over_limit

    def _updated(
        self,
        search: ResourceSearch,
        before: Mapping[Dimensions, KnownResource],
        results: DiscoveryResults,
        at: datetime,
    ) -> Mapping[Dimensions, KnownResource]:
        listed = listed_dimensions(search, results)
        return updated_resources(
            before,
            described_resources(search, results),
            listed if self._skip_idle else None,
            at,
            lists_active_only=self._skip_idle and search.discover_entry.by == "list",
        )

    def _select(self) -> None:
        """Selects the resources to collect: declared ones stay declared; each entry has its limit."""
        before, self._declared_descriptions, self._selected, self._over_limit = frozenset(self._selected), {}, {}, {}
        for _, entry in groupby(enumerate(self._searches), key=lambda each: id(each[1].discover_entry)):
            candidates, at_most = dict[ResourceKey, DiscoveredResource](), 0
            for index, search in entry:
                at_most = search.discover_entry.at_most
                for found in _candidates(search, self._known[index]):
                    key = resource_key(found.target)
                    if key in self._declared_keys:
                        self._declared_descriptions[key] = found.known.described
                    elif key not in self._selected:
                        candidates.setdefault(key, found)
            selected = within_limit({key: found.known.active for key, found in candidates.items()}, at_most, before)
            self._selected |= {key: candidates.pop(key) for key in selected}
            self._over_limit |= candidates


def _candidates(search: ResourceSearch, known: Mapping[Dimensions, KnownResource]) -> Iterator[DiscoveredResource]:
    """The known resources that the collector can measure, sorted by dimensions."""
    for dimensions in sorted(known, key=sorted):
        described = known[dimensions].described
        measured = search.discovery.from_dimensions(dict(sorted(described.dimensions.items())))
        if measured is None:
            continue
        resource, specs = measured
        target = MetricTarget(
            collector=search.collector,
            account_id=search.location.account_id,
            region=search.location.region,
            resource=_with_description(resource, described),
            specs=specs,
        )
        yield DiscoveredResource(found_by=search, known=known[dimensions], target=target)


def _with_description(resource: Resource, described: DescribedResource) -> Resource:
    """The resource with its described ARN, lateness and tags; all tags, whether or not they are exported."""
    return replace(
        resource,
        arn=described.arn or resource.arn,
        tags=tuple(sorted((described.tags or {}).items())) or resource.tags,
        allowed_lateness=described.allowed_lateness or resource.allowed_lateness,
    )
