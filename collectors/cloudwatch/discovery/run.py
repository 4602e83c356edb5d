"""Runs discovery queries concurrently and reads their results; a failed query does not stop the others."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from basewatch.aws import AwsClient
from basewatch.collector import DescribedResource
from basewatch.components import Component
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.plan import ResourceSearch
from collectors.cloudwatch.discovery.queries import Dimensions, DiscoveryClient, DiscoveryQuery, discovery_error
from collectors.cloudwatch.throttling import RateLimits

logger = logging.getLogger(__name__)

DiscoveryResults = Mapping[DiscoveryQuery, Any]
"""The result of each query, or its ObservationError."""


class AccountLookup(Protocol):
    """Resolves components and configuration entries to accounts and regions, and opens AWS clients."""

    def location(self, component: Component) -> Location:
        """The location of a component. Raises: ObservationError, when the configuration declares no account."""
        ...

    def location_of(self, account: str | None, region: str | None) -> Location:
        """The location with these names; None selects the only one there is. Raises: ObservationError."""
        ...

    def monitoring_account(self, account_id: str) -> str:
        """The account to query for this account's metrics: itself or its monitoring account."""
        ...

    def aws_client(self, account_id: str, region: str) -> AwsClient:
        """A client of the account and region for one query."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRunner:
    """Runs discovery queries with limited concurrency."""

    accounts: AccountLookup
    rate_limits: RateLimits
    telemetry: ExporterMetrics
    concurrency: int

    def execute_all(self, discovery_queries: Iterable[DiscoveryQuery]) -> DiscoveryResults:
        """The result or error of each query; errors of AWS and of collectors do not raise."""
        queries = tuple(discovery_queries)
        if not queries:
            return {}
        with ThreadPoolExecutor(min(self.concurrency, len(queries))) as pool:
            return dict(zip(queries, pool.map(self._execute, queries), strict=True))

    def _execute(self, query: DiscoveryQuery) -> Any:
        location = query.location
        try:
            aws = self.accounts.aws_client(location.account_id, location.region)
            return query.execute(
                DiscoveryClient(location=location, aws=aws, rate_limits=self.rate_limits, telemetry=self.telemetry)
            )
        except (ObservationError, NotFoundError) as error:
            return discovery_error(error)
        except Exception as error:  # a collector's own code may raise anything; the others must go on
            logger.exception("a collector failed to describe the resources in %s", location)
            return ObservationError(Reason.BUG, f"describing raised {type(error).__name__}", remedy="report this")


def described_resources(search: ResourceSearch, results: DiscoveryResults) -> Iterable[DescribedResource] | None:
    """The resources that a search found; None when its query failed."""
    if search.describe_query is not None:
        result = results[search.describe_query]
        return None if isinstance(result, ObservationError) else result
    if search.tag_query is not None:
        return _tagged(search, results[search.tag_query])
    listed = listed_dimensions(search, results)
    return None if listed is None else [DescribedResource(dimensions=dict(dimensions)) for dimensions in listed]


def _tagged(
    search: ResourceSearch, result: ObservationError | Mapping[str, Mapping[str, str]]
) -> Iterable[DescribedResource] | None:
    if isinstance(result, ObservationError):
        return None
    known = ((arn, search.discovery.dimensions_of_arn(arn), tags) for arn, tags in result.items())
    return [
        DescribedResource(dimensions=dimensions, arn=arn, tags=tags)
        for arn, dimensions, tags in known
        if dimensions is not None
    ]


def listed_dimensions(search: ResourceSearch, results: DiscoveryResults) -> frozenset[Dimensions] | None:
    """The listed dimensions of the search's kind; None without a listing, or when it failed."""
    result = None if search.list_query is None else results[search.list_query]
    if result is None or isinstance(result, ObservationError):
        return None
    nothing: frozenset[Dimensions] = frozenset()
    listed: frozenset[Dimensions] = result.get(
        (search.location.account_id, frozenset(search.discovery.dimensions)), nothing
    )
    return listed
