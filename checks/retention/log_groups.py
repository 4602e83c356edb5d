"""A check of how long the log groups of a component keep its log events, and of their encryption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import FollowsFrom, check
from basewatch.component_settings import KeptLogs
from basewatch.components import Api, AuroraCluster, Function, LoggedComponent
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.inventory.api_lookup import find_stage

# The levels of execution logs that write anything; the group's name is a fact of API Gateway.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
_WRITING = ("ERROR", "INFO")


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """One log group: the days for which it keeps events, None for ever; and its KMS key, empty without one."""

    name: str
    exists: bool
    days: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentLogs:
    """The log groups that the component writes to, and where else it writes, such as to a Firehose stream."""

    groups: tuple[LogGroup, ...]
    elsewhere: tuple[str, ...] = ()


def component_logs(aws: AwsClient, component: LoggedComponent) -> ComponentLogs:
    """The groups that the component's own configuration names, by DescribeLogGroups.

    Of a function, by GetFunctionConfiguration; of an API, by its stage; of a cluster, by its exports.
    """
    targets = sorted(set(_targets(aws, component)))
    elsewhere = tuple(name for name in targets if name.startswith("arn:"))
    return ComponentLogs(
        groups=tuple(_group(aws, name) for name in targets if name not in elsewhere), elsewhere=elsewhere
    )


def _targets(aws: AwsClient, component: LoggedComponent) -> Iterator[str]:
    if isinstance(component, Function):
        answer = aws.call("lambda", "GetFunctionConfiguration", FunctionName=component.name)
        name = required(answer, "FunctionName", kind=str)
        yield optional(answer, "LoggingConfig", "LogGroup", kind=str) or f"/aws/lambda/{name}"
    elif isinstance(component, Api):
        yield from _of_stage(aws, component)
    elif isinstance(component, AuroraCluster):
        cluster = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=component.name)
        _ = required(cluster, "DBClusters", 0, "DBClusterIdentifier", kind=str)
        for export in listed(cluster, "DBClusters", 0, "EnabledCloudwatchLogsExports"):
            yield f"/aws/rds/cluster/{component.name.lower()}/{export}"


def _of_stage(aws: AwsClient, api: Api) -> Iterator[str]:
    found = find_stage(aws, api)
    for settings, arn in (("accessLogSettings", "destinationArn"), ("AccessLogSettings", "DestinationArn")):
        destination = optional(found.stage, settings, arn, kind=str)
        if destination:
            yield destination.partition(":log-group:")[2].removesuffix(":*") or destination
    methods = cast("dict[str, Any]", optional(found.stage, "methodSettings", kind=dict) or {})
    if any(optional(each, "loggingLevel", kind=str) in _WRITING for each in methods.values()):
        yield f"API-Gateway-Execution-Logs_{found.api_id}/{api.stage}"


def _group(aws: AwsClient, name: str) -> LogGroup:
    for page in aws.pages("logs", "DescribeLogGroups", logGroupNamePrefix=name):
        for group in required(page, "logGroups", kind=list):
            if group.get("logGroupName") == name:
                # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html: a group
                # without retentionInDays never expires, and one without kmsKeyId has a key of CloudWatch Logs.
                return LogGroup(
                    name=name,
                    exists=True,
                    days=optional(group, "retentionInDays", kind=int),
                    key=optional(group, "kmsKeyId", kind=str) or "",
                )
    return LogGroup(name=name, exists=False)


@check(
    "retention.logs.retention",
    component=LoggedComponent,
    observe=component_logs,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("apigateway:GET", "lambda:GetFunctionConfiguration", "logs:DescribeLogGroups", "rds:DescribeDBClusters"),
    promises=("logs",),
    follows_from=(FollowsFrom(check="logging.*.logged", status=Status.UNVERIFIED, reasons=(Reason.NOT_ENOUGH_DATA,)),),
)
def logs_are_kept(facts: ComponentLogs, component: LoggedComponent, _now: datetime) -> Iterator[Verdict]:
    """The component's log groups keep its log events as long as promised, encrypted as promised.

    Why: A group that AWS creates by itself keeps events for ever, which costs and keeps tenants' data too long; one
    that keeps them for a day has lost them when an incident is looked into.
    Reads: Where the component logs: lambda:GetFunctionConfiguration, apigateway:GET of the stage, with access and
    execution logs, or rds:DescribeDBClusters. logs:DescribeLogGroups: retentionInDays and kmsKeyId. Subscriptions of
    the group and data that was deleted before its time are not looked at.
    Unverified when: A call is denied, throttled or fails, the component writes to no log group, or it has not been
    created yet, or the logs go to a Firehose stream.
    Fix: aws logs put-retention-policy --retention-in-days DAYS; aws logs associate-kms-key.
    Source: Amazon CloudWatch Logs User Guide, Working with log groups and log streams,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html
    """
    promise = component.logs or KeptLogs()
    expected = ", ".join(_promised(promise))
    observed = ", ".join([*map(_group_text, facts.groups), *facts.elsewhere]) or "no log group"
    breaches = [f"{group.name} {what}" for group in facts.groups if group.exists for what in _breaches(group, promise)]
    absent = [group.name for group in facts.groups if not group.exists]
    if breaches:
        yield failed(f"Logs are not kept as promised: {'; '.join(breaches)}", observed=observed, expected=expected)
    elif absent:
        remedy = "Create the group with its retention: one that AWS creates keeps log events for ever."
        summary = f"There is no log group {', '.join(absent)}"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif facts.elsewhere:
        remedy = "Verify the retention of the stream's destination by other means."
        yield unverified(
            Reason.UNSUPPORTED, "Logs go to another service", observed=observed, expected=expected, remedy=remedy
        )
    elif not facts.groups:
        remedy = "Enable the logs of the component, or remove the promise."
        yield unverified(
            Reason.NOT_ENOUGH_DATA, "It writes to no log group", observed=observed, expected=expected, remedy=remedy
        )
    else:
        yield passed("Logs are kept as promised", observed=observed, expected=expected)


def _promised(promise: KeptLogs) -> Iterator[str]:
    if promise.at_least:
        yield f"at least {format_duration(promise.at_least)}"
    if promise.at_most:
        yield f"at most {format_duration(promise.at_most)}"
    if promise.encrypted:
        yield "a KMS key"


def _breaches(group: LogGroup, promise: KeptLogs) -> Iterator[str]:
    kept = None if group.days is None else timedelta(days=group.days)
    if kept is None and promise.at_most:
        yield "keeps them for ever"
    elif kept is not None and promise.at_least and kept < promise.at_least:
        yield f"keeps them {group.days} days only"
    elif kept is not None and promise.at_most and kept > promise.at_most:
        yield f"keeps them {group.days} days"
    if promise.encrypted and not group.key:
        yield "has no KMS key"


def _group_text(group: LogGroup) -> str:
    if not group.exists:
        return f"{group.name} does not exist"
    days = "for ever" if group.days is None else f"{group.days} days"
    return f"{group.name} {days}{', with a KMS key' if group.key else ''}"
