"""A notification as a Slack message: Block Kit, short enough for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification
from basewatch.quantities import format_duration

# https://docs.slack.dev/reference/block-kit/blocks/section-block: 3000 characters of text. Escaping makes five of one.
SECTION_MAX_CHARS = 3000
SUMMARY_MAX_CHARS, DETAIL_MAX_CHARS, REMEDY_MAX_CHARS = 300, 200, 500

_RED, _ORANGE, _WHITE, _GREEN = ":red_circle:", ":large_orange_circle:", ":white_circle:", ":large_green_circle:"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """What the webhook takes: `text` is what a notification on a phone shows, `blocks` what the channel shows."""

    text: str
    blocks: list[dict[str, Any]]


def message(notification: Notification) -> SlackMessage:
    """The message for one notification; whatever a tenant could have written in it is escaped."""
    sections = [f"{_icon(notification)} *{_headline(notification)}*\n{_shown(notification.summary, SUMMARY_MAX_CHARS)}"]
    if notification.action is Action.FIRE:
        sections += filter(None, (_figures(notification), _seen(notification), _remedy(notification)))
    return SlackMessage(
        text=f"{_headline(notification)}: {_shown(notification.summary, SUMMARY_MAX_CHARS)}",
        blocks=[*(_section(text) for text in sections), _context(notification)],
    )


def _icon(notification: Notification) -> str:
    if notification.action is Action.RESOLVE:
        return _GREEN
    if notification.status is Status.UNVERIFIED:
        return _WHITE
    return _RED if notification.severity.rank >= Severity.HIGH.rank else _ORANGE


def _headline(notification: Notification) -> str:
    where = f"{notification.platform} {notification.environment}"
    if notification.action is Action.RESOLVE:
        return _shown(f"Resolved after {_lasted(notification)}: {notification.check} in {where}", SUMMARY_MAX_CHARS)
    return _shown(
        f"{notification.status} ({notification.severity}): {notification.check} in {where}", SUMMARY_MAX_CHARS
    )


def _lasted(notification: Notification) -> str:
    lasted = max(notification.at - notification.fired_at, timedelta())
    unit = timedelta(minutes=1) if lasted >= timedelta(minutes=1) else timedelta(seconds=1)
    return format_duration(lasted // unit * unit)


def _figures(notification: Notification) -> str:
    pairs = (("Observed", notification.observed), ("Expected", notification.expected))
    return "\n".join(f"*{name}:* {_shown(text, DETAIL_MAX_CHARS)}" for name, text in pairs if text)


def _seen(notification: Notification) -> str:
    return f"*Seen:* {_shown(notification.symptoms, DETAIL_MAX_CHARS)}" if notification.symptoms else ""


def _remedy(notification: Notification) -> str:
    return f"*Fix:* {_shown(notification.remedy, REMEDY_MAX_CHARS)}" if notification.remedy else ""


def _context(notification: Notification) -> dict[str, Any]:
    what = " ".join(filter(None, (notification.component, notification.subject)))
    since = f"since {notification.fired_at:%Y-%m-%d %H:%M} UTC"
    texts = (_shown(what, SUMMARY_MAX_CHARS), _shown(notification.reason, SUMMARY_MAX_CHARS), since)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _shown(text: str, limit: int) -> str:
    """Text on one line, cut to `limit` characters, then escaped: https://docs.slack.dev/messaging/formatting-message-text."""
    line = " ".join(text.split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
