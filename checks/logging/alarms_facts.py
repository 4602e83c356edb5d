"""The CloudWatch alarms on a component: metric, metric-math, anomaly and composite alarms, and whom they notify."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.components import AlarmedComponent, AuroraCluster
from basewatch.errors import ObservationError
from checks.inventory.unread import Unread
from checks.logging.alarm_actions import Topic, enabled_actions, notifying, only_scales, topics
from checks.logging.alarm_rules import below, children


class AlarmState(StrEnum):
    """A CloudWatch alarm's StateValue."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm on the component.

    `notified` are the ARNs of the enabled actions, its own and those of the composite alarms above it, that can notify
    a person or a service.
    `evaluation` is what keeps CloudWatch from evaluating it, such as `EVALUATION_ERROR`; its state is then an old one.
    `since` is when it came into its state; None where CloudWatch does not tell.
    `never_fires` holds for an alarm below zero on a metric of AWS, of which none is negative.
    """

    name: str
    state: AlarmState
    notified: tuple[str, ...] = ()
    evaluation: str = ""
    never_fires: bool = False
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentAlarms:
    """Every alarm on the component, and the firing composite alarms of which it is not known what they are on.

    `topics` are the SNS topics that the alarms are sent to. `unread` is why alarms on instances that are not declared
    may be missing; None when none is.
    """

    alarms: tuple[Alarm, ...]
    topics: tuple[Topic, ...] = ()
    unresolved: tuple[str, ...] = ()
    unread: Unread | None = None

    @property
    def firing_since(self) -> datetime | None:
        """When the first of the firing alarms began to fire; None when it is not known of any."""
        began = (alarm.since for alarm in self.alarms if alarm.state is AlarmState.ALARM and alarm.since)
        return min(began, default=None)

    def names_in_state(self, state: AlarmState) -> tuple[str, ...]:
        """The names of the alarms in a state, sorted."""
        return tuple(sorted(alarm.name for alarm in self.alarms if alarm.state is state))


def component_alarms(aws: AwsClient, component: AlarmedComponent) -> ComponentAlarms:
    """The alarms whose metrics have a dimension of the component, by DescribeAlarms, and the composite ones above them.

    A cluster's dimensions are also those of its proxy and of every instance that it has now, by DescribeDBClusters.
    Alarms that only scale the component are left out.
    """
    dimensions, unread = set(component.alarm_dimensions), None
    if isinstance(component, AuroraCluster):
        try:
            dimensions |= _members(aws, component)
        except ObservationError as error:
            unread = Unread.because_of(error)
    metric, composite = dict[str, dict[str, Any]](), dict[str, dict[str, Any]]()
    for page in aws.pages("cloudwatch", "DescribeAlarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        metric |= {required(each, "AlarmName", kind=str): each for each in required(page, "MetricAlarms", kind=list)}
        composite |= {required(each, "AlarmName", kind=str): each for each in listed(page, "CompositeAlarms")}
    named = {name: children(required(each, "AlarmRule", kind=str)) for name, each in composite.items()}
    on = _Target(dimensions=frozenset(dimensions), part=component.alarm_part, account=aws.account_id)
    found = {name for name, each in metric.items() if on.has(each) and not only_scales(each)}
    above = {name: below(name, named) for name in composite}
    found |= {name for name, parts in above.items() if parts & found}
    known = metric | composite
    alarms = tuple(
        Alarm(
            name=name,
            state=required(known[name], "StateValue", kind=AlarmState),
            notified=notifying(_actions(name, known, above)),
            evaluation=optional(known[name], "EvaluationState", kind=str) or "",
            never_fires=_never_fires(known[name]),
            since=optional(known[name], "StateTransitionedTimestamp", kind=datetime),
        )
        for name in sorted(found)
    )
    return ComponentAlarms(
        alarms=alarms,
        topics=topics(aws, (action for alarm in alarms for action in alarm.notified)),
        unresolved=tuple(
            sorted(
                name
                for name, parts in above.items()
                if name not in found
                and required(composite[name], "StateValue", kind=AlarmState) is AlarmState.ALARM
                # A rule that names no alarm, such as TRUE, is on nothing.
                and parts - known.keys()
            )
        ),
        unread=unread,
    )


def _members(aws: AwsClient, cluster: AuroraCluster) -> set[tuple[str, str]]:
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    members = required(answer, "DBClusters", 0, "DBClusterMembers", kind=list)
    return {("DBInstanceIdentifier", required(each, "DBInstanceIdentifier", kind=str)) for each in members}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """What an alarm has to be on: one of the dimensions, of this part of the component and in this account."""

    dimensions: frozenset[tuple[str, str]]
    part: tuple[str, str] | None
    account: str

    def has(self, alarm: Mapping[str, Any]) -> bool:
        """Whether a metric of the alarm is of the component, or an expression of it names one of its values."""
        if any(self._is(metric) for metric in self._metrics(alarm)):
            return True
        expressions = [optional(each, "Expression", kind=str) or "" for each in listed(alarm, "Metrics")]
        return any(_names(value, expression) for _, value in self.dimensions for expression in expressions)

    def _metrics(self, alarm: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        """The dimensions of each metric of the alarm, without those of other accounts."""
        queries = (each for each in listed(alarm, "Metrics") if each.get("AccountId") in (None, self.account))
        stats = (optional(each, "MetricStat", "Metric", kind=dict) or {} for each in queries)
        for metric in (alarm, *stats):
            yield {str(each.get("Name")): str(each.get("Value")) for each in listed(metric, "Dimensions")}

    def _is(self, metric: dict[str, str]) -> bool:
        if self.dimensions.isdisjoint(metric.items()):
            return False
        return self.part is None or metric.get(self.part[0], self.part[1]) == self.part[1]


def _never_fires(alarm: Mapping[str, Any]) -> bool:
    """Whether the alarm waits for a negative value of a metric that has none; metric math may have some."""
    threshold, comparison = optional(alarm, "Threshold", kind=float), optional(alarm, "ComparisonOperator", kind=str)
    if threshold is None or not (optional(alarm, "Namespace", kind=str) or "").startswith("AWS/"):
        return False
    return (comparison == "LessThanThreshold" and threshold <= 0) or (
        comparison == "LessThanOrEqualToThreshold" and threshold < 0
    )


def _names(value: str, expression: str) -> bool:
    """Whether a search or a query compares a dimension with the value, in quotes."""
    return any(f"{quote}{value}{quote}" in expression for quote in "\"'")


def _actions(name: str, known: Mapping[str, Mapping[str, Any]], above: Mapping[str, frozenset[str]]) -> Iterator[str]:
    """The enabled actions of an alarm, and of the composite alarms above it."""
    yield from enabled_actions(known[name])
    for upper, parts in above.items():
        if name in parts:
            yield from enabled_actions(known[upper])
