"""What discovery has to ask, worked out without asking: every way to look, and the fewest requests for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from basewatch.collector import AnyCollector, DescribedResource, DiscoverySpec, MetricTarget
from basewatch.config.collection import CollectorSettings, DiscoveryRule
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.client import DiscoveryClient
from collectors.cloudwatch.discovery.list_metrics import ListQuery
from collectors.cloudwatch.discovery.tagging_api import TagQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuery:
    """One listing of a place's resources by their own service's API."""

    location: Location
    discovery: DiscoverySpec

    def execute(self, client: DiscoveryClient) -> tuple[DescribedResource, ...]:
        """Every resource that the service describes. Raises: ObservationError; NotFoundError."""
        return tuple(self.discovery.describe(client.aws)) if self.discovery.describe else ()


DiscoveryQuery = ListQuery | TagQuery | DescribeQuery
"""One chain of requests to AWS, whose outcome several searches may share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSearch:
    """One way to find one sort of resources in one place, as the configuration asks for it.

    `tag_query`, `list_query` and `describe_query` are the hunts that it needs the outcomes of.
    """

    discover_entry: DiscoveryRule
    collector: str
    location: Location
    discovery: DiscoverySpec
    list_query: ListQuery | None = None
    tag_query: TagQuery | None = None
    describe_query: DescribeQuery | None = None

    @property
    def discovery_queries(self) -> tuple[DiscoveryQuery, ...]:
        """What has to be asked for this search."""
        return tuple(hunt for hunt in (self.list_query, self.tag_query, self.describe_query) if hunt is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagLookup:
    """The tags and ARNs of what a collector asks about in one place, declared or discovered."""

    collector: str
    location: Location
    discoveries: tuple[DiscoverySpec, ...]
    tag_query: TagQuery


def resource_searches(
    collectors: Iterable[AnyCollector],
    collection: CollectorSettings,
    location_of: Callable[[DiscoveryRule], Location],
    monitoring_account_of: Callable[[str], str],
) -> tuple[ResourceSearch, ...]:
    """Every search that `collection.discover` asks for. `monitoring_account_of` names who is asked for an account's metrics.

    Activity is asked for wherever it decides what is asked: one chain for each namespace, account and region.
    """
    by_name = {collector.name: collector for collector in collectors}
    bare = tuple(
        ResourceSearch(
            discover_entry=wanted, collector=wanted.collector, location=location_of(wanted), discovery=discovery
        )
        for wanted in collection.discover
        if wanted.collector in by_name
        for discovery in by_name[wanted.collector].discovery_specs
        if wanted.by in discovery_methods(discovery)
    )
    listings = _listings(bare, collection, monitoring_account_of)
    taggings = _taggings(bare)
    return tuple(_complete(search, listings, taggings, monitoring_account_of, gate=collection.gate) for search in bare)


def discovery_methods(discovery: DiscoverySpec) -> frozenset[str]:
    """How resources of this sort can be found: `list`, `tags`, `describe`."""
    others = {"tags": discovery.resource_type != "", "describe": discovery.describe is not None}
    return frozenset({"list", *(way for way, can in others.items() if can)})


def collector_discovery_methods(collector: AnyCollector) -> frozenset[str]:
    """How anything that the collector asks about can be found; empty when it has to be declared."""
    return frozenset(way for discovery in collector.discovery_specs for way in discovery_methods(discovery))


def tag_lookups(
    collectors: Iterable[AnyCollector],
    collection: CollectorSettings,
    targets: Iterable[MetricTarget],
    searches: Iterable[ResourceSearch],
) -> tuple[TagLookup, ...]:
    """Where the tags that `collection.tags` allows have to be asked for; nowhere, when it allows none."""
    if not collection.tags:
        return ()
    asked = {(target.collector, Location(account_id=target.account_id, region=target.region)) for target in targets}
    asked |= {(search.collector, search.location) for search in searches}
    tagged = {
        collector.name: tuple(discovery for discovery in collector.discovery_specs if discovery.resource_type)
        for collector in collectors
    }
    types: dict[Location, set[str]] = defaultdict(set)
    for collector, place in asked:
        types[place] |= {discovery.resource_type for discovery in tagged.get(collector, ())}
    return tuple(
        TagLookup(
            collector=collector,
            location=place,
            discoveries=tagged[collector],
            tag_query=TagQuery(location=place, tags=(), resource_types=frozenset(types[place])),
        )
        for collector, place in sorted(asked, key=lambda each: (each[0], each[1].account_id, each[1].region))
        if tagged.get(collector)
    )


ListQueryKey = tuple[str, str, str]
TagQueryKey = tuple[Location, tuple[tuple[str, str], ...]]


def _listing_key(search: ResourceSearch, monitor_of: Callable[[str], str]) -> ListQueryKey:
    return monitor_of(search.location.account_id), search.location.region, search.discovery.namespace


def _listings(
    bare: Iterable[ResourceSearch], collection: CollectorSettings, monitor_of: Callable[[str], str]
) -> dict[ListQueryKey, ListQuery]:
    """One chain for all searches of a namespace whose metrics the same account is asked for."""
    together: dict[ListQueryKey, list[ResourceSearch]] = defaultdict(list)
    for search in bare:
        if search.discover_entry.by == "list" or collection.gate:
            together[_listing_key(search, monitor_of)].append(search)
    return {
        (account, region, namespace): ListQuery(
            location=Location(account_id=account, region=region),
            namespace=namespace,
            owning_accounts=frozenset(search.location.account_id for search in same),
            dimension_names=frozenset(frozenset(search.discovery.dimensions) for search in same),
            recently_active=collection.gate,
        )
        for (account, region, namespace), same in together.items()
    }


def _tags_of(search: ResourceSearch) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(search.discover_entry.tags.items()))


def _taggings(bare: Iterable[ResourceSearch]) -> dict[TagQueryKey, TagQuery]:
    """One chain for all searches for the same tags in a place."""
    types: dict[TagQueryKey, set[str]] = defaultdict(set)
    for search in bare:
        if search.discover_entry.by == "tags":
            types[search.location, _tags_of(search)].add(search.discovery.resource_type)
    return {key: TagQuery(location=key[0], tags=key[1], resource_types=frozenset(same)) for key, same in types.items()}


def _complete(
    search: ResourceSearch,
    listings: dict[ListQueryKey, ListQuery],
    taggings: dict[TagQueryKey, TagQuery],
    monitor_of: Callable[[str], str],
    *,
    gate: bool,
) -> ResourceSearch:
    by, describing = search.discover_entry.by, DescribeQuery(location=search.location, discovery=search.discovery)
    return replace(
        search,
        list_query=listings.get(_listing_key(search, monitor_of)) if by == "list" or gate else None,
        tag_query=taggings[search.location, _tags_of(search)] if by == "tags" else None,
        describe_query=describing if by == "describe" else None,
    )


def discovery_queries(searches: Iterable[ResourceSearch], tag_lookups: Iterable[TagLookup]) -> Iterator[DiscoveryQuery]:
    """Each hunt once."""
    yield from dict.fromkeys(
        [
            *(hunt for search in searches for hunt in search.discovery_queries),
            *(labelling.tag_query for labelling in tag_lookups),
        ]
    )
