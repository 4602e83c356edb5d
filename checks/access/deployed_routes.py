"""The routes of an API as they are deployed to its stage, which can differ from what the console shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.components import Api
from basewatch.errors import ObservationError
from basewatch.model import Reason
from checks.inventory.api_lookup import FoundStage, find_stage

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_ANY = "x-amazon-apigateway-any-method"
# The marks by which API Gateway distinguishes a scheme that authorizes from one that only asks for an API key.
_AUTHORIZING = ("x-amazon-apigateway-authtype", "x-amazon-apigateway-authorizer")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedRoute:
    """A route such as `GET /invoices`; whether every call is authorized, and whether it needs an API key."""

    route: str
    authorized: bool
    needs_key: bool


def deployed_routes(aws: AwsClient, api: Api) -> tuple[FoundStage, tuple[DeployedRoute, ...]]:
    """The declared stage, and the routes that are deployed to it, sorted.

    From GetExport for a REST API, ExportApi for an HTTP API, and the route $connect of a WebSocket API, which is not
    exported. Raises: NotFoundError, when there is no such stage.
    """
    found = find_stage(aws, api)
    if api.type == "websocket":
        return found, tuple(_connect_routes(aws, found.api_id))
    return found, tuple(sorted(_routes(_export(aws, api, found.api_id)), key=lambda each: each.route))


def _export(aws: AwsClient, api: Api, identifier: str) -> Mapping[str, Any]:
    if api.type == "rest":
        content = aws.document(
            "apigateway",
            "GetExport",
            field="body",
            restApiId=identifier,
            stageName=api.stage,
            exportType="oas30",
            parameters={"extensions": "apigateway"},
            accepts="application/json",
        )
    else:
        content = aws.document(
            "apigatewayv2",
            "ExportApi",
            field="body",
            ApiId=identifier,
            Specification="OAS30",
            OutputType="JSON",
            StageName=api.stage,
            IncludeExtensions=True,
        )
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise ObservationError(
            Reason.UNREACHABLE,
            "the export of the stage is no OpenAPI document",
            remedy="check the network, the proxy and AWS_ENDPOINT_URL from where Basewatch runs",
        )
    return document


def _routes(document: Mapping[str, Any]) -> Iterator[DeployedRoute]:
    schemes = optional(document, "components", "securitySchemes", kind=dict) or {}
    authorizing = {name for name, scheme in schemes.items() if any(mark in scheme for mark in _AUTHORIZING)}
    default = document.get("security", [])
    for path, methods in document["paths"].items():
        for method, details in methods.items():
            if method.lower() not in _METHODS and method != _ANY:
                continue
            verb = "ANY" if method == _ANY else method.upper()
            alternatives: list[dict[str, Any]] = details.get("security", default)
            iam = optional(details, "x-amazon-apigateway-auth", "type", kind=str) or "NONE"
            yield DeployedRoute(
                route=f"{verb} {path}",
                authorized=iam.upper() != "NONE" or _each_has(alternatives, authorizing),
                needs_key=_each_has(alternatives, schemes.keys() - authorizing),
            )


def _each_has(alternatives: Iterable[Mapping[str, Any]], schemes: Iterable[str]) -> bool:
    """Whether each of the alternatives, of which a caller may choose one, has one of the schemes."""
    wanted, offered = set(schemes), tuple(alternatives)
    return bool(offered) and all(wanted & alternative.keys() for alternative in offered)


def _connect_routes(aws: AwsClient, identifier: str) -> Iterator[DeployedRoute]:
    """The route that opens a connection: API Gateway authorizes no other."""
    for page in aws.pages("apigatewayv2", "GetRoutes", ApiId=identifier):
        for each in listed(page, "Items"):
            if each.get("RouteKey") == "$connect":
                authorization = required(each, "AuthorizationType", kind=str)
                yield DeployedRoute(route="$connect", authorized=authorization != "NONE", needs_key=False)
