"""Asks all that discovery needs, in parallel; whatever goes wrong with one request is said of it and stops no other."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from basewatch.aws import Aws
from basewatch.components import Component
from basewatch.errors import Absent, CouldNotLook
from basewatch.model import Reason
from basewatch.telemetry import Telemetry
from collectors.cloudwatch.declared_targets import Place
from collectors.cloudwatch.discovery.client import Asking, looked_for
from collectors.cloudwatch.discovery.plan import Hunt
from collectors.cloudwatch.limiter import Limits

logger = logging.getLogger(__name__)

Outcomes = Mapping[Hunt, Any]
"""What each hunt brought home, or the CouldNotLook that says why it did not."""


class Accounts(Protocol):
    """Where things are, and who may be asked about them."""

    def place(self, component: Component) -> Place:
        """Where a component lives. Raises: CouldNotLook, when the configuration declares no account."""
        ...

    def place_of(self, account: str | None, region: str | None) -> Place:
        """The place that the configuration calls so; None means the only one there is. Raises: CouldNotLook."""
        ...

    def monitor(self, account_id: str) -> str:
        """The account whose CloudWatch is asked for the metrics of this one: itself, or the one it is seen through."""
        ...

    def asker(self, account_id: str, region: str) -> Aws:
        """A view of the account and region, for one chain of requests."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunter:
    """Goes on every hunt, a few at a time."""

    accounts: Accounts
    limits: Limits
    telemetry: Telemetry
    concurrency: int

    def outcomes(self, hunts: Iterable[Hunt]) -> Outcomes:
        """What each hunt brought home; raises nothing that AWS or a collector does."""
        every = tuple(hunts)
        if not every:
            return {}
        with ThreadPoolExecutor(min(self.concurrency, len(every))) as pool:
            return dict(zip(every, pool.map(self._outcome, every), strict=True))

    def _outcome(self, hunt: Hunt) -> Any:
        place = hunt.place
        try:
            aws = self.accounts.asker(place.account_id, place.region)
            return hunt.ask(Asking(place=place, aws=aws, limits=self.limits, telemetry=self.telemetry))
        except (CouldNotLook, Absent) as error:
            return looked_for(error)
        except Exception as error:  # a collector's own code may raise anything, and stops no other
            logger.exception("a collector failed to describe what there is in %s", place)
            return CouldNotLook(Reason.BUG, f"describing raised {type(error).__name__}", remedy="report this")
