"""A message is published to a topic within the limits of SNS, and a refusal of AWS says whether to retry."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from alerts.channels.sns import MAX_BYTES, Sns, publication
from basewatch.errors import DeliveryError
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of
from tests.wire import ACCOUNT, REGION, Wire, answered, offline, refusal

FAILS = EXAMPLES["fails"]
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:alerts"


def sns(wire: Wire, topic: str = TOPIC) -> Sns:
    """A channel whose calls are answered from the wire."""
    return Sns(name="topic", topic=topic, role=None, environ={}, session=offline(wire, role=None))


def asked(wire: Wire) -> dict[str, Any]:
    """The parameters of the last Publish."""
    parameters: dict[str, Any] = dict(wire.asked)["sns:Publish"]["body"]
    return parameters


@pytest.mark.parametrize("topic", [TOPIC, f"{TOPIC}.fifo"])
def test_a_message_is_published(topic: str) -> None:
    """The reference is AWS' id; a FIFO topic gets the alert's key as the group and the message's id against doubles."""
    wire = Wire()
    wire.answer("sns:Publish", answered(MessageId="m-1"))
    receipt = sns(wire, topic).send(message_of(FAILS))
    body = asked(wire)

    assert receipt.reference == "m-1"
    assert body["TopicArn"] == topic
    fifo = topic.endswith(".fifo")
    assert body.get("MessageGroupId") == (FAILS.dedup_key if fifo else None)
    assert body.get("MessageDeduplicationId") == (FAILS.id if fifo else None)


@pytest.mark.parametrize(
    ("answer", "words", "again"),
    [
        (refusal("AuthorizationError", "not allowed", status=403), "SNS", False),
        (refusal("NotFound", "no topic", status=404), "SNS", False),
        (refusal("InvalidParameter", "too long", status=400), "SNS", False),
        (refusal("Throttled", "slow down", status=429), "SNS", True),
        (refusal("InternalError", "oops", status=500), "SNS", True),
        (answered(), "without a MessageId", True),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_refusal_says_whether_to_retry(answer: Any, words: str, *, again: bool) -> None:
    """What AWS denies is permanent, what it throttles or fails at is not."""
    wire = Wire()
    wire.answer("sns:Publish", answer)
    with pytest.raises(DeliveryError, match=words) as caught:
        sns(wire).send(message_of(FAILS))
    assert caught.value.retryable is again


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_publication_reads_well(example: str, snapshot: SnapshotAssertion) -> None:
    """Each sort of notification says what, where, since when, and what to do."""
    assert publication(TOPIC, message_of(EXAMPLES[example])) == snapshot


texts = st.text(max_size=300) | st.sampled_from(["é" * 200_000, "a\r\nb", "\x00\x1b[2J", "\ud800"])


@settings(max_examples=25)
@given(summary=texts, subject=texts)
def test_no_text_breaks_a_limit(summary: str, subject: str) -> None:
    """Subject, attributes and message keep to what SNS accepts."""
    hostile = replace(FAILS, alert=replace(FAILS.alert, summary=summary, subject=subject))
    published = publication(TOPIC, message_of(*[hostile] * 3))

    assert 1 <= len(published["Subject"]) <= 100
    assert published["Subject"].isascii()
    assert published["Subject"].isprintable()
    assert all(each["StringValue"] for each in published["MessageAttributes"].values())
    assert len(json.dumps(published["MessageAttributes"]).encode()) + len(published["Message"].encode()) <= 256 * 1024
    assert len(published["Message"].encode()) <= MAX_BYTES
