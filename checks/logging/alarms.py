"""A check of the CloudWatch alarms on an Aurora cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified


class AlarmState(StrEnum):
    """A CloudWatch alarm's StateValue."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One metric alarm."""

    name: str
    state: AlarmState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterAlarms:
    """Every metric alarm on the cluster or one of its declared instances."""

    alarms: tuple[Alarm, ...]

    def names_in_state(self, state: AlarmState) -> tuple[str, ...]:
        """The names of the alarms in a state, sorted."""
        return tuple(sorted(alarm.name for alarm in self.alarms if alarm.state is state))


def cluster_alarms(aws: AwsClient, cluster: AuroraCluster) -> ClusterAlarms:
    """The alarms whose dimensions name the cluster or an instance of it, by DescribeAlarms."""
    pages = aws.pages("cloudwatch", "DescribeAlarms", AlarmTypes=["MetricAlarm"])
    every = (each for page in pages for each in required(page, "MetricAlarms", kind=list))
    return ClusterAlarms(
        alarms=tuple(
            Alarm(name=required(each, "AlarmName", kind=str), state=required(each, "StateValue", kind=AlarmState))
            for each in every
            if _is_on(each, cluster)
        )
    )


def _is_on(alarm: Mapping[str, Any], cluster: AuroraCluster) -> bool:
    dimensions = {(each.get("Name"), each.get("Value")) for each in optional(alarm, "Dimensions", kind=list) or ()}
    instances = {("DBInstanceIdentifier", instance) for instance in cluster.instances}
    return not dimensions.isdisjoint({("DBClusterIdentifier", cluster.name), *instances})


@check(
    "logging.alarms.quiet",
    component=AuroraCluster,
    observe=cluster_alarms,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:DescribeAlarms",),
    promises=("alarms_quiet",),
)
def alarms_are_quiet(facts: ClusterAlarms, _cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The cluster has CloudWatch alarms, and none of them is in the ALARM state.

    Why: An alarm that fires without a notification leaves an incident unnoticed.
    Reads: cloudwatch:DescribeAlarms: the state of every metric alarm on the cluster or one of its declared instances.
    Unverified when: The call is denied, throttled or fails, the cluster has no alarm, or an alarm has insufficient
    data.
    Fix: Follow the runbook of the alarm; its history in CloudWatch shows when it fired.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    expected = "at least one alarm, and all of them OK"
    firing, no_data = facts.names_in_state(AlarmState.ALARM), facts.names_in_state(AlarmState.INSUFFICIENT_DATA)
    observed = f"{len(facts.alarms)} alarms, {len(firing)} firing, {len(no_data)} with insufficient data"
    if firing:
        yield failed(f"Alarms firing: {', '.join(firing)}", observed=observed, expected=expected)
    elif not facts.alarms:
        summary, remedy = "The cluster has no alarm", "Create alarms on the cluster's CPU and connections."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif no_data:
        summary, remedy = f"Alarms with insufficient data: {', '.join(no_data)}", "Check the metrics of these alarms."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("No alarm is firing", observed=observed, expected=expected)
