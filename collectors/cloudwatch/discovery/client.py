"""How discovery asks AWS: page after page, paced and counted, and again when it was throttled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.errors import error_code
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason
from basewatch.telemetry import ExporterMetrics
from collectors.cloudwatch.declared_targets import Location
from collectors.cloudwatch.limiter import RateLimits

_ATTEMPTS = 3
"""How often a throttled page is asked for; botocore has tried each of them three times by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryClient:
    """One account and region, asked by `aws`."""

    location: Location
    aws: AwsClient
    rate_limits: RateLimits
    telemetry: ExporterMetrics

    def pages(
        self, service: str, operation: str, token_param: str, next_token_key: str, **parameters: Any
    ) -> Iterator[Any]:
        """Every page of a listing whose request takes a `token_param` and whose answer names the `next_token_key` one.

        Raises: ObservationError, at whichever page it happens: half a listing is never a whole one.
        """
        seen, more = set[str](), dict[str, str]()
        while True:
            page = self._page(service, operation, {**parameters, **more})
            yield page
            name = str(page.get(next_token_key) or "")
            if not name:
                return
            if name in seen:
                raise ObservationError(Reason.UNSUPPORTED, f"{operation} gave the same {next_token_key} twice")
            seen.add(name)
            more = {token_param: name}

    def _page(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        limiter = self.rate_limits.limiter(self.location.account_id, self.location.region, operation)
        for attempt in range(1, _ATTEMPTS + 1):
            self.telemetry.throttle_wait.labels(operation).inc(limiter.acquire())
            self.telemetry.requests.labels(operation, self.location.account_id, self.location.region).inc()
            began = time.monotonic()
            try:
                return self.aws.call(service, operation, **parameters)
            except (ObservationError, NotFoundError) as error:
                refused = discovery_error(error)
                self.telemetry.request_failures.labels(operation, failure_code(error)).inc()
                if refused.reason is not Reason.THROTTLED or attempt == _ATTEMPTS:
                    raise refused from error
                limiter.record_throttle()
            finally:
                self.telemetry.request_seconds.labels(operation).observe(time.monotonic() - began)
        raise AssertionError("the last attempt returns or raises")


def discovery_error(error: ObservationError | NotFoundError) -> ObservationError:
    """Why discovery did not find out: a listing of what there is cannot be absent."""
    return error if isinstance(error, ObservationError) else ObservationError(Reason.UNSUPPORTED, str(error))


def failure_code(error: ObservationError | NotFoundError) -> str:
    """AWS' code for what went wrong, or our word for it where AWS said nothing."""
    cause = error.__cause__
    return (error_code(cause) if isinstance(cause, Exception) else "") or discovery_error(error).reason.value
