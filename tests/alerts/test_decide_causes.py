"""A cause is reported once, and what it explains is reported with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from alerts.channels.slack import slack_message
from alerts.story import story
from basewatch.config import Alerts
from basewatch.history import OpenAlert
from basewatch.model import Finding, Run, Severity, Status
from basewatch.notifier import Action, Notification
from tests.fakes import ALERTS, NOON, a_finding, a_run, due_of, message_of, picture_of

SLACK, PAGER = "production-alerts", "on-call"
FAIL, PASS = Status.FAIL, Status.PASS
CAUSE = a_finding(FAIL, check="tenancy.rls.bypass_roles", subject="app")
TABLES = [f"<table {number}>" for number in range(8)]
SYMPTOMS = [
    replace(a_finding(FAIL, check="tenancy.probe.sweep", subject=table), affected=(("app", table),), cause=CAUSE.key)
    for table in TABLES
]


def decided(run: Run, alerts: Sequence[OpenAlert] = (), policy: Alerts = ALERTS) -> tuple[Notification, ...]:
    """The notifications after a run."""
    return due_of(picture_of(run, at=NOON), alerts, policy)


def alerts_of(*findings: Finding) -> tuple[OpenAlert, ...]:
    """The alerts that are open once these findings were reported."""
    return tuple(OpenAlert(last_notification=each, delivered=True) for each in decided(a_run(*findings, id="run-0")))


def fired(notifications: Sequence[Notification]) -> set[tuple[str, str]]:
    """Which checks are reported, and where."""
    return {(each.channel, each.alert.check) for each in notifications if each.action is Action.FIRE}


def test_a_cause_is_reported_once_on_each_channel() -> None:
    """However many findings it explains, a channel gets one message, which says how many and of what."""
    due = decided(a_run(CAUSE, *SYMPTOMS))
    assert [(each.channel, each.alert.check) for each in due] == [(PAGER, CAUSE.check), (SLACK, CAUSE.check)]
    explains = dict(story(due[0]).facts)["Explains"]
    assert explains.startswith("8 more: <table 0>: ")
    assert explains.endswith("; and 3 more")


def test_what_it_explains_is_shown_escaped() -> None:
    """The names of tables do nothing in a channel."""
    shown = str(slack_message(message_of(decided(a_run(CAUSE, *SYMPTOMS))[0])).blocks)
    assert "&lt;table 0&gt;" in shown
    assert "<table" not in shown


def test_an_unexplained_leak_is_reported_itself() -> None:
    """A symptom without a cause is reported itself, beside one that has a cause."""
    alone = replace(SYMPTOMS[0], cause="")
    assert fired(decided(a_run(alone, SYMPTOMS[1], CAUSE))) == {
        (channel, check) for channel in (SLACK, PAGER) for check in (CAUSE.check, alone.check)
    }
    assert decided(a_run(alone))[0].alert.members == ()


def test_new_symptoms_of_a_known_cause_say_nothing() -> None:
    """A channel that was notified of the cause is not notified of its later symptoms."""
    assert decided(a_run(CAUSE, *SYMPTOMS), alerts_of(CAUSE)) == ()


def test_a_partial_run_that_only_probes_says_nothing_new() -> None:
    """The cause is not of this run, and its alert is still open."""
    run = replace(a_run(*SYMPTOMS), scope="probed again")
    assert due_of(picture_of(run, other=[CAUSE]), alerts_of(CAUSE)) == ()


def test_an_alert_is_as_severe_as_its_worst_finding() -> None:
    """A mild cause hides no critical leak from a channel for what is critical."""
    mild = replace(CAUSE, severity=Severity.MEDIUM)
    assert fired(decided(a_run(mild, SYMPTOMS[0]))) == {(SLACK, mild.check), (PAGER, mild.check)}


def test_a_symptom_that_outlives_its_cause_is_reported() -> None:
    """Once the cause is gone, the leak that remains is reported itself."""
    alerts = alerts_of(CAUSE, *SYMPTOMS)
    left = replace(SYMPTOMS[0], cause="")
    due = decided(a_run(replace(CAUSE, status=PASS), left), alerts)
    assert fired(due) == {(SLACK, left.check), (PAGER, left.check)}
    assert {each.alert.check for each in due if each.action is Action.RESOLVE} == {CAUSE.check}


def test_an_alert_that_was_open_before_its_cause_stays_until_it_is_over() -> None:
    """Finding the cause withdraws nothing: a channel that got the leak gets its resolve when the leak ends."""
    alerts = alerts_of(replace(SYMPTOMS[0], cause=""))
    assert fired(decided(a_run(CAUSE, SYMPTOMS[0]), alerts)) == {(SLACK, CAUSE.check), (PAGER, CAUSE.check)}
    over = decided(a_run(CAUSE, replace(SYMPTOMS[0], status=PASS, cause="")), (*alerts, *alerts_of(CAUSE)))
    assert {(each.action, each.alert.check) for each in over} == {(Action.RESOLVE, SYMPTOMS[0].check)}
