"""A declared component that cannot be used FAILs, and an ambiguous one is UNVERIFIED."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from basewatch.component_settings import Capacity
from basewatch.components import Api, AuroraCluster, CacheCluster, Function, Table
from basewatch.model import Status
from checks.availability.capacity import ServerlessCapacity, capacity_is_as_promised
from checks.availability.cluster_configuration import AcuRange
from checks.inventory.api_gateway import stage_is_deployed
from checks.inventory.dax import cache_is_available
from checks.inventory.dynamodb import table_is_active
from checks.inventory.lambda_functions import FunctionState, function_is_active
from checks.inventory.rds_proxy import proxy_is_available
from tests.checks.situations.aws_answers import Answers, answer, verdicts
from tests.wire import Answer, refusal

NOW = datetime(2026, 3, 1, tzinfo=UTC)


ORPHAN = (("m", "PROBLEM: The queue does not exist"),)
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
    "an event source whose queue is gone": (FunctionState(state="Active", troubled_mappings=ORPHAN), Status.FAIL),
    "an event source at which AWS had an error": (
        FunctionState(state="Active", troubled_mappings=(("m", "PROBLEM: internal Lambda error"),)),
        Status.UNVERIFIED,
    ),
    "an unread event source beside one that is being created": (
        FunctionState(state="Active", idle_mappings=(("a", "Creating"),), troubled_mappings=ORPHAN),
        Status.FAIL,
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


def test_an_event_source_is_judged_by_its_last_result() -> None:
    """A source that AWS cannot read is one that invokes nothing; an error of the function is judged elsewhere."""
    results = ["No records processed", "PROBLEM: Function call failed", "PROBLEM: Connection error"]
    mappings = [
        {"UUID": f"{number:036}", "State": "Enabled", "LastProcessingResult": result}
        for number, result in enumerate(results)
    ]
    operation = "lambda:ListEventSourceMappings"
    answers = {**running(), operation: answer(operation, EventSourceMappings=mappings)}
    (verdict,) = verdicts(function_is_active, Function(name="auth"), answers)
    assert (verdict.status, f"{2:036}" in verdict.summary) == (Status.FAIL, True)


CLUSTER = AuroraCluster.model_validate(
    {"name": "main", "proxy": {"name": "front"}, "backup": {"retention": "35d", "rpo": "1h"}}
)


def target(role: str, state: str, reason: str = "", cluster: str = "main") -> dict[str, Any]:
    """A target of a proxy."""
    health = {"State": state, **({"Reason": reason} if reason else {})}
    return {"RdsResourceId": f"db-{role}", "TrackedClusterId": cluster, "Role": role, "TargetHealth": health}


WRITER, READER = "READ_WRITE", "READ_ONLY"
TRACKED = {"RdsResourceId": "main", "Type": "TRACKED_CLUSTER"}
PROXIES: dict[str, tuple[list[dict[str, Any]], Status]] = {
    "writer and reader": ([TRACKED, target(WRITER, "AVAILABLE"), target(READER, "AVAILABLE")], Status.PASS),
    "the cluster alone": ([TRACKED], Status.PASS),
    "a reader that is not used": ([target(WRITER, "AVAILABLE"), target(READER, "UNUSED")], Status.PASS),
    "a reader that cannot be reached": (
        [target(WRITER, "AVAILABLE"), target(READER, "UNAVAILABLE", "UNREACHABLE")],
        Status.PASS,
    ),
    "the secret is wrong": ([target(WRITER, "UNAVAILABLE", "AUTH_FAILURE"), target(READER, "AVAILABLE")], Status.FAIL),
    "no way to the writer": ([target(WRITER, "UNAVAILABLE", "UNREACHABLE")], Status.FAIL),
    "the writer is unavailable for no reason": ([target(WRITER, "UNAVAILABLE")], Status.FAIL),
    "no target": ([], Status.FAIL),
    "another cluster": ([target(WRITER, "AVAILABLE", cluster="test")], Status.FAIL),
    "another cluster, tracked": ([{"RdsResourceId": "test", "Type": "TRACKED_CLUSTER"}], Status.FAIL),
    "the proxy grows": ([target(WRITER, "UNAVAILABLE", "PENDING_PROXY_CAPACITY")], Status.UNVERIFIED),
    "the writer registers": ([target(WRITER, "REGISTERING")], Status.UNVERIFIED),
    "a state of the future": ([target(WRITER, "DRAINING")], Status.UNVERIFIED),
    "a reason of the future": ([target(WRITER, "UNAVAILABLE", "QUOTA")], Status.UNVERIFIED),
}


@pytest.mark.parametrize("case", PROXIES)
def test_a_proxy_is_judged_by_what_it_leads_to(case: str) -> None:
    """An available proxy that cannot reach the writer of the declared cluster serves nobody."""
    targets, right = PROXIES[case]
    answers = {
        "rds:DescribeDBProxies": answer("rds:DescribeDBProxies", DBProxies=[{"Status": "available"}]),
        "rds:DescribeDBProxyTargets": answer("rds:DescribeDBProxyTargets", Targets=targets),
    }
    (verdict,) = verdicts(proxy_is_available, CLUSTER, answers)
    assert (case, verdict.status) == (case, right)


INDEXES: dict[str, tuple[dict[str, str], Status]] = {
    "active": ({"by-email": "ACTIVE"}, Status.PASS),
    "being changed": ({"by-email": "UPDATING"}, Status.PASS),
    "one more than declared": ({"by-email": "ACTIVE", "by-name": "DELETING"}, Status.PASS),
    "gone": ({"by-name": "ACTIVE"}, Status.FAIL),
    "no index at all": ({}, Status.FAIL),
    "being deleted": ({"by-email": "DELETING"}, Status.FAIL),
    "being filled": ({"by-email": "CREATING"}, Status.UNVERIFIED),
    "in a status of the future": ({"by-email": "PAUSED"}, Status.UNVERIFIED),
}


@pytest.mark.parametrize("case", INDEXES)
def test_a_declared_index_has_to_exist(case: str) -> None:
    """An index that was deleted has no throttled requests."""
    statuses, right = INDEXES[case]
    found = [{"IndexName": name, "IndexStatus": status} for name, status in statuses.items()]
    described = {"TableStatus": "ACTIVE", **({"GlobalSecondaryIndexes": found} if found else {})}
    answers = {"dynamodb:DescribeTable": answer("dynamodb:DescribeTable", Table=described)}
    (verdict,) = verdicts(table_is_active, Table(name="customers", indexes=("by-email",)), answers)
    assert (case, verdict.status) == (case, right)


@pytest.mark.parametrize(
    ("nodes", "right"),
    [
        ([], Status.PASS),
        (["available", "available"], Status.PASS),
        (["rebooting node", "available"], Status.PASS),
        (["rebooting node", "creating"], Status.FAIL),
    ],
)
def test_a_cache_needs_a_node(nodes: list[str], right: Status) -> None:
    """A cluster is available while its last node is replaced."""
    cluster = {"Status": "available", "Nodes": [{"NodeStatus": status} for status in nodes]}
    answers = {"dax:DescribeClusters": answer("dax:DescribeClusters", Clusters=[cluster])}
    (verdict,) = verdicts(cache_is_available, CacheCluster(name="cache"), answers)
    assert verdict.status is right


@pytest.mark.parametrize(
    ("status", "right"),
    [("AVAILABLE", Status.PASS), ("UPDATING", Status.PASS), ("FAILED", Status.FAIL), ("PENDING", Status.UNVERIFIED)],
)
def test_a_rest_api_is_judged_by_its_status(status: str, right: Status) -> None:
    """A stage of an API that could not be made serves nobody."""
    listing = answer("apigateway:GetRestApis", items=[{"id": "a1", "name": "front", "apiStatus": status}])
    answers = {"apigateway:GetRestApis": listing, "apigateway:GetStage": STAGE}
    (verdict,) = verdicts(stage_is_deployed, Api.model_validate(API), answers)
    assert verdict.status is right


@pytest.mark.parametrize(
    ("classes", "right"),
    [
        (("db.serverless", "db.serverless"), Status.PASS),
        (("db.r6g.large", "db.serverless"), Status.PASS),
        (("db.r6g.large",), Status.FAIL),
        ((), Status.PASS),
    ],
)
def test_a_range_of_capacity_needs_an_instance_that_scales(classes: tuple[str, ...], right: Status) -> None:
    """The range of a cluster says nothing about instances of a fixed size."""
    cluster = CLUSTER.model_copy(update={"capacity": Capacity(min_acu=0.5, max_acu=4)})
    facts = ServerlessCapacity(capacity=AcuRange(min_acu=0.5, max_acu=4), classes=classes)
    (verdict,) = capacity_is_as_promised.judge(facts, cluster, NOW)
    assert verdict.status is right
