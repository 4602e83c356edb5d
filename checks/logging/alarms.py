"""A check of the CloudWatch alarms on a component."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import AlarmedComponent
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.logging.alarms_facts import AlarmState, ComponentAlarms, component_alarms


@check(
    "logging.alarms.quiet",
    component=AlarmedComponent,
    observe=component_alarms,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:DescribeAlarms", "rds:DescribeDBClusters"),
    promises=("alarms_quiet",),
)
def alarms_are_quiet(facts: ComponentAlarms, component: AlarmedComponent, _now: datetime) -> Iterator[Verdict]:
    """The component has CloudWatch alarms that notify a person or a service, and none of them is in the ALARM state.

    Why: An alarm that fires without a notification leaves an incident unnoticed.
    Reads: cloudwatch:DescribeAlarms: state and actions of every alarm with a metric of the component, also in metric
    math and anomaly detection, and of the composite alarms above them. rds:DescribeDBClusters: the instances of a
    cluster, also those that auto scaling added.
    Unverified when: A call is denied, throttled or fails, the component has no alarm, an alarm has insufficient data,
    or a composite alarm fires whose alarms are in another account or region.
    Fix: Follow the runbook of the alarm; its history in CloudWatch shows when it fired. Give the alarms an action, such
    as an SNS topic, with aws cloudwatch put-metric-alarm; enable it with aws cloudwatch enable-alarm-actions.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    expected = "at least one alarm that notifies, and all of them OK"
    firing, no_data = facts.names_in_state(AlarmState.ALARM), facts.names_in_state(AlarmState.INSUFFICIENT_DATA)
    notifying = sum(alarm.notifies for alarm in facts.alarms)
    observed = (
        f"{len(facts.alarms)} alarms, {notifying} of them with an enabled action, {len(firing)} firing, "
        f"{len(no_data)} with insufficient data"
    )
    if firing:
        yield failed(f"Alarms firing: {', '.join(firing)}", observed=observed, expected=expected)
    elif facts.unread:
        yield unverified(
            facts.unread.reason, facts.unread.detail, observed=observed, expected=expected, remedy=facts.unread.remedy
        )
    elif not facts.alarms:
        summary, remedy = f"{component.ref} has no alarm", "Create alarms on its metrics."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif not notifying:
        yield failed("No alarm has an enabled action", observed=observed, expected=expected)
    elif facts.unresolved:
        summary = f"Composite alarms firing, whose alarms cannot be found: {', '.join(facts.unresolved)}"
        remedy = "Look at these alarms: their parts are in another account or region."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif no_data:
        summary, remedy = f"Alarms with insufficient data: {', '.join(no_data)}", "Check the metrics of these alarms."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("No alarm is firing", observed=observed, expected=expected)
