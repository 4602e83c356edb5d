"""The CloudWatch alarms on a component: metric, metric-math, anomaly and composite alarms, and whom they tell."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.components import AlarmedComponent, AuroraCluster
from basewatch.errors import ObservationError
from basewatch.model import Reason

# The name or ARN in a function of a composite alarm's rule, such as ALARM("db-cpu").
_CHILD = re.compile(r"\b(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"([^\"]+)\"|'([^']+)'|([^\s\"')]+))\s*\)")


class AlarmState(StrEnum):
    """A CloudWatch alarm's StateValue."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm on the component; `notifies` says whether it, or a composite alarm above it, has an enabled action."""

    name: str
    state: AlarmState
    notifies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadMembers:
    """Why the instances of a cluster could not be read."""

    reason: Reason
    detail: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentAlarms:
    """Every alarm on the component, and the firing composite alarms of which it is not known what they are on.

    `unread` is why alarms on instances that are not declared may be missing; None when none is.
    """

    alarms: tuple[Alarm, ...]
    unresolved: tuple[str, ...] = ()
    unread: UnreadMembers | None = None

    def names_in_state(self, state: AlarmState) -> tuple[str, ...]:
        """The names of the alarms in a state, sorted."""
        return tuple(sorted(alarm.name for alarm in self.alarms if alarm.state is state))


def component_alarms(aws: AwsClient, component: AlarmedComponent) -> ComponentAlarms:
    """The alarms whose metrics have a dimension of the component, by DescribeAlarms, and the composite ones above them.

    A cluster's dimensions are also those of its proxy and of every instance that it has now, by DescribeDBClusters.
    """
    dimensions, unread = set(component.alarm_dimensions), None
    if isinstance(component, AuroraCluster):
        try:
            dimensions |= _members(aws, component)
        except ObservationError as error:
            # A firing alarm on what is declared is a fact all the same.
            unread = UnreadMembers(reason=error.reason, detail=error.detail, remedy=error.remedy)
    metric, composite = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()
    for page in aws.pages("cloudwatch", "DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        metric |= {required(each, "AlarmName", kind=str): each for each in required(page, "MetricAlarms", kind=list)}
        composite |= {required(each, "AlarmName", kind=str): each for each in listed(page, "CompositeAlarms")}
    children = {name: _children(each) for name, each in composite.items()}
    found = {name for name, each in metric.items() if _is_on(each, dimensions)}
    above = {name: _below(name, children) for name in composite}
    found |= {name for name, below in above.items() if below & found}
    known = metric | composite
    return ComponentAlarms(
        alarms=tuple(
            Alarm(
                name=name,
                state=required(known[name], "StateValue", kind=AlarmState),
                notifies=_acts(known[name])
                or any(_acts(composite[upper]) for upper, below in above.items() if name in below),
            )
            for name in sorted(found)
        ),
        unresolved=tuple(
            sorted(
                name
                for name, below in above.items()
                if name not in found
                and required(composite[name], "StateValue", kind=AlarmState) is AlarmState.ALARM
                and (not below or below - known.keys())
            )
        ),
        unread=unread,
    )


def _members(aws: AwsClient, cluster: AuroraCluster) -> set[tuple[str, str]]:
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    members = required(answer, "DBClusters", 0, "DBClusterMembers", kind=list)
    return {("DBInstanceIdentifier", required(each, "DBInstanceIdentifier", kind=str)) for each in members}


def _is_on(alarm: Mapping[str, Any], dimensions: set[tuple[str, str]]) -> bool:
    """Whether a metric of the alarm has one of the dimensions, or an expression of it names one of their values."""
    if not dimensions.isdisjoint(_dimensions(alarm)):
        return True
    expressions = [optional(each, "Expression", kind=str) or "" for each in listed(alarm, "Metrics")]
    return any(_names(value, expression) for _, value in dimensions for expression in expressions)


def _names(value: str, expression: str) -> bool:
    """Whether a search or a query compares a dimension with the value, in quotes."""
    return any(f"{quote}{value}{quote}" in expression for quote in "\"'")


def _dimensions(alarm: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    stats = (optional(each, "MetricStat", "Metric", kind=dict) or {} for each in listed(alarm, "Metrics"))
    for metric in (alarm, *stats):
        yield from ((str(each.get("Name")), str(each.get("Value"))) for each in listed(metric, "Dimensions"))


def _children(composite: Mapping[str, Any]) -> frozenset[str]:
    rule = required(composite, "AlarmRule", kind=str)
    return frozenset("".join(match.groups("")).rpartition(":alarm:")[2] for match in _CHILD.finditer(rule))


def _below(name: str, children: Mapping[str, frozenset[str]]) -> set[str]:
    """Every alarm below a composite alarm, over any number of levels."""
    below, waiting = set[str](), list(children.get(name, ()))
    while waiting:
        child = waiting.pop()
        if child not in below:
            below.add(child)
            waiting += children.get(child, ())
    return below


def _acts(alarm: Mapping[str, Any]) -> bool:
    """Whether the alarm does something when it goes off: it has an action, enabled and not suppressed."""
    enabled = optional(alarm, "ActionsEnabled", kind=bool)
    suppressed = optional(alarm, "ActionsSuppressedBy", kind=str)
    return enabled is not False and not suppressed and bool(listed(alarm, "AlarmActions"))
