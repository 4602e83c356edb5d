"""What discovery has to ask, worked out without asking: every way to look, and the fewest requests for all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from basewatch.collector import AnyCollector, Described, Discovery, Target
from basewatch.config.collection import Collection, Discover
from collectors.cloudwatch.declared_targets import Place
from collectors.cloudwatch.discovery.client import Asking
from collectors.cloudwatch.discovery.list_metrics import Listing
from collectors.cloudwatch.discovery.tagging_api import Tagging


@dataclass(frozen=True, slots=True, kw_only=True)
class Describing:
    """One listing of a place's resources by their own service's API."""

    place: Place
    discovery: Discovery

    def ask(self, asking: Asking) -> tuple[Described, ...]:
        """Every resource that the service describes. Raises: CouldNotLook; Absent."""
        return tuple(self.discovery.describe(asking.aws)) if self.discovery.describe else ()


Hunt = Listing | Tagging | Describing
"""One chain of requests to AWS, whose outcome several searches may share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One way to find one sort of resources in one place, as the configuration asks for it.

    `tagging`, `listing` and `describing` are the hunts that it needs the outcomes of.
    """

    wanted: Discover
    collector: str
    place: Place
    discovery: Discovery
    listing: Listing | None = None
    tagging: Tagging | None = None
    describing: Describing | None = None

    @property
    def hunts(self) -> tuple[Hunt, ...]:
        """What has to be asked for this search."""
        return tuple(hunt for hunt in (self.listing, self.tagging, self.describing) if hunt is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelling:
    """The tags and ARNs of what a collector asks about in one place, declared or discovered."""

    collector: str
    place: Place
    discoveries: tuple[Discovery, ...]
    tagging: Tagging


def searches(
    collectors: Iterable[AnyCollector],
    collection: Collection,
    place_of: Callable[[Discover], Place],
    monitor_of: Callable[[str], str],
) -> tuple[Search, ...]:
    """Every search that `collection.discover` asks for. `monitor_of` names who is asked for an account's metrics.

    Activity is asked for wherever it decides what is asked: one chain for each namespace, account and region.
    """
    by_name = {collector.name: collector for collector in collectors}
    bare = tuple(
        Search(wanted=wanted, collector=wanted.collector, place=place_of(wanted), discovery=discovery)
        for wanted in collection.discover
        if wanted.collector in by_name
        for discovery in by_name[wanted.collector].discoveries
        if wanted.by in ways(discovery)
    )
    listings = _listings(bare, collection, monitor_of)
    taggings = _taggings(bare)
    return tuple(_complete(search, listings, taggings, monitor_of, gate=collection.gate) for search in bare)


def ways(discovery: Discovery) -> frozenset[str]:
    """How resources of this sort can be found: `list`, `tags`, `describe`."""
    others = {"tags": discovery.resource_type != "", "describe": discovery.describe is not None}
    return frozenset({"list", *(way for way, can in others.items() if can)})


def ways_of(collector: AnyCollector) -> frozenset[str]:
    """How anything that the collector asks about can be found; empty when it has to be declared."""
    return frozenset(way for discovery in collector.discoveries for way in ways(discovery))


def labellings(
    collectors: Iterable[AnyCollector], collection: Collection, targets: Iterable[Target], found: Iterable[Search]
) -> tuple[Labelling, ...]:
    """Where the tags that `collection.tags` allows have to be asked for; nowhere, when it allows none."""
    if not collection.tags:
        return ()
    asked = {(target.collector, Place(account_id=target.account_id, region=target.region)) for target in targets}
    asked |= {(search.collector, search.place) for search in found}
    tagged = {
        collector.name: tuple(discovery for discovery in collector.discoveries if discovery.resource_type)
        for collector in collectors
    }
    types: dict[Place, set[str]] = defaultdict(set)
    for collector, place in asked:
        types[place] |= {discovery.resource_type for discovery in tagged.get(collector, ())}
    return tuple(
        Labelling(
            collector=collector,
            place=place,
            discoveries=tagged[collector],
            tagging=Tagging(place=place, tags=(), types=frozenset(types[place])),
        )
        for collector, place in sorted(asked, key=lambda each: (each[0], each[1].account_id, each[1].region))
        if tagged.get(collector)
    )


ListingKey = tuple[str, str, str]
TaggingKey = tuple[Place, tuple[tuple[str, str], ...]]


def _listing_key(search: Search, monitor_of: Callable[[str], str]) -> ListingKey:
    return monitor_of(search.place.account_id), search.place.region, search.discovery.namespace


def _listings(
    bare: Iterable[Search], collection: Collection, monitor_of: Callable[[str], str]
) -> dict[ListingKey, Listing]:
    """One chain for all searches of a namespace whose metrics the same account is asked for."""
    together: dict[ListingKey, list[Search]] = defaultdict(list)
    for search in bare:
        if search.wanted.by == "list" or collection.gate:
            together[_listing_key(search, monitor_of)].append(search)
    return {
        (account, region, namespace): Listing(
            place=Place(account_id=account, region=region),
            namespace=namespace,
            owners=frozenset(search.place.account_id for search in same),
            wanted=frozenset(frozenset(search.discovery.dimensions) for search in same),
            recently=collection.gate,
        )
        for (account, region, namespace), same in together.items()
    }


def _tags_of(search: Search) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(search.wanted.tags.items()))


def _taggings(bare: Iterable[Search]) -> dict[TaggingKey, Tagging]:
    """One chain for all searches for the same tags in a place."""
    types: dict[TaggingKey, set[str]] = defaultdict(set)
    for search in bare:
        if search.wanted.by == "tags":
            types[search.place, _tags_of(search)].add(search.discovery.resource_type)
    return {key: Tagging(place=key[0], tags=key[1], types=frozenset(same)) for key, same in types.items()}


def _complete(
    search: Search,
    listings: dict[ListingKey, Listing],
    taggings: dict[TaggingKey, Tagging],
    monitor_of: Callable[[str], str],
    *,
    gate: bool,
) -> Search:
    by, describing = search.wanted.by, Describing(place=search.place, discovery=search.discovery)
    return replace(
        search,
        listing=listings.get(_listing_key(search, monitor_of)) if by == "list" or gate else None,
        tagging=taggings[search.place, _tags_of(search)] if by == "tags" else None,
        describing=describing if by == "describe" else None,
    )


def hunts_of(found: Iterable[Search], labels: Iterable[Labelling]) -> Iterator[Hunt]:
    """Each hunt once."""
    yield from dict.fromkeys(
        [*(hunt for search in found for hunt in search.hunts), *(labelling.tagging for labelling in labels)]
    )
