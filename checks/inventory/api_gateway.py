"""A check that a declared API exists and its stage is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import Api
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Reason, Severity, Verdict, passed, unverified


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDeployments:
    """The REST APIs with the declared name, and the deployments that their declared stage uses."""

    api_ids: tuple[str, ...]
    deployment_ids: tuple[str, ...]


def stage_deployments(aws: AwsClient, api: Api) -> StageDeployments:
    """The deployments of the declared stage, by GetRestApis and GetStage.

    Raises: NotFoundError, when no API has the name.
    """
    pages = aws.pages("apigateway", "GetRestApis")
    named = [each for page in pages for each in required(page, "items", kind=list) if each.get("name") == api.name]
    if not named:
        raise NotFoundError(f"no REST API is named {api.name}")
    ids = tuple(required(each, "id", kind=str) for each in named)
    stages = [aws.call("apigateway", "GetStage", restApiId=each, stageName=api.stage) for each in ids]
    return StageDeployments(
        api_ids=ids, deployment_ids=tuple(required(stage, "deploymentId", kind=str) for stage in stages)
    )


@check(
    "inventory.api.deployed",
    component=Api,
    observe=stage_deployments,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET",),
)
def stage_is_deployed(facts: StageDeployments, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The declared API exists, and its stage has a deployment.

    Why: CloudWatch has no datapoints of an API that does not exist, nor of one without requests.
    Reads: apigateway:GET of the REST APIs and of the stage.
    Unverified when: A call is denied, throttled or fails, or several APIs have the name: their metrics would be mixed.
    Fix: Deploy the API to the stage, or correct its name in the configuration.
    Source: Amazon API Gateway Developer Guide, Set up a stage for a REST API,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-stages.html
    """
    observed = f"{len(facts.api_ids)} APIs named {api.name}, stage {api.stage}"
    expected = "one API, with its stage deployed"
    if len(facts.api_ids) > 1:
        summary = "Several APIs have the same name, so CloudWatch mixes their metrics"
        remedy = "Give each API a name of its own."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("The stage of the API is deployed", observed=observed, expected=expected)
