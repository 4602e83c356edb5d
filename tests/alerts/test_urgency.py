"""What is pending from several passes reaches a channel in the order of its urgency."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from alerts import DeliveryRetryPolicy, deliver
from alerts.channel_queue import ChannelQueue, Pace
from alerts.urgency import most_urgent_first
from basewatch.history.store import History
from basewatch.model import Severity
from basewatch.notifier import Action, Notification
from basewatch.outbox import PendingMessage
from tests.alerts.samples import EXAMPLES
from tests.fakes import NOON, FakeNotifier, message_of, refused

CRITICAL, HIGH = Severity.CRITICAL, Severity.HIGH
FIRE, REMIND, RESOLVE = Action.FIRE, Action.REMIND, Action.RESOLVE
HOUR = timedelta(hours=1)


def said(name: str, action: Action, severity: Severity = HIGH, *, about: str = "", follows: str = "n1") -> Notification:
    """A notification of an alert of its own, or of the one that it is `about`."""
    of = EXAMPLES["fails"]
    alert = replace(of.alert, key=about or f"key of {name}", severity=severity)
    return replace(of, id=name, channel="on-call", action=action, alert=alert, at=NOON, follows=follows)


def pending(*notifications: Notification) -> PendingMessage:
    """A message of these that was never tried."""
    return PendingMessage(
        id=notifications[0].id,
        channel="on-call",
        notifications=notifications,
        attempts=0,
        next_attempt_at=NOON,
        claimed_until=None,
        error="",
    )


def order(*messages: PendingMessage) -> list[str]:
    """The ids of the messages as they are sent."""
    return [each.id for each in most_urgent_first(messages)]


IN_CASE = said("closed in case it is open", RESOLVE, CRITICAL, follows="")
URGENCY = (
    said("a critical fire", FIRE, CRITICAL, follows=""),
    said("a fire", FIRE, follows=""),
    said("a critical reminder", REMIND, CRITICAL),
    said("a reminder", REMIND),
    said("a critical end", RESOLVE, CRITICAL),
    said("an end", RESOLVE),
    IN_CASE,
)


def test_the_urgent_comes_first_whichever_pass_it_is_from() -> None:
    """Fires, the worst first; then reminders, ends, and what a first pass closes in case it is open."""
    expected = [each.id for each in URGENCY]
    for pair in permutations(URGENCY, 2):
        assert order(*map(pending, pair)) == sorted((each.id for each in pair), key=expected.index)
    assert order(*(pending(each) for each in reversed(URGENCY))) == expected


def test_the_oldest_of_the_same_urgency_comes_first() -> None:
    """Nothing waits for ever behind its equals."""
    assert order(*(pending(said(str(number), FIRE)) for number in range(9))) == [str(number) for number in range(9)]


@pytest.mark.parametrize(("first", "then"), [(RESOLVE, FIRE), (FIRE, RESOLVE), (REMIND, RESOLVE), (REMIND, FIRE)])
def test_what_is_said_of_one_alert_keeps_its_order(first: Action, then: Action) -> None:
    """A fire that overtook the end before it would be closed by that; what it waits for is as urgent as it is."""
    other = pending(said("of another", FIRE, HIGH))
    earlier = pending(said("earlier", first, Severity.LOW, about="one", follows=""))
    later = pending(said("later", then, CRITICAL, about="one"))
    sent = order(other, earlier, later)
    assert sent.index("earlier") < sent.index("later")
    if then is FIRE:
        assert sent == ["earlier", "later", "of another"]


def test_messages_of_several_alerts_keep_the_order_of_each() -> None:
    """Urgency is passed on from alert to alert: nothing overtakes what says less about the same."""
    one = pending(said("one", RESOLVE, about="a"))
    two = pending(said("two", RESOLVE, about="a"), said("two b", RESOLVE, about="b"))
    three = pending(said("three", FIRE, CRITICAL, about="b"))
    assert order(pending(said("other", FIRE)), one, two, three) == ["one", "two", "three", "other"]


def test_what_waits_for_a_message_that_does_not_pass_is_not_overtaken_either() -> None:
    """The end of an alert stays behind its fire, also if that waits only because of another alert."""
    waiting = (
        pending(said("one", FIRE, CRITICAL, about="a")),
        pending(said("two", FIRE, about="a"), said("two b", FIRE, about="b")),
        pending(said("three", RESOLVE, about="b")),
        pending(said("other", RESOLVE)),
    )
    queue = ChannelQueue.of(FakeNotifier("on-call"), Pace(), waiting, NOON)
    assert queue.set_aside(NOON, "it answered 500")
    assert [each.id for each in queue.backlog] == ["other"]
    assert [each.id for each, _ in queue.left()] == ["one", "two", "three", "other"]


def test_a_fire_does_not_wait_for_what_an_earlier_pass_closed_in_case() -> None:
    """A hundred precautions of a first pass are pending when the second pass finds something."""
    precautions = [replace(IN_CASE, id=f"in case {n}", alert=replace(IN_CASE.alert, key=str(n))) for n in range(100)]
    pager = FakeNotifier("on-call")
    with History.in_memory() as history:
        history.remember([message_of(each) for each in precautions])
        history.remember([message_of(said("a fire", FIRE, follows=""))])
        deliver(history, (pager,), lambda: NOON, DeliveryRetryPolicy())
    assert [each.id for each in pager.sent[:2]] == ["a fire", "in case 0"]
    assert len(pager.sent) == 101


def test_a_channel_that_asked_to_be_left_alone_is_not_asked_for_what_is_urgent() -> None:
    """`Retry-After` is about the channel: another request would only make it longer."""
    pager = FakeNotifier("on-call", troubles=[refused("429", after=1800)])
    with History.in_memory() as history:
        history.remember([message_of(said("a fire", FIRE, follows=""))])
        deliver(history, (pager,), lambda: NOON, DeliveryRetryPolicy())
        history.remember([message_of(said("a critical fire", FIRE, CRITICAL, follows=""))])
        deliver(history, (pager,), lambda: NOON + HOUR / 4, DeliveryRetryPolicy())
        assert not pager.sent
        deliver(history, (pager,), lambda: NOON + HOUR, DeliveryRetryPolicy())
    assert [each.id for each in pager.sent] == ["a critical fire", "a fire"]
