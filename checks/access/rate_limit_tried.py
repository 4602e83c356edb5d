"""A check that an API stops a customer who sends faster than promised, by sending so much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from basewatch.check import check
from basewatch.components import Api
from basewatch.errors import ObservationError
from basewatch.http import HttpAnswer, HttpClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.time_limit import current_limit
from checks.tenancy.api.login import plan_headers, prefix, token_of

_MINUTE = 60.0
# A token bucket of a minute is full at first; counters of a distributed gateway are a little late.
_TOLERANCE = 1.1
_RESERVE_SECONDS = 5.0
_MOST_OTHERS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """How many requests were sent, how many succeeded, and whether one was refused with 429, within `seconds`.

    `others` counts the answers that are neither, and `late` says that the time was over before the budget.
    """

    sent: int
    succeeded: int
    refused: bool
    others: int
    seconds: float
    late: bool = False


def flood(http: HttpClient, api: Api) -> Flood:
    """GETs of canary a, one after another, until one is refused or the budget is spent.

    Ten other answers end it too, so that an API in trouble gets no more. Raises: ObservationError.
    """
    isolation = api.tenant_isolation
    trial = isolation.rate_limit_tried if isolation else None
    if isolation is None or trial is None:
        raise ObservationError(Reason.UNSUPPORTED, "no trial is declared", remedy="Declare rate_limit_tried.")
    canary, limit = isolation.canaries.a, current_limit()
    headers = {"Authorization": f"Bearer {token_of(http, isolation, 'a', canary)}", **plan_headers(http, canary)}
    target = prefix(http) + trial.route.partition(" ")[2]
    sent = succeeded = others = 0
    refused = late = False
    began = time.monotonic()
    while sent < trial.requests and others < _MOST_OTHERS and not (refused or late):
        answer = http.ask("GET", target, headers=headers)
        sent += 1
        status = answer.status if isinstance(answer, HttpAnswer) else 0
        refused = status == HTTPStatus.TOO_MANY_REQUESTS
        succeeded += HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        others += not refused and not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES
        late = limit is not None and limit.remaining_seconds < _RESERVE_SECONDS
    seconds = round(time.monotonic() - began, 3)
    return Flood(sent=sent, succeeded=succeeded, refused=refused, others=others, seconds=seconds, late=late)


@check(
    "access.api.rate_limit_tried",
    component=Api,
    observe=flood,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=(),
    promises=("tenant_isolation.rate_limit_tried",),
)
def a_fast_customer_is_stopped(found: Flood, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The API refuses a customer who sends faster than promised.

    Why: A usage plan that is not attached to the stage, or a route that needs no key, limits nobody, whatever it says.
    Reads: The answers to the declared number of requests of canary a at most, one after another, up to the first 429.
    The check is off unless declared: it uses up the canary's rate, and each request is billed.
    Unverified when: No request is refused, and the budget is not above a minute of the promised rate, or the requests
    were slower than it; ten answers are neither success nor 429; or the canary cannot log in.
    Fix: Attach the usage plan to the stage, and require the key or the authorizer's usageIdentifierKey on the route.
    Source: Amazon API Gateway Developer Guide, Throttle requests to your REST APIs,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """
    promised = api.rate_limit
    rate = promised or 0.0
    allowed = rate * max(found.seconds, _MINUTE) * _TOLERANCE
    observed = f"{found.succeeded} of {found.sent} requests succeeded in {found.seconds:.1f} s"
    expected = f"429 before {allowed:.0f} requests" if promised else "a promised rate"
    if found.refused:
        yield passed(f"It stopped the canary at request {found.sent}", observed=observed, expected=expected)
    elif promised and found.succeeded > allowed:
        yield failed(f"It accepted {found.succeeded} requests, and refused none", observed=observed, expected=expected)
    else:
        yield unverified(
            Reason.NOT_ENOUGH_DATA,
            "It refused no request, and was not asked fast enough" if not found.others else "It answered with errors",
            observed=observed,
            expected=expected,
            remedy="Declare rate_limit of the API, and more requests than a minute of it; raise run.check_deadline.",
        )
