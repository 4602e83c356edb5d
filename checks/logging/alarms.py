"""A check of the CloudWatch alarms on a component."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from basewatch.check import check
from basewatch.components import AlarmedComponent
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.logging.alarm_actions import Reach, Topic
from checks.logging.alarms_facts import AlarmState, ComponentAlarms, component_alarms
from checks.outages import no_data_because_of


@check(
    "logging.alarms.quiet",
    component=AlarmedComponent,
    observe=component_alarms,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:DescribeAlarms", "rds:DescribeDBClusters", "sns:ListSubscriptionsByTopic"),
    promises=("alarms_quiet",),
    follows_from=(no_data_because_of("inventory.*"),),
)
def alarms_are_quiet(facts: ComponentAlarms, component: AlarmedComponent, _now: datetime) -> Iterator[Verdict]:
    """The component has CloudWatch alarms that notify a person or a service, and none of them is in the ALARM state.

    Why: An alarm that fires without a notification leaves an incident unnoticed, and so does one whose topic was
    deleted or whose subscriber never confirmed.
    Reads: cloudwatch:DescribeAlarms: state and actions of every alarm with a metric of the component, also in metric
    math and anomaly detection, and of the composite alarms above them; alarms that only scale the component are left
    out. rds:DescribeDBClusters: the instances of a cluster, also those that auto scaling added.
    sns:ListSubscriptionsByTopic: whether each topic has a confirmed subscription. Other actions, such as a function or
    an incident, are not followed. An alarm that waits for a negative value of a metric of AWS does not count.
    Unverified when: A call is denied, throttled or fails, the component has no alarm, an alarm has insufficient data or
    is not evaluated, an alarm's only topic cannot be read, or a composite alarm fires whose alarms are not found.
    Fix: Follow the runbook of the alarm; its history in CloudWatch shows when it fired. Give the alarms an action, such
    as an SNS topic, with aws cloudwatch put-metric-alarm; enable it with aws cloudwatch enable-alarm-actions. Subscribe
    to the topic with aws sns subscribe, and confirm the subscription.
    Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/AlarmThatSendsEmail.html
    """
    expected = "at least one alarm that notifies, and all of them OK"
    firing, no_data = facts.names_in_state(AlarmState.ALARM), facts.names_in_state(AlarmState.INSUFFICIENT_DATA)
    notifying = sum(bool(alarm.notified) and not alarm.never_fires for alarm in facts.alarms)
    observed = (
        f"{len(facts.alarms)} alarms, {notifying} of them with an enabled action, {len(firing)} firing, "
        f"{len(no_data)} with insufficient data{_topics_text(facts.topics)}"
    )
    unheard, unevaluated = _unheard(facts), [f"{a.name} ({a.evaluation})" for a in facts.alarms if a.evaluation]
    if firing:
        verdict = failed(f"Alarms firing: {', '.join(firing)}", observed=observed, expected=expected)
        yield replace(verdict, since=facts.firing_since)
    elif unheard:
        yield failed(f"Alarms that reach nobody: {'; '.join(unheard)}", observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif not facts.alarms:
        summary, remedy = f"{component.ref} has no alarm", "Create alarms on its metrics."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    elif not notifying:
        idle = [alarm.name for alarm in facts.alarms if alarm.never_fires]
        never = f" and can fire: {', '.join(idle)} waits for a negative value" if idle else ""
        yield failed(f"No alarm has an enabled action{never}", observed=observed, expected=expected)
    elif unread := _unread_topic(facts):
        reason, summary = unread.reason or Reason.UNSUPPORTED, f"Whether the topic {unread.name} has a subscriber"
        summary = f"{summary} is not known: {unread.unread}"
        verdict = unverified(reason, summary, observed=observed, expected=expected, remedy=unread.remedy)
        yield replace(verdict, source=unread.source, action=unread.action)
    elif facts.unresolved:
        summary = f"Composite alarms firing, whose alarms cannot be found: {', '.join(facts.unresolved)}"
        remedy = "Look at these alarms: their parts are in another account or region, or were deleted."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif unevaluated:
        summary, remedy = f"Alarms that are not evaluated: {', '.join(unevaluated)}", "Correct the metrics they read."
        yield unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=remedy)
    elif no_data:
        summary, remedy = f"Alarms with insufficient data: {', '.join(no_data)}", "Check the metrics of these alarms."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("No alarm is firing", observed=observed, expected=expected)


def _unheard(facts: ComponentAlarms) -> list[str]:
    """The alarms each of whose actions is a topic that certainly notifies nobody."""
    dead = {topic.arn: topic for topic in facts.topics if topic.reach in (Reach.ABSENT, Reach.UNCONFIRMED)}
    return [
        f"{alarm.name} ({', '.join(f'{dead[arn].name}: {dead[arn].reach}' for arn in alarm.notified)})"
        for alarm in facts.alarms
        if alarm.notified and dead.keys() >= set(alarm.notified)
    ]


def _unread_topic(facts: ComponentAlarms) -> Topic | None:
    """The topic that could not be read and on which depends whether an alarm notifies; None without one."""
    unsure = {topic.arn: topic for topic in facts.topics if topic.reach is not Reach.CONFIRMED}
    waiting = (alarm for alarm in facts.alarms if alarm.notified and unsure.keys() >= set(alarm.notified))
    return next((unsure[arn] for alarm in waiting for arn in alarm.notified if unsure[arn].unread), None)


def _topics_text(topics: tuple[Topic, ...]) -> str:
    return "".join(f", topic {topic.name}: {topic.reach}" for topic in topics)
