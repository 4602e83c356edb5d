"""Spreads the requests of a pass over time where AWS allows an account only a few in a second.

Retries alone are not enough: a burst of a pass would throttle whoever deploys at that moment, too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TypeAlias

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.time_limit import current_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many requests in a second, and how many at once after a pause."""

    per_second: float
    at_once: int


_Shared: TypeAlias = tuple[str, ...]
"""The operations that share a rate, as `service:Operation` or `service:*`."""

# At most what is documented of each account and region, in any second; where a burst is, half of it.
RATES: Mapping[_Shared, Rate] = {
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html: 10 a second, 40 at once.
    ("apigateway:*", "apigatewayv2:*"): Rate(per_second=8, at_once=20),
    # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html: 2, and 10 for the others.
    ("cloudtrail:LookupEvents",): Rate(per_second=1.8, at_once=1),
    ("cloudtrail:*",): Rate(per_second=8, at_once=2),
    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 15 for GetPolicy, 15 for all others.
    ("lambda:GetPolicy",): Rate(per_second=13, at_once=2),
    ("lambda:GetFunction",): Rate(per_second=50, at_once=50),
    ("lambda:*",): Rate(per_second=13, at_once=2),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html: DescribeAlarms 9.
    ("cloudwatch:DescribeAlarms", "cloudwatch:DescribeAlarmHistory"): Rate(per_second=7, at_once=2),
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html: 5 to 10.
    ("logs:DescribeLogGroups",): Rate(per_second=8, at_once=2),
    ("logs:*",): Rate(per_second=4, at_once=1),
    # https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub_limits.html: GetFindings 3, others 10.
    ("securityhub:GetFindings",): Rate(per_second=1.9, at_once=1),
    ("securityhub:*",): Rate(per_second=8, at_once=2),
    # No numbers are documented; both are throttled after a few in a second.
    ("iam:SimulatePrincipalPolicy", "iam:SimulateCustomPolicy"): Rate(per_second=4, at_once=4),
    ("organizations:*",): Rate(per_second=4, at_once=4),
}
_SHARED_BY: Mapping[str, _Shared] = {name: shared for shared in RATES for name in shared}


class Turns:
    """Gives each request its turn; it is thread-safe. `clock` and `sleep` are in seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._next: dict[tuple[str, str, _Shared], float] = {}
        self._lock = Lock()

    def wait(self, account_id: str, region: str, service: str, operation: str) -> None:
        """Waits for the turn of a request.

        Raises: ObservationError, at once, when the turn would come after the limit of the thread; it takes no turn.
        """
        name = f"{service}:{operation}"
        shared = _SHARED_BY.get(name) or _SHARED_BY.get(f"{service}:*")
        if shared is None:
            return
        seconds = self._take((account_id, region, shared), RATES[shared], name)
        if seconds:
            self._sleep(seconds)

    def _take(self, key: tuple[str, str, _Shared], rate: Rate, name: str) -> float:
        """The seconds until the turn that is taken: each moves the next one by an interval, of which some are free."""
        limit = current_limit()
        with self._lock:
            now = self._clock()
            due = max(now, self._next.get(key, now))
            seconds = max(0.0, due - now - (rate.at_once - 1) / rate.per_second)
            if limit is not None and seconds > limit.remaining_seconds:
                raise ObservationError(
                    Reason.THROTTLED,
                    f"{name} was not sent: AWS allows few of them in a second, and its turn would come too late",
                    remedy="raise run.check_deadline, or declare less that needs it",
                )
            self._next[key] = due + 1 / rate.per_second
            return seconds
