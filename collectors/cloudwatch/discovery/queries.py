"""The discovery queries: ListMetrics, the tagging API, and the describe calls of each service."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.errors import error_code
from basewatch.aws.response import optional, required
from basewatch.collector import DescribedResource, DiscoverySpec
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.throttling import RateLimits

_ATTEMPTS = 3
"""The attempts for a throttled page, on top of botocore's three for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryClient:
    """Sends the requests of discovery to one account and region: paged, rate-limited and counted."""

    location: Location
    aws: AwsClient
    rate_limits: RateLimits
    telemetry: ExporterMetrics

    def pages(
        self, service: str, operation: str, token_param: str, next_token_key: str, **parameters: Any
    ) -> Iterator[Any]:
        """All pages of a listing: the request takes `token_param`, the response returns `next_token_key`.

        Raises: ObservationError, on any page: an incomplete listing is not used.
        """
        seen, next_token = set[str](), dict[str, str]()
        while True:
            page = self._page(service, operation, {**parameters, **next_token})
            yield page
            name = str(page.get(next_token_key) or "")
            if not name:
                return
            if name in seen:
                raise ObservationError(Reason.UNSUPPORTED, f"{operation} returned the same {next_token_key} twice")
            seen.add(name)
            next_token = {token_param: name}

    def _page(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        limiter = self.rate_limits.limiter(self.location.account_id, self.location.region, operation)
        for attempt in range(1, _ATTEMPTS + 1):
            self.telemetry.throttle_wait.labels(operation).inc(limiter.acquire())
            self.telemetry.requests.labels(operation, self.location.account_id, self.location.region).inc()
            started = time.monotonic()
            try:
                return self.aws.call(service, operation, **parameters)
            except (ObservationError, NotFoundError) as error:
                failure = discovery_error(error)
                self.telemetry.request_failures.labels(operation, failure_code(error)).inc()
                if failure.reason is not Reason.THROTTLED or attempt == _ATTEMPTS:
                    raise failure from error
                limiter.record_throttle()
            finally:
                self.telemetry.request_seconds.labels(operation).observe(time.monotonic() - started)
        raise AssertionError("the last attempt returns or raises")


def discovery_error(error: ObservationError | NotFoundError) -> ObservationError:
    """The error as an ObservationError: a listing cannot be absent, so NotFoundError becomes UNSUPPORTED."""
    return error if isinstance(error, ObservationError) else ObservationError(Reason.UNSUPPORTED, str(error))


def failure_code(error: ObservationError | NotFoundError) -> str:
    """AWS's error code; our own reason when there is none."""
    cause = error.__cause__
    return (error_code(cause) if isinstance(cause, Exception) else "") or discovery_error(error).reason.value


Dimensions = frozenset[tuple[str, str]]
"""The dimensions that identify a resource in CloudWatch; their order has no meaning."""


DimensionNames = frozenset[str]
"""The names of dimensions; they distinguish kinds of resource."""

ListedResources = Mapping[tuple[str, DimensionNames], frozenset[Dimensions]]
"""The listed dimensions, by owning account and dimension names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """A ListMetrics query in one namespace, for `owning_accounts`: `location`, or accounts that it monitors.

    `dimension_names` are the kinds of resource; a resource is listed when any of its metrics has exactly these
    dimensions. `recently_active` limits the listing to about three hours; AWS's default is about two weeks.
    """

    location: Location
    namespace: str
    owning_accounts: frozenset[str]
    dimension_names: frozenset[DimensionNames]
    recently_active: bool

    def execute(self, client: DiscoveryClient) -> ListedResources:
        """The listed resources of these kinds. Raises: ObservationError, when the listing is incomplete."""
        found: dict[tuple[str, DimensionNames], set[Dimensions]] = defaultdict(set)
        for page in client.pages("cloudwatch", "ListMetrics", "NextToken", "NextToken", **self._parameters()):
            for owner, metric in self._owned(page):
                dimensions = frozenset((pair["Name"], pair["Value"]) for pair in _pairs(metric))
                # A dimension filter would also return metrics with additional dimensions.
                names = frozenset(name for name, _ in dimensions)
                if owner in self.owning_accounts and names in self.dimension_names:
                    found[owner, names].add(dimensions)
        return {key: frozenset(dimensions) for key, dimensions in found.items()}

    def _owned(self, page: Mapping[str, Any]) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """The metrics of a page with their owning accounts, which AWS returns as a parallel list."""
        metrics = optional(page, "Metrics", kind=list) or []
        owners = optional(page, "OwningAccounts", kind=list) or [self.location.account_id] * len(metrics)
        if len(owners) != len(metrics):
            raise ObservationError(
                Reason.UNSUPPORTED, f"ListMetrics returned {len(metrics)} metrics but {len(owners)} owning accounts"
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


_LARGEST_PAGE = 100
# https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
_MOST_TYPES = 100

TagsByArn = Mapping[str, Mapping[str, str]]
"""The tags of each resource, by ARN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagQuery:
    """A GetResources query: the resources of these types in one location that have all of `tags`."""

    location: Location
    tags: tuple[tuple[str, str], ...]
    resource_types: frozenset[str]

    def execute(self, client: DiscoveryClient) -> TagsByArn:
        """The resources with all their tags. Raises: ObservationError, when the listing is incomplete."""
        found: dict[str, Mapping[str, str]] = {}
        types = sorted(self.resource_types)
        for first in range(0, len(types), _MOST_TYPES):
            filters = {"ResourceTypeFilters": types[first : first + _MOST_TYPES]}
            for page in client.pages(
                "resourcegroupstaggingapi",
                "GetResources",
                "PaginationToken",
                "PaginationToken",
                ResourcesPerPage=_LARGEST_PAGE,
                TagFilters=[{"Key": key, "Values": [value]} for key, value in self.tags],
                **filters,
            ):
                for resource in page.get("ResourceTagMappingList") or ():
                    tags = {tag["Key"]: tag["Value"] for tag in resource.get("Tags") or ()}
                    found[required(resource, "ResourceARN", kind=str)] = tags
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeQuery:
    """A listing of one location's resources by their service's own API."""

    location: Location
    discovery: DiscoverySpec

    def execute(self, client: DiscoveryClient) -> tuple[DescribedResource, ...]:
        """Every resource that the service describes. Raises: ObservationError; NotFoundError."""
        return tuple(self.discovery.describe(client.aws)) if self.discovery.describe else ()


DiscoveryQuery = ListQuery | TagQuery | DescribeQuery
"""One paged query to AWS; several searches may share its result."""
