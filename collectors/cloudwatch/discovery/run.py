"""Asks all that discovery needs, in parallel; whatever goes wrong with one request is said of it and stops no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from basewatch.aws import AwsClient
from basewatch.components import Component
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.discovery.client import DiscoveryClient, discovery_error
from collectors.cloudwatch.discovery.plan import DiscoveryQuery
from collectors.cloudwatch.limiter import RateLimits

logger = logging.getLogger(__name__)

DiscoveryResults = Mapping[DiscoveryQuery, Any]
"""What each hunt brought home, or the ObservationError that says why it did not."""


class Accounts(Protocol):
    """Where things are, and who may be asked about them."""

    def location(self, component: Component) -> Location:
        """Where a component lives. Raises: ObservationError, when the configuration declares no account."""
        ...

    def location_of(self, account: str | None, region: str | None) -> Location:
        """The place that the configuration calls so; None means the only one there is. Raises: ObservationError."""
        ...

    def monitoring_account(self, account_id: str) -> str:
        """The account whose CloudWatch is asked for the metrics of this one: itself, or the one it is seen through."""
        ...

    def aws_client(self, account_id: str, region: str) -> AwsClient:
        """A view of the account and region, for one chain of requests."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryRunner:
    """Goes on every hunt, a few at a time."""

    accounts: Accounts
    rate_limits: RateLimits
    telemetry: ExporterMetrics
    concurrency: int

    def execute_all(self, discovery_queries: Iterable[DiscoveryQuery]) -> DiscoveryResults:
        """What each hunt brought home; raises nothing that AWS or a collector does."""
        every = tuple(discovery_queries)
        if not every:
            return {}
        with ThreadPoolExecutor(min(self.concurrency, len(every))) as pool:
            return dict(zip(every, pool.map(self._outcome, every), strict=True))

    def _outcome(self, hunt: DiscoveryQuery) -> Any:
        place = hunt.location
        try:
            aws = self.accounts.aws_client(place.account_id, place.region)
            return hunt.execute(
                DiscoveryClient(location=place, aws=aws, rate_limits=self.rate_limits, telemetry=self.telemetry)
            )
        except (ObservationError, NotFoundError) as error:
            return discovery_error(error)
        except Exception as error:  # a collector's own code may raise anything, and stops no other
            logger.exception("a collector failed to describe what there is in %s", place)
            return ObservationError(Reason.BUG, f"describing raised {type(error).__name__}", remedy="report this")
