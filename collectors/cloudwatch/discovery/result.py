"""What discovery found: learnt from the outcomes of its hunts, kept from one look to the next, shown as targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from basewatch.collector import DescribedResource, MetricSpec, MetricTarget, Resource
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap
from collectors.cloudwatch.declared_targets import Location, collector_gap
from collectors.cloudwatch.discovery.activity import KnownResource, activity_specs, updated_resources, within_limit
from collectors.cloudwatch.discovery.list_metrics import Dimensions
from collectors.cloudwatch.discovery.plan import ResourceSearch
from collectors.cloudwatch.discovery.run import DiscoveryResults

ResourceKey = tuple[str, str, str, Dimensions]
"""What tells the resources of all collectors apart: the collector, the account, the region and the dimensions."""


def resource_key(target: MetricTarget) -> ResourceKey:
    """The identity of what a target is about."""
    return target.collector, target.account_id, target.region, frozenset(target.resource.dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredResource:
    """One discovered resource in its place: all that could be asked of it, and whether it is in use."""

    found_by: ResourceSearch
    known: KnownResource
    target: MetricTarget


class DiscoveredResources:
    """All that the searches have found so far, beside what is declared; one thread at a time."""

    def __init__(
        self, searches: tuple[ResourceSearch, ...], declared: tuple[MetricTarget, ...], *, skip_idle: bool
    ) -> None:
        self._searches = searches
        self._declared = declared
        self._declared_keys = frozenset(map(resource_key, declared))
        self._gate = skip_idle
        self._known: list[Mapping[Dimensions, KnownResource]] = [{} for _ in searches]
        self._of_declared: dict[ResourceKey, DescribedResource] = {}
        self._kept: dict[ResourceKey, DiscoveredResource] = {}
        self._left_out: dict[ResourceKey, DiscoveredResource] = {}

    def apply_results(self, results: DiscoveryResults, at: datetime) -> tuple[tuple[CollectionGap, Location], ...]:
        """Takes in the outcomes of a look at `at`; what failed, and where, is returned and changes nothing."""
        failures: dict[tuple[CollectionGap, Location], None] = {}
        for index, search in enumerate(self._searches):
            for hunt in search.discovery_queries:
                if isinstance(error := results[hunt], ObservationError):
                    failures[collector_gap(search.collector, error), search.location] = None
            self._known[index] = self._remembered(search, self._known[index], results, at)
        self._choose()
        return tuple(failures)

    @property
    def targets(self) -> Iterator[MetricTarget]:
        """What is declared, with what its service told of it; then what is asked of each discovered resource."""
        for target in self._declared:
            described = self._of_declared.get(resource_key(target))
            yield replace(target, resource=_told(target.resource, described)) if described else target
        # Thousands of idle resources share what little is asked of them.
        little: dict[tuple[int, int], tuple[MetricSpec, ...]] = {}
        for found in self._kept.values():
            discovery, specs = found.found_by.discovery, found.target.specs
            if found.known.active:
                yield found.target
            elif few := little.setdefault((id(discovery), id(specs)), activity_specs(discovery, specs)):
                yield replace(found.target, specs=few)

    @property
    def resource_counts(self) -> Mapping[str, int]:
        """How many discovered resources each collector asks about."""
        return Counter(found.found_by.collector for found in self._kept.values())

    @property
    def idle_counts(self) -> Mapping[str, int]:
        """How many of them had no activity lately."""
        return Counter(found.found_by.collector for found in self._kept.values() if not found.known.active)

    @property
    def over_limit(self) -> Mapping[ResourceKey, DiscoveredResource]:
        """What was found beyond what `at_most` allows."""
        return self._left_out

    def _remembered(
        self,
        search: ResourceSearch,
        before: Mapping[Dimensions, KnownResource],
        outcomes: DiscoveryResults,
        at: datetime,
    ) -> Mapping[Dimensions, KnownResource]:
        listed = _listed(search, outcomes)
        return updated_resources(
            before,
            _described(search, outcomes),
            listed if self._gate else None,
            at,
            lists_active_only=self._gate and search.discover_entry.by == "list",
        )

    def _choose(self) -> None:
        """Decide what is asked about: a declared resource is the declared one, and each entry has its bound."""
        before, self._of_declared, self._kept, self._left_out = frozenset(self._kept), {}, {}, {}
        for _, entry in groupby(enumerate(self._searches), key=lambda each: id(each[1].discover_entry)):
            candidates, at_most = dict[ResourceKey, DiscoveredResource](), 0
            for index, search in entry:
                at_most = search.discover_entry.at_most
                for found in _candidates(search, self._known[index]):
                    key = resource_key(found.target)
                    if key in self._declared_keys:
                        self._of_declared[key] = found.known.described
                    elif key not in self._kept:
                        candidates.setdefault(key, found)
            kept = within_limit({key: found.known.active for key, found in candidates.items()}, at_most, before)
            self._kept |= {key: candidates.pop(key) for key in kept}
            self._left_out |= candidates


def _described(search: ResourceSearch, outcomes: DiscoveryResults) -> Iterable[DescribedResource] | None:
    """The resources that were found; None when the request failed that would have found them."""
    if search.describe_query is not None:
        outcome = outcomes[search.describe_query]
        return None if isinstance(outcome, ObservationError) else outcome
    if search.tag_query is not None:
        return _tagged(search, outcomes[search.tag_query])
    listed = _listed(search, outcomes)
    return None if listed is None else [DescribedResource(dimensions=dict(dimensions)) for dimensions in listed]


def _tagged(
    search: ResourceSearch, outcome: ObservationError | Mapping[str, Mapping[str, str]]
) -> Iterable[DescribedResource] | None:
    if isinstance(outcome, ObservationError):
        return None
    known = ((arn, search.discovery.dimensions_of_arn(arn), tags) for arn, tags in outcome.items())
    return [
        DescribedResource(dimensions=dimensions, arn=arn, tags=tags)
        for arn, dimensions, tags in known
        if dimensions is not None
    ]


def _listed(search: ResourceSearch, outcomes: DiscoveryResults) -> frozenset[Dimensions] | None:
    """The dimensions of what was listed of the search's sort; None when nobody asked, or got no answer."""
    outcome = None if search.list_query is None else outcomes[search.list_query]
    if outcome is None or isinstance(outcome, ObservationError):
        return None
    nothing: frozenset[Dimensions] = frozenset()
    listed: frozenset[Dimensions] = outcome.get(
        (search.location.account_id, frozenset(search.discovery.dimensions)), nothing
    )
    return listed


def _candidates(search: ResourceSearch, known: Mapping[Dimensions, KnownResource]) -> Iterator[DiscoveredResource]:
    """What can be asked about of what is known, in an order of its own."""
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
            resource=_told(resource, described),
            specs=specs,
        )
        yield DiscoveredResource(found_by=search, known=known[dimensions], target=target)


def _told(resource: Resource, described: DescribedResource) -> Resource:
    """The resource with what its service says of it; every tag, whoever may be told of it."""
    return replace(
        resource,
        arn=described.arn or resource.arn,
        tags=tuple(sorted((described.tags or {}).items())) or resource.tags,
        allowed_lateness=described.allowed_lateness or resource.allowed_lateness,
    )
