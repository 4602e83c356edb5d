"""A place of which nothing answers is one alert, and so is each cause of what could not be verified elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerts import Picture
from alerts.grouping import alerts_of
from basewatch.alert import Alert, AlertKind
from basewatch.components import Database, Queue
from basewatch.model import Finding, Reason, Severity, Status
from tests.alerts.pictures import IRELAND, STAGING, VIRGINIA, a_pass_of, committed_plan, looked, pictured

BLIND, UNSEEN, FINDING = AlertKind.BLIND, AlertKind.UNSEEN, AlertKind.FINDING
DENIED, THROTTLED, TIMEOUT, UNREACHABLE = Reason.DENIED, Reason.THROTTLED, Reason.TIMEOUT, Reason.UNREACHABLE
NO_DATA, STALE, BUG = Reason.NOT_ENOUGH_DATA, Reason.STALE, Reason.BUG
MAIN, OTHER = "postgresql:main", "postgresql:other"


def down(source: str, *, action: str = "rds:DescribeDBClusters", reason: Reason = UNREACHABLE) -> list[Finding]:
    """Three findings at a source that does not answer."""
    return [looked(source, number, reason=reason, action=action) for number in range(3)]


def up(source: str) -> list[Finding]:
    """Three findings at a source that answers."""
    return [looked(source, number) for number in range(3)]


def shown(picture: Picture) -> list[tuple[AlertKind, str, int]]:
    """The kind, place and number of members of each alert."""
    return [(alert.kind, alert.component, len(alert.members)) for alert in alerts_of(picture)]


def only(picture: Picture) -> Alert:
    """The one alert of the picture."""
    (alert,) = alerts_of(picture)
    return alert


PLACES = {
    "a region": ([*down(VIRGINIA), *up(IRELAND)], [(BLIND, VIRGINIA, 3)]),
    "an account": ([*down(VIRGINIA), *down(IRELAND), *up(STAGING)], [(BLIND, "aws:111111111111", 6)]),
    "an account with one region": ([*up(VIRGINIA), *down(STAGING)], [(BLIND, "aws:222222222222", 3)]),
    "all of AWS": ([*down(VIRGINIA), *down(IRELAND), *down(STAGING), *up(MAIN)], [(BLIND, "aws", 9)]),
    "the only account": ([*down(VIRGINIA), *up(MAIN)], [(BLIND, "aws:111111111111", 3)]),
    "a database": ([*down(MAIN, action="connect"), *up(OTHER)], [(BLIND, MAIN, 3)]),
    "all databases": (
        [*down(MAIN, action="connect"), *down(OTHER, action="connect"), *up(VIRGINIA)],
        [(BLIND, "postgresql", 6)],
    ),
    "everything": ([*down(MAIN, action="connect"), *down(VIRGINIA)], [(BLIND, "everything", 6)]),
    "two places of different kinds": (
        [*down(MAIN, action="connect"), *up(OTHER), *down(VIRGINIA), *up(IRELAND)],
        [(BLIND, MAIN, 3), (BLIND, VIRGINIA, 3)],
    ),
    "a source of a kind that nobody knows": ([*down("kafka:events"), *up(VIRGINIA)], [(BLIND, "kafka:events", 3)]),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_widest_blind_place_is_one_alert(name: str) -> None:
    """A region is part of an account, an account of AWS, and a database of all databases."""
    findings, expected = PLACES[name]
    assert shown(pictured(*findings)) == expected


def test_databases_of_one_cluster_are_one_place() -> None:
    """They are on one server, so that all of them are blind together."""
    both = [*down(MAIN, action="connect"), *down(OTHER, action="connect"), *up("postgresql:elsewhere")]
    tenancy = {
        "context": "a.b",
        "root": "t",
        "key": "k",
        "principals": ["p"],
        "min_tables": 1,
        "context_type": "text",
        "canaries": {"a": "1", "b": "2"},
    }
    components = {
        f"database/{name}": Database.model_validate(
            {"name": name, "url": "env:U", "cluster": "blue", "tenancy": tenancy | {"privileged": {}}}
        )
        for name in ("main", "other")
    }
    alert = only(replace(pictured(*both), components=components))
    assert alert.component == "aurora_cluster/blue"
    assert "the 2 databases of Aurora cluster blue" in alert.summary


def test_a_blind_place_is_named_as_people_call_it() -> None:
    """The account has its name from the configuration, and the number of promises says how much hangs on it."""
    alert = only(pictured(*down(STAGING), *up(VIRGINIA)))
    assert alert.summary == ("Basewatch cannot see AWS account staging (222222222222): 3 promises cannot be verified")
    assert (alert.severity, alert.status, alert.reason) == (Severity.CRITICAL, Status.UNVERIFIED, UNREACHABLE)
    everything = only(pictured(*down(VIRGINIA), *down(MAIN, action="connect")))
    assert "cannot see anything: AWS account production (111111111111) and database main:" in everything.summary


@pytest.mark.parametrize("reason", [UNREACHABLE, TIMEOUT, THROTTLED, DENIED])
def test_every_reason_for_no_answer_blinds(reason: Reason) -> None:
    """Whether it hangs, throttles everything or denies everything: nothing is seen of it."""
    everything = [looked(VIRGINIA, n, reason=reason, action=f"rds:Describe{n}") for n in range(3)]
    assert shown(pictured(*everything, *up(IRELAND))) == [(BLIND, VIRGINIA, 3)]


@pytest.mark.parametrize("reason", [DENIED, THROTTLED])
def test_one_refused_action_is_not_a_blind_place(reason: Reason) -> None:
    """AWS answered, and nothing else was asked there: a missing permission wakes nobody as a blind account."""
    findings = [looked(VIRGINIA, n, reason=reason, action="sqs:GetQueueUrl") for n in range(3)]
    assert [alert.kind for alert in alerts_of(pictured(*findings, *up(MAIN)))] == [UNSEEN]


def test_a_refused_sign_in_is_a_blind_place() -> None:
    """Without the sign-in, no other action can be tried."""
    alert = only(pictured(looked(VIRGINIA, reason=DENIED, action="sts:AssumeRole"), *up(MAIN)))
    assert alert.kind is BLIND


@pytest.mark.parametrize("answer", [Status.PASS, Status.FAIL, Status.NOT_APPLICABLE])
def test_one_answer_means_that_the_place_is_seen(answer: Status) -> None:
    """Then only what did not answer is reported."""
    found = {a.kind for a in alerts_of(pictured(*down(VIRGINIA), looked(VIRGINIA, 9, status=answer)))}
    assert found - {FINDING} == {UNSEEN}


def test_facts_that_do_not_suffice_are_an_answer() -> None:
    """Not enough data was read at a place that is seen."""
    thin = replace(looked(VIRGINIA, 9, reason=NO_DATA), evidence="f" * 64)
    assert {alert.kind for alert in alerts_of(pictured(*down(VIRGINIA), thin))} == {UNSEEN}


def test_a_login_alone_is_not_the_database() -> None:
    """The database answers; only what needs the login of the application, or the proxy, cannot be verified."""
    login = looked(f"{MAIN}/login/app", 7, reason=DENIED, action="connect", component=f"thing/{MAIN}")
    proxy = looked(f"{MAIN}/proxy/app", 8, reason=TIMEOUT, action="connect", component=f"thing/{MAIN}")
    found = alerts_of(pictured(*up(MAIN), login, proxy))
    assert [alert.summary for alert in found] == [
        "database main as app: the login is refused",
        "database main through its proxy as app does not answer",
    ]
    assert {alert.kind for alert in found} == {UNSEEN}


def test_an_old_answer_is_no_sight_where_nobody_gets_in_now() -> None:
    """After a partial pass that cannot connect, what passed an hour ago does not show that the database is seen."""
    old = looked(MAIN, 9)
    assert shown(pictured(*down(MAIN, action="connect"), old=[old])) == [(BLIND, MAIN, 3)]


def test_a_partial_pass_that_tries_again_what_failed_blinds_nothing() -> None:
    """CloudWatch alone does not answer again: the account was seen an hour ago by what was not tried now."""
    metrics = down(VIRGINIA, action="cloudwatch:GetMetricData", reason=TIMEOUT)
    assert [alert.kind for alert in alerts_of(pictured(*metrics, old=[looked(VIRGINIA, 9)]))] == [UNSEEN]


def test_a_failure_that_was_seen_stays_an_alert_of_its_own() -> None:
    """What failed at the last look is not hidden by a place that is blind now."""
    failed = looked(MAIN, 9, status=Status.FAIL)
    kinds = [alert.kind for alert in alerts_of(pictured(*down(MAIN, action="connect"), old=[failed]))]
    assert kinds == [FINDING, BLIND]


SEEN = looked(VIRGINIA, 99), looked(IRELAND, 99), looked(STAGING, 99), looked(MAIN, 99)
CAUSES = {
    "one action that does not answer": (
        down(VIRGINIA, action="cloudwatch:GetMetricData"),
        ["cloudwatch:GetMetricData in AWS account production (111111111111), us-east-1 did not answer: 3 promises"],
    ),
    "one service, by several actions and reasons": (
        [
            looked(VIRGINIA, 1, reason=TIMEOUT, action="rds:DescribeDBClusters"),
            looked(VIRGINIA, 2, reason=UNREACHABLE, action="rds:DescribeDBInstances"),
        ],
        ["rds:DescribeDBClusters and 1 more in AWS account production (111111111111), us-east-1 did not answer: 2"],
    ),
    "one permission that is missing in two accounts": (
        [looked(where, 1, reason=DENIED, action="sns:ListTopics") for where in (VIRGINIA, IRELAND, STAGING)],
        ["sns:ListTopics in AWS account production (111111111111), eu-west-1 and 2 more is denied: 3 promises cannot"],
    ),
    "two permissions": (
        [looked(VIRGINIA, n, reason=DENIED, action=f"sns:{n}") for n in range(2)],
        ["sns:0 in AWS account production", "sns:1 in AWS account production"],
    ),
    "one statement that was not in time": (
        down(MAIN, action="inventory_policies", reason=TIMEOUT),
        ["inventory_policies in database main did not answer: 3 promises cannot be verified"],
    ),
    "one component without enough data": (
        [looked("", n, reason=NO_DATA, component="function/auth") for n in range(3)],
        ["Lambda function auth: there are not enough data: 3 promises cannot be verified"],
    ),
    "two components, and two reasons of one": (
        [
            looked("", n, reason=reason, component=component)
            for component, reason in (("function/a", NO_DATA), ("function/a", STALE), ("function/b", NO_DATA))
            for n in range(10 * len(reason), 10 * len(reason) + 2)
        ],
        ["Lambda function a: there are not", "Lambda function a: what was read", "Lambda function b: there are"],
    ),
    "one check that crashes on several components": (
        [looked("", 1, reason=BUG, component=f"function/{n}") for n in range(3)],
        ["some.check.1: a check failed by itself: 3 promises cannot be verified"],
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_one_cause_is_one_alert_with_the_findings_inside(name: str) -> None:
    """What could not be verified for one reason at one source is reported once."""
    findings, summaries = CAUSES[name]
    found = alerts_of(pictured(*findings, *SEEN))
    assert [alert.summary[: len(start)] for alert, start in zip(found, summaries, strict=True)] == summaries
    assert {alert.kind for alert in found} == {UNSEEN}
    inside = [key for alert in found for key in (alert.finding, *(member.key for member in alert.members)) if key]
    assert sorted(inside) == sorted(finding.key for finding in findings)


def test_an_alert_about_one_finding_is_named_after_it() -> None:
    """It says which promise is in doubt."""
    alert = only(pictured(looked(VIRGINIA, 1, reason=DENIED, action="sns:ListTopics"), *SEEN))
    assert (alert.check, alert.title, alert.members) == ("some.check.1", "Some promise holds", ())
    assert alert.finding


def test_an_alert_has_the_labels_of_all_its_components() -> None:
    """A team that owns one of the findings inside is concerned, whatever the others belong to."""
    labelled = {f"queue/{team}": Queue(name=team, labels={"team": team}) for team in ("blue", "red")}
    findings = [looked("", n, reason=BUG, check="one.check", component=ref) for n, ref in enumerate(labelled)]
    (alert,) = alerts_of(replace(pictured(*findings), components=labelled))
    assert alert.labels == (("team", "blue"), ("team", "red"))


def test_records_of_basewatch_are_no_place() -> None:
    """What is read from the plan or the history does not make everything else less blind."""
    own = replace(looked("the history"), evidence="f" * 64)
    picture = pictured(*down(VIRGINIA), *down(MAIN, action="connect"), own)
    sources = {pair: source for pair, source in picture.sources.items() if source != "the history"}
    assert shown(replace(picture, sources=sources)) == [(BLIND, "everything", 6)]


def test_an_unseen_alert_keeps_its_key_while_its_findings_change() -> None:
    """Findings that join or leave, and whether it times out or is unreachable, do not change what does not answer."""
    every = down(VIRGINIA)
    later = [looked(VIRGINIA, 5, reason=TIMEOUT, action="rds:DescribeDBInstances")]
    assert only(pictured(*every, *SEEN)).key == only(pictured(*later, *SEEN)).key


def test_everything_down_is_one_alert_with_the_committed_configuration() -> None:
    """Sixty-seven messages for one cut cable were one of our own; half back is the smaller place."""
    plan = committed_plan()
    everything = only(a_pass_of(plan, ["aws:", "postgresql:", "endpoint:"]))
    assert (everything.component, everything.severity) == ("everything", Severity.CRITICAL)
    assert len(everything.members) == len(plan.sources)
    assert only(a_pass_of(plan, ["aws:"])).component == "aws:123456789012"
    assert only(a_pass_of(plan, ["postgresql:"])).component == "postgresql:securebase"
    assert alerts_of(a_pass_of(plan)) == ()
