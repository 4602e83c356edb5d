"""What is asked of the components that somebody declared, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from basewatch.collector import AnyCollector, Target
from basewatch.components import Component
from basewatch.errors import CouldNotLook
from basewatch.metrics import Gap


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An AWS account, by its twelve digits, and a region of it."""

    account_id: str
    region: str


def declared(
    collectors: Iterable[AnyCollector], components: Iterable[Component], place_of: Callable[[Component], Place]
) -> tuple[tuple[Target, ...], tuple[Gap, ...]]:
    """Every target of the components, collector by collector; one whose place cannot be told is a gap instead.

    `place_of` may raise CouldNotLook. Components that are measured by the same resource each have a target of it; what
    belongs to none of them, such as the limits of an account, has one target however many of them it is told by.
    """
    targets, gaps, everything = dict[object, Target](), list[Gap](), tuple(components)
    for collector in collectors:
        for component in everything:
            if not isinstance(component, collector.component):
                continue
            try:
                place = place_of(component)
            except CouldNotLook as error:
                gaps.append(gap(collector.name, error, component=component.ref))
                continue
            for resource, specs in collector.resources(component):
                target = Target(
                    collector=collector.name,
                    account_id=place.account_id,
                    region=place.region,
                    resource=resource,
                    specs=specs,
                )
                targets.setdefault((collector.name, place, resource), target)
    return tuple(targets.values()), tuple(gaps)


def gap(collector: str, error: CouldNotLook, *, component: str = "") -> Gap:
    """Everything that the collector would have found out about the component, or of what it discovers."""
    return Gap(collector=collector, component=component, reason=error.reason, detail=error.detail, remedy=error.remedy)
