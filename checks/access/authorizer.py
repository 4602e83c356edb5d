"""A check that every deployed route of an API has an authorizer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional
from basewatch.check import check
from basewatch.components import Api
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.access.deployed_routes import DeployedRoute, deployed_routes


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRoutes:
    """Every route that is deployed to the declared stage.

    `canary_percent` of the requests go to another deployment, whose routes are not exported.
    """

    routes: tuple[DeployedRoute, ...]
    canary_percent: float = 0.0


def api_routes(aws: AwsClient, api: Api) -> ApiRoutes:
    """The deployed routes. Raises: NotFoundError, when there is no such stage."""
    found, routes = deployed_routes(aws, api)
    canary = optional(found.stage, "canarySettings", kind=dict) or {}
    same = canary.get("deploymentId") in (None, found.stage.get("deploymentId"))
    return ApiRoutes(
        routes=routes, canary_percent=0.0 if same else optional(canary, "percentTraffic", kind=float) or 0.0
    )


@check(
    "access.api.authorizer",
    component=Api,
    observe=api_routes,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET",),
    promises=("authorizer",),
)
def every_route_is_authorized(facts: ApiRoutes, api: Api, _now: datetime) -> Iterator[Verdict]:
    """Every deployed route has an authorizer, except those that are declared open.

    Why: A route without an authorizer answers anybody on the internet, with whatever its function can read.
    Reads: apigateway:GET of the stage and of its export, which is what is deployed and not what was edited since. Of a
    WebSocket API: the route $connect.
    Unverified when: A call is denied, throttled or fails, the stage has no route, or a part of the requests goes to a
    canary of another deployment, whose routes are not exported.
    Fix: Give the route an authorizer and deploy the API. If the route has to be open, such as a login, declare it in
    `open_routes`. OPTIONS is open in every API, because browsers send no token with it.
    Source: Amazon API Gateway Developer Guide, Control and manage access to REST APIs,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-control-access-to-api.html
    """
    allowed = set(api.open_routes)
    open_routes = [
        each.route
        for each in facts.routes
        if not each.authorized and each.route not in allowed and not each.route.startswith("OPTIONS ")
    ]
    declared = f" except {', '.join(sorted(allowed))}" if allowed else ""
    expected = f"an authorizer on every route{declared}"
    observed = f"{len(facts.routes)} routes deployed, {len(open_routes)} open that must not be"
    if not facts.routes:
        summary, remedy = "The stage has no route", "Deploy the API to the stage."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif open_routes:
        yield failed(f"Open to everybody: {', '.join(open_routes)}", observed=observed, expected=expected)
    elif facts.canary_percent:
        summary = f"{facts.canary_percent:g}% of the requests go to a canary, whose routes are not known"
        remedy = "Promote the canary, or end it."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Every route that must be is authorized", observed=observed, expected=expected)
