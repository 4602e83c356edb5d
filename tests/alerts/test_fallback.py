"""What a channel does not accept reaches its fallback, once, with the reason, and is resolved there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from alerts import Delivery, DeliveryRetryPolicy, Outlook, deliver, last_chance_policy
from basewatch.history.store import History
from basewatch.history.transactions import DatabaseTransactions
from basewatch.model import Finding, Severity, Status
from basewatch.notifier import Action
from tests.fakes import ALERTS, NOON, FakeNotifier, a_finding, a_run, messages_due, picture_of, refused

SLACK, PAGER = "production-alerts", "on-call"
CHANNELS = tuple(
    channel.model_copy(update={"fallback": SLACK if channel.name == PAGER else None}) for channel in ALERTS.channels
)
LAST = replace(last_chance_policy(timedelta(minutes=10)), backoff=())
GOES_ON = DeliveryRetryPolicy(backoff=())
GONE = refused("it answered 410", retryable=False)


@pytest.fixture
def history() -> Iterator[History]:
    """An open, empty history."""
    with History(DatabaseTransactions.in_memory()) as opened:
        yield opened


def at(minutes: int) -> Callable[[], datetime]:
    """A clock that stands still so many minutes after noon."""
    return lambda: NOON + timedelta(minutes=minutes)


def a_pass(
    history: History,
    finding: Finding,
    *notifiers: FakeNotifier,
    minutes: int = 0,
    policy: DeliveryRetryPolicy = LAST,
) -> Delivery:
    """One pass, whose only route leads to the pager."""
    now = at(minutes)()
    run = a_run(finding, id=f"run at {now}", at=now)
    routes = tuple(route for route in ALERTS.routes if route.channel == PAGER)
    alerts = ALERTS.model_copy(update={"channels": CHANNELS, "routes": routes})
    history.record(run, messages_due(picture_of(run, at=now), history.open_alerts(), alerts))
    return deliver(history, notifiers, at(minutes), policy, channels=CHANNELS)


@pytest.mark.parametrize("trouble", [GONE, refused("it answered 500")], ids=["refused", "pending"])
def test_the_last_chance_of_a_run_is_the_fallback(history: History, trouble: Exception) -> None:
    """A pager that accepts nothing is reported, and the fallback gets the alert with whom it is for and why."""
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER, troubles=[trouble])

    delivery = a_pass(history, a_finding(), slack, pager)

    assert [(each.action, each.channel) for each in slack.sent] == [(Action.FIRE, SLACK)]
    assert slack.sent[0].note.startswith(f"This is for {PAGER}, which did not accept it: {trouble}.")
    assert [each.notification.channel for each in delivery.undelivered] == [PAGER]
    assert not delivery.complete


def test_the_resolve_goes_wherever_the_fire_went(history: History) -> None:
    """The fallback hears the end as well; the pager hears of both, as soon as it accepts."""
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER, troubles=[GONE])
    a_pass(history, a_finding(), slack, pager)
    a_pass(history, a_finding(), slack, pager, minutes=360)
    delivery = a_pass(history, a_finding(Status.PASS), slack, pager, minutes=720)

    assert delivery.complete
    assert [each.action for each in slack.sent] == [Action.FIRE, Action.RESOLVE]
    assert [each.action for each in pager.sent] == [Action.FIRE, Action.RESOLVE]
    assert history.open_alerts() == ()


def test_a_fallback_that_knows_the_alert_is_told_who_does_not(history: History) -> None:
    """While the alert is open in the fallback channel, each pass that fails to page says so there once."""
    slack, pager = (
        FakeNotifier(SLACK),
        FakeNotifier(PAGER, troubles=[GONE, refused("it answered 410", retryable=False)]),
    )
    a_pass(history, a_finding(), slack, pager)
    a_pass(history, a_finding(), slack, pager, minutes=360)
    deliver(history, (slack, pager), at(420), LAST, channels=CHANNELS)

    assert [each.action for each in slack.sent] == [Action.FIRE, Action.REMIND]


def test_a_process_that_goes_on_waits_before_it_falls_back(history: History) -> None:
    """A short failure of the pager reaches nobody else; one of ten minutes does, once."""
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER, troubles=[refused() for _ in range(9)])
    a_pass(history, a_finding(), slack, pager, policy=GOES_ON)
    assert slack.sent == []

    for minutes in (5, 10, 15, 20):
        deliver(history, (slack, pager), at(minutes), GOES_ON, channels=CHANNELS)
    assert [each.action for each in slack.sent] == [Action.FIRE]


def test_a_fallback_that_fails_too_leaves_both_pending(history: History) -> None:
    """Nothing is lost when no channel accepts, and every channel is named."""
    slack = FakeNotifier(SLACK, troubles=[refused("it answered 503")])
    delivery = a_pass(history, a_finding(severity=Severity.CRITICAL), slack, FakeNotifier(PAGER, troubles=[refused()]))

    assert {each.notification.channel: each.outlook for each in delivery.undelivered} == {
        SLACK: Outlook.PENDING,
        PAGER: Outlook.PENDING,
    }
    assert {each.channel for each in history.pending_messages()} == {SLACK, PAGER}
