"""A check that exactly the declared routes of an API are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import Api
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.access.deployed_routes import deployed_routes as deployed


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRoutes:
    """The routes that are deployed to the declared stage, such as `GET /invoices`, without preflight requests."""

    routes: tuple[str, ...]


def deployed_routes(aws: AwsClient, api: Api) -> DeployedRoutes:
    """The routes of the stage's export. Raises: NotFoundError, when there is no such stage."""
    _, routes = deployed(aws, api)
    return DeployedRoutes(routes=tuple(each.route for each in routes if not each.route.startswith("OPTIONS ")))


@check(
    "deploy.api.routes",
    component=Api,
    observe=deployed_routes,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("apigateway:GET",),
    promises=("routes",),
)
def routes_are_deployed(facts: DeployedRoutes, api: Api, _now: datetime) -> Iterator[Verdict]:
    """Exactly the declared routes are deployed to the stage of the API.

    Why: A route that is missing is an outage of one feature. One that nobody declared was reviewed by nobody.
    Reads: apigateway:GET of the stage and of its export, which is what is deployed and not what was edited since.
    Preflight requests (OPTIONS) are left out. A route with ANY serves every method of its path.
    Unverified when: A call is denied, throttled or fails, or the export is no OpenAPI document.
    Fix: Deploy the API to the stage, remove the route, or declare it in `routes`.
    Source: Amazon API Gateway Developer Guide, Export a REST API,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-export-api.html
    """
    declared, found = set(api.routes), set(facts.routes)
    missing = sorted(route for route in declared - found if f"ANY {route.partition(' ')[2]}" not in found)
    undeclared = sorted(found - declared)
    observed, expected = ", ".join(sorted(found)) or "no route", ", ".join(sorted(declared))
    problems = [f"not deployed: {', '.join(missing)}"] if missing else []
    problems += [f"not declared: {', '.join(undeclared)}"] if undeclared else []
    if problems:
        summary = "; ".join(problems)
        yield failed(summary[0].upper() + summary[1:], observed=observed, expected=expected)
    else:
        yield passed("The declared routes are deployed, and no other", observed=observed, expected=expected)
