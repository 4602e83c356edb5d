"""What discovery found: learnt from the outcomes of its hunts, kept from one look to the next, shown as targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from basewatch.collector import Described, MetricSpec, Resource, Target
from basewatch.errors import CouldNotLook
from basewatch.metrics import Gap
from collectors.cloudwatch.declared_targets import Place, gap
from collectors.cloudwatch.discovery.activity import Known, remembered, signs_of_life, within
from collectors.cloudwatch.discovery.list_metrics import Dimensions
from collectors.cloudwatch.discovery.plan import Search
from collectors.cloudwatch.discovery.run import Outcomes

Key = tuple[str, str, str, Dimensions]
"""What tells the resources of all collectors apart: the collector, the account, the region and the dimensions."""


def key_of(target: Target) -> Key:
    """The identity of what a target is about."""
    return target.collector, target.account_id, target.region, frozenset(target.resource.dimensions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One discovered resource in its place: all that could be asked of it, and whether it is in use."""

    search: Search
    known: Known
    target: Target


class Finds:
    """All that the searches have found so far, beside what is declared; one thread at a time."""

    def __init__(self, searches: tuple[Search, ...], declared: tuple[Target, ...], *, gate: bool) -> None:
        self._searches = searches
        self._declared = declared
        self._declared_keys = frozenset(map(key_of, declared))
        self._gate = gate
        self._known: list[Mapping[Dimensions, Known]] = [{} for _ in searches]
        self._of_declared: dict[Key, Described] = {}
        self._kept: dict[Key, Found] = {}
        self._left_out: dict[Key, Found] = {}

    def learn(self, outcomes: Outcomes, at: datetime) -> tuple[tuple[Gap, Place], ...]:
        """Takes in the outcomes of a look at `at`; what failed, and where, is returned and changes nothing."""
        failures: dict[tuple[Gap, Place], None] = {}
        for index, search in enumerate(self._searches):
            for hunt in search.hunts:
                if isinstance(error := outcomes[hunt], CouldNotLook):
                    failures[gap(search.collector, error), search.place] = None
            self._known[index] = self._remembered(search, self._known[index], outcomes, at)
        self._choose()
        return tuple(failures)

    @property
    def targets(self) -> Iterator[Target]:
        """What is declared, with what its service told of it; then what is asked of each discovered resource."""
        for target in self._declared:
            described = self._of_declared.get(key_of(target))
            yield replace(target, resource=_told(target.resource, described)) if described else target
        # Thousands of idle resources share what little is asked of them.
        little: dict[tuple[int, int], tuple[MetricSpec, ...]] = {}
        for found in self._kept.values():
            discovery, specs = found.search.discovery, found.target.specs
            if found.known.active:
                yield found.target
            elif few := little.setdefault((id(discovery), id(specs)), signs_of_life(discovery, specs)):
                yield replace(found.target, specs=few)

    @property
    def counted(self) -> Mapping[str, int]:
        """How many discovered resources each collector asks about."""
        return Counter(found.search.collector for found in self._kept.values())

    @property
    def idle(self) -> Mapping[str, int]:
        """How many of them had no activity lately."""
        return Counter(found.search.collector for found in self._kept.values() if not found.known.active)

    @property
    def left_out(self) -> Mapping[Key, Found]:
        """What was found beyond what `at_most` allows."""
        return self._left_out

    def _remembered(
        self, search: Search, before: Mapping[Dimensions, Known], outcomes: Outcomes, at: datetime
    ) -> Mapping[Dimensions, Known]:
        listed = _listed(search, outcomes)
        return remembered(
            before,
            _described(search, outcomes),
            listed if self._gate else None,
            at,
            silent=self._gate and search.wanted.by == "list",
        )

    def _choose(self) -> None:
        """Decide what is asked about: a declared resource is the declared one, and each entry has its bound."""
        before, self._of_declared, self._kept, self._left_out = frozenset(self._kept), {}, {}, {}
        for _, entry in groupby(enumerate(self._searches), key=lambda each: id(each[1].wanted)):
            candidates, at_most = dict[Key, Found](), 0
            for index, search in entry:
                at_most = search.wanted.at_most
                for found in _candidates(search, self._known[index]):
                    key = key_of(found.target)
                    if key in self._declared_keys:
                        self._of_declared[key] = found.known.described
                    elif key not in self._kept:
                        candidates.setdefault(key, found)
            kept = within({key: found.known.active for key, found in candidates.items()}, at_most, before)
            self._kept |= {key: candidates.pop(key) for key in kept}
            self._left_out |= candidates


def _described(search: Search, outcomes: Outcomes) -> Iterable[Described] | None:
    """The resources that were found; None when the request failed that would have found them."""
    if search.describing is not None:
        outcome = outcomes[search.describing]
        return None if isinstance(outcome, CouldNotLook) else outcome
    if search.tagging is not None:
        return _tagged(search, outcomes[search.tagging])
    listed = _listed(search, outcomes)
    return None if listed is None else [Described(dimensions=dict(dimensions)) for dimensions in listed]


def _tagged(search: Search, outcome: CouldNotLook | Mapping[str, Mapping[str, str]]) -> Iterable[Described] | None:
    if isinstance(outcome, CouldNotLook):
        return None
    known = ((arn, search.discovery.of_arn(arn), tags) for arn, tags in outcome.items())
    return [
        Described(dimensions=dimensions, arn=arn, tags=tags)
        for arn, dimensions, tags in known
        if dimensions is not None
    ]


def _listed(search: Search, outcomes: Outcomes) -> frozenset[Dimensions] | None:
    """The dimensions of what was listed of the search's sort; None when nobody asked, or got no answer."""
    outcome = None if search.listing is None else outcomes[search.listing]
    if outcome is None or isinstance(outcome, CouldNotLook):
        return None
    nothing: frozenset[Dimensions] = frozenset()
    listed: frozenset[Dimensions] = outcome.get(
        (search.place.account_id, frozenset(search.discovery.dimensions)), nothing
    )
    return listed


def _candidates(search: Search, known: Mapping[Dimensions, Known]) -> Iterator[Found]:
    """What can be asked about of what is known, in an order of its own."""
    for dimensions in sorted(known, key=sorted):
        described = known[dimensions].described
        measured = search.discovery.measured(dict(sorted(described.dimensions.items())))
        if measured is None:
            continue
        resource, specs = measured
        target = Target(
            collector=search.collector,
            account_id=search.place.account_id,
            region=search.place.region,
            resource=_told(resource, described),
            specs=specs,
        )
        yield Found(search=search, known=known[dimensions], target=target)


def _told(resource: Resource, described: Described) -> Resource:
    """The resource with what its service says of it; every tag, whoever may be told of it."""
    return replace(
        resource,
        arn=described.arn or resource.arn,
        tags=tuple(sorted((described.tags or {}).items())) or resource.tags,
        lookback=described.lookback or resource.lookback,
    )
