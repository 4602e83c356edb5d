"""Validates events as PagerDuty's Events API v2 does.

Source: https://developer.pagerduty.com/docs/send-alert-event.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

MAX_EVENT_BYTES, MAX_SUMMARY_LENGTH, MAX_DEDUP_KEY_LENGTH = 512 * 1024, 1024, 255
ACTIONS = ("trigger", "acknowledge", "resolve")
SEVERITIES = ("critical", "error", "warning", "info")


class InvalidEvent(Exception):
    """PagerDuty rejects this event, with an HTTP status and a list of errors."""

    def __init__(self, status: int, *errors: str) -> None:
        self.status = status
        self.errors = errors
        super().__init__("; ".join(errors))


def validated_event(content_type: str, body: bytes, routing_key: str) -> dict[str, Any]:
    """The event of a valid request. Raises: InvalidEvent."""
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidEvent(413, "Event is larger than 512 KB")
    if content_type != "application/json":
        raise InvalidEvent(400, "Content-Type must be application/json")
    try:
        event = json.loads(body)
    except ValueError as error:
        raise InvalidEvent(400, "Event is not JSON") from error
    if not isinstance(event, dict):
        raise InvalidEvent(400, "Event is not an object")
    errors = tuple(_errors(event, routing_key))
    if errors:
        raise InvalidEvent(400, *errors)
    return event


def _errors(event: dict[str, Any], routing_key: str) -> Iterator[str]:
    if event.get("routing_key") != routing_key:
        yield "'routing_key' is invalid"
    action, dedup_key = event.get("event_action"), event.get("dedup_key")
    if action not in ACTIONS:
        yield f"'event_action' must be one of {', '.join(ACTIONS)}"
    if dedup_key is not None and not (isinstance(dedup_key, str) and 1 <= len(dedup_key) <= MAX_DEDUP_KEY_LENGTH):
        yield f"'dedup_key' must have 1 to {MAX_DEDUP_KEY_LENGTH} characters"
    if action == "trigger":
        payload = event.get("payload")
        yield from _payload_errors(payload) if isinstance(payload, dict) else ("'payload' is missing or blank",)
    elif dedup_key is None:
        yield "'dedup_key' is missing or blank"


def _payload_errors(payload: dict[str, Any]) -> Iterator[str]:
    for name in ("summary", "source", "severity"):
        if not isinstance(payload.get(name), str) or not payload[name]:
            yield f"'payload.{name}' is missing or blank"
    if len(str(payload.get("summary"))) > MAX_SUMMARY_LENGTH:
        yield f"'payload.summary' is longer than {MAX_SUMMARY_LENGTH} characters"
    if payload.get("severity") not in SEVERITIES:
        yield f"'payload.severity' must be one of {', '.join(SEVERITIES)}"
    try:
        datetime.fromisoformat(payload.get("timestamp", "2000-01-01T00:00:00Z"))
    except (TypeError, ValueError):
        yield "'payload.timestamp' is not ISO 8601"
