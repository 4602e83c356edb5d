"""The issue of an alert as GitHub's Markdown. Text of others is in code spans: GitHub links and mentions nothing there.

https://docs.github.com/en/get-started/writing-on-github
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from alerts.plain import cut, one_line
from alerts.story import story
from basewatch.notifier import Notification

# https://docs.github.com/en/rest/issues: a title has 256 characters at most, a body or a comment 65,536.
TITLE_MAX_CHARS, BODY_MAX_CHARS = 256, 65_536
_FACT_MAX_CHARS = 4000


def issue_title(notification: Notification) -> str:
    """The headline. A title is no Markdown, and mentions nobody."""
    return cut(one_line(story(notification).headline), TITLE_MAX_CHARS)


def issue_body(notification: Notification) -> str:
    """The alert, with the hidden markers by which its issue is found again and a repetition is noticed."""
    markers = f"{alert_marker(notification.dedup_key)}\n{notification_marker(notification.id)}"
    return f"{_text(notification)}\n\n{markers}\n"


def comment_body(notification: Notification) -> str:
    """One notification, with the hidden marker by which a repetition of it is noticed."""
    return f"{_text(notification)}\n\n{notification_marker(notification.id)}\n"


def alert_marker(key: str) -> str:
    """The hidden line of the issue about this alert."""
    return f"<!-- basewatch alert {_atom(key)} -->"


def notification_marker(notification_id: str) -> str:
    """The hidden line of the comment that is this notification."""
    return f"<!-- basewatch notification {_atom(notification_id)} -->"


def _text(notification: Notification) -> str:
    told = story(notification)
    facts = [f"- **{name}:** {code(cut(one_line(text), _FACT_MAX_CHARS))}" for name, text in told.facts]
    head = (code(cut(one_line(told.headline), _FACT_MAX_CHARS)), "", code(one_line(told.context)), "")
    return "\n".join((*head, *facts, *_links(told.links)))


def _links(links: Iterable[tuple[str, str]]) -> list[str]:
    shown = [f"[{name}](<{_target(url)}>)" for name, url in links if url.startswith(("https://", "http://"))]
    return ["", " · ".join(shown)] if shown else []


def _target(url: str) -> str:
    return re.sub(r"[<>\s]", "", url)


def code(text: str) -> str:
    """The text as a code span, which is closed by as many backticks as no run of them in the text has."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * (longest + 1)
    # A space beside each fence is not shown, and keeps a backtick of the text from joining it.
    return f"{fence} {text} {fence}" if text else ""


def _atom(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "-", text)[:100]
