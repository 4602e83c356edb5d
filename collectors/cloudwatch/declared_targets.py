"""What is asked of the components that somebody declared, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from basewatch.collector import AnyCollector, MetricTarget
from basewatch.components import Component
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An AWS account, by its twelve digits, and a region of it."""

    account_id: str
    region: str


def declared_targets(
    collectors: Iterable[AnyCollector], components: Iterable[Component], location_of: Callable[[Component], Location]
) -> tuple[tuple[MetricTarget, ...], tuple[CollectionGap, ...]]:
    """Every target of the components, collector by collector; one whose place cannot be told is a gap instead.

    `location_of` may raise ObservationError. Components that are measured by the same resource each have a target of
    it; what belongs to none of them, such as the limits of an account, has one target however many of them it is told
    by.
    """
    targets, gaps, everything = dict[object, MetricTarget](), list[CollectionGap](), tuple(components)
    for collector in collectors:
        for component in everything:
            if not isinstance(component, collector.component_type):
                continue
            try:
                place = location_of(component)
            except ObservationError as error:
                gaps.append(collector_gap(collector.name, error, component=component.ref))
                continue
            for resource, specs in collector.resources(component):
                target = MetricTarget(
                    collector=collector.name,
                    account_id=place.account_id,
                    region=place.region,
                    resource=resource,
                    specs=specs,
                )
                targets.setdefault((collector.name, place, resource), target)
    return tuple(targets.values()), tuple(gaps)


def collector_gap(collector: str, error: ObservationError, *, component: str = "") -> CollectionGap:
    """Everything that the collector would have found out about the component, or of what it discovers."""
    return CollectionGap(
        collector=collector, component=component, reason=error.reason, detail=error.detail, remedy=error.remedy
    )
