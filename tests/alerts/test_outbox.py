"""Pending notifications are delivered at least once, in order, and one failing channel affects no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from alerts import DeliveryRetryPolicy, Outlook, deliver
from alerts.retry_policy import MAX_RETRY_AFTER
from basewatch.history.outbox import NOT_TOLD, PERHAPS_NOT_TOLD
from basewatch.history.store import History
from basewatch.model import Finding, Run, Severity, Status
from basewatch.notifier import Action, Message, Notification
from basewatch.outbox import Claim, PendingMessage, Unclaimed
from tests.fakes import NOON, FakeNotifier, a_finding, a_run, messages_due, picture_of, refused

SLACK, PAGER = "production-alerts", "on-call"
QUICK = DeliveryRetryPolicy(backoff=(timedelta(), timedelta()))
LATER = NOON + timedelta(hours=6)


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    """An open, empty history."""
    with History.open(f"sqlite:///{tmp_path}/history.db") as opened:
        yield opened


def record(history: History, *findings: Finding, at: datetime = NOON) -> Run:
    """A recorded run, with its notifications."""
    run = a_run(*findings, id=f"run at {at}", at=at)
    return history.record(run, messages_due(picture_of(run, at=at), history.open_alerts()))


def claimed(history: History, message: PendingMessage) -> Claim:
    """The message, claimed by another process for 30 seconds."""
    return history.claim(message.id, NOON, NOON + timedelta(seconds=30), even_early=False)


def noon() -> datetime:
    """A stopped clock."""
    return NOON


def test_everything_pending_is_delivered_once(history: History) -> None:
    """Both channels get their message, and a second delivery has nothing to do."""
    record(history, a_finding())
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER)

    delivery = deliver(history, (slack, pager), noon, QUICK)
    again = deliver(history, (slack, pager), noon, QUICK)

    assert delivery.complete
    assert {each.channel for each in delivery.delivered} == {SLACK, PAGER}
    assert (len(slack.sent), len(pager.sent)) == (1, 1)
    assert (again.delivered, again.undelivered) == ((), ())
    assert {alert.delivered for alert in history.open_alerts()} == {True}


def test_a_crash_between_recording_and_delivering_loses_nothing(tmp_path: Path) -> None:
    """A program that dies after recording leaves its messages to the next one."""
    url = f"sqlite:///{tmp_path}/history.db"
    with History.open(url) as history:
        record(history, a_finding())
    slack, pager = FakeNotifier(SLACK), FakeNotifier(PAGER)
    with History.open(url) as history:
        record(history, a_finding(), at=LATER)
        delivery = deliver(history, (slack, pager), lambda: LATER, QUICK)

    assert [each.run for each in slack.sent] == [f"run at {NOON}"]
    assert delivery.complete


def test_a_crash_while_sending_repeats_the_message(history: History) -> None:
    """A message whose sender died is not sent again while it could still be in flight, and is sent after that."""
    record(history, a_finding(severity=Severity.HIGH))
    message = history.pending_messages()[0]
    assert isinstance(claimed(history, message), Message)
    slack = FakeNotifier(SLACK)

    early = deliver(
        history, (slack,), lambda: NOON + timedelta(seconds=29), DeliveryRetryPolicy(deadline=timedelta(milliseconds=1))
    )
    late = deliver(history, (slack,), lambda: NOON + timedelta(seconds=30), QUICK)

    assert (early.complete, late.complete) == (False, True)
    assert slack.sent == [*message.notifications]


def test_only_one_sender_gets_a_message(history: History) -> None:
    """Two programs that deliver at the same time do not both send it."""
    record(history, a_finding(severity=Severity.HIGH))
    message = history.pending_messages()[0]
    slack = FakeNotifier(SLACK, before=lambda _: pytest.fail("it was sent twice"))
    claimed(history, message)

    assert claimed(history, message) == Unclaimed(until=NOON + timedelta(seconds=30))
    delivery = deliver(history, (slack,), noon, DeliveryRetryPolicy(deadline=timedelta(seconds=20)))
    assert not delivery.complete


def test_a_short_failure_is_retried_at_once(history: History) -> None:
    """Two refusals in a row cost no run: the third try is in the same delivery."""
    record(history, a_finding(severity=Severity.HIGH))
    slack = FakeNotifier(SLACK, troubles=[refused(), refused()])

    assert deliver(history, (slack,), noon, QUICK).complete
    assert len(slack.sent) == 1


def test_a_longer_failure_leaves_the_message_pending(history: History) -> None:
    """After its tries a message waits for a later delivery, and the failure is reported with its reason."""
    record(history, a_finding(severity=Severity.HIGH))
    slack = FakeNotifier(SLACK, troubles=[refused("it answered 500")] * 3)

    delivery = deliver(history, (slack,), noon, QUICK)
    pending = history.pending_messages()[0]

    assert [(each.error, each.outlook) for each in delivery.undelivered] == [("it answered 500", Outlook.PENDING)]
    assert (pending.attempts, pending.error, pending.next_attempt_at) == (
        3,
        "it answered 500",
        NOON + QUICK.next_delivery_delay,
    )
    assert deliver(history, (slack,), lambda: pending.next_attempt_at, QUICK).complete


@pytest.mark.parametrize(("asked", "waited"), [(90, timedelta(seconds=90)), (10**6, MAX_RETRY_AFTER)])
def test_retry_after_is_honoured(history: History, asked: int, waited: timedelta) -> None:
    """The delay that a channel asks for is respected, up to a limit."""
    record(history, a_finding(severity=Severity.HIGH))
    slack = FakeNotifier(SLACK, troubles=[refused("it answered 429", after=asked)])

    deliver(history, (slack,), noon, QUICK)

    assert history.pending_messages()[0].next_attempt_at == NOON + waited


def test_a_permanent_refusal_is_reported_and_notified_again(history: History) -> None:
    """A message that can never be delivered is dropped; the next run makes a new one for the same channel."""
    failing = a_finding(severity=Severity.HIGH)
    record(history, failing)
    slack = FakeNotifier(SLACK, troubles=[refused("no such webhook", retryable=False)])

    delivery = deliver(history, (slack,), noon, QUICK)
    assert [(each.error, each.outlook) for each in delivery.undelivered] == [("no such webhook", Outlook.REFUSED)]
    assert (history.pending_messages(), history.open_alerts()) == ((), ())

    record(history, failing, at=LATER)
    assert deliver(history, (slack,), lambda: LATER, QUICK).complete
    assert [each.action for each in slack.sent] == [Action.FIRE]


def test_a_message_that_is_not_accepted_holds_up_only_what_says_more_about_its_alerts(history: History) -> None:
    """What a channel refuses in its own way is passed over for the others, but a resolve never overtakes its fire."""
    first, other = a_finding(severity=Severity.HIGH), a_finding(subject="other", severity=Severity.HIGH)
    record(history, first)
    failing = FakeNotifier(SLACK, troubles=[refused()])
    deliver(history, (failing,), noon, replace(QUICK, backoff=()))
    record(history, replace(first, status=Status.PASS), other, at=NOON + timedelta(minutes=10))
    slack = FakeNotifier(SLACK, troubles=[refused("it answered 500")] * 3)

    delivery = deliver(history, (slack,), lambda: NOON + timedelta(minutes=10), QUICK)

    assert [each.alert.subject for each in slack.sent] in (["other"], [])
    assert {each.outlook for each in delivery.undelivered} == {Outlook.PENDING}
    deliver(history, (slack,), lambda: LATER, QUICK)
    assert [(each.alert.subject, each.action) for each in slack.sent if not each.alert.subject] == [
        ("", Action.RESOLVE)
    ]


def test_a_channel_that_refuses_everything_is_left_alone(history: History) -> None:
    """After a few messages in a row that are not accepted, the others of the channel are not tried."""
    for number in range(8):
        subjects = [a_finding(subject=f"table {n}", severity=Severity.HIGH) for n in range(number + 1)]
        record(history, *subjects, at=NOON + timedelta(seconds=number))
    slack = FakeNotifier(SLACK, troubles=[refused() for _ in range(100)])

    delivery = deliver(history, (slack,), lambda: NOON + timedelta(minutes=1), QUICK)

    assert len(delivery.undelivered) == 8
    assert 100 - len(slack.troubles) == 3 + 1 + 1 + 1


def test_what_was_never_tried_needs_no_end(history: History) -> None:
    """A failure that ended before any channel was notified sends nothing at all."""
    record(history, a_finding(severity=Severity.HIGH))
    record(history, a_finding(Status.PASS, severity=Severity.HIGH), at=LATER)

    assert (history.pending_messages(), history.open_alerts()) == ((), ())


def test_a_critical_failure_that_nobody_was_told_of_is_told_when_it_has_ended(history: History) -> None:
    """The only message says that it was no repetition: nobody knew."""
    record(history, a_finding())
    slack, pager = (FakeNotifier(name, troubles=[refused(arrived=False)] * 3) for name in (SLACK, PAGER))
    deliver(history, (slack, pager), noon, QUICK)
    record(history, a_finding(Status.PASS), at=LATER)
    deliver(history, (slack, pager), lambda: LATER, QUICK)

    assert [(each.action, each.note) for each in slack.sent] == [(Action.RESOLVE, NOT_TOLD)]
    assert history.open_alerts() == ()


@pytest.mark.parametrize(("arrived", "wanted"), [(False, []), (True, [(Action.RESOLVE, PERHAPS_NOT_TOLD)])])
def test_a_refusal_is_no_doubt(
    history: History,
    arrived: bool,  # noqa: FBT001  # pytest hands over by name
    wanted: list[tuple[Action, str]],
) -> None:
    """A channel that certainly did not receive a fire gets no resolve; one that may have gets one."""
    finding = a_finding(severity=Severity.HIGH)
    record(history, finding)
    slack = FakeNotifier(SLACK, troubles=[refused(arrived=arrived)] * 3)
    deliver(history, (slack,), noon, QUICK)
    record(history, replace(finding, status=Status.PASS), at=LATER)
    deliver(history, (slack,), lambda: LATER, QUICK)

    assert [(each.action, each.note) for each in slack.sent] == wanted


def test_what_may_have_arrived_gets_its_end_only(history: History) -> None:
    """A fire that was tried and is still pending when the finding passes is replaced by its resolve."""
    record(history, a_finding(severity=Severity.HIGH))
    slack = FakeNotifier(SLACK, troubles=[refused()] * 3)
    deliver(history, (slack,), noon, QUICK)

    record(history, a_finding(Status.PASS, severity=Severity.HIGH), at=LATER)
    deliver(history, (slack,), lambda: LATER, QUICK)

    assert [each.action for each in slack.sent] == [Action.RESOLVE]


def test_concurrent_runs_notify_once(history: History) -> None:
    """Two passes that decided on the same state of the history do not both fire, nor both resolve."""
    finding = a_finding(severity=Severity.HIGH)
    first, second = (a_run(finding, id=name) for name in ("run-1", "run-2"))
    due = [messages_due(picture_of(run, at=NOON)) for run in (first, second)]

    history.record(first, due[0])
    history.record(second, due[1])

    assert [each.notifications[0].run for each in history.pending_messages()] == ["run-1"]


def test_messages_of_a_removed_channel_are_dropped(history: History) -> None:
    """A message for a channel that is no longer configured is dropped, and the reason is reported."""
    record(history, a_finding(severity=Severity.HIGH))

    delivery = deliver(history, (), noon, QUICK)

    assert [(each.error, each.outlook) for each in delivery.undelivered] == [
        (f"the channel {SLACK} is no longer configured", Outlook.DROPPED)
    ]
    assert history.pending_messages() == ()


def test_a_broken_channel_stops_no_other(history: History) -> None:
    """A channel that raises what no channel may is reported, and says nothing of what it held."""
    record(history, a_finding())
    slack, pager = FakeNotifier(SLACK, troubles=[RuntimeError("https://secret")] * 3), FakeNotifier(PAGER)

    delivery = deliver(history, (slack, pager), noon, QUICK)

    assert [each.channel for each in delivery.delivered] == [PAGER]
    assert [each.error for each in delivery.undelivered] == [f"{SLACK} is broken: RuntimeError"]


def test_a_hanging_channel_delays_no_other(history: History) -> None:
    """While one channel hangs, the other is served, and delivering ends at its deadline."""
    record(history, a_finding())
    hung, served, left = Event(), Event(), Event()

    def hang(_: Notification) -> None:
        assert served.wait(600)
        hung.wait(600)
        left.set()

    slack = FakeNotifier(SLACK, before=hang)
    pager = FakeNotifier(PAGER, before=lambda _: served.set())
    delivery = deliver(
        history, (slack, pager), lambda: datetime.now(UTC), replace(QUICK, deadline=timedelta(seconds=1))
    )
    still_hangs, pending = not left.is_set(), history.pending_messages()
    hung.set()

    assert still_hangs
    assert [each.channel for each in delivery.delivered] == [PAGER]
    assert [each.error for each in delivery.undelivered] == [f"{SLACK} did not answer within 1 s"]
    assert [each.channel for each in pending] == [SLACK]


def test_a_refused_resolve_of_what_may_be_known_is_sent_by_the_next_pass(history: History) -> None:
    """The answer to the fire was lost, and the channel refused the resolve for good: the alert is still ended."""
    record(history, a_finding())
    lost = FakeNotifier(PAGER, troubles=[refused()])
    deliver(history, (lost,), noon, DeliveryRetryPolicy(backoff=()))
    record(history, a_finding(Status.PASS), at=LATER)
    refusing = FakeNotifier(PAGER, troubles=[refused("no such channel", retryable=False)])
    deliver(history, (refusing,), lambda: LATER, DeliveryRetryPolicy(backoff=()))

    after = LATER + timedelta(hours=6)
    record(history, a_finding(Status.PASS), at=after)
    pager = FakeNotifier(PAGER)
    deliver(history, (pager,), lambda: after, DeliveryRetryPolicy(backoff=()))

    assert [each.action for each in pager.sent] == [Action.RESOLVE]
