"""Which metrics CloudWatch has, by ListMetrics: one chain of pages for each namespace and account that is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from basewatch.aws.response import optional
from basewatch.errors import ObservationError
from basewatch.model import Reason
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.client import DiscoveryClient

Dimensions = frozenset[tuple[str, str]]
"""What a resource is known by in CloudWatch; their order means nothing."""


DimensionNames = frozenset[str]
"""The names of dimensions, by which one sort of resources is told from another."""

ListedResources = Mapping[tuple[str, DimensionNames], frozenset[Dimensions]]
"""The dimensions that were listed, by owning account and by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """One chain: `location` is asked about its own metrics, or as a monitoring account about those of `owning_accounts`.

    `dimension_names` are sorts of resources; one is listed when it has any metric with just these dimensions.
    `recently_active` leaves out what was silent for about three hours; otherwise it is about two weeks.
    """

    location: Location
    namespace: str
    owning_accounts: frozenset[str]
    dimension_names: frozenset[DimensionNames]
    recently_active: bool

    def execute(self, client: DiscoveryClient) -> ListedResources:
        """What is listed of what is wanted. Raises: ObservationError, unless the listing is whole."""
        found: dict[tuple[str, DimensionNames], set[Dimensions]] = defaultdict(set)
        for page in client.pages("cloudwatch", "ListMetrics", "NextToken", "NextToken", **self._parameters()):
            for owner, metric in self._owned(page):
                dimensions = frozenset((pair["Name"], pair["Value"]) for pair in _pairs(metric))
                # A filter on dimensions would also let through what has others besides.
                names = frozenset(name for name, _ in dimensions)
                if owner in self.owning_accounts and names in self.dimension_names:
                    found[owner, names].add(dimensions)
        return {key: frozenset(dimensions) for key, dimensions in found.items()}

    def _owned(self, page: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """The metrics of a page, each after the account that owns it: AWS lists those beside, one for each."""
        metrics = optional(page, "Metrics", kind=list) or []
        owners = optional(page, "OwningAccounts", kind=list) or [self.location.account_id] * len(metrics)
        if len(owners) != len(metrics):
            raise ObservationError(
                Reason.UNSUPPORTED, f"ListMetrics listed {len(metrics)} metrics of {len(owners)} owners"
            )
        return zip(owners, metrics, strict=True)

    def _parameters(self) -> dict[str, object]:
        parameters: dict[str, object] = {"Namespace": self.namespace}
        if self.recently_active:
            parameters["RecentlyActive"] = "PT3H"
        if self.owning_accounts != frozenset({self.location.account_id}):
            parameters["IncludeLinkedAccounts"] = True
            if len(self.owning_accounts) == 1:
                parameters["OwningAccount"] = next(iter(self.owning_accounts))
        return parameters


def _pairs(metric: Mapping[str, Any]) -> Iterable[Mapping[str, str]]:
    return optional(metric, "Dimensions", kind=list) or ()
