"""What a notification says, as plain pieces that are the same for every channel; the channel lays out and escapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from alerts.messages import members_text
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification
from basewatch.quantities import format_duration


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The headline names the resource and what is wrong; `facts` are named texts, `links` named URLs.

    `colour` is how bad it is: red, orange, white for what could not be seen, or green.
    """

    headline: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...] = ()
    colour: str = "red"


def content(notification: Notification) -> Content:
    """The pieces of one notification; the facts are in the order in which people need them."""
    alert = notification.alert
    what = " ".join(filter(None, (alert.component, alert.subject)))
    open_ = notification.action is not Action.RESOLVE
    facts = (
        ("Promise", alert.title),
        ("Observed", alert.observed),
        ("Expected", alert.expected),
        ("Fix", alert.remedy if open_ else ""),
        ("Explains", members_text(alert)),
        ("Why now", notification.reason),
        ("Since", f"{notification.fired_at:%Y-%m-%d %H:%M} UTC"),
        ("Severity", alert.severity.value if open_ else ""),
        ("Check", alert.check),
        ("Where", f"{notification.platform} {notification.environment}"),
        ("Note", notification.note),
    )
    return Content(
        headline=f"{_state(notification)}: {what}: {alert.summary}",
        facts=tuple((name, text) for name, text in facts if text),
        colour=_colour(notification),
    )


def title(notifications: Sequence[Notification]) -> str:
    """One line for a message of several notifications: the first headline, and how many more there are."""
    first = content(notifications[0]).headline
    more = len(notifications) - 1
    return f"{first} (and {more} more)" if more else first


def _state(notification: Notification) -> str:
    match notification.action:
        case Action.FIRE:
            return str(notification.alert.status)
        case Action.REMIND:
            return f"Still {notification.alert.status} after {_lasted(notification)}"
        case Action.RESOLVE:
            return f"Resolved after {_lasted(notification)}"
        case _:
            assert_never(notification.action)


def _lasted(notification: Notification) -> str:
    lasted = max(notification.at - notification.fired_at, timedelta())
    unit = timedelta(minutes=1) if lasted >= timedelta(minutes=1) else timedelta(seconds=1)
    return format_duration(lasted // unit * unit)


def _colour(notification: Notification) -> str:
    if notification.action is Action.RESOLVE:
        return "green"
    if notification.alert.status is Status.UNVERIFIED:
        return "white"
    return "red" if notification.alert.severity.rank >= Severity.HIGH.rank else "orange"
