"""A check that a declared API exists and its stage is deployed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Api
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.inventory.api_lookup import find_stage
from checks.inventory.statuses import Standing, standing, status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class StageDeployment:
    """The deployment that the stage uses, empty when there is none; `namesakes` counts the APIs of the name.

    `api_status` is the status of a REST API; empty where AWS gives none.
    """

    api_id: str
    namesakes: int
    deployment_id: str
    api_status: str = ""


def stage_deployment(aws: AwsClient, api: Api) -> StageDeployment:
    """The deployment of the declared stage, by GetStage. Raises: NotFoundError, when there is no such stage."""
    found = find_stage(aws, api)
    if api.type == "rest":
        # A stage of a REST API always has a deployment.
        deployment = required(found.stage, "deploymentId", kind=str)
    else:
        deployment = optional(found.stage, "DeploymentId", kind=str) or ""
    return StageDeployment(
        api_id=found.api_id, namesakes=found.namesakes, deployment_id=deployment, api_status=found.api_status
    )


@check(
    "inventory.api.deployed",
    component=Api,
    observe=stage_deployment,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET",),
)
def stage_is_deployed(facts: StageDeployment, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The declared API exists, and its stage has a deployment.

    Why: CloudWatch has no datapoints of an API that does not exist, nor of one without requests.
    Reads: apigateway:GET of the REST APIs and their status, or of the HTTP or WebSocket API with the declared id, and
    of the stage.
    Unverified when: A call is denied, throttled or fails, several APIs have both the name and the stage, or the API is
    still being made or has an unknown status.
    Fix: Deploy the API to the stage, or correct its name, type or id in the configuration.
    Source: Amazon API Gateway Developer Guide, Set up a stage for a REST API,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-stages.html
    """
    others = f", the only one of {facts.namesakes} APIs of this name with the stage" if facts.namesakes > 1 else ""
    deployed = f"deployment {facts.deployment_id}" if facts.deployment_id else "no deployment"
    observed, expected = f"API {facts.api_id}{others}, stage {api.stage}, {deployed}", "a stage with a deployment"
    if not facts.deployment_id:
        yield failed("Nothing is deployed to the stage of the API", observed=observed, expected=expected)
    elif facts.api_status and standing("api", facts.api_status) is not Standing.SERVING:
        what, observed = f"The API {api.name}", f"{observed}, status {facts.api_status}"
        yield status_verdict("api", facts.api_status, what=what, observed=observed, expected=expected)
    else:
        yield passed("The stage of the API is deployed", observed=observed, expected=expected)
