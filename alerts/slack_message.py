"""A notification as a Slack message: Block Kit, short enough for a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification
from basewatch.quantities import duration_text

# https://docs.slack.dev/reference/block-kit/blocks/section-block: 3000 characters of text. Escaping makes five of one.
SECTION_TEXT = 3000
SUMMARY, DETAIL, REMEDY = 300, 200, 500

_RED, _ORANGE, _WHITE, _GREEN = ":red_circle:", ":large_orange_circle:", ":white_circle:", ":large_green_circle:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What the webhook takes: `text` is what a notification on a phone shows, `blocks` what the channel shows."""

    text: str
    blocks: list[dict[str, Any]]


def message(notification: Notification) -> Post:
    """The message for one notification; whatever a tenant could have written in it is escaped."""
    sections = [f"{_icon(notification)} *{_headline(notification)}*\n{_shown(notification.summary, SUMMARY)}"]
    if notification.action is Action.FIRE:
        sections += filter(None, (_figures(notification), _seen(notification), _remedy(notification)))
    return Post(
        text=f"{_headline(notification)}: {_shown(notification.summary, SUMMARY)}",
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
        return _shown(f"Resolved after {_lasted(notification)}: {notification.check} in {where}", SUMMARY)
    return _shown(f"{notification.status} ({notification.severity}): {notification.check} in {where}", SUMMARY)


def _lasted(notification: Notification) -> str:
    lasted = max(notification.at - notification.since, timedelta())
    unit = timedelta(minutes=1) if lasted >= timedelta(minutes=1) else timedelta(seconds=1)
    return duration_text(lasted // unit * unit)


def _figures(notification: Notification) -> str:
    pairs = (("Observed", notification.observed), ("Expected", notification.expected))
    return "\n".join(f"*{name}:* {_shown(text, DETAIL)}" for name, text in pairs if text)


def _seen(notification: Notification) -> str:
    return f"*Seen:* {_shown(notification.seen, DETAIL)}" if notification.seen else ""


def _remedy(notification: Notification) -> str:
    return f"*Fix:* {_shown(notification.remedy, REMEDY)}" if notification.remedy else ""


def _context(notification: Notification) -> dict[str, Any]:
    what = " ".join(filter(None, (notification.component, notification.subject)))
    since = f"since {notification.since:%Y-%m-%d %H:%M} UTC"
    texts = (_shown(what, SUMMARY), _shown(notification.reason, SUMMARY), since)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text} for text in texts]}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _shown(text: str, limit: int) -> str:
    """Text on one line, cut to `limit` characters, then escaped: https://docs.slack.dev/messaging/formatting-message-text."""
    line = " ".join(text.split())
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
