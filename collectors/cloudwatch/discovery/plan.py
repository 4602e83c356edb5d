"""Plans discovery: the searches that the configuration asks for, and the fewest queries that serve them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from basewatch.collector import AnyCollector, DiscoverySpec, MetricTarget
from basewatch.config.collection import CollectorSettings, DiscoveryRule
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.queries import DescribeQuery, DiscoveryQuery, ListQuery, TagQuery


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSearch:
    """One search for one kind of resource in one location, as the configuration asks for it.

    `tag_query`, `list_query` and `describe_query` are the queries whose results it needs.
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
        """The queries that this search needs."""
        return tuple(query for query in (self.list_query, self.tag_query, self.describe_query) if query is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TagLookup:
    """The lookup of tags and ARNs of a collector's resources in one location, declared or discovered."""

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
    """The searches of `collection.discover`.

    `monitoring_account_of` returns the account to query for an account's metrics. With idle skip, activity is listed
    too: one query for each namespace, account and region.
    """
    by_name = {collector.name: collector for collector in collectors}
    searches = tuple(
        ResourceSearch(
            discover_entry=entry, collector=entry.collector, location=location_of(entry), discovery=discovery
        )
        for entry in collection.discover
        if entry.collector in by_name
        for discovery in by_name[entry.collector].discovery_specs
        if entry.by in discovery_methods(discovery)
    )
    list_queries = _list_queries(searches, collection, monitoring_account_of)
    tag_queries = _tag_queries(searches)
    return tuple(
        _complete(search, list_queries, tag_queries, monitoring_account_of, skip_idle=collection.skip_idle)
        for search in searches
    )


def discovery_methods(discovery: DiscoverySpec) -> frozenset[str]:
    """The methods that can discover resources of this kind: `list`, `tags`, `describe`."""
    optional = {"tags": discovery.resource_type != "", "describe": discovery.describe is not None}
    return frozenset({"list", *(method for method, available in optional.items() if available)})


def collector_discovery_methods(collector: AnyCollector) -> frozenset[str]:
    """The methods that can discover any resource of the collector; empty when all must be declared."""
    return frozenset(method for discovery in collector.discovery_specs for method in discovery_methods(discovery))


def tag_lookups(
    collectors: Iterable[AnyCollector],
    collection: CollectorSettings,
    targets: Iterable[MetricTarget],
    searches: Iterable[ResourceSearch],
) -> tuple[TagLookup, ...]:
    """The tag lookups that the exported tags of the configuration need; empty when no tags are exported."""
    if not collection.exported_tags:
        return ()
    measured = {(target.collector, Location(account_id=target.account_id, region=target.region)) for target in targets}
    measured |= {(search.collector, search.location) for search in searches}
    tagged = {
        collector.name: tuple(discovery for discovery in collector.discovery_specs if discovery.resource_type)
        for collector in collectors
    }
    types: dict[Location, set[str]] = defaultdict(set)
    for collector, location in measured:
        types[location] |= {discovery.resource_type for discovery in tagged.get(collector, ())}
    return tuple(
        TagLookup(
            collector=collector,
            location=location,
            discoveries=tagged[collector],
            tag_query=TagQuery(location=location, tags=(), resource_types=frozenset(types[location])),
        )
        for collector, location in sorted(measured, key=lambda each: (each[0], each[1].account_id, each[1].region))
        if tagged.get(collector)
    )


ListQueryKey = tuple[str, str, str]
TagQueryKey = tuple[Location, tuple[tuple[str, str], ...]]


def _list_query_key(search: ResourceSearch, monitoring_account_of: Callable[[str], str]) -> ListQueryKey:
    return monitoring_account_of(search.location.account_id), search.location.region, search.discovery.namespace


def _list_queries(
    searches: Iterable[ResourceSearch], collection: CollectorSettings, monitoring_account_of: Callable[[str], str]
) -> dict[ListQueryKey, ListQuery]:
    """One query for all searches of a namespace that go to the same account."""
    together: dict[ListQueryKey, list[ResourceSearch]] = defaultdict(list)
    for search in searches:
        if search.discover_entry.by == "list" or collection.skip_idle:
            together[_list_query_key(search, monitoring_account_of)].append(search)
    return {
        (account, region, namespace): ListQuery(
            location=Location(account_id=account, region=region),
            namespace=namespace,
            owning_accounts=frozenset(search.location.account_id for search in same),
            dimension_names=frozenset(frozenset(search.discovery.dimensions) for search in same),
            recently_active=collection.skip_idle,
        )
        for (account, region, namespace), same in together.items()
    }


def _tags_of(search: ResourceSearch) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(search.discover_entry.tags.items()))


def _tag_queries(searches: Iterable[ResourceSearch]) -> dict[TagQueryKey, TagQuery]:
    """One query for all searches with the same tag filter in a location."""
    types: dict[TagQueryKey, set[str]] = defaultdict(set)
    for search in searches:
        if search.discover_entry.by == "tags":
            types[search.location, _tags_of(search)].add(search.discovery.resource_type)
    return {key: TagQuery(location=key[0], tags=key[1], resource_types=frozenset(same)) for key, same in types.items()}


def _complete(
    search: ResourceSearch,
    list_queries: dict[ListQueryKey, ListQuery],
    tag_queries: dict[TagQueryKey, TagQuery],
    monitoring_account_of: Callable[[str], str],
    *,
    skip_idle: bool,
) -> ResourceSearch:
    by, describe_query = search.discover_entry.by, DescribeQuery(location=search.location, discovery=search.discovery)
    return replace(
        search,
        list_query=list_queries.get(_list_query_key(search, monitoring_account_of))
        if by == "list" or skip_idle
        else None,
        tag_query=tag_queries[search.location, _tags_of(search)] if by == "tags" else None,
        describe_query=describe_query if by == "describe" else None,
    )


def discovery_queries(searches: Iterable[ResourceSearch], tag_lookups: Iterable[TagLookup]) -> Iterator[DiscoveryQuery]:
    """Each query once."""
    yield from dict.fromkeys(
        [
            *(query for search in searches for query in search.discovery_queries),
            *(tag_lookup.tag_query for tag_lookup in tag_lookups),
        ]
    )
