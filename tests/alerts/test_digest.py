"""What a message of many notifications says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from alerts.channels.email_message import email_message
from alerts.channels.slack import MAX_BLOCKS, SECTION_MAX_CHARS, slack_message
from alerts.channels.teams import MAX_BYTES, card_message
from alerts.digest import DIGEST_ABOVE, MAX_LISTED, stories, title
from alerts.messages import change_reason
from alerts.story import HEADLINE_MAX_CHARS, Colour
from basewatch.alert import AlertKind
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

FAILS, OVER = EXAMPLES["fails"], EXAMPLES["passes again"]


def a_notification(
    number: int,
    severity: Severity = Severity.HIGH,
    *,
    kind: AlertKind = AlertKind.FINDING,
    action: Action = Action.FIRE,
    reason: str = "it passed before, it fails now",
) -> Notification:
    """One of many notifications, which can be told apart by its component."""
    like = OVER if action is Action.RESOLVE else FAILS
    alert = replace(like.alert, key=f"v1-{number}", component=f"table/t{number}", severity=severity, kind=kind)
    return replace(like, id=f"n1-{number}", alert=alert, action=action, reason=reason)


def many(number: int) -> list[Notification]:
    """So many failures of high severity."""
    return [a_notification(each) for each in range(number)]


def test_a_few_are_told_in_full() -> None:
    """Each of five notifications is a story of its own, and the title names the first."""
    told = stories(many(DIGEST_ABOVE))
    assert len(told) == DIGEST_ABOVE
    assert title(many(DIGEST_ABOVE)).endswith(" and 4 more")
    assert " more" not in title(many(1))


def test_many_are_counts_the_worst_and_a_list() -> None:
    """Six incidents of a pass are read as one: how many, the worst in full, the others by their headlines."""
    mixed = [
        *many(6),
        a_notification(6, Severity.CRITICAL),
        a_notification(7, kind=AlertKind.UNSEEN),
        a_notification(8, action=Action.REMIND),
        a_notification(9, Severity.CRITICAL, action=Action.RESOLVE),
    ]
    summary, worst, others = stories(mixed)
    assert summary.headline == "7 broken (1 critical, 6 high), 1 cannot be verified, 1 still open, 1 over"
    assert summary.context.startswith("Critical: act now · ")
    assert "t6" in worst.headline
    assert others.headline == "The other 9"
    assert [name for name, _ in others.facts] == ["High"] * 8 + ["Over"]
    assert all(text for _, text in others.facts)
    assert title(mixed).startswith(summary.headline)


def test_a_blind_place_leads() -> None:
    """What cannot be seen at all is named before what is broken."""
    summary, worst, _ = stories([*many(6), a_notification(6, Severity.CRITICAL, kind=AlertKind.BLIND)])
    assert summary.headline.startswith("1 place cannot be seen, 6 broken")
    assert worst.colour is Colour.RED


def test_the_first_look_of_an_adopter_is_one_digest() -> None:
    """Nothing was checked before, and the message says so before the numbers."""
    first = [a_notification(n, reason=change_reason(None, Status.FAIL)) for n in range(17)]
    assert stories(first)[0].headline == "First look: 17 broken (17 high)"
    assert "First look" not in stories([*first, a_notification(99)])[0].headline


def test_the_end_of_many_is_one_list() -> None:
    """When everything is over there is no worst, and the digest is green."""
    ended = [a_notification(n, action=Action.RESOLVE) for n in range(7)]
    told = stories([replace(each, alert=replace(each.alert, status=Status.PASS)) for each in ended])
    assert [each.colour for each in told] == [Colour.GREEN] * 2
    assert [each.headline for each in told] == ["7 over", "All 7"]


def test_a_doubt_about_the_run_is_in_the_digest() -> None:
    """A history that is down is said once, first."""
    noted = [replace(each, note="The history is down.") for each in many(9)]
    assert stories(noted)[0].facts == (("Note", "The history is down."),)


@pytest.mark.parametrize("number", [6, 40, 10_000])
def test_a_digest_fits_into_every_channel(number: int) -> None:
    """Ten thousand findings that flip are one message within the documented limits, which counts them all."""
    notifications: Sequence[Notification] = many(number)
    message = message_of(*notifications)
    told = stories(notifications)
    assert len(told[0].headline) <= HEADLINE_MAX_CHARS
    assert str(number) in told[0].headline
    assert len(told[-1].facts) <= MAX_LISTED + 1
    post = slack_message(message)
    assert str(number) in post.text
    assert len(post.blocks) <= MAX_BLOCKS
    sections = [block["text"]["text"] for block in post.blocks if block["type"] == "section"]
    assert max(map(len, sections)) <= SECTION_MAX_CHARS
    # Slack refuses messages of more than about 13,000 characters in all: slackapi/bolt-js #2509.
    assert sum(map(len, sections)) <= 13_000
    assert len(str(card_message(message)).encode()) <= MAX_BYTES
    assert str(number) in email_message(message, "from@example.com", ["to@example.com"])["Subject"]
