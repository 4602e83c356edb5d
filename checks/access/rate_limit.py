"""A check that API Gateway limits the rate of requests to every deployed route as promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import check
from basewatch.components import Api
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.access.deployed_routes import DeployedRoute, deployed_routes
from checks.inventory.api_lookup import FoundStage

# API Gateway stores a rate with fewer digits than 1000 / 60 has.
_ROUNDING = 1.001
_PER_MINUTE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteLimit:
    """The limit of the stage for a route in requests a second; `*` is for every route without its own.

    None means that throttling is off for the route.
    """

    route: str
    per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanLimit:
    """The highest rate that a usage plan allows one customer on the stage, a second; None means no limit."""

    plan: str
    per_second: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLimits:
    """The deployed routes, the limits of the stage, and those of the usage plans that contain it."""

    routes: tuple[DeployedRoute, ...]
    stage: tuple[RouteLimit, ...]
    plans: tuple[PlanLimit, ...]


def api_limits(aws: AwsClient, api: Api) -> ApiLimits:
    """The limits of the stage, by GetStage, and of a REST API's usage plans, by GetUsagePlans.

    Raises: NotFoundError, when there is no such stage.
    """
    found, routes = deployed_routes(aws, api)
    if api.type != "rest":
        return ApiLimits(routes=routes, stage=tuple(_http_limits(found.stage)), plans=())
    pages = aws.pages("apigateway", "GetUsagePlans")
    plans = (plan for page in pages for plan in listed(page, "items"))
    return ApiLimits(
        routes=routes,
        stage=tuple(_rest_limits(found.stage)),
        plans=tuple(limit for plan in plans for limit in _plan_limits(plan, found, api)),
    )


def _http_limits(stage: Mapping[str, Any]) -> Iterator[RouteLimit]:
    named = {"*": optional(stage, "DefaultRouteSettings", kind=dict) or {}, **(stage.get("RouteSettings") or {})}
    for route, settings in named.items():
        rate = optional(settings, "ThrottlingRateLimit", kind=float)
        if rate is not None:
            # ExportApi writes the route $default as a path.
            yield RouteLimit(route="ANY /$default" if route == "$default" else route, per_second=rate)


def _rest_limits(stage: Mapping[str, Any]) -> Iterator[RouteLimit]:
    for key, settings in (optional(stage, "methodSettings", kind=dict) or {}).items():
        path, _, verb = key.rpartition("/")
        rate = optional(settings, "throttlingRateLimit", kind=float)
        if rate is not None:
            route = "*" if key == "*/*" else f"{verb} /{path.replace('~1', '/').lstrip('/')}"
            # -1 turns throttling off.
            yield RouteLimit(route=route, per_second=rate if rate >= 0 else None)


def _plan_limits(plan: Mapping[str, Any], found: FoundStage, api: Api) -> Iterator[PlanLimit]:
    for each in optional(plan, "apiStages", kind=list) or ():
        if (each.get("apiId"), each.get("stage")) == (found.api_id, api.stage):
            own = [optional(route, "rateLimit", kind=float) for route in (each.get("throttle") or {}).values()]
            rates = [optional(plan, "throttle", "rateLimit", kind=float), *own]
            known = [rate for rate in rates if rate is not None]
            name = optional(plan, "name", kind=str) or required(plan, "id", kind=str)
            yield PlanLimit(plan=name, per_second=max(known) if len(known) == len(rates) else None)


@check(
    "access.api.rate_limit",
    component=Api,
    observe=api_limits,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET",),
    promises=("rate_limit",),
)
def requests_are_limited(facts: ApiLimits, api: Api, _now: datetime) -> Iterator[Verdict]:
    """No customer can send requests to a deployed route faster than promised.

    Why: One tenant that sends without limit uses up the capacity of all.
    Reads: apigateway:GET of the stage, of its export and of the usage plans. A route is limited by the stage's own
    throttling, or, where it needs an API key, by every usage plan that contains the stage.
    Unverified when: A call is denied, throttled or fails, or the stage has no route.
    Fix: Set the rate of the usage plan or of the stage, and require an API key for routes that only a plan limits; then
    deploy the API.
    Source: Amazon API Gateway Developer Guide, Throttle requests to your REST APIs,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-request-throttling.html
    """
    promised = api.rate_limit or 0.0
    limits = {limit.route: limit.per_second for limit in facts.stage}
    by_plan = bool(facts.plans) and all(_within(plan.per_second, promised) for plan in facts.plans)
    unlimited = [
        each.route
        for each in facts.routes
        if not each.route.startswith("OPTIONS ")
        and not _within(limits.get(each.route, limits.get("*")), promised)
        and not (by_plan and each.needs_key)
    ]
    expected = f"{promised * _PER_MINUTE:g} requests a minute at most on every route"
    observed = f"usage plans: {_plans_text(facts)}; the stage: {_text(limits.get('*'))}"
    if not facts.routes:
        summary, remedy = "The stage has no route", "Deploy the API to the stage."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif unlimited:
        yield failed(f"Not limited as promised: {', '.join(unlimited)}", observed=observed, expected=expected)
    else:
        yield passed("Every route is limited as promised", observed=observed, expected=expected)


def _within(rate: float | None, promised: float) -> bool:
    return rate is not None and rate <= promised * _ROUNDING


def _plans_text(facts: ApiLimits) -> str:
    return ", ".join(f"{plan.plan} {_text(plan.per_second)}" for plan in facts.plans) or "none"


def _text(rate: float | None) -> str:
    return "no limit" if rate is None else f"{rate * _PER_MINUTE:g} a minute"
