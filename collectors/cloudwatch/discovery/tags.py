"""The tags and ARNs that `aws_resource_info` tells of what is asked about, declared or discovered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from basewatch.collector import MetricTarget
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap
from collectors.cloudwatch.declared_targets import Location, collector_gap
from collectors.cloudwatch.discovery.plan import TagLookup
from collectors.cloudwatch.discovery.result import ResourceKey, resource_key
from collectors.cloudwatch.discovery.run import DiscoveryResults

ArnAndTags = tuple[str, tuple[tuple[str, str], ...]]


class ResourceTags:
    """What the tagging API last said, of the tags that are `allowed`; one thread at a time."""

    def __init__(self, tag_lookups: tuple[TagLookup, ...], allowed: Iterable[str]) -> None:
        self._labellings = tag_lookups
        self._allowed = frozenset(allowed)
        self._known: list[dict[ResourceKey, ArnAndTags]] = [{} for _ in tag_lookups]

    def apply_results(self, results: DiscoveryResults) -> tuple[tuple[CollectionGap, Location], ...]:
        """Takes in what the tagging API said; what failed, and where, is returned and changes nothing."""
        failures: list[tuple[CollectionGap, Location]] = []
        for index, labelling in enumerate(self._labellings):
            outcome = results[labelling.tag_query]
            if isinstance(outcome, ObservationError):
                failures.append((collector_gap(labelling.collector, outcome), labelling.location))
                continue
            self._known[index] = {
                (
                    labelling.collector,
                    labelling.location.account_id,
                    labelling.location.region,
                    frozenset(known.items()),
                ): (
                    arn,
                    tuple(sorted(tags.items())),
                )
                for arn, tags in outcome.items()
                for discovery in labelling.discoveries
                if (known := discovery.dimensions_of_arn(arn)) is not None
            }
        return tuple(failures)

    def with_tags(self, targets: Iterable[MetricTarget]) -> Iterator[MetricTarget]:
        """The targets, with the tags that may be told."""
        everything = {key: known for each in self._known for key, known in each.items()}
        for target in targets:
            resource = target.resource
            arn, tags = everything.get(resource_key(target), (resource.arn, resource.tags))
            tags = tuple((name, value) for name, value in tags if name in self._allowed)
            same = (arn, tags) == (resource.arn, resource.tags)
            yield target if same else replace(target, resource=replace(resource, arn=arn, tags=tags))
