"""Logs: how long log groups keep events, and which requests are logged and traced."""

from __future__ import annotations

from typing import Any

from basewatch.check import AnyCheck
from basewatch.components import Api, AuroraCluster, Component, Function
from basewatch.model import Status
from checks.logging.requests import function_is_traced, stage_logs_requests
from checks.retention.log_groups import logs_are_kept
from tests.checks.situations.aws_answers import Answers, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

FAIL, PASS, UNVERIFIED = Status.FAIL, Status.PASS, Status.UNVERIFIED
EXACTLY = {"at_least": "30d", "at_most": "30d", "encrypted": True}
CLUSTER = AuroraCluster.model_validate({"name": "Main", "backup": {"retention": "35d", "rpo": "1h"}, "logs": EXACTLY})
FUNCTION = Function.model_validate({"name": "auth:live", "logs": EXACTLY, "traced": True})
API = Api.model_validate(
    {"name": "shop", "stage": "v1", "logs": EXACTLY, "traced": True, "access_logged": True, "execution_logged": True}
)
HTTP = Api.model_validate(
    {"name": "web", "type": "http", "id": "a1", "stage": "v1", "access_logged": True, "logs": EXACTLY}
)
GROUP_ARN = "arn:aws:logs:us-east-1:123456789012:log-group:/shop/access:*"
STREAM = "arn:aws:firehose:us-east-1:123456789012:deliverystream/amazon-apigateway-x"


def at_least(component: Any) -> Any:
    """The component with a promise of thirty days or more, encrypted or not."""
    return component.model_copy(update={"logs": component.logs.model_copy(update={"at_most": None})})


def groups(*found: dict[str, Any]) -> dict[str, Any]:
    """Log groups as DescribeLogGroups lists them; each has a key and 30 days, unless it says otherwise."""
    whole = ({"retentionInDays": 30, "kmsKeyId": "arn:aws:kms:us-east-1:1:key/k", **each} for each in found)
    return answer(
        "logs:DescribeLogGroups",
        logGroups=[{key: value for key, value in each.items() if value is not None} for each in whole],
    )


def cluster(*found: dict[str, Any], exports: tuple[str, ...] = ("postgresql",)) -> Answers:
    """A cluster with these exports."""
    described = {"DBClusterIdentifier": "main", "EnabledCloudwatchLogsExports": list(exports)}
    return {
        "rds:DescribeDBClusters": answer("rds:DescribeDBClusters", DBClusters=[described]),
        "logs:DescribeLogGroups": groups(*found),
    }


def function(*found: dict[str, Any], **configuration: Any) -> Answers:
    """A function with this configuration."""
    whole = {"FunctionName": "auth", "TracingConfig": {"Mode": "Active"}, **configuration}
    return {
        "lambda:GetFunctionConfiguration": answer("lambda:GetFunctionConfiguration", **whole),
        "logs:DescribeLogGroups": groups(*found),
    }


def stage(*found: dict[str, Any], level: str = "ERROR", access: str = GROUP_ARN, **changes: Any) -> Answers:
    """The stage of a REST API."""
    fields = {
        "stageName": "v1",
        "deploymentId": "d1",
        "tracingEnabled": True,
        "methodSettings": {"*/*": {"loggingLevel": level}, "~1login/POST": {"throttlingRateLimit": 5.0}},
        **({"accessLogSettings": {"destinationArn": access}} if access else {}),
        **changes,
    }
    return {
        "apigateway:GetRestApis": answer("apigateway:GetRestApis", items=[{"id": "r1", "name": "shop"}]),
        "apigateway:GetStage": answer("apigateway:GetStage", **fields),
        "logs:DescribeLogGroups": groups(*found),
    }


def web(access: str) -> Answers:
    """The stage of an HTTP API."""
    log = {"AccessLogSettings": {"DestinationArn": access}} if access else {}
    return {
        "apigatewayv2:GetApi": answer(
            "apigatewayv2:GetApi", Name="web", ProtocolType="HTTP", RouteSelectionExpression="x"
        ),
        "apigatewayv2:GetStage": answer("apigatewayv2:GetStage", StageName="v1", DeploymentId="d1", **log),
        "logs:DescribeLogGroups": groups({"logGroupName": "/shop/access"}),
    }


def row(  # noqa: PLR0917  # the columns of the table
    number: str,
    what: str,
    right: Status,
    why: str,
    component: Component,
    answers: Answers,
    *,
    check: AnyCheck = logs_are_kept,
    says: str = "",
) -> Situation:
    """One row of the table."""
    judge = judging(check, component, answers)
    return Situation(number=f"logs-{number}", what=what, right=(right,), why=why, judged=judge, says=says)


POSTGRES = {"logGroupName": "/aws/rds/cluster/main/postgresql"}
LAMBDA, ACCESS = {"logGroupName": "/aws/lambda/auth"}, {"logGroupName": "/shop/access"}
EXECUTION = {"logGroupName": "API-Gateway-Execution-Logs_r1/v1"}
SITUATIONS = (
    row("1", "30 days, with a key", PASS, "as promised", CLUSTER, cluster(POSTGRES)),
    row("2", "a day", FAIL, "30 are promised", CLUSTER, cluster({**POSTGRES, "retentionInDays": 1}), says="1 days"),
    row("3", "a year", FAIL, "30 at most", CLUSTER, cluster({**POSTGRES, "retentionInDays": 365}), says="365 days"),
    row(
        "4",
        "never expires, 30 days at most promised",
        FAIL,
        "they are kept for ever",
        CLUSTER,
        cluster({**POSTGRES, "retentionInDays": None}),
        says="for ever",
    ),
    row(
        "5",
        "never expires, 30 days at least promised",
        PASS,
        "it is not 0 days",
        at_least(CLUSTER),
        cluster({**POSTGRES, "retentionInDays": None}),
        says="for ever",
    ),
    row("6", "no KMS key", FAIL, "it is promised", CLUSTER, cluster({**POSTGRES, "kmsKeyId": None}), says="KMS"),
    row("7", "the group does not exist yet", UNVERIFIED, "nothing was logged yet", CLUSTER, cluster()),
    row(
        "8",
        "a group whose name only begins alike",
        UNVERIFIED,
        "it is another one",
        CLUSTER,
        cluster({"logGroupName": "/aws/rds/cluster/main/postgresql-old"}),
    ),
    row("9", "the cluster exports nothing", UNVERIFIED, "there is no log", CLUSTER, cluster(exports=())),
    row(
        "10",
        "a second export is kept for a day",
        FAIL,
        "every group counts",
        CLUSTER,
        cluster(
            POSTGRES,
            {"logGroupName": "/aws/rds/cluster/main/upgrade", "retentionInDays": 1},
            exports=("postgresql", "upgrade"),
        ),
        says="upgrade",
    ),
    row("11", "a function's own group", PASS, "named after it, without the alias", FUNCTION, function(LAMBDA)),
    row(
        "12",
        "a function that logs into a shared group of a day",
        FAIL,
        "it is the one it writes to",
        FUNCTION,
        function({"logGroupName": "/shared", "retentionInDays": 1}, LoggingConfig={"LogGroup": "/shared"}),
        says="/shared",
    ),
    row("13", "access and execution logs", PASS, "both are kept", API, stage(EXECUTION, ACCESS)),
    row(
        "14",
        "execution logs that never expire",
        FAIL,
        "API Gateway made the group by itself",
        API,
        stage({**EXECUTION, "retentionInDays": None}, ACCESS),
        says="Execution",
    ),
    row(
        "15",
        "access logs into a Firehose stream",
        UNVERIFIED,
        "what becomes of them there is not known",
        API,
        stage(EXECUTION, access=STREAM),
    ),
    row("16", "the access logs of an HTTP API", PASS, "they are kept", HTTP, web(GROUP_ARN)),
    row(
        "17",
        "log groups cannot be listed",
        UNVERIFIED,
        "nobody looked",
        CLUSTER,
        {**cluster(POSTGRES), "logs:DescribeLogGroups": refusal("AccessDeniedException", status=403)},
    ),
    row("20", "everything is logged", PASS, "as promised", API, stage(), check=stage_logs_requests),
    row(
        "21",
        "no access logs",
        FAIL,
        "nobody knows who called",
        API,
        stage(access=""),
        check=stage_logs_requests,
        says="no access logs",
    ),
    row("22", "execution logs are off", FAIL, "errors are lost", API, stage(level="OFF"), check=stage_logs_requests),
    row(
        "23",
        "execution logs are off for one method",
        FAIL,
        "its errors are lost",
        API,
        stage(methodSettings={"*/*": {"loggingLevel": "INFO"}, "pay/POST": {"loggingLevel": "OFF"}}),
        check=stage_logs_requests,
        says="pay/POST",
    ),
    row(
        "24",
        "a stage without method settings",
        FAIL,
        "execution logs are off by default",
        API,
        stage(methodSettings={}),
        check=stage_logs_requests,
    ),
    row("25", "tracing is off", FAIL, "it is promised", API, stage(tracingEnabled=False), check=stage_logs_requests),
    row(
        "26", "an HTTP API with access logs", PASS, "no more is promised", HTTP, web(STREAM), check=stage_logs_requests
    ),
    row("27", "an HTTP API without", FAIL, "they are promised", HTTP, web(""), check=stage_logs_requests),
    row("30", "a traced function", PASS, "as promised", FUNCTION, function(), check=function_is_traced),
    row(
        "31",
        "a function that passes traces through",
        FAIL,
        "it does not begin any",
        FUNCTION,
        function(TracingConfig={"Mode": "PassThrough"}),
        check=function_is_traced,
    ),
    row(
        "32",
        "a mode that AWS added since",
        UNVERIFIED,
        "nobody knows what it does",
        FUNCTION,
        function(TracingConfig={"Mode": "Sometimes"}),
        check=function_is_traced,
    ),
)


@each(SITUATIONS)
def test_logs_are_judged_by_what_is_kept_of_them(situation: Situation) -> None:
    """The verdict is the one that is right."""
    situation.test()
