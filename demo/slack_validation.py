"""Validates messages as Slack's incoming webhooks do: content type, blocks, attachments and their limits.

Source: https://docs.slack.dev/reference/block-kit/blocks and
https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

MAX_BLOCKS = 50
MAX_ATTACHMENTS = 100
MAX_FIELDS = 10
MAX_ELEMENTS = 10
MAX_TEXT_LENGTH = 40_000
MAX_SECTION_TEXT_LENGTH = 3000
MAX_HEADER_TEXT_LENGTH = 150
MAX_FIELD_TEXT_LENGTH = 2000


class InvalidMessage(Exception):
    """Slack rejects this message; the text is Slack's error code."""


def validated_message(content_type: str, body: bytes) -> dict[str, Any]:
    """The message of a valid request. Raises: InvalidMessage."""
    if content_type != "application/json":
        raise InvalidMessage("invalid_payload")
    try:
        message = json.loads(body)
    except ValueError as error:
        raise InvalidMessage("invalid_payload") from error
    if not isinstance(message, dict):
        raise InvalidMessage("invalid_payload")
    if not message.get("text") and not message.get("blocks") and not message.get("attachments"):
        raise InvalidMessage("no_text")
    if len(message.get("text", "")) > MAX_TEXT_LENGTH:
        raise InvalidMessage("msg_too_long")
    attachments = message.get("attachments", [])
    if not isinstance(attachments, list) or not all(isinstance(each, dict) for each in attachments):
        raise InvalidMessage("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise InvalidMessage("too_many_attachments")
    blocks = message.get("blocks", [])
    if not isinstance(blocks, list) or len(blocks) > MAX_BLOCKS or not all(_is_block(block) for block in blocks):
        raise InvalidMessage("invalid_blocks")
    return message


def _is_block(block: object) -> bool:
    if not isinstance(block, dict):
        return False
    rule = _RULES.get(str(block.get("type")))
    return rule is not None and rule(block)


def _is_section(block: dict[str, Any]) -> bool:
    fields = block.get("fields", [])
    return (
        _only(block, "text", "fields", "accessory", "expand")
        and ("text" in block or bool(fields))
        and ("text" not in block or _is_text(block["text"], MAX_SECTION_TEXT_LENGTH))
        and len(fields) <= MAX_FIELDS
        and all(_is_text(each, MAX_FIELD_TEXT_LENGTH) for each in fields)
    )


def _is_header(block: dict[str, Any]) -> bool:
    return (
        _only(block, "text")
        and _is_text(block.get("text"), MAX_HEADER_TEXT_LENGTH)
        and block["text"]["type"] == "plain_text"
    )


def _is_context(block: dict[str, Any]) -> bool:
    elements = block.get("elements")
    return (
        _only(block, "elements")
        and isinstance(elements, list)
        and 1 <= len(elements) <= MAX_ELEMENTS
        and all(_is_text(each, MAX_SECTION_TEXT_LENGTH) for each in elements)
    )


def _is_divider(block: dict[str, Any]) -> bool:
    return _only(block)


def _only(block: dict[str, Any], *names: str) -> bool:
    return set(block) <= {"type", "block_id", *names}


def _is_text(text: Any, limit: int) -> bool:
    return (
        isinstance(text, dict)
        and text.get("type") in ("mrkdwn", "plain_text")
        and isinstance(text.get("text"), str)
        and 1 <= len(text["text"]) <= limit
    )


_RULES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "section": _is_section,
    "header": _is_header,
    "context": _is_context,
    "divider": _is_divider,
}
