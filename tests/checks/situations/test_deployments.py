"""What a deployment left behind: functions, permissions, routes and tables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from basewatch.components import Api, Function, Table
from basewatch.model import Status, Verdict
from checks.deploy.function_configuration import function_is_configured
from checks.deploy.invocation import callers_may_invoke
from checks.deploy.routes import routes_are_deployed
from checks.deploy.table_structure import table_has_its_structure
from tests.checks.access.test_api_access import export, rest
from tests.checks.situations.aws_answers import answer, judging, verdicts
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

FAIL, UNVERIFIED, PASS = (Status.FAIL,), (Status.UNVERIFIED,), (Status.PASS,)
ARN = "arn:aws:lambda:us-east-1:123456789012:function:query"
LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:reporting:3"
Judged = Callable[[], tuple[Verdict, ...]]
SOUND: dict[str, Any] = {
    "FunctionArn": ARN,
    "Runtime": "python3.11",
    "MemorySize": 512,
    "Timeout": 60,
    "CodeSha256": "abc=",
    "Layers": [{"Arn": LAYER}],
    "Environment": {"Variables": {"TABLE": "reports", "TOKEN": "secret"}},
    "LastUpdateStatus": "Successful",
}
DECLARED: dict[str, Any] = {
    "runtime": "python3.11",
    "memory": [256, 512],
    "timeout": ["30s", "300s"],
    "layers": ["reporting"],
    "environment": ["TABLE"],
    "code_sha256": "abc=",
}


def function(declared: Mapping[str, Any] | None = None, **found: Any) -> Judged:
    """A function that is declared so, and that AWS describes so."""
    configuration = DECLARED if declared is None else {**declared}
    component = Function.model_validate({"name": "query", "configuration": configuration})
    described = {name: value for name, value in {**SOUND, **found}.items() if value is not None}
    operation = "lambda:GetFunctionConfiguration"
    return judging(function_is_configured, component, {operation: answer(operation, **described)})


def invoked(statement: Mapping[str, Any] | None, *callers: str) -> Judged:
    """A function whose resource policy has this statement, or which has none."""
    component = Function.model_validate({"name": "query", "invoked_by": list(callers)})
    allow = {"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": ARN, **(statement or {})}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    none = refusal("ResourceNotFoundException", status=404)
    return judging(
        callers_may_invoke,
        component,
        {
            "lambda:GetFunctionConfiguration": answer("lambda:GetFunctionConfiguration", FunctionArn=ARN),
            "lambda:GetPolicy": answer("lambda:GetPolicy", Policy=policy) if statement else none,
        },
    )


def routes(declared: list[str], paths: dict[str, Any]) -> Judged:
    """An API with these declared routes, and this export."""
    component = Api.model_validate({"name": "front", "stage": "prod", "routes": declared})
    return lambda: verdicts(routes_are_deployed, component, rest(export(paths)))


def table(structure: Mapping[str, Any], **found: Any) -> Judged:
    """A table with this declared structure, whose keys are `customer` and `id`."""
    component = Table.model_validate({"name": "reports", "structure": structure})
    keys = [{"AttributeName": "customer", "KeyType": "HASH"}, {"AttributeName": "id", "KeyType": "RANGE"}]
    operation = "dynamodb:DescribeTable"
    described = answer(operation, Table={"KeySchema": keys, **found})
    return judging(table_has_its_structure, component, {operation: described})


ON_DEMAND = {"BillingModeSummary": {"BillingMode": "PAY_PER_REQUEST"}}
KEYS = {"partition_key": "customer", "sort_key": "id"}
GATEWAY = {"Principal": {"Service": "apigateway.amazonaws.com"}}
EVENTS = {"Principal": {"Service": "events.amazonaws.com"}}
_RULE = "arn:aws:events:us-east-1:123456789012:rule/"


def _from(arn: str) -> dict[str, Any]:
    return {"Condition": {"ArnLike": {"AWS:SourceArn": arn}}}


def _s(number: str, what: str, right: tuple[Status, ...], why: str, judged: Judged, *, says: str = "") -> Situation:
    return Situation(number=number, what=what, right=right, why=why, judged=judged, says=says)


MEMORY_ONLY = partial(function, {"memory": 512})
SITUATIONS = (
    _s("deploy-1", "a function as declared", PASS, "every setting was read and is as declared", function()),
    _s(
        "deploy-2",
        "128 MB of 256 to 512",
        FAIL,
        "the memory is outside of the range",
        function(MemorySize=128),
        says="128 MB",
    ),
    _s(
        "deploy-3",
        "a timeout of 15 minutes",
        FAIL,
        "the timeout is outside of the range",
        function(Timeout=900),
        says="900 s",
    ),
    _s("deploy-4", "a newer runtime", FAIL, "another runtime was not declared", function(Runtime="python3.13")),
    _s("deploy-5", "a runtime of the future", FAIL, "it was read, and it is another", function(Runtime="python9.9")),
    _s("deploy-6", "a container image", FAIL, "it has no runtime", function(Runtime=None, PackageType="Image")),
    _s("deploy-7", "the layer was left out", FAIL, "it is declared", function(Layers=[]), says="no layer reporting"),
    _s(
        "deploy-8",
        "a newer version of the layer",
        PASS,
        "only its name is declared",
        function(Layers=[{"Arn": LAYER + "1"}]),
    ),
    _s(
        "deploy-9",
        "a variable is not set",
        FAIL,
        "the function reads it",
        function(Environment={"Variables": {}}),
        says="TABLE",
    ),
    _s(
        "deploy-10",
        "variables that AWS cannot decrypt",
        UNVERIFIED,
        "their names were not read",
        function(Environment={"Error": {"ErrorCode": "AccessDenied", "Message": "key"}}),
        says="decrypt",
    ),
    _s(
        "deploy-11",
        "other code",
        FAIL,
        "it is not the released one",
        function(CodeSha256="xyz="),
        says="not the released one",
    ),
    _s(
        "deploy-12",
        "an update is under way",
        UNVERIFIED,
        "it can end either way",
        function(LastUpdateStatus="InProgress"),
    ),
    _s(
        "deploy-13",
        "an update under way on old code",
        UNVERIFIED,
        "the old code is about to go",
        function(LastUpdateStatus="InProgress", CodeSha256="xyz="),
    ),
    _s(
        "deploy-14",
        "the last update failed",
        FAIL,
        "what was deployed does not run",
        function(LastUpdateStatus="Failed"),
    ),
    _s("deploy-15", "only the memory is declared", PASS, "nothing else is compared", MEMORY_ONLY(Runtime="java21")),
    _s("deploy-16", "values of variables", PASS, "they are read by nobody", function({"environment": ["TOKEN"]})),
    _s("invoke-1", "API Gateway may invoke it", PASS, "the policy names the service", invoked(GATEWAY, "apigateway")),
    _s("invoke-2", "no resource policy", FAIL, "nobody else may invoke it", invoked(None, "apigateway")),
    _s("invoke-3", "another service only", FAIL, "the policy names another", invoked(EVENTS, "apigateway")),
    _s(
        "invoke-4",
        "the declared rule",
        PASS,
        "the source is that rule",
        invoked({**EVENTS, **_from(_RULE + "hourly")}, "events rule/hourly"),
    ),
    _s(
        "invoke-5",
        "another rule",
        FAIL,
        "the source is another rule",
        invoked({**EVENTS, **_from(_RULE + "daily")}, "events rule/hourly"),
    ),
    _s("invoke-6", "a deny", FAIL, "a deny is stronger", invoked({**GATEWAY, "Effect": "Deny"}, "apigateway")),
    _s(
        "invoke-7",
        "rules of another account",
        FAIL,
        "the source is elsewhere",
        invoked({**EVENTS, "Condition": {"StringEquals": {"AWS:SourceAccount": "999999999999"}}}, "events rule/hourly"),
    ),
    _s(
        "invoke-8",
        "a condition on something else",
        UNVERIFIED,
        "nobody knows it beforehand",
        invoked({**EVENTS, "Condition": {"StringEquals": {"aws:RequestedRegion": "us-east-1"}}}, "events rule/hourly"),
    ),
    _s("routes-1", "exactly the declared ones", PASS, "the export has them", routes(["GET /a"], {"/a": {"get": {}}})),
    _s(
        "routes-2",
        "one is missing",
        FAIL,
        "it is an outage",
        routes(["GET /a", "GET /b"], {"/a": {"get": {}}}),
        says="GET /b",
    ),
    _s(
        "routes-3",
        "one more",
        FAIL,
        "nobody declared it",
        routes(["GET /a"], {"/a": {"get": {}, "delete": {}}}),
        says="DELETE",
    ),
    _s(
        "routes-4",
        "preflight requests",
        PASS,
        "every browser sends them",
        routes(["GET /a"], {"/a": {"get": {}, "options": {}}}),
    ),
    _s(
        "routes-5",
        "every method of the path",
        FAIL,
        "the others are not declared",
        routes(["GET /a"], {"/a": {"x-amazon-apigateway-any-method": {}}}),
        says="ANY /a",
    ),
    _s("routes-6", "no route at all", FAIL, "what is declared is not deployed", routes(["GET /a"], {}), says="GET /a"),
    _s(
        "table-1",
        "keys and mode as declared",
        PASS,
        "both were read",
        table({**KEYS, "billing": "on_demand"}, **ON_DEMAND),
    ),
    _s("table-2", "another sort key", FAIL, "keys cannot be changed", table({**KEYS, "sort_key": "at"}, **ON_DEMAND)),
    _s("table-3", "a sort key that was not declared", FAIL, "the keys differ", table({"partition_key": "customer"})),
    _s(
        "table-4",
        "no summary of the mode",
        FAIL,
        "DynamoDB omits it of a provisioned table",
        table({**KEYS, "billing": "on_demand"}),
    ),
    _s(
        "table-5",
        "a provisioned table without a summary",
        PASS,
        "it never changed its mode",
        table({**KEYS, "billing": "provisioned"}),
    ),
)


@each(SITUATIONS)
def test_a_deployment_is_judged_by_what_was_read(situation: Situation) -> None:
    """Each setting that differs fails, and what could not be read is UNVERIFIED."""
    situation.test()
