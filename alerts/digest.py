"""What a message of several notifications says: each of a few in full, and of many the counts, the worst and a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from alerts.messages import is_first_look
from alerts.phrases import URGENCY
from alerts.story import Colour, Story, story
from basewatch.alert import AlertKind
from basewatch.model import Severity
from basewatch.notifier import Action, Notification

DIGEST_ABOVE: Final = 5
"""A message of more notifications than this is a digest: nobody reads six incidents on a phone."""
MAX_LISTED: Final = 40
_COLOURS_WORST_FIRST = (Colour.RED, Colour.ORANGE, Colour.WHITE, Colour.GREEN)


def stories(notifications: Sequence[Notification]) -> tuple[Story, ...]:
    """The stories of one message, in the order in which they are shown."""
    if len(notifications) <= DIGEST_ABOVE:
        return tuple(map(story, notifications))
    ordered = sorted(notifications, key=_worst_first)
    return _digest(ordered, [story(each) for each in ordered[: MAX_LISTED + 1]])


def title(notifications: Sequence[Notification]) -> str:
    """One line for the message: of a few the title of the first and how many more there are, of many the counts."""
    first, more = stories(notifications)[0], len(notifications) - 1
    return first.title if len(notifications) > DIGEST_ABOVE or not more else f"{first.title} and {more} more"


def _worst_first(notification: Notification) -> tuple[bool, int, bool]:
    alert = notification.alert
    return notification.action is Action.RESOLVE, -alert.severity.rank, alert.kind is not AlertKind.BLIND


def _digest(notifications: Sequence[Notification], told: Sequence[Story]) -> tuple[Story, ...]:
    """The counts, the worst of what is open in full, and the headlines of the others; `told` are the first stories."""
    worst, where = notifications[0], f"{notifications[0].platform} {notifications[0].environment}"
    is_open = worst.action is not Action.RESOLVE
    look = "First look: " if all(map(is_first_look, notifications)) else ""
    headline = f"{look}{', '.join(_counts(notifications))}"
    summary = Story(
        colour=min((each.colour for each in told), key=_COLOURS_WORST_FIRST.index),
        headline=headline,
        context=f"{URGENCY[worst.alert.severity]} · {where}" if is_open else where,
        title=f"{headline} ({f'{worst.alert.severity}, ' if is_open else ''}{where})",
        facts=(("Note", worst.note),) if worst.note else (),
        links=(),
    )
    shown = told[:1] if is_open else ()
    left = len(notifications) - len(shown)
    others = Story(
        colour=min((each.colour for each in told[len(shown) :]), key=_COLOURS_WORST_FIRST.index),
        headline=f"The other {left}" if shown else f"All {left}",
        context=where,
        title="",
        facts=tuple(_lines(notifications[len(shown) :], told[len(shown) :])),
        links=(),
    )
    return (summary, *shown, others)


def _counts(notifications: Sequence[Notification]) -> Iterator[str]:
    """How many of each kind there are, the worst kind first."""
    new = [each.alert for each in notifications if each.action is Action.FIRE]
    broken = Counter(alert.severity for alert in new if alert.kind is AlertKind.FINDING)
    if blind := sum(alert.kind is AlertKind.BLIND for alert in new):
        yield f"{blind} {'place' if blind == 1 else 'places'} cannot be seen"
    if broken:
        by_severity = ", ".join(f"{broken[each]} {each}" for each in reversed(Severity) if broken[each])
        yield f"{broken.total()} broken ({by_severity})"
    for count, words in (
        (sum(alert.kind is AlertKind.UNSEEN for alert in new), "cannot be verified"),
        (sum(each.action is Action.REMIND for each in notifications), "still open"),
        (sum(each.action is Action.RESOLVE for each in notifications), "over"),
    ):
        if count:
            yield f"{count} {words}"


def _lines(notifications: Sequence[Notification], told: Sequence[Story]) -> Iterator[tuple[str, str]]:
    for notification, each in zip(notifications[:MAX_LISTED], told, strict=False):
        is_open = notification.action is not Action.RESOLVE
        yield (notification.alert.severity.value.capitalize() if is_open else "Over"), each.headline
    if (left := len(notifications) - MAX_LISTED) > 0:
        yield "More", f"{left} are in the report"
