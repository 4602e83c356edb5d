"""Who is told what, rule by rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from alerts import decide
from alerts.messages import NO_LONGER_CHECKED, SUBJECT_GONE
from basewatch.config import Alerts, Route
from basewatch.history import OpenAlert
from basewatch.model import ExpectedCheck, Finding, Run, Severity, Status, Transition
from basewatch.notifier import Action, Notification
from tests.fakes import ALERTS, NOON, PLATFORM, a_finding, a_run

LATER = NOON + timedelta(hours=6)
SLACK, PAGER = "production-alerts", "on-call"
FAIL, PASS, UNVERIFIED, NOT_APPLICABLE = Status.FAIL, Status.PASS, Status.UNVERIFIED, Status.NOT_APPLICABLE


def decided(run: Run, told: Sequence[OpenAlert] = (), policy: Alerts = ALERTS) -> tuple[Notification, ...]:
    """What is owed after `run`, six hours after what was told."""
    return decide(told, run, policy, PLATFORM, LATER)


def told_of(*findings: Finding, policy: Alerts = ALERTS) -> tuple[OpenAlert, ...]:
    """The alerts that are open once a first run came to these findings and all was delivered."""
    fires = decide((), a_run(*findings, id="run-0"), policy, PLATFORM, NOON)
    return tuple(OpenAlert(last_notification=fire, delivered=True) for fire in fires)


def said(notifications: Sequence[Notification]) -> list[tuple[str, Action, Status]]:
    """What each message does, where, and about what."""
    return [(each.channel, each.action, each.status) for each in notifications]


def routed(*routes: Route, verdicts: str = "direct") -> Alerts:
    """The example's policy with other routes."""
    return Alerts.model_validate(
        {**ALERTS.model_dump(), "routes": [r.model_dump() for r in routes], "verdicts": verdicts}
    )


def test_the_first_failure_of_a_new_check_is_told() -> None:
    """A check that fails the first time it is looked at notifies every channel whose route it reaches."""
    finding = a_finding(FAIL)
    run = a_run(finding, transitions=[Transition(finding=finding, previous=None, at=LATER)])

    fires = decided(run)

    assert said(fires) == [(PAGER, Action.FIRE, FAIL), (SLACK, Action.FIRE, FAIL)]
    assert {fire.reason for fire in fires} == {"it was not checked before, it fails now"}
    assert {fire.fired_at for fire in fires} == {LATER}


@pytest.mark.parametrize("status", [PASS, NOT_APPLICABLE])
def test_a_first_pass_is_not_news(status: Status) -> None:
    """A new check that is well tells nobody."""
    assert decided(a_run(a_finding(status))) == ()


@pytest.mark.parametrize("status", [FAIL, UNVERIFIED])
def test_an_unchanged_finding_says_nothing(status: Status) -> None:
    """The same status in the next run is not told again."""
    assert decided(a_run(a_finding(status)), told_of(a_finding(status))) == ()


def test_severity_routes() -> None:
    """A route carries what is at or above its severity, and nothing below."""
    findings = [a_finding(FAIL, subject=severity, severity=severity) for severity in Severity]
    policy = routed(Route(channel=PAGER, severity=Severity.HIGH))

    assert [fire.severity for fire in decided(a_run(*findings), policy=policy)] == [Severity.CRITICAL, Severity.HIGH]


def test_unverified_is_told_where_the_route_says_so() -> None:
    """A check that cannot look is told to the channel that wants to know, and to no other."""
    assert said(decided(a_run(a_finding(UNVERIFIED)))) == [(SLACK, Action.FIRE, UNVERIFIED)]


def test_unverified_closes_nothing() -> None:
    """A failure that cannot be verified any more is told as that, stays open, and keeps its beginning."""
    notifications = decided(a_run(a_finding(UNVERIFIED)), told_of(a_finding(FAIL)))

    assert said(notifications) == [(SLACK, Action.FIRE, UNVERIFIED)]
    assert notifications[0].fired_at == NOON
    assert notifications[0].reason == "it failed before, it cannot be verified now"


@pytest.mark.parametrize("before", [FAIL, UNVERIFIED])
@pytest.mark.parametrize("now", [PASS, NOT_APPLICABLE])
def test_a_finding_that_is_well_resolves(before: Status, now: Status) -> None:
    """What was told is told to be over, with the same key, its beginning and the reason."""
    told = told_of(a_finding(before))
    resolves = decided(a_run(a_finding(now)), told)

    assert {each.action for each in resolves} == {Action.RESOLVE}
    assert {(each.channel, each.key) for each in resolves} == {(alert.channel, alert.key) for alert in told}
    assert {each.fired_at for each in resolves} == {NOON}
    assert all(each.reason for each in resolves)


def test_a_resolve_reaches_whoever_was_told() -> None:
    """Changing the routes, the severity or who speaks for verdicts orphans no alert."""
    told = told_of(a_finding(FAIL, severity=Severity.CRITICAL))
    calmed = a_run(a_finding(PASS, severity=Severity.LOW))

    for policy in (routed(), routed(Route(channel=SLACK, severity=Severity.CRITICAL), verdicts="prometheus")):
        assert {each.channel for each in decided(calmed, told, policy)} == {SLACK, PAGER}


def test_a_channel_that_is_gone_is_owed_nothing() -> None:
    """An alert of a channel that was removed makes no message, as nobody could take it."""
    nobody = Alerts.model_validate({"channels": [], "routes": []})

    assert decided(a_run(a_finding(PASS)), told_of(a_finding(FAIL)), nobody) == ()


def test_prometheus_speaks_alone() -> None:
    """With `verdicts: prometheus` nothing is fired, so that nobody is paged twice for one cause."""
    assert decided(a_run(a_finding(FAIL)), policy=routed(Route(channel=SLACK), verdicts="prometheus")) == ()


def test_a_check_that_is_no_longer_expected_resolves() -> None:
    """Disabling a check or removing a component closes its alerts, and says that this is why."""
    resolves = decided(a_run(), told_of(a_finding(FAIL)))

    assert {(each.action, each.reason) for each in resolves} == {(Action.RESOLVE, NO_LONGER_CHECKED)}
    assert {each.summary for each in resolves} == {a_finding(FAIL).summary}


def test_a_subject_that_disappeared_resolves() -> None:
    """A table that failed and was dropped is over once the check has looked and does not find it."""
    told = told_of(a_finding(FAIL, subject="invoices"))

    resolves = decided(a_run(a_finding(PASS)), told)

    assert {(each.action, each.reason) for each in resolves} == {(Action.RESOLVE, SUBJECT_GONE)}


@pytest.mark.parametrize("siblings", [(), (UNVERIFIED,), (PASS, UNVERIFIED)])
def test_a_subject_that_nobody_looked_at_stays_open(siblings: Sequence[Status]) -> None:
    """A check that could not look, at all or at everything, proves nobody's absence."""
    failing = a_finding(FAIL, subject="invoices")
    others = [a_finding(status, subject=f"table {n}") for n, status in enumerate(siblings)]
    run = a_run(*others, expected=[ExpectedCheck(check=failing.check, component=failing.component)])

    assert Action.RESOLVE not in {each.action for each in decided(run, told_of(failing))}


def test_a_channel_that_missed_its_fire_is_told() -> None:
    """A finding that fails as before is told to a channel that does not know: a new one, or one that was dead."""
    failing = a_finding(FAIL)
    told = [alert for alert in told_of(failing) if alert.channel == SLACK]

    fires = decided(a_run(failing), told)

    assert said(fires) == [(PAGER, Action.FIRE, FAIL)]
    assert fires[0].reason == "it fails now, as before, and this channel was not told"


def test_the_graver_of_two_verdicts_speaks() -> None:
    """One key judged twice in a run fires, whichever verdict came last."""
    twice = (a_finding(FAIL), a_finding(PASS))

    assert decided(a_run(*twice)) == decided(a_run(*reversed(twice))) != ()


def test_gravest_first() -> None:
    """Fires come before resolves, and the most severe before the mild."""
    over = a_finding(FAIL, subject="over")
    run = a_run(
        a_finding(PASS, subject="over"),
        a_finding(FAIL, subject="mild", severity=Severity.LOW),
        a_finding(FAIL, subject="grave"),
    )
    slack = [each for each in decided(run, told_of(over)) if each.channel == SLACK]

    assert [(each.action, each.subject) for each in slack] == [
        (Action.FIRE, "grave"),
        (Action.FIRE, "mild"),
        (Action.RESOLVE, "over"),
    ]


def test_identity_is_not_wording() -> None:
    """Fire and resolve share the finding's key; every message has an id of its own."""
    told = told_of(a_finding(FAIL))
    resolves = decided(a_run(a_finding(PASS)), told)
    messages = [*(alert.last_notification for alert in told), *resolves]

    assert {each.key for each in messages} == {a_finding(PASS).key}
    assert len({each.id for each in messages}) == 4


def test_a_partial_run_says_nothing_of_what_it_did_not_look_at() -> None:
    """An alert of a check that a partial run leaves out stays open; one of its own ends as ever."""
    elsewhere, gone = a_finding(FAIL), a_finding(FAIL, check="tenancy.rls.policies", subject="invoices")
    sibling = a_finding(PASS, check="tenancy.rls.policies", subject="users")
    run = replace(a_run(sibling), scope="the catalogue changed")

    due = decided(run, told_of(elsewhere, gone))

    assert {(each.check, each.action, each.reason) for each in due} == {
        ("tenancy.rls.policies", Action.RESOLVE, SUBJECT_GONE)
    }
