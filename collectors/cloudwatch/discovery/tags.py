"""The tags and ARNs that `aws_resource_info` tells of what is asked about, declared or discovered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from basewatch.collector import Target
from basewatch.errors import CouldNotLook
from basewatch.metrics import Gap
from collectors.cloudwatch.declared_targets import Place, gap
from collectors.cloudwatch.discovery.plan import Labelling
from collectors.cloudwatch.discovery.result import Key, key_of
from collectors.cloudwatch.discovery.run import Outcomes

ArnAndTags = tuple[str, tuple[tuple[str, str], ...]]


class Tags:
    """What the tagging API last said, of the tags that are `allowed`; one thread at a time."""

    def __init__(self, labellings: tuple[Labelling, ...], allowed: Iterable[str]) -> None:
        self._labellings = labellings
        self._allowed = frozenset(allowed)
        self._known: list[dict[Key, ArnAndTags]] = [{} for _ in labellings]

    def learn(self, outcomes: Outcomes) -> tuple[tuple[Gap, Place], ...]:
        """Takes in what the tagging API said; what failed, and where, is returned and changes nothing."""
        failures: list[tuple[Gap, Place]] = []
        for index, labelling in enumerate(self._labellings):
            outcome = outcomes[labelling.tagging]
            if isinstance(outcome, CouldNotLook):
                failures.append((gap(labelling.collector, outcome), labelling.place))
                continue
            self._known[index] = {
                (labelling.collector, labelling.place.account_id, labelling.place.region, frozenset(known.items())): (
                    arn,
                    tuple(sorted(tags.items())),
                )
                for arn, tags in outcome.items()
                for discovery in labelling.discoveries
                if (known := discovery.of_arn(arn)) is not None
            }
        return tuple(failures)

    def told(self, targets: Iterable[Target]) -> Iterator[Target]:
        """The targets, with the tags that may be told."""
        everything = {key: known for each in self._known for key, known in each.items()}
        for target in targets:
            resource = target.resource
            arn, tags = everything.get(key_of(target), (resource.arn, resource.tags))
            tags = tuple((name, value) for name, value in tags if name in self._allowed)
            same = (arn, tags) == (resource.arn, resource.tags)
            yield target if same else replace(target, resource=replace(resource, arn=arn, tags=tags))
