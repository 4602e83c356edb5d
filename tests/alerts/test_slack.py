"""Slack gets short, valid and harmless messages, and its refusals are understood without revealing its secret."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Iterator
from dataclasses import replace
from string import ascii_letters

import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from alerts.channels.slack import SECTION_MAX_CHARS, Slack, slack_message
from basewatch.errors import DeliveryError
from basewatch.notifier import Notification
from basewatch.secrets import Secret
from demo.receivers import SlackReceiver
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

FAILS = EXAMPLES["fails"]
LINK = re.compile(r"<https://[\w/.?=#:;&%-]+\|[\w ]+>")
texts = st.text(max_size=5000) | st.sampled_from(["<!channel>" * 500, "&" * 5000, ascii_letters * 100])


@pytest.fixture
def receiver() -> Iterator[SlackReceiver]:
    """A listening webhook."""
    with SlackReceiver() as listening:
        yield listening


def slack(url: str) -> Slack:
    """A channel with this webhook, with a short timeout."""
    return Slack(name="production-alerts", webhook=Secret("env:SLACK_WEBHOOK_URL", url), timeout_seconds=1)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_message_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each kind of message says what, where, since when, and what to do."""
    assert slack_message(message_of(EXAMPLES[example])) == snapshot


@pytest.mark.parametrize("example", EXAMPLES)
def test_slack_takes_every_message(example: str, receiver: SlackReceiver) -> None:
    """A receiver as strict as Slack takes each kind of message."""
    receipt = slack(receiver.webhook).send(message_of(EXAMPLES[example]))

    assert receipt.channel == "production-alerts"
    assert len(receiver.messages) == 1


alerts = st.builds(
    replace, st.just(FAILS.alert), summary=texts, observed=texts, expected=texts, remedy=texts, subject=texts
)
wordy = st.builds(replace, st.just(FAILS), alert=alerts)


@given(notification=wordy)
def test_no_text_is_too_long_or_dangerous(notification: Notification) -> None:
    """Whatever a tenant may have named, the message stays within Slack's limits and mentions no one."""
    post = slack_message(message_of(notification))
    sections = [block["text"]["text"] for block in post.blocks if block["type"] == "section"]
    elements = [each["text"] for block in post.blocks if block["type"] == "context" for each in block["elements"]]

    assert all(1 <= len(text) <= SECTION_MAX_CHARS for text in (*sections, *elements))
    assert "<" not in LINK.sub("", "".join((post.text, *sections, *elements)))


@pytest.mark.parametrize(
    ("status", "retry_after", "verdict"),
    [(429, 30, "later"), (429, None, "later"), (500, None, "later"), (404, None, "never"), (403, None, "never")],
)
def test_a_refusal_says_whether_to_retry(
    receiver: SlackReceiver, status: int, retry_after: int | None, verdict: str
) -> None:
    """A transient failure may be retried, when Slack says so; a revoked webhook may not."""
    receiver.fail_next(status, retry_after=retry_after)

    with pytest.raises(DeliveryError, match=f"answered {status}") as caught:
        slack(receiver.webhook).send(message_of(FAILS))

    assert (caught.value.retryable, caught.value.retry_after_seconds) == (verdict == "later", retry_after)
    assert receiver.messages == []


def test_a_revoked_webhook_says_what_to_do(receiver: SlackReceiver) -> None:
    """An unknown webhook is refused permanently, with Slack's word for it and the remedy."""
    with pytest.raises(DeliveryError, match=r"answered 404 no_service: .* create a new webhook") as caught:
        slack(f"{receiver.url}/services/T0/B0/another").send(message_of(FAILS))

    assert not caught.value.retryable


def test_a_hanging_webhook_is_abandoned_in_time(receiver: SlackReceiver) -> None:
    """A webhook that never answers is abandoned after the timeout, and may be retried."""
    receiver.hang()

    with pytest.raises(DeliveryError, match="did not answer in time") as caught:
        slack(receiver.webhook).send(message_of(FAILS))

    assert caught.value.retryable


def test_a_dead_webhook_may_be_retried() -> None:
    """A refused connection is transient."""
    with pytest.raises(DeliveryError, match="could not be reached") as caught:
        slack(f"http://127.0.0.1:{free_port()}/services/secret").send(message_of(FAILS))

    assert caught.value.retryable


@pytest.mark.parametrize("trouble", ["404", "hang", "dead", "taken"])
def test_the_webhook_appears_nowhere(
    receiver: SlackReceiver, trouble: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No error, log at any level, output or representation shows the webhook's URL."""
    caplog.set_level(logging.DEBUG)
    url = f"http://127.0.0.1:{free_port()}/services/T0/B0/hunter2" if trouble == "dead" else receiver.webhook
    secret = url.rpartition("/")[2]
    channel = slack(url)
    if trouble == "404":
        receiver.fail_next(404)
    elif trouble == "hang":
        receiver.hang()

    said = repr(channel)
    if trouble == "taken":
        channel.send(message_of(FAILS))
    else:
        with pytest.raises(DeliveryError) as caught:
            channel.send(message_of(FAILS))
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None
        said += f"{caught.value} {caught.value!r}"

    assert secret not in said + caplog.text + "".join(capfd.readouterr())


def free_port() -> int:
    """A port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port
