"""The metric targets of the declared components, by account and region."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from basewatch.collector import AnyCollector, MetricTarget
from basewatch.components import Component
from basewatch.errors import ObservationError
from basewatch.metrics import CollectionGap


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """An AWS account (twelve digits) and a region."""

    account_id: str
    region: str

    @property
    def source(self) -> str:
        """The account and region in the words of Evidence.source, for example `aws:123456789012/us-east-1`."""
        return f"aws:{self.account_id}/{self.region}"


def declared_targets(
    collectors: Iterable[AnyCollector], components: Iterable[Component], location_of: Callable[[Component], Location]
) -> tuple[tuple[MetricTarget, ...], tuple[CollectionGap, ...]]:
    """The targets of all components, by collector; a component without a known location becomes a gap.

    `location_of` may raise ObservationError. Two components measured by the same resource each have a target. A
    resource that belongs to no component, such as an account's limits, has one target for all components.
    """
    targets, gaps, all_components = dict[object, MetricTarget](), list[CollectionGap](), tuple(components)
    for collector in collectors:
        for component in all_components:
            if not isinstance(component, collector.component_type):
                continue
            try:
                location = location_of(component)
            except ObservationError as error:
                gaps.append(collector_gap(collector.name, error, component=component.ref))
                continue
            for resource, specs in collector.resources(component):
                target = MetricTarget(
                    collector=collector.name,
                    account_id=location.account_id,
                    region=location.region,
                    resource=resource,
                    specs=specs,
                )
                targets.setdefault((collector.name, location, resource), target)
    return tuple(targets.values()), tuple(gaps)


def collector_gap(collector: str, error: ObservationError, *, component: str = "") -> CollectionGap:
    """A gap for all metrics of a collector: of a component, or of the resources it would have discovered."""
    return CollectionGap(
        collector=collector,
        component=component,
        reason=error.reason,
        detail=error.detail,
        remedy=error.remedy,
        source=error.source,
        action=error.action,
    )
