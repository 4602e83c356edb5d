"""Finds the declared API by its id or name, and the declared stage of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import accepted_error, listed, optional, required
from basewatch.components import Api
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundStage:
    """The declared stage as AWS describes it, the id of its API, and how many APIs have the declared name.

    `api_status` is the status of a REST API, such as `UPDATING`; empty where AWS gives none.
    """

    api_id: str
    namesakes: int
    stage: dict[str, Any]
    api_status: str = ""


def find_stage(aws: AwsClient, api: Api) -> FoundStage:
    """The declared stage: of the API with the declared id, or else of the one API with the name that has the stage.

    Raises: NotFoundError, when there is no such API, or none that has the stage; ObservationError, also when several
    APIs have the name and the stage.
    """
    if api.type != "rest":
        return _stage_v2(aws, api)
    described = [aws.call("apigateway", "GetRestApi", restApiId=api.id)] if api.id else list(_named(aws, api))
    apis = {api.id or required(each, "id", kind=str): each for each in described}
    if not apis:
        raise NotFoundError(f"no REST API is named {api.name}")
    stages = {each: _stage(aws, each, api.stage) for each in apis}
    found = {identifier: stage for identifier, stage in stages.items() if stage is not None}
    if not found:
        raise NotFoundError(f"none of the REST APIs {', '.join(apis)} has the stage {api.stage}")
    if len(found) > 1:
        raise ObservationError(
            Reason.UNSUPPORTED,
            f"{len(found)} REST APIs named {api.name} have the stage {api.stage}: {', '.join(found)}",
            remedy="declare the id of the API, or give each API a name of its own: CloudWatch mixes their metrics",
        )
    ((identifier, stage),) = found.items()
    status = optional(apis[identifier], "apiStatus", kind=str) or ""
    return FoundStage(api_id=identifier, namesakes=len(apis), stage=stage, api_status=status)


def _named(aws: AwsClient, api: Api) -> Iterator[dict[str, Any]]:
    for page in aws.pages("apigateway", "GetRestApis"):
        yield from (each for each in listed(page, "items") if each.get("name") == api.name)


def _stage(aws: AwsClient, identifier: str, name: str) -> dict[str, Any] | None:
    """The stage, or None when this API has none of the name."""
    answer = aws.call(
        "apigateway", "GetStage", accepted_errors=("NotFoundException",), restApiId=identifier, stageName=name
    )
    return None if accepted_error(answer) else _described(answer, "stageName", "deploymentId")


def _stage_v2(aws: AwsClient, api: Api) -> FoundStage:
    identifier = api.id or ""
    found = aws.call("apigatewayv2", "GetApi", ApiId=identifier)
    protocol = required(found, "ProtocolType", kind=str)
    if protocol.lower() != api.type:
        raise NotFoundError(f"the API {identifier} is not of type {api.type} but {protocol}")
    stage = aws.call("apigatewayv2", "GetStage", ApiId=identifier, StageName=api.stage)
    return FoundStage(api_id=identifier, namesakes=1, stage=_described(stage, "StageName", "DeploymentId"))


def _described(stage: dict[str, Any], name: str, deployment: str) -> dict[str, Any]:
    """The stage. Raises: ObservationError, when the answer describes none."""
    if optional(stage, deployment, kind=str) is None:
        _ = required(stage, name, kind=str)
    return stage
