"""The alarms on a component are found whatever kind they are; firing ones fail, and those that notify nobody."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Api, AuroraCluster, Function, Queue, Table
from basewatch.components.component import AlarmedComponent
from basewatch.model import Status
from checks.logging.alarms import alarms_are_quiet
from checks.logging.alarms_facts import Alarm, AlarmState, ComponentAlarms
from tests.checks.situations.aws_answers import NOW, Answers, answer, judging, verdicts
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

CLUSTER = AuroraCluster.model_validate(
    {
        "name": "main",
        "instances": ["db-1"],
        "proxy": {"name": "main-proxy"},
        "alarms_quiet": True,
        "backup": {"retention": "35d", "rpo": "1h"},
    }
)
FUNCTION = Function(name="auth", alarms_quiet=True)
TOPIC = "arn:aws:sns:us-east-1:123456789012:ops"
SUBSCRIPTIONS = "sns:ListSubscriptionsByTopic"
WORSE = (AlarmState.OK, AlarmState.INSUFFICIENT_DATA, AlarmState.ALARM)
STATUS = {
    AlarmState.OK: Status.PASS,
    AlarmState.INSUFFICIENT_DATA: Status.UNVERIFIED,
    AlarmState.ALARM: Status.FAIL,
}


def judged(states: list[AlarmState]) -> tuple[Status, str]:
    """The status and the summary for alarms in these states, named by their position."""
    alarms = tuple(
        Alarm(name=f"alarm-{position}", state=state, notified=(TOPIC,)) for position, state in enumerate(states)
    )
    (verdict,) = alarms_are_quiet.judge(ComponentAlarms(alarms=alarms), CLUSTER, NOW)
    return verdict.status, verdict.summary


@given(st.lists(st.sampled_from(AlarmState), min_size=1, max_size=5))
def test_the_worst_alarm_decides(states: list[AlarmState]) -> None:
    """One firing alarm is a FAIL, and one alarm with insufficient data is never a PASS."""
    assert judged(states)[0] is STATUS[max(states, key=WORSE.index)]


def test_a_component_without_alarms_is_unverified() -> None:
    """Without an alarm, no alarm firing proves nothing."""
    assert judged([])[0] is Status.UNVERIFIED


def test_the_summary_names_the_firing_alarms() -> None:
    """The summary names every alarm in the ALARM state and no other."""
    assert judged([AlarmState.ALARM, AlarmState.OK, AlarmState.ALARM])[1] == "Alarms firing: alarm-0, alarm-2"


def metric(name: str, state: str = "OK", on: tuple[str, str] = ("DBInstanceIdentifier", "db-1"), **more: Any) -> Any:
    """A metric alarm with an action."""
    dimensions = [{"Name": on[0], "Value": on[1]}]
    return {"AlarmName": name, "StateValue": state, "Dimensions": dimensions, "AlarmActions": [TOPIC], **more}


def computed(name: str, state: str, on: tuple[str, str], expression: str = "m1*2") -> Any:
    """An alarm on metric math: it has no dimensions of its own."""
    stat = {"Metric": {"MetricName": "M", "Dimensions": [{"Name": on[0], "Value": on[1]}]}, "Period": 60, "Stat": "Sum"}
    metrics = [{"Id": "e1", "Expression": expression}, {"Id": "m1", "MetricStat": stat}]
    return {"AlarmName": name, "StateValue": state, "Metrics": metrics, "AlarmActions": [TOPIC]}


def searching(expression: str) -> Any:
    """A firing alarm on an expression that finds its metrics by itself."""
    return {"AlarmName": "s", "StateValue": "ALARM", "Metrics": [{"Id": "e", "Expression": expression}]}


def composite(name: str, rule: str, state: str = "OK", **more: Any) -> Any:
    """A composite alarm with an action."""
    return {"AlarmName": name, "AlarmRule": rule, "StateValue": state, "AlarmActions": [TOPIC], **more}


def subscribed(*arns: str) -> Any:
    """A topic with these subscriptions."""
    return answer(SUBSCRIPTIONS, Subscriptions=[{"SubscriptionArn": arn, "Protocol": "email"} for arn in arns])


def account(*metrics: Any, composites: tuple[Any, ...] = (), members: tuple[str, ...] = ("db-1",)) -> Answers:
    """The answers of an account with these alarms, whose cluster has these instances."""
    cluster = {"DBClusterMembers": [{"DBInstanceIdentifier": name} for name in members]}
    return {
        "cloudwatch:DescribeAlarms": answer(
            "cloudwatch:DescribeAlarms", MetricAlarms=list(metrics), CompositeAlarms=list(composites)
        ),
        "rds:DescribeDBClusters": answer("rds:DescribeDBClusters", DBClusters=[cluster]),
        SUBSCRIPTIONS: subscribed(f"{TOPIC}:4c1d"),
    }


def row(
    number: int,
    what: str,
    right: Status,
    why: str,
    answers: Answers,
    *,
    component: AlarmedComponent = CLUSTER,
    says: str = "",
) -> Situation:
    """One row of the table."""
    judge = judging(alarms_are_quiet, component, answers)
    return Situation(number=f"alarms-{number}", what=what, right=(right,), why=why, judged=judge, says=says)


FAIL, PASS, UNVERIFIED = Status.FAIL, Status.PASS, Status.UNVERIFIED
READER, OTHER = ("DBInstanceIdentifier", "db-auto-7"), ("DBInstanceIdentifier", "db-1-test")
BAND = "ANOMALY_DETECTION_BAND(m1, 2)"
FUNCTION_ARN = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:cpu"
SEARCH = """SEARCH('{AWS/RDS,DBInstanceIdentifier} DBInstanceIdentifier="db-1"', 'Average')"""
QUERY = """SELECT MAX(CPUUtilization) FROM "AWS/RDS" WHERE DBClusterIdentifier = 'main'"""
DENIED = {"rds:DescribeDBClusters": refusal("AccessDenied", status=403)}
GONE = {SUBSCRIPTIONS: refusal("NotFound", "Topic does not exist", status=404)}
PAGER = "arn:aws:lambda:us-east-1:123456789012:function:pager"
POLICY = "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:7:resource/rds/cluster:main:policyName/cpu"
SCALING = metric("TargetTracking-AlarmLow", "ALARM", AlarmActions=[POLICY])
FRONT = Api(name="front", stage="prod", alarms_quiet=True)


def of_stage(state: str, stage: str) -> Any:
    """An alarm on a stage of an API."""
    dimensions = [{"Name": "ApiName", "Value": "front"}, {"Name": "Stage", "Value": stage}]
    return metric(f"5xx-{stage}", state, Dimensions=dimensions)


def alias(state: str, name: str) -> Any:
    """An alarm on an alias of a function."""
    dimensions = [{"Name": "FunctionName", "Value": "auth"}, {"Name": "Resource", "Value": f"auth:{name}"}]
    return metric(f"errors-{name}", state, Dimensions=dimensions)


def elsewhere(account_id: str) -> Any:
    """A firing alarm on the metric of a function in this account."""
    alarm = computed("theirs", "ALARM", ("FunctionName", "auth"))
    for query in alarm["Metrics"]:
        query["AccountId"] = account_id
    return alarm


SITUATIONS = (
    row(
        1, "insufficient data", UNVERIFIED, "nothing is known of its metric", account(metric("a", "INSUFFICIENT_DATA"))
    ),
    row(2, "actions disabled on every alarm", FAIL, "nobody is notified", account(metric("a", ActionsEnabled=False))),
    row(3, "no actions at all", FAIL, "nobody is notified", account(metric("a", AlarmActions=[]))),
    row(
        4,
        "anomaly detection fires",
        FAIL,
        "it is on db-1",
        account(computed("a", "ALARM", ("DBInstanceIdentifier", "db-1"), BAND)),
        says="a",
    ),
    row(
        5,
        "an auto-scaled reader's alarm fires",
        FAIL,
        "it is a member",
        account(metric("a"), metric("b", "ALARM", READER), members=("db-1", "db-auto-7")),
    ),
    row(
        6,
        "a composite alarm fires, its parts are OK",
        FAIL,
        "a part is on the cluster",
        account(metric("cpu"), composites=(composite("c", 'ALARM("cpu") OR ALARM("x")', "ALARM"),)),
        says="c",
    ),
    row(
        7,
        "a proxy's alarm fires",
        FAIL,
        "it is the cluster's proxy",
        account(metric("a"), metric("b", "ALARM", ("ProxyName", "main-proxy"))),
    ),
    row(
        8,
        "another instance's alarm fires",
        PASS,
        "db-1-test is no member",
        account(metric("a"), metric("b", "ALARM", OTHER)),
    ),
    row(
        9,
        "one alarm of two has an action",
        PASS,
        "a person is notified",
        account(metric("a"), metric("b", AlarmActions=[])),
    ),
    row(
        10,
        "the composite above has the action",
        PASS,
        "it notifies for its part",
        account(metric("cpu", AlarmActions=[]), composites=(composite("c", "ALARM(cpu)"),)),
    ),
    row(
        11,
        "the composite above is disabled",
        FAIL,
        "nobody is notified",
        account(metric("cpu", AlarmActions=[]), composites=(composite("c", "ALARM(cpu)", ActionsEnabled=False),)),
    ),
    row(
        12,
        "the composite above is suppressed",
        FAIL,
        "nobody is notified now",
        account(
            metric("cpu", AlarmActions=[]), composites=(composite("c", "ALARM(cpu)", ActionsSuppressedBy="Alarm"),)
        ),
    ),
    row(
        13,
        "composites of composites",
        FAIL,
        "the lowest part is on the cluster",
        account(metric("cpu"), composites=(composite("c", "ALARM(cpu)"), composite("d", "NOT OK('c')", "ALARM"))),
        says="d",
    ),
    row(
        14,
        "composites in a circle",
        PASS,
        "it ends",
        account(metric("cpu"), composites=(composite("c", "ALARM(cpu) AND ALARM(d)"), composite("d", "ALARM(c)"))),
    ),
    row(
        15,
        "a composite names its part by ARN",
        FAIL,
        "the ARN has the name",
        account(metric("cpu"), composites=(composite("c", f'ALARM("{FUNCTION_ARN}")', "ALARM"),)),
    ),
    row(
        16,
        "a composite fires whose parts are elsewhere",
        UNVERIFIED,
        "what it is on is not known",
        account(metric("cpu"), composites=(composite("c", "ALARM(elsewhere)", "ALARM"),)),
    ),
    row(
        17,
        "a composite of other known alarms fires",
        PASS,
        "it is on another function",
        account(
            metric("cpu"),
            metric("f", "ALARM", ("FunctionName", "x")),
            composites=(composite("c", "ALARM(f)", "ALARM"),),
        ),
    ),
    row(18, "a search names the instance", FAIL, "the search is on db-1", account(metric("a"), searching(SEARCH))),
    row(19, "a query names the cluster", FAIL, "the query is on it", account(metric("a"), searching(QUERY))),
    row(
        20,
        "the members cannot be read, an alarm fires",
        FAIL,
        "it is on a declared instance",
        {**account(metric("a", "ALARM")), **DENIED},
    ),
    row(
        21,
        "the members cannot be read, all is quiet",
        UNVERIFIED,
        "a reader may have an alarm",
        {**account(metric("a")), **DENIED},
        says="rds:DescribeDBClusters",
    ),
    row(
        22,
        "a function's alarm fires",
        FAIL,
        "functions have alarms too",
        account(metric("a", "ALARM", ("FunctionName", "auth"))),
        component=FUNCTION,
    ),
    row(
        23,
        "a function of another name",
        UNVERIFIED,
        "auth has no alarm",
        account(metric("a", "ALARM", ("FunctionName", "auth-2"))),
        component=FUNCTION,
    ),
    row(
        24,
        "an error rate by metric math",
        FAIL,
        "its parts are of the function",
        account(computed("a", "ALARM", ("FunctionName", "auth"), "100*m1/m2")),
        component=FUNCTION,
    ),
    row(
        25,
        "an alias of a function",
        PASS,
        "its alarms have the function's name",
        account(metric("a", "OK", ("FunctionName", "auth"))),
        component=Function(name="auth:live", alarms_quiet=True),
    ),
    row(
        26,
        "a REST API",
        FAIL,
        "by its name",
        account(metric("a", "ALARM", ("ApiName", "front"))),
        component=Api(name="front", stage="prod", alarms_quiet=True),
    ),
    row(
        27,
        "an HTTP API",
        FAIL,
        "by its id",
        account(metric("a", "ALARM", ("ApiId", "h1"))),
        component=Api(name="front", type="http", id="h1", stage="prod", alarms_quiet=True),
    ),
    row(
        28,
        "a table",
        FAIL,
        "by its name",
        account(metric("a", "ALARM", ("TableName", "t"))),
        component=Table(name="t", alarms_quiet=True),
    ),
    row(
        29,
        "a queue with the table's alarm",
        UNVERIFIED,
        "the queue has no alarm",
        account(metric("a", "OK", ("TableName", "q"))),
        component=Queue(name="q", alarms_quiet=True),
    ),
    row(30, "no alarm in the account", UNVERIFIED, "nobody watches", account()),
    row(
        31, "the topic was deleted", FAIL, "nobody is notified", {**account(metric("a")), **GONE}, says="no such topic"
    ),
    row(
        32,
        "the subscriber never confirmed",
        FAIL,
        "nobody is notified",
        {**account(metric("a")), SUBSCRIPTIONS: subscribed("PendingConfirmation", "Deleted")},
        says="no confirmed subscription",
    ),
    row(33, "a topic without a subscription", FAIL, "nobody", {**account(metric("a")), SUBSCRIPTIONS: subscribed()}),
    row(
        34,
        "the subscriptions may not be read",
        UNVERIFIED,
        "there may be one",
        {**account(metric("a")), SUBSCRIPTIONS: refusal("AuthorizationError", status=403)},
        says="sns:ListSubscriptionsByTopic",
    ),
    row(
        35,
        "a subscription on the second page",
        PASS,
        "it is confirmed",
        {
            **account(metric("a")),
            SUBSCRIPTIONS: [
                answer(SUBSCRIPTIONS, Subscriptions=[{"SubscriptionArn": "PendingConfirmation"}], NextToken="t"),
                subscribed(f"{TOPIC}:4c1d"),
            ],
        },
    ),
    row(
        36,
        "a page of subscriptions without one, and the next fails",
        UNVERIFIED,
        "the rest is not known",
        {
            **account(metric("a")),
            SUBSCRIPTIONS: [answer(SUBSCRIPTIONS, Subscriptions=[], NextToken="t"), refusal("Throttled")],
        },
    ),
    row(
        37,
        "the topic was deleted, but a function is called too",
        PASS,
        "the function tells",
        {**account(metric("a", AlarmActions=[TOPIC, PAGER])), **GONE},
    ),
    row(
        38,
        "one of two alarms is sent to a deleted topic",
        FAIL,
        "it was meant to tell somebody",
        {**account(metric("a", AlarmActions=[PAGER]), metric("b")), **GONE},
        says="b (ops",
    ),
    row(39, "a rule that scales by it fires", PASS, "there is little load", account(metric("a"), SCALING)),
    row(40, "no alarm but those that scale", UNVERIFIED, "they notify nobody", account(SCALING)),
    row(
        41,
        "the only action restarts an instance",
        FAIL,
        "nobody is notified",
        account(metric("a", AlarmActions=["arn:aws:automate:us-east-1:ec2:reboot"])),
    ),
    row(
        42,
        "an alarm that is no longer evaluated",
        UNVERIFIED,
        "its state is an old one",
        account(metric("a", EvaluationState="EVALUATION_ERROR")),
        says="EVALUATION_ERROR",
    ),
    row(
        43,
        "a composite alarm counts its parts",
        FAIL,
        "a part is on the cluster",
        account(metric("cpu"), composites=(composite("c", 'AT_LEAST(2, ALARM, (x, "cpu", y))', "ALARM"),)),
        says="c",
    ),
    row(
        44,
        "a composite alarm that is always on",
        PASS,
        "it is on nothing",
        account(metric("cpu"), composites=(composite("c", "TRUE", "ALARM"),)),
    ),
    row(
        45,
        "another stage of the API fires",
        PASS,
        "it is the stage for tests",
        account(metric("a", on=("ApiName", "front")), of_stage("ALARM", "dev")),
        component=FRONT,
    ),
    row(
        46,
        "only another stage has an alarm",
        UNVERIFIED,
        "the declared one has none",
        account(of_stage("OK", "dev")),
        component=FRONT,
    ),
    row(47, "the declared stage fires", FAIL, "it is the one", account(of_stage("ALARM", "prod")), component=FRONT),
    row(
        48,
        "another alias of the function fires",
        PASS,
        "the declared alias is quiet",
        account(alias("OK", "live"), alias("ALARM", "test")),
        component=Function(name="auth:live", alarms_quiet=True),
    ),
    row(
        49,
        "the namesake in another account fires",
        PASS,
        "its metric is of another account",
        account(metric("a", on=("FunctionName", "auth")), elsewhere("999999999999")),
        component=FUNCTION,
    ),
    row(
        51,
        "the only alarm waits for less than no error",
        FAIL,
        "the comparison is the wrong way round",
        account(metric("a", Namespace="AWS/RDS", ComparisonOperator="LessThanThreshold", Threshold=0.0)),
        says="negative",
    ),
    row(
        52,
        "an alarm when there is no request",
        PASS,
        "zero is reached",
        account(metric("a", Namespace="AWS/RDS", ComparisonOperator="LessThanOrEqualToThreshold", Threshold=0.0)),
    ),
    row(
        53,
        "a custom metric below zero",
        PASS,
        "it may be negative",
        account(metric("a", Namespace="Shop", ComparisonOperator="LessThanThreshold", Threshold=0.0)),
    ),
    row(
        50,
        "the metric names the own account",
        FAIL,
        "it is this one",
        account(metric("a", on=("FunctionName", "auth")), elsewhere("123456789012")),
        component=FUNCTION,
    ),
)


@each(SITUATIONS)
def test_a_situation_of_alarms(situation: Situation) -> None:
    """Each alarm of the component counts, with its action."""
    situation.test()


def test_the_last_page_counts() -> None:
    """An alarm that fires on the third page is found."""
    operation = "cloudwatch:DescribeAlarms"
    pages = [answer(operation, MetricAlarms=[metric(f"a{page}")], NextToken=f"t{page}") for page in range(2)]
    answers = {**account(), operation: [*pages, answer(operation, MetricAlarms=[metric("z", "ALARM")])]}
    (verdict,) = verdicts(alarms_are_quiet, CLUSTER, answers)
    assert (verdict.status, verdict.summary) == (Status.FAIL, "Alarms firing: z")


@pytest.mark.parametrize("cut", [1, 2])
def test_a_listing_that_breaks_off_is_unverified(cut: int) -> None:
    """Quiet pages before one that fails prove nothing."""
    operation = "cloudwatch:DescribeAlarms"
    pages = [answer(operation, MetricAlarms=[metric(f"a{page}")], NextToken=f"t{page}") for page in range(cut)]
    (verdict,) = verdicts(alarms_are_quiet, CLUSTER, {**account(), operation: [*pages, refusal("Throttling")]})
    assert verdict.status is Status.UNVERIFIED
