"""Whether every deployed route of an API is authorized and limited, as API Gateway exports it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest

from basewatch.components import Api
from basewatch.model import Status, Verdict
from checks.access.authorizer import every_route_is_authorized
from checks.access.rate_limit import requests_are_limited
from tests.checks.situations.aws_answers import Answers, answer, body, verdicts
from tests.wire import refusal

HEADER = {"type": "apiKey", "name": "Authorization", "in": "header"}
SCHEMES: dict[str, Any] = {
    "jwt": {**HEADER, "x-amazon-apigateway-authtype": "custom", "x-amazon-apigateway-authorizer": {"type": "token"}},
    "oidc": {"type": "oauth2", "x-amazon-apigateway-authorizer": {"type": "jwt"}},
    "sigv4": {**HEADER, "x-amazon-apigateway-authtype": "awsSigv4"},
    "api_key": {"type": "apiKey", "name": "x-api-key", "in": "header"},
}
TOKEN: dict[str, Any] = {"security": [{"jwt": []}]}
TOKEN_AND_KEY: dict[str, Any] = {"security": [{"jwt": [], "api_key": []}]}
OPEN: dict[str, Any] = {}


def api(**settings: Any) -> Api:
    """A REST API with these settings."""
    return Api.model_validate({"name": "front", "stage": "prod", "rate_limit": "600/min", **settings})


def export(paths: dict[str, Any], **top: Any) -> bytes:
    """An export of these paths with every security scheme."""
    return json.dumps({"openapi": "3.0.1", "paths": paths, "components": {"securitySchemes": SCHEMES}, **top}).encode()


def rest(exported: bytes, *, stage: dict[str, Any] | None = None, plans: list[dict[str, Any]] | None = None) -> Answers:
    """The answers of a REST API with this export, this stage and these usage plans."""
    return {
        "apigateway:GetRestApis": answer("apigateway:GetRestApis", items=[{"id": "a1", "name": "front"}]),
        "apigateway:GetStage": answer(
            "apigateway:GetStage", stageName="prod", deploymentId="d1", **({"methodSettings": stage} if stage else {})
        ),
        "apigateway:GetExport": answer("apigateway:GetExport", body=body(exported)),
        "apigateway:GetUsagePlans": answer("apigateway:GetUsagePlans", **({"items": plans} if plans else {})),
    }


# The methods of `/invoices`, whether the API declares `GET /invoices` open, and the right verdict.
ROUTES: dict[str, tuple[dict[str, Any], Status]] = {
    "a Lambda authorizer": ({"get": TOKEN}, Status.PASS),
    "an authorizer of JWTs": ({"get": {"security": [{"oidc": ["read"]}]}}, Status.PASS),
    "signatures of IAM": ({"get": {"security": [{"sigv4": []}]}}, Status.PASS),
    "IAM as HTTP APIs write it": ({"get": {"x-amazon-apigateway-auth": {"type": "AWS_IAM"}}}, Status.PASS),
    "an authorizer and a key": ({"get": TOKEN_AND_KEY}, Status.PASS),
    "preflight requests are open": ({"get": TOKEN, "options": OPEN}, Status.PASS),
    "one method of two is open": ({"get": TOKEN, "post": OPEN}, Status.FAIL),
    "no security": ({"get": OPEN}, Status.FAIL),
    "an empty list of alternatives": ({"get": {"security": []}}, Status.FAIL),
    "nothing is one of the alternatives": ({"get": {"security": [{"jwt": []}, {}]}}, Status.FAIL),
    "a key is one of the alternatives": ({"get": {"security": [{"jwt": []}, {"api_key": []}]}}, Status.FAIL),
    "only a key, which is no authorizer": ({"get": {"security": [{"api_key": []}]}}, Status.FAIL),
    "a scheme that does not exist": ({"get": {"security": [{"gone": []}]}}, Status.FAIL),
    "authorization none, in words": ({"get": {"x-amazon-apigateway-auth": {"type": "NONE"}}}, Status.FAIL),
    "every method, open": ({"x-amazon-apigateway-any-method": OPEN}, Status.FAIL),
    "every method, authorized": ({"x-amazon-apigateway-any-method": TOKEN}, Status.PASS),
    "parameters are no method": ({"parameters": [], "get": TOKEN}, Status.PASS),
}


@pytest.mark.parametrize("case", ROUTES)
def test_a_route_is_authorized_when_every_alternative_authorizes(case: str) -> None:
    """A route without an authorizer fails; an API key alone, or an alternative without one, is no authorizer."""
    methods, right = ROUTES[case]
    (verdict,) = verdicts(every_route_is_authorized, api(), rest(export({"/invoices": methods})))
    assert (case, verdict.status) == (case, right)


def test_a_declared_open_route_is_open() -> None:
    """A login is open by design; the same path with another method is not."""
    login = api(open_routes=["POST /login"])
    (good,) = verdicts(every_route_is_authorized, login, rest(export({"/login": {"post": OPEN}, "/x": {"get": TOKEN}})))
    (bad,) = verdicts(every_route_is_authorized, login, rest(export({"/login": {"post": OPEN, "get": OPEN}})))
    assert (good.status, bad.status, bad.summary) == (Status.PASS, Status.FAIL, "Open to everybody: GET /login")


def test_an_optional_authorizer_promises_nothing() -> None:
    """Then no check of routes is planned."""
    assert not api(authorizer="optional").has_promise("authorizer")
    assert api().has_promise("authorizer")


def test_the_security_of_the_whole_document_is_the_default() -> None:
    """A method without security of its own has that of the document."""
    (verdict,) = verdicts(every_route_is_authorized, api(), rest(export({"/x": {"get": OPEN}}, security=[{"jwt": []}])))
    assert verdict.status is Status.PASS


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b'{"openapi": "3.0.1"}', b'{"paths": []}', b'{"paths": {}}']
)
def test_an_export_without_routes_is_unverified(content: bytes) -> None:
    """Nothing that is no list of routes is a list of authorized routes."""
    (verdict,) = verdicts(every_route_is_authorized, api(), rest(content))
    assert verdict.status is Status.UNVERIFIED


HTTP = api(type="http", id="h1", name="mobile")


def http(exported: bytes, **stage: Any) -> Answers:
    """The answers of an HTTP API."""
    return {
        "apigatewayv2:GetApi": answer("apigatewayv2:GetApi", ApiId="h1", ProtocolType="HTTP", Name="mobile"),
        "apigatewayv2:GetStage": answer("apigatewayv2:GetStage", StageName="prod", DeploymentId="d1", **stage),
        "apigatewayv2:ExportApi": answer("apigatewayv2:ExportApi", body=body(exported)),
    }


def test_an_http_api_is_read_as_it_is_deployed() -> None:
    """Its stage is exported by the second API of API Gateway."""
    (good,) = verdicts(every_route_is_authorized, HTTP, http(export({"/x": {"get": {"security": [{"oidc": []}]}}})))
    (bad,) = verdicts(
        every_route_is_authorized, HTTP, http(export({"/$default": {"x-amazon-apigateway-any-method": OPEN}}))
    )
    assert (good.status, bad.status) == (Status.PASS, Status.FAIL)


@pytest.mark.parametrize(("authorization", "right"), [("CUSTOM", Status.PASS), ("NONE", Status.FAIL)])
def test_a_websocket_api_authorizes_the_connection(authorization: str, right: Status) -> None:
    """API Gateway authorizes $connect alone; the routes of messages have no authorization."""
    routes = [
        {"RouteKey": "$connect", "AuthorizationType": authorization},
        {"RouteKey": "send", "AuthorizationType": "NONE"},
    ]
    answers = {
        "apigatewayv2:GetApi": answer("apigatewayv2:GetApi", ProtocolType="WEBSOCKET", Name="live"),
        "apigatewayv2:GetStage": answer("apigatewayv2:GetStage", StageName="prod", DeploymentId="d1"),
        "apigatewayv2:GetRoutes": answer("apigatewayv2:GetRoutes", Items=routes),
    }
    (verdict,) = verdicts(every_route_is_authorized, api(type="websocket", id="w1"), answers)
    assert verdict.status is right


def plan(
    rate: float | None, stage: str = "prod", per_route: Mapping[str, float] = MappingProxyType({})
) -> dict[str, Any]:
    """A usage plan with this rate a second, and other rates for some routes."""
    throttle = {route: {"rateLimit": other} for route, other in per_route.items()}
    found: dict[str, Any] = {"id": "p1", "name": "customers"}
    found["apiStages"] = [{"apiId": "a1", "stage": stage, "throttle": throttle}]
    return {**found, "throttle": {"rateLimit": rate}} if rate is not None else found


KEYED = {"/x": {"get": TOKEN_AND_KEY}}
UNKEYED = {"/x": {"get": TOKEN}}
LIMITS: dict[str, tuple[dict[str, Any], dict[str, Any] | None, list[dict[str, Any]], Status]] = {
    "a plan with the promised rate": (KEYED, None, [plan(10.0)], Status.PASS),
    "a plan with a lower rate": (KEYED, None, [plan(5.0)], Status.PASS),
    "a plan with a higher rate": (KEYED, None, [plan(11.0)], Status.FAIL),
    "a plan without a rate": (KEYED, None, [plan(None)], Status.FAIL),
    "no plan": (KEYED, None, [], Status.FAIL),
    "a plan of another stage": (KEYED, None, [plan(10.0, stage="test")], Status.FAIL),
    "one of two plans has a higher rate": (KEYED, None, [plan(10.0), plan(100.0)], Status.FAIL),
    "the plan lets one route go faster": (KEYED, None, [plan(10.0, per_route={"/x/GET": 50.0})], Status.FAIL),
    "a route without a key escapes every plan": (UNKEYED, None, [plan(10.0)], Status.FAIL),
    "the stage limits every route": (UNKEYED, {"*/*": {"throttlingRateLimit": 10.0}}, [], Status.PASS),
    "the limit of the stage is AWS's default": (UNKEYED, {"*/*": {"throttlingRateLimit": 10000.0}}, [], Status.FAIL),
    "the stage limits this route": (UNKEYED, {"~1x/GET": {"throttlingRateLimit": 2.0}}, [], Status.PASS),
    "the stage limits another route": (UNKEYED, {"~1y/GET": {"throttlingRateLimit": 2.0}}, [], Status.FAIL),
    "the stage lets this route go faster": (
        UNKEYED,
        {"*/*": {"throttlingRateLimit": 2.0}, "~1x/GET": {"throttlingRateLimit": 90.0}},
        [],
        Status.FAIL,
    ),
    "throttling is off for this route": (
        UNKEYED,
        {"*/*": {"throttlingRateLimit": 2.0}, "~1x/GET": {"throttlingRateLimit": -1.0}},
        [],
        Status.FAIL,
    ),
    "throttling is off": (UNKEYED, {"*/*": {"throttlingRateLimit": -1.0}}, [], Status.FAIL),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_route_is_limited_by_its_stage_or_by_every_plan(case: str) -> None:
    """A usage plan limits only requests with a key, and the slowest plan limits nobody who has another."""
    paths, stage, plans, right = LIMITS[case]
    (verdict,) = verdicts(requests_are_limited, api(), rest(export(paths), stage=stage, plans=plans))
    assert (case, verdict.status) == (case, right)


@pytest.mark.parametrize(("rate", "right"), [(10.0, Status.PASS), (20.0, Status.FAIL), (None, Status.FAIL)])
def test_an_http_api_is_limited_by_its_stage(rate: float | None, right: Status) -> None:
    """HTTP APIs have no usage plans."""
    settings = {"DefaultRouteSettings": {"ThrottlingRateLimit": rate}} if rate else {}
    (verdict,) = verdicts(requests_are_limited, HTTP, http(export(UNKEYED), **settings))
    assert verdict.status is right


def test_the_default_route_may_go_faster_than_the_stage() -> None:
    """The settings of a stage name the route $default, and its export the path."""
    settings = {
        "DefaultRouteSettings": {"ThrottlingRateLimit": 5.0},
        "RouteSettings": {"$default": {"ThrottlingRateLimit": 500.0}},
    }
    exported = export({"/$default": {"x-amazon-apigateway-any-method": TOKEN}})
    (verdict,) = verdicts(requests_are_limited, HTTP, http(exported, **settings))
    assert verdict.status is Status.FAIL


CANARY: dict[str, tuple[dict[str, Any], dict[str, Any], Status]] = {
    "a canary with traffic": ({"get": TOKEN}, {"percentTraffic": 5.0, "deploymentId": "d2"}, Status.UNVERIFIED),
    "a canary without traffic": ({"get": TOKEN}, {"percentTraffic": 0.0, "deploymentId": "d2"}, Status.PASS),
    "a canary of the same deployment": ({"get": TOKEN}, {"percentTraffic": 5.0, "deploymentId": "d1"}, Status.PASS),
    "a canary beside an open route": ({"get": OPEN}, {"percentTraffic": 5.0, "deploymentId": "d2"}, Status.FAIL),
}


@pytest.mark.parametrize("case", CANARY)
def test_the_routes_of_a_canary_are_not_known(case: str) -> None:
    """An export is of the stage's own deployment, and a part of the requests goes to another one."""
    methods, settings, right = CANARY[case]
    stage = answer("apigateway:GetStage", stageName="prod", deploymentId="d1", canarySettings=settings)
    answers = {**rest(export({"/x": methods})), "apigateway:GetStage": stage}
    (verdict,) = verdicts(every_route_is_authorized, api(), answers)
    assert (case, verdict.status) == (case, right)


def test_a_stage_that_is_gone_fails() -> None:
    """What is not deployed is neither authorized nor limited."""
    gone = {**rest(export(KEYED)), "apigateway:GetStage": refusal("NotFoundException", status=404)}
    found: list[Verdict] = [*verdicts(every_route_is_authorized, api(), gone)]
    found += verdicts(requests_are_limited, api(), gone)
    assert [(each.status, each.observed) for each in found] == [(Status.FAIL, "absent")] * 2
