"""The notifications of a pass travel together, and each channel's reference to a message is kept for what follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from alerts import DeliveryRetryPolicy, bundled, deliver
from basewatch.history.store import History
from basewatch.model import Finding, Severity, Status
from basewatch.notifier import Action, Message
from tests.fakes import ALERTS, NOON, FakeNotifier, a_finding, a_run, due_of, messages_due, picture_of, refused

SLACK, PAGER = "production-alerts", "on-call"
QUICK = DeliveryRetryPolicy(backoff=())
HOUR = timedelta(hours=1)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An open, empty history."""
    with History.open(f"sqlite:///{tmp_path}/history.db") as opened:
        yield opened


def record(history: History, *findings: Finding, at: datetime = NOON) -> None:
    """A recorded run with its messages."""
    run = a_run(*findings, id=f"run at {at}", at=at)
    history.record(run, messages_due(picture_of(run, at=at), history.open_alerts()))


def stopped(at: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: at


def invoices(status: Status = Status.FAIL) -> Finding:
    """A critical finding."""
    return a_finding(status, subject="invoices")


def users(status: Status = Status.FAIL) -> Finding:
    """A finding of middle severity."""
    return a_finding(status, subject="users", severity=Severity.MEDIUM)


def test_a_channel_gets_one_message_of_a_pass_and_a_pager_one_for_each_alert(history: History) -> None:
    """Slack gets everything at once, the worst first; an incident is one alert."""
    record(history, users(), invoices(), a_finding(subject="orders"))
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER)

    assert deliver(history, (slack, pager), lambda: NOON, QUICK).complete

    assert [[each.alert.subject for each in message.notifications] for message in slack.messages] == [
        ["invoices", "orders", "users"]
    ]
    assert [[each.alert.subject for each in message.notifications] for message in pager.messages] == [
        ["invoices"],
        ["orders"],
    ]


def test_a_message_is_claimed_and_marked_as_a_whole(history: History) -> None:
    """Nobody else sends a part of a message, and after a failure all of it is still pending, under the same id."""
    record(history, invoices(), users())
    slack = FakeNotifier(SLACK, troubles=[refused()])

    deliver(history, (slack,), lambda: NOON, QUICK)
    (waiting,) = (each for each in history.pending_messages() if each.channel == SLACK)
    claim = history.claim(waiting.id, NOON, NOON + HOUR, even_early=True)

    assert isinstance(claim, Message)
    assert (claim.id, len(claim.notifications), waiting.attempts) == (waiting.id, 2, 1)
    assert deliver(history, (slack,), lambda: NOON + HOUR, QUICK).delivered == claim.notifications
    assert {each.delivered for each in history.open_alerts() if each.channel == SLACK} == {True}


def test_what_follows_a_message_knows_its_reference_and_its_alerts_as_they_are_now(history: History) -> None:
    """A channel that gave a reference can edit its message: it gets every alert of it with its present state."""
    slack = FakeNotifier(SLACK)
    for hour, findings in enumerate(
        (
            (invoices(), users()),
            (invoices(), users(Status.PASS)),
            (invoices(Status.PASS), users(Status.PASS)),
        )
    ):
        record(history, *findings, at=NOON + hour * HOUR)
        deliver(history, (slack,), stopped(NOON + hour * HOUR), QUICK)

    opening, first, last = slack.messages
    assert opening.opening is None
    assert first.opening is not None
    assert last.opening is not None
    assert {first.opening.reference, last.opening.reference} == {f"{SLACK}-2"}
    assert [(each.alert.subject, each.action) for each in first.opening.notifications] == [
        ("invoices", Action.FIRE),
        ("users", Action.RESOLVE),
    ]
    assert {each.action for each in last.opening.notifications} == {Action.RESOLVE}


def test_a_new_episode_does_not_continue_the_last_one(history: History) -> None:
    """What fails again after its resolve opens a message of its own."""
    slack = FakeNotifier(SLACK)
    for hour, status in enumerate((Status.FAIL, Status.PASS, Status.FAIL, Status.PASS)):
        record(history, users(status), at=NOON + hour * HOUR)
        deliver(history, (slack,), stopped(NOON + hour * HOUR), QUICK)

    assert [message.opening.reference if message.opening else "" for message in slack.messages] == [
        "",
        f"{SLACK}-1",
        "",
        f"{SLACK}-3",
    ]


def test_what_continues_different_messages_is_sent_apart_unless_the_channel_gives_no_reference(
    history: History,
) -> None:
    """Two resolves of one pass end two earlier messages: two edits, or one message where nothing can be edited."""
    slack, plain = FakeNotifier(SLACK), FakeNotifier(PAGER, gives_reference=False)
    orders = a_finding(subject="orders")
    record(history, invoices())
    deliver(history, (slack, plain), lambda: NOON, QUICK)
    record(history, invoices(), orders, at=NOON + HOUR)
    deliver(history, (slack, plain), lambda: NOON + HOUR, QUICK)
    run = a_run(invoices(Status.PASS), a_finding(Status.PASS, subject="orders"), id="run-3", at=NOON + 2 * HOUR)
    due = due_of(picture_of(run), history.open_alerts())
    grouping = [channel for channel in ALERTS.channels if channel.name == SLACK]
    together = [message for message in bundled(due, grouping) if message.channel == SLACK]
    history.record(run, together)
    deliver(history, (slack, plain), lambda: NOON + 2 * HOUR, QUICK)

    assert [len(message.notifications) for message in slack.messages] == [1, 1, 1, 1]
    assert {message.opening.reference for message in slack.messages if message.opening} == {f"{SLACK}-1", f"{SLACK}-2"}


def test_a_claim_by_a_clock_that_was_wrong_does_not_count(history: History) -> None:
    """A message that was claimed, or put off, until far in the future is sent all the same."""
    record(history, users())
    (waiting,) = history.pending_messages()
    history.claim(waiting.id, NOON + 1000 * HOUR, NOON + 1001 * HOUR, even_early=True)
    slack = FakeNotifier(SLACK)

    assert deliver(history, (slack,), lambda: NOON, QUICK).complete
    assert len(slack.sent) == 1


def test_the_next_run_tries_at_once_and_a_process_that_goes_on_waits(history: History) -> None:
    """What was refused is due in minutes; a new run does not wait for that."""
    record(history, users())
    deliver(history, (FakeNotifier(SLACK, troubles=[refused()]),), lambda: NOON, QUICK)
    slack = FakeNotifier(SLACK)

    assert not deliver(history, (slack,), lambda: NOON, QUICK).complete
    assert deliver(history, (slack,), lambda: NOON, DeliveryRetryPolicy(even_early=True)).complete
