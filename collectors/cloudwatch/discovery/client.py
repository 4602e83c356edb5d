"""How discovery asks AWS: page after page, paced and counted, and again when it was throttled."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from basewatch.aws import Aws
from basewatch.aws.errors import error_code
from basewatch.errors import Absent, CouldNotLook
from basewatch.model import Reason
from basewatch.telemetry import Telemetry
from collectors.cloudwatch.declared_targets import Place
from collectors.cloudwatch.limiter import Limits

_ATTEMPTS = 3
"""How often a throttled page is asked for; botocore has tried each of them three times by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """One account and region, asked by `aws`."""

    place: Place
    aws: Aws
    limits: Limits
    telemetry: Telemetry

    def pages(self, service: str, operation: str, token: str, following: str, **parameters: Any) -> Iterator[Any]:
        """Every page of a listing whose request takes a `token` and whose answer names the `following` one.

        Raises: CouldNotLook, at whichever page it happens: half a listing is never a whole one.
        """
        seen, more = set[str](), dict[str, str]()
        while True:
            page = self._page(service, operation, {**parameters, **more})
            yield page
            name = str(page.get(following) or "")
            if not name:
                return
            if name in seen:
                raise CouldNotLook(Reason.UNSUPPORTED, f"{operation} gave the same {following} twice")
            seen.add(name)
            more = {token: name}

    def _page(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        limiter = self.limits.of(self.place.account_id, self.place.region, operation)
        for attempt in range(1, _ATTEMPTS + 1):
            self.telemetry.throttle_wait.labels(operation).inc(limiter.take())
            self.telemetry.requests.labels(operation, self.place.account_id, self.place.region).inc()
            began = time.monotonic()
            try:
                return self.aws.call(service, operation, **parameters)
            except (CouldNotLook, Absent) as error:
                refused = looked_for(error)
                self.telemetry.request_failures.labels(operation, code_of(error)).inc()
                if refused.reason is not Reason.THROTTLED or attempt == _ATTEMPTS:
                    raise refused from error
                limiter.throttled()
            finally:
                self.telemetry.request_seconds.labels(operation).observe(time.monotonic() - began)
        raise AssertionError("the last attempt returns or raises")


def looked_for(error: CouldNotLook | Absent) -> CouldNotLook:
    """Why discovery did not find out: a listing of what there is cannot be absent."""
    return error if isinstance(error, CouldNotLook) else CouldNotLook(Reason.UNSUPPORTED, str(error))


def code_of(error: CouldNotLook | Absent) -> str:
    """AWS' code for what went wrong, or our word for it where AWS said nothing."""
    cause = error.__cause__
    return (error_code(cause) if isinstance(cause, Exception) else "") or looked_for(error).reason.value
