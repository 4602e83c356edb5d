"""The demo's Slack and PagerDuty receivers validate messages like the real services."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import urllib3
from syrupy.assertion import SnapshotAssertion

from alerts.channels.pagerduty import PagerDuty
from alerts.channels.slack import Slack
from basewatch.secrets import Secret
from demo.receivers import ROUTING_KEY, Receivers
from tests.alerts.samples import EXAMPLES
from tests.fakes import message_of

TEXT = {"type": "mrkdwn", "text": "hello"}
PAYLOAD = {"summary": "s", "source": "db", "severity": "critical"}
TRIGGER = {"routing_key": ROUTING_KEY, "event_action": "trigger", "dedup_key": "k", "payload": PAYLOAD}


@pytest.fixture
def receivers() -> Iterator[Receivers]:
    """Both receivers, running."""
    with Receivers() as running:
        yield running


def post(url: str, body: object, content_type: str = "application/json") -> tuple[int, str]:
    """The status and the text of the response to a POST request."""
    with urllib3.PoolManager() as pool:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        response = pool.request("POST", url, body=data, headers={"Content-Type": content_type}, retries=False)
        return response.status, response.data.decode()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"text=hello", "invalid_payload"),
        ([], "invalid_payload"),
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"blocks": [{"type": "section", "text": TEXT}] * 51}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {**TEXT, "text": "x" * 3001}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": {**TEXT, "text": ""}}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "section", "text": TEXT, "color": "red"}]}, "invalid_blocks"),
        ({"blocks": [{"type": "header", "text": TEXT}]}, "invalid_blocks"),
        ({"blocks": [{"type": "context", "elements": [TEXT] * 11}]}, "invalid_blocks"),
        ({"blocks": [{"type": "carousel"}]}, "invalid_blocks"),
        ({"blocks": ["section"]}, "invalid_blocks"),
        ({"attachments": ["text"]}, "invalid_attachments"),
        ({"attachments": [{"text": "x"}] * 101}, "too_many_attachments"),
    ],
)
def test_slack_rejects_an_invalid_message(receivers: Receivers, body: object, error: str) -> None:
    """An invalid message gets Slack's error code, and is not kept."""
    assert post(receivers.slack.webhook, body) == (400, error)
    assert receivers.slack.messages == []


@pytest.mark.parametrize(
    "message",
    [
        {"text": "hello"},
        {"blocks": [{"type": "header", "text": {"type": "plain_text", "text": "hello"}}, {"type": "divider"}]},
        {"blocks": [{"type": "section", "fields": [TEXT]}, {"type": "context", "elements": [TEXT]}]},
    ],
)
def test_slack_accepts_a_valid_message(receivers: Receivers, message: Mapping[str, Any]) -> None:
    """A valid message gets the response ok, and is kept unchanged."""
    assert post(receivers.slack.webhook, message) == (200, "ok")
    assert receivers.slack.messages == [message]


def test_a_wrong_content_type_is_rejected(receivers: Receivers) -> None:
    """Both receivers require application/json."""
    assert post(receivers.slack.webhook, {"text": "hello"}, "text/plain")[0] == 400
    assert post(f"{receivers.pagerduty.url}/v2/enqueue", TRIGGER, "text/plain")[0] == 400


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"routing_key": "another"}, "'routing_key' is invalid"),
        ({"event_action": "open"}, "'event_action' must be one of"),
        ({"event_action": "resolve", "dedup_key": None}, "'dedup_key' is missing"),
        ({"dedup_key": "k" * 256}, "'dedup_key' must have 1 to 255"),
        ({"payload": None}, "'payload' is missing"),
        ({"payload": {**PAYLOAD, "summary": ""}}, "'payload.summary' is missing"),
        ({"payload": {**PAYLOAD, "summary": "s" * 1025}}, "longer than 1024"),
        ({"payload": {**PAYLOAD, "severity": "high"}}, "'payload.severity' must be one of"),
        ({"payload": {**PAYLOAD, "timestamp": "yesterday"}}, "not ISO 8601"),
    ],
)
def test_pagerduty_rejects_an_invalid_event(receivers: Receivers, change: Mapping[str, Any], error: str) -> None:
    """An invalid event gets a response with its errors, and opens no incident."""
    status, text = post(f"{receivers.pagerduty.url}/v2/enqueue", {**TRIGGER, **change})

    assert (status, error in text) == (400, True)
    assert receivers.pagerduty.events == []


def test_pagerduty_keeps_incidents_by_key(receivers: Receivers) -> None:
    """Two events with the same key are one incident, and a resolve event closes it."""
    url = f"{receivers.pagerduty.url}/v2/enqueue"
    for _ in range(2):
        assert post(url, TRIGGER)[0] == 202
    assert receivers.pagerduty.incidents == {"k": PAYLOAD}

    post(url, {**TRIGGER, "event_action": "resolve"})
    assert receivers.pagerduty.incidents == {}
    assert len(receivers.pagerduty.events) == 3


def test_failures_on_purpose_end(receivers: Receivers) -> None:
    """A failure happens as often as requested, and `recover` ends it."""
    receivers.slack.fail_next(429, retry_after=1, times=1)
    assert post(receivers.slack.webhook, {"text": "hello"})[0] == 429
    assert post(receivers.slack.webhook, {"text": "hello"})[0] == 200

    receivers.slack.fail_next(500)
    receivers.slack.recover()
    assert post(receivers.slack.webhook, {"text": "hello"})[0] == 200


def test_received_messages_are_rendered_for_a_terminal(receivers: Receivers, snapshot: SnapshotAssertion) -> None:
    """Each message is rendered as a few lines, without the vendors' formats."""
    slack = Slack(name="production-alerts", webhook=Secret("env:SLACK_WEBHOOK_URL", receivers.slack.webhook))
    pager = PagerDuty(
        name="on-call", routing_key=Secret("env:PAGERDUTY_ROUTING_KEY", ROUTING_KEY), endpoint=receivers.pagerduty.url
    )
    for example in ("fails", "fails mildly", "passes again"):
        slack.send(message_of(EXAMPLES[example]))
        pager.send(message_of(EXAMPLES[example]))

    assert "\n\n".join(receivers.rendered_messages()) == snapshot
