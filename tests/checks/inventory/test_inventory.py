"""A declared component that cannot be used FAILs, and an ambiguous one is UNVERIFIED."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from basewatch.components import Api, Function
from basewatch.model import Status
from checks.inventory.api_gateway import stage_is_deployed
from checks.inventory.lambda_functions import FunctionState, function_is_active
from tests.checks.situations.aws_answers import Answers, answer, verdicts
from tests.wire import Answer, refusal

NOW = datetime(2026, 3, 1, tzinfo=UTC)


FUNCTIONS: dict[str, tuple[FunctionState, Status]] = {
    "active": (FunctionState(state="Active"), Status.PASS),
    "idle for weeks": (FunctionState(state="Inactive"), Status.PASS),
    "its last update failed": (FunctionState(state="Active", last_update="Failed"), Status.PASS),
    "being created": (FunctionState(state="Pending"), Status.UNVERIFIED),
    "a state of the future": (FunctionState(state="ActiveNonInvocable"), Status.UNVERIFIED),
    "failed": (FunctionState(state="Failed"), Status.FAIL),
    "being deleted": (FunctionState(state="Deleting"), Status.FAIL),
    "some concurrency is reserved": (FunctionState(state="Active", reserved_concurrency=5), Status.PASS),
    "stopped by a reservation of 0": (FunctionState(state="Active", reserved_concurrency=0), Status.FAIL),
    "an event source is disabled": (FunctionState(state="Active", idle_mappings=(("m", "Disabled"),)), Status.FAIL),
    "an event source is being created": (
        FunctionState(state="Active", idle_mappings=(("m", "Creating"),)),
        Status.UNVERIFIED,
    ),
    "one event source is disabled, one is being created": (
        FunctionState(state="Active", idle_mappings=(("a", "Creating"), ("b", "Disabled"))),
        Status.FAIL,
    ),
    "an event source in a state of the future": (
        FunctionState(state="Active", idle_mappings=(("m", "Throttled"),)),
        Status.UNVERIFIED,
    ),
}


SOURCES = {"lambda:ListEventSourceMappings": refusal("AccessDeniedException", status=403)}


def running(**concurrency: int) -> Answers:
    """An active function with this concurrency, whose event sources may not be read."""
    operation = "lambda:GetFunctionConfiguration"
    return {
        operation: answer(operation, State="Active"),
        "lambda:GetFunctionConcurrency": answer("lambda:GetFunctionConcurrency", **concurrency),
        **SOURCES,
    }


def test_a_stopped_function_fails_whether_or_not_its_sources_can_be_read() -> None:
    """What was read decides; only a PASS needs everything."""
    (stopped,) = verdicts(function_is_active, Function(name="auth"), running(ReservedConcurrentExecutions=0))
    (unknown,) = verdicts(function_is_active, Function(name="auth"), running())
    assert (stopped.status, unknown.status) == (Status.FAIL, Status.UNVERIFIED)
    assert "lambda:ListEventSourceMappings" in unknown.remedy


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_function_is_judged_by_what_decides_whether_it_runs(case: str) -> None:
    """State, reserved concurrency and event sources decide; a word that is not known is UNVERIFIED."""
    facts, right = FUNCTIONS[case]
    (verdict,) = function_is_active.judge(facts, Function(name="auth"), NOW)
    assert (case, verdict.status) == (case, right)


ARN = "arn:aws:lambda:us-east-1:123456789012:function:auth"


@pytest.mark.parametrize(("declared", "name"), [("auth", "auth"), ("auth:live", "auth"), (ARN, ARN), (f"{ARN}:7", ARN)])
def test_concurrency_is_that_of_the_function(declared: str, name: str) -> None:
    """An alias or version is declared after the name; the reservation is for all of them."""
    assert Function(name=declared).unqualified_name == name


API = {"name": "front", "stage": "prod"}
STAGE = answer("apigateway:GetStage", stageName="prod", deploymentId="d1")
NO_STAGE = refusal("NotFoundException", "Invalid Stage identifier specified", status=404)
V2 = {"ApiId": "h1", "Name": "front"}


def rest(*names: str, stages: list[Answer]) -> Answers:
    """An account with REST APIs of these names, and what GetStage answers for those that are asked."""
    apis = [{"id": f"a{number}", "name": name} for number, name in enumerate(names)]
    listing = answer("apigateway:GetRestApis", **({"items": apis} if apis else {}))
    return {"apigateway:GetRestApis": listing, "apigateway:GetStage": stages}


def v2(protocol: str, **stage: Any) -> Answers:
    """An account with an HTTP or WebSocket API, and its stage."""
    return {
        "apigatewayv2:GetApi": answer("apigatewayv2:GetApi", ProtocolType=protocol, **V2),
        "apigatewayv2:GetStage": answer("apigatewayv2:GetStage", StageName="prod", **stage),
    }


ABSENT = refusal("NotFoundException", status=404)
APIS: dict[str, tuple[dict[str, str], Answers, Status]] = {
    "one API with the stage": (API, rest("front", "other", stages=[STAGE]), Status.PASS),
    "the stage is gone": (API, rest("front", stages=[NO_STAGE]), Status.FAIL),
    "the retired namesake has no such stage": (
        API,
        rest("front", "front", stages=[NO_STAGE, STAGE]),
        Status.PASS,
    ),
    "no API of the name has the stage": (API, rest("front", "front", stages=[NO_STAGE, NO_STAGE]), Status.FAIL),
    "two APIs of the name have the stage": (API, rest("front", "front", stages=[STAGE, STAGE]), Status.UNVERIFIED),
    "other APIs": (API, rest("other", stages=[STAGE]), Status.FAIL),
    "no API at all, and no list": (API, rest(stages=[STAGE]), Status.FAIL),
    "an id, whatever else has the name": (
        {**API, "id": "a7"},
        {"apigateway:GetRestApi": answer("apigateway:GetRestApi", id="a7"), "apigateway:GetStage": STAGE},
        Status.PASS,
    ),
    "an id that is gone": ({**API, "id": "a7"}, {"apigateway:GetRestApi": ABSENT}, Status.FAIL),
    "an HTTP API": ({**API, "type": "http", "id": "h1"}, v2("HTTP", DeploymentId="d1"), Status.PASS),
    "a WebSocket API": ({**API, "type": "websocket", "id": "h1"}, v2("WEBSOCKET", DeploymentId="d1"), Status.PASS),
    "an HTTP API that was never deployed": (
        {**API, "type": "http", "id": "h1"},
        v2("HTTP", AutoDeploy=False),
        Status.FAIL,
    ),
    "a WebSocket API declared as HTTP": (
        {**API, "type": "http", "id": "h1"},
        v2("WEBSOCKET", DeploymentId="d1"),
        Status.FAIL,
    ),
    "an HTTP API that is gone": ({**API, "type": "http", "id": "h1"}, {"apigatewayv2:GetApi": ABSENT}, Status.FAIL),
    "an HTTP API whose stage is gone": (
        {**API, "type": "http", "id": "h1"},
        {**v2("HTTP"), "apigatewayv2:GetStage": ABSENT},
        Status.FAIL,
    ),
}


@pytest.mark.parametrize("case", APIS)
def test_an_api_is_found_by_id_or_by_name_and_stage(case: str) -> None:
    """A namesake without the stage proves nothing absent, and two with it are not told apart."""
    settings, answers, right = APIS[case]
    (verdict,) = verdicts(stage_is_deployed, Api.model_validate(settings), answers)
    assert (case, verdict.status) == (case, right)
