"""Checks that requests are traced and logged: by the stage of an API, and by a function."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import Api, Function
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.inventory.api_lookup import find_stage

_EVERY_METHOD = "*/*"


class ExecutionLog(StrEnum):
    """The loggingLevel of methods."""

    OFF = "OFF"
    ERROR = "ERROR"
    INFO = "INFO"


@dataclass(frozen=True, slots=True, kw_only=True)
class StageLogs:
    """What the stage logs. `silent_methods` are those without execution logs, `*/*` for all that are not listed."""

    traced: bool
    access_log: str
    silent_methods: tuple[str, ...]


def stage_logs(aws: AwsClient, api: Api) -> StageLogs:
    """The settings of the declared stage. Raises: NotFoundError, when there is no such stage."""
    stage = find_stage(aws, api).stage
    first, second = ("accessLogSettings", "destinationArn"), ("AccessLogSettings", "DestinationArn")
    return StageLogs(
        # https://docs.aws.amazon.com/apigateway/latest/api/API_Stage.html: false when it is left out. HTTP APIs and
        # WebSocket APIs have neither traces nor methods.
        traced=optional(stage, "tracingEnabled", kind=bool) or False,
        access_log=optional(stage, *first, kind=str) or optional(stage, *second, kind=str) or "",
        silent_methods=_silent(stage),
    )


def _silent(stage: dict[str, Any]) -> tuple[str, ...]:
    methods = cast("dict[str, Any]", optional(stage, "methodSettings", kind=dict) or {})
    levels = {name: optional(each, "loggingLevel", kind=ExecutionLog) for name, each in methods.items()}
    # A method that is listed without a level, such as one with a rate limit, has the level of all the others.
    silent = {name for name, level in levels.items() if level is ExecutionLog.OFF}
    default = optional(stage, "defaultRouteSettings", "loggingLevel", kind=ExecutionLog) or levels.get(_EVERY_METHOD)
    return tuple(sorted(silent | ({_EVERY_METHOD} if default in (None, ExecutionLog.OFF) else set())))


@check(
    "logging.api.logged",
    component=Api,
    observe=stage_logs,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET",),
    promises=("traced", "access_logged", "execution_logged"),
)
def stage_logs_requests(facts: StageLogs, api: Api, _now: datetime) -> Iterator[Verdict]:
    """The stage of the API traces and logs its requests as promised.

    Why: Without access logs nobody can tell who called what, or whom the rate limit refused; without traces and
    execution logs nobody can tell why a request failed.
    Reads: apigateway:GET of the stage: access logs, the level of execution logs of every method, and tracing. That
    API Gateway may write to the log group is not tried.
    Unverified when: A call is denied, throttled or fails, or a level is unknown.
    Fix: aws apigateway update-stage with /accessLogSettings/destinationArn, /*/*/logging/loglevel or /tracingEnabled.
    Source: Amazon API Gateway Developer Guide, Set up CloudWatch logging for REST APIs,
    https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
    """
    silent = ", ".join(facts.silent_methods)
    missing = [
        *(["access logs"] if api.access_logged and not facts.access_log else []),
        *([f"execution logs of {silent}"] if api.execution_logged and silent else []),
        *(["traces"] if api.traced and not facts.traced else []),
    ]
    wanted = {"access logs": api.access_logged, "execution logs": api.execution_logged, "traces": api.traced}
    expected = ", ".join(what for what, promised in wanted.items() if promised)
    traced = "traced" if facts.traced else "not traced"
    execution = f"no execution logs of {silent}" if silent else "execution logs of every method"
    observed = f"access logs to {facts.access_log or 'nowhere'}, {execution}, {traced}"
    if missing:
        yield failed(f"The stage writes no {', no '.join(missing)}", observed=observed, expected=expected)
    else:
        yield passed("Requests are traced and logged", observed=observed, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracing:
    """The tracing mode of the function: `Active`, or `PassThrough`, which traces what the caller decided to trace."""

    mode: str


class TracingMode(StrEnum):
    """The Mode in the TracingConfig of a function."""

    ACTIVE = "Active"
    FROM_CALLER = "PassThrough"


def tracing(aws: AwsClient, function: Function) -> Tracing:
    """The tracing mode, by GetFunctionConfiguration."""
    answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=function.name)
    return Tracing(mode=required(answer, "TracingConfig", "Mode", kind=TracingMode))


@check(
    "logging.function.traced",
    component=Function,
    observe=tracing,
    severity=Severity.LOW,
    proof=Proof.CONFIGURATION,
    needs=("lambda:GetFunctionConfiguration",),
    promises=("traced",),
)
def function_is_traced(facts: Tracing, _function: Function, _now: datetime) -> Iterator[Verdict]:
    """X-Ray traces the function.

    Why: Traces show where the time of a slow request goes; without them, only that it was slow.
    Reads: lambda:GetFunctionConfiguration: the mode of tracing. That its role may write traces is not tried.
    Unverified when: The call is denied, throttled or fails, or the mode is unknown.
    Fix: aws lambda update-function-configuration --tracing-config Mode=Active.
    Source: AWS Lambda Developer Guide, Visualize Lambda function invocations using AWS X-Ray,
    https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
    """
    expected = "Active"
    if facts.mode == TracingMode.ACTIVE:
        yield passed("The function is traced", observed=facts.mode, expected=expected)
    else:
        yield failed("The function is not traced", observed=facts.mode, expected=expected)
