"""Which channels are notified, and of what: one test for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import decide
from alerts.messages import NO_LONGER_CHECKED, SUBJECT_GONE
from basewatch.config import Alerts, Route
from basewatch.history import AlertState, OpenAlert
from basewatch.model import ExpectedCheck, Finding, Run, Severity, Status, Transition
from basewatch.notifier import Action, Notification
from tests.fakes import ALERTS, NOON, PLATFORM, a_finding, a_run, due_of, picture_of

LATER = NOON + timedelta(hours=6)
SLACK, PAGER = "production-alerts", "on-call"
FAIL, PASS, UNVERIFIED, NOT_APPLICABLE = Status.FAIL, Status.PASS, Status.UNVERIFIED, Status.NOT_APPLICABLE


def decided(run: Run, alerts: Sequence[OpenAlert] = (), policy: Alerts = ALERTS) -> tuple[Notification, ...]:
    """The notifications after `run`, six hours after the alerts were opened."""
    return due_of(picture_of(run, at=LATER), alerts, policy)


def alerts_of(*findings: Finding, policy: Alerts = ALERTS) -> tuple[OpenAlert, ...]:
    """The alerts that are open after a run with these findings, when everything was delivered."""
    fires = due_of(picture_of(a_run(*findings, id="run-0"), at=NOON), (), policy)
    return tuple(OpenAlert(last_notification=fire, delivered=True) for fire in fires)


def said(notifications: Sequence[Notification]) -> list[tuple[str, Action, Status]]:
    """What each message does, where, and about what."""
    return [(each.channel, each.action, each.alert.status) for each in notifications]


def routed(*routes: Route, verdicts: str = "direct") -> Alerts:
    """The example's policy with other routes."""
    return ALERTS.model_copy(update={"routes": routes, "verdicts": verdicts})


def test_the_first_failure_of_a_new_check_is_reported() -> None:
    """A check that fails on its first run notifies every channel whose route it reaches."""
    finding = a_finding(FAIL)
    run = a_run(finding, transitions=[Transition(finding=finding, previous=None, at=LATER)])

    fires = decided(run)

    assert said(fires) == [(PAGER, Action.FIRE, FAIL), (SLACK, Action.FIRE, FAIL)]
    assert {fire.reason for fire in fires} == {"it was not checked before, it fails now"}
    assert {fire.fired_at for fire in fires} == {LATER}


@pytest.mark.parametrize("status", [PASS, NOT_APPLICABLE])
def test_a_first_pass_is_not_news(status: Status) -> None:
    """A new check that passes notifies no channel."""
    assert decided(a_run(a_finding(status))) == ()


@pytest.mark.parametrize("status", [FAIL, UNVERIFIED])
def test_an_unchanged_finding_says_nothing(status: Status) -> None:
    """The same status in the next run is not reported again."""
    assert decided(a_run(a_finding(status)), alerts_of(a_finding(status))) == ()


def test_severity_routes() -> None:
    """A route carries what is at or above its severity, and nothing below."""
    findings = [a_finding(FAIL, subject=severity, severity=severity) for severity in Severity]
    policy = routed(Route(channel=PAGER, severity=Severity.HIGH))

    assert [fire.alert.severity for fire in decided(a_run(*findings), policy=policy)] == [
        Severity.CRITICAL,
        Severity.HIGH,
    ]


def test_unverified_is_reported_where_the_route_says_so() -> None:
    """UNVERIFIED is reported to the channel whose route asks for it, and to no other."""
    assert said(decided(a_run(a_finding(UNVERIFIED)))) == [(SLACK, Action.FIRE, UNVERIFIED)]


def test_unverified_closes_nothing() -> None:
    """A failure that can no longer be verified stays open; that it cannot be verified is an alert of its own."""
    notifications = decided(a_run(a_finding(UNVERIFIED)), alerts_of(a_finding(FAIL)))

    assert said(notifications) == [(SLACK, Action.FIRE, UNVERIFIED)]
    assert notifications[0].key != a_finding(FAIL).key


@pytest.mark.parametrize("before", [FAIL, UNVERIFIED])
@pytest.mark.parametrize("now", [PASS, NOT_APPLICABLE])
def test_a_finding_that_is_well_resolves(before: Status, now: Status) -> None:
    """An alert is resolved with the same key, its start and the reason."""
    alerts = alerts_of(a_finding(before))
    resolves = decided(a_run(a_finding(now)), alerts)

    assert {each.action for each in resolves} == {Action.RESOLVE}
    assert {(each.channel, each.key) for each in resolves} == {(alert.channel, alert.key) for alert in alerts}
    assert {each.fired_at for each in resolves} == {NOON}
    assert all(each.reason for each in resolves)


def test_a_resolve_reaches_every_notified_channel() -> None:
    """Changing the routes, the severity or who speaks for verdicts orphans no alert."""
    alerts = alerts_of(a_finding(FAIL, severity=Severity.CRITICAL))
    calmed = a_run(a_finding(PASS, severity=Severity.LOW))

    for policy in (routed(), routed(Route(channel=SLACK, severity=Severity.CRITICAL), verdicts="prometheus")):
        assert {each.channel for each in decided(calmed, alerts, policy)} == {SLACK, PAGER}


def test_a_removed_channel_gets_nothing() -> None:
    """An alert of a channel that is no longer configured gives no notification."""
    without = Alerts.model_validate({"channels": [], "routes": []})

    assert decided(a_run(a_finding(PASS)), alerts_of(a_finding(FAIL)), without) == ()


def test_prometheus_speaks_alone() -> None:
    """With `verdicts: prometheus` nothing is fired, so that no one is paged twice for one cause."""
    assert decided(a_run(a_finding(FAIL)), policy=routed(Route(channel=SLACK), verdicts="prometheus")) == ()


def test_a_check_that_is_no_longer_expected_resolves() -> None:
    """Disabling a check or removing a component closes its alerts, and says that this is why."""
    resolves = decided(a_run(), alerts_of(a_finding(FAIL)))

    assert {(each.action, each.reason) for each in resolves} == {(Action.RESOLVE, NO_LONGER_CHECKED)}
    assert {each.alert.summary for each in resolves} == {a_finding(FAIL).summary}


def test_a_subject_that_disappeared_resolves() -> None:
    """A table that failed and was dropped is resolved once the check has observed that it is gone."""
    alerts = alerts_of(a_finding(FAIL, subject="invoices"))

    resolves = decided(a_run(a_finding(PASS)), alerts)

    assert {(each.action, each.reason) for each in resolves} == {(Action.RESOLVE, SUBJECT_GONE)}


@pytest.mark.parametrize("siblings", [(), (UNVERIFIED,), (PASS, UNVERIFIED)])
def test_a_subject_that_was_not_observed_stays_open(siblings: Sequence[Status]) -> None:
    """A check that could not observe everything does not prove that a subject is gone."""
    failing = a_finding(FAIL, subject="invoices")
    others = [a_finding(status, subject=f"table {n}") for n, status in enumerate(siblings)]
    run = a_run(*others, expected=[ExpectedCheck(check=failing.check, component=failing.component)])

    assert Action.RESOLVE not in {each.action for each in decided(run, alerts_of(failing))}


def test_a_channel_that_missed_its_fire_is_notified() -> None:
    """A finding that fails as before is reported to a channel that was not notified: a new one, or one that failed."""
    failing = a_finding(FAIL)
    alerts = [alert for alert in alerts_of(failing) if alert.channel == SLACK]

    fires = decided(a_run(failing), alerts)

    assert said(fires) == [(PAGER, Action.FIRE, FAIL)]
    assert fires[0].reason == "it fails now, as before, and this channel was not notified"


def test_the_more_severe_of_two_verdicts_counts() -> None:
    """One key judged twice in a run fires, whichever verdict came last."""
    twice = (a_finding(FAIL), a_finding(PASS))

    assert decided(a_run(*twice)) == decided(a_run(*reversed(twice))) != ()


def test_the_most_severe_comes_first() -> None:
    """Fires come before resolves, and the most severe before the mild."""
    over = a_finding(FAIL, subject="over")
    run = a_run(
        a_finding(PASS, subject="over"),
        a_finding(FAIL, subject="mild", severity=Severity.LOW),
        a_finding(FAIL, subject="severe"),
    )
    slack = [each for each in decided(run, alerts_of(over)) if each.channel == SLACK]

    assert [(each.action, each.alert.subject) for each in slack] == [
        (Action.FIRE, "severe"),
        (Action.FIRE, "mild"),
        (Action.RESOLVE, "over"),
    ]


def test_identity_is_not_wording() -> None:
    """Fire and resolve have the finding's key; every notification has an id of its own."""
    alerts = alerts_of(a_finding(FAIL))
    resolves = decided(a_run(a_finding(PASS)), alerts)
    messages = [*(alert.last_notification for alert in alerts), *resolves]

    assert {each.key for each in messages} == {a_finding(PASS).key}
    assert len({each.id for each in messages}) == 4


def test_a_partial_run_says_nothing_of_what_it_did_not_look_at() -> None:
    """An alert of a check that a partial run leaves out stays open; one of its own ends as ever."""
    elsewhere, gone = a_finding(FAIL), a_finding(FAIL, check="tenancy.rls.policies", subject="invoices")
    sibling = a_finding(PASS, check="tenancy.rls.policies", subject="users")
    run = replace(a_run(sibling), scope="the catalogue changed")
    picture = picture_of(run, at=LATER, other=[elsewhere])

    due = due_of(picture, alerts_of(elsewhere, gone))

    assert {(each.alert.check, each.action, each.reason) for each in due} == {
        ("tenancy.rls.policies", Action.RESOLVE, SUBJECT_GONE)
    }


def test_two_environments_share_no_incident() -> None:
    """Staging and production may name their components alike and use one PagerDuty service."""
    picture = picture_of(a_run(a_finding(FAIL)))
    staging = PLATFORM.model_copy(update={"environment": "staging"})

    ours, theirs = (decide(AlertState(), picture, ALERTS, platform) for platform in (PLATFORM, staging))

    assert {each.key for each in ours.notifications} == {each.key for each in theirs.notifications}
    assert not {each.dedup_key for each in ours.notifications} & {each.dedup_key for each in theirs.notifications}
