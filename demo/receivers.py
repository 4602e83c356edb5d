"""Local receivers of the demo's alerts: a Slack webhook and a PagerDuty integration, as strict as the real ones."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import ExitStack
from html import unescape
from typing import Any, Self

from demo import pagerduty_validation, slack_validation
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer

WEBHOOK_PATH = "/services/T0SECURE/B0BASE/basewatchbasewatchbasewat"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class SlackReceiver(WebhookServer):
    """A Slack incoming webhook; `messages` are the accepted messages, oldest first."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        super().__init__(self._post)

    @property
    def webhook(self) -> str:
        """The URL of the webhook, which is secret."""
        return self.url + WEBHOOK_PATH

    def _post(self, request: WebhookRequest) -> WebhookResponse:
        if request.path != WEBHOOK_PATH:
            return WebhookResponse(status=404, body="no_service")
        try:
            self.messages.append(slack_validation.validated_message(request.content_type, request.body))
        except slack_validation.InvalidMessage as error:
            return WebhookResponse(status=400, body=str(error))
        return WebhookResponse(status=200, body="ok")


class PagerDutyReceiver(WebhookServer):
    """A PagerDuty integration: `incidents` are the open ones, by dedup key; `events` are what it accepted for them.

    Like PagerDuty, it accepts a resolve of an incident that it does not have, and does nothing; this is no event here.
    """

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.incidents: dict[str, dict[str, Any]] = {}
        super().__init__(self._enqueue)

    def _enqueue(self, request: WebhookRequest) -> WebhookResponse:
        if request.path != "/v2/enqueue":
            return _json(404, {"status": "not found"})
        try:
            event = pagerduty_validation.validated_event(request.content_type, request.body, ROUTING_KEY)
        except pagerduty_validation.InvalidEvent as error:
            body = {"status": "invalid event", "message": "Event object is invalid", "errors": error.errors}
            return _json(error.status, body)
        key = event.setdefault("dedup_key", f"given-by-pagerduty-{len(self.events)}")
        if event["event_action"] == "trigger" or key in self.incidents:
            self.events.append(event)
        if event["event_action"] == "trigger":
            self.incidents.setdefault(key, event["payload"])
        elif event["event_action"] == "resolve":
            self.incidents.pop(key, None)
        return _json(202, {"status": "success", "message": "Event processed", "dedup_key": key})


class Receivers:
    """Both receivers, as a context manager that runs them; `environment` points Basewatch at them."""

    def __init__(self) -> None:
        self.slack = SlackReceiver()
        self.pagerduty = PagerDutyReceiver()
        self._open = ExitStack()
        self._read = (0, 0)

    @property
    def environment(self) -> dict[str, str]:
        """The environment variables of config.yaml's channels, and the URL of PagerDuty's Events API."""
        return {
            "SLACK_WEBHOOK_URL": self.slack.webhook,
            "PAGERDUTY_ROUTING_KEY": ROUTING_KEY,
            "PAGERDUTY_EVENTS_URL": self.pagerduty.url,
        }

    def __enter__(self) -> Self:
        self._open.enter_context(self.slack)
        self._open.enter_context(self.pagerduty)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def rendered_messages(self) -> tuple[str, ...]:
        """Every received message as lines for a terminal: first Slack's, then PagerDuty's, oldest first."""
        return (*map(_slack_lines, self.slack.messages), *map(_pagerduty_lines, self.pagerduty.events))

    def new_messages(self) -> tuple[str, ...]:
        """The messages since the last call, as lines for a terminal."""
        slack, pagerduty = self.slack.messages[self._read[0] :], self.pagerduty.events[self._read[1] :]
        self._read = len(self.slack.messages), len(self.pagerduty.events)
        return (*map(_slack_lines, slack), *map(_pagerduty_lines, pagerduty))


def _json(status: int, body: Mapping[str, Any]) -> WebhookResponse:
    return WebhookResponse(status=status, body=json.dumps(body), content_type="application/json")


_ICONS = {":red_circle:": "🔴", ":large_orange_circle:": "🟠", ":white_circle:": "⚪", ":large_green_circle:": "🟢"}


def _slack_lines(message: Mapping[str, Any]) -> str:
    texts = [text for block in message.get("blocks", ()) for text in _texts(block)]
    lines = "\n".join(texts or [message["text"]]).splitlines()
    return "\n".join(("Slack", *(f"  {_plain(line)}" for line in lines)))


def _texts(block: Mapping[str, Any]) -> list[str]:
    if "elements" in block:
        return [" · ".join(element["text"] for element in block["elements"])]
    return [block["text"]["text"]] if "text" in block else []


def _plain(line: str) -> str:
    for code, icon in _ICONS.items():
        line = line.replace(code, icon)
    line = re.sub(r"<(https?://[^|>]+)\|([^>]+)>", r"\2: \1", line)
    return unescape(re.sub(r"\*(.+?)\*", r"\1", line))


def _pagerduty_lines(event: Mapping[str, Any]) -> str:
    payload = event.get("payload", {})
    words = (event["event_action"], payload.get("severity", ""), payload.get("summary", ""))
    return f"PagerDuty\n  {' '.join(filter(None, words))}\n  incident {event['dedup_key']}"
