"""What a notification says, in the same words for every channel: a channel lays the pieces out, and escapes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from alerts.messages import MAY_BE_OPEN, SEEN_AGAIN, age_text
from alerts.phrases import URGENCY, figures, how_known, moment, shortened
from alerts.plain import one_line
from basewatch.alert import Alert, AlertKind, Member
from basewatch.components import described
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Notification

# What a phone shows of a notification before it is opened: a headline says what and where within it.
HEADLINE_MAX_CHARS = 150
_THING_MAX_CHARS = 90
_MEMBERS_SHOWN = 5
# As much of a key as is typed: its version and eight digits.
_KEY_CHARS = 11
_KIND_WORDS = frozenset({"allowed", "approved", "as", "for", "in", "of", "on", "to"})


class Colour(StrEnum):
    """How a message looks: RED and ORANGE are failures, GREEN is over, and WHITE is not verified, or closed as that."""

    RED = "red"
    ORANGE = "orange"
    WHITE = "white"
    GREEN = "green"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The pieces of one notification, as plain text that is not escaped; each is one line.

    `headline` names the resource and what is wrong with it, in at most HEADLINE_MAX_CHARS. `context` is how bad it is,
    and the platform with its environment. `facts` are named texts in the order in which a person needs them, and
    `links` are named URLs that can be followed from anywhere. `title` is headline and context in one line, for a
    subject, a screen that is locked, and a voice on the telephone.
    """

    colour: Colour
    headline: str
    context: str
    title: str
    facts: tuple[tuple[str, str], ...]
    links: tuple[tuple[str, str], ...]


def story(notification: Notification) -> Story:
    """What is told of one alert."""
    alert, open_ = notification.alert, notification.action is not Action.RESOLVE
    headline = shortened(_headline(notification), HEADLINE_MAX_CHARS)
    where = f"{notification.platform} {notification.environment}"
    return Story(
        colour=_colour(notification),
        headline=headline,
        context=f"{URGENCY[alert.severity]} · {where}" if open_ else where,
        title=f"{headline} ({alert.severity.value}, {where})" if open_ else f"{headline} ({where})",
        facts=tuple((name, one_line(text)) for name, text in _facts(notification) if text),
        links=tuple((link.label, link.url) for link in notification.links if link.absolute),
    )


def thing(alert: Alert) -> str:
    """The resource that an alert is about, in words: `DynamoDB table notes`; empty when it is about none."""
    return shortened(described(alert.component), _THING_MAX_CHARS) if alert.component else ""


def _colour(notification: Notification) -> Colour:
    alert = notification.alert
    if notification.action is Action.RESOLVE:
        return Colour.GREEN if _is_known_to_be_over(notification) else Colour.WHITE
    if alert.kind is AlertKind.UNSEEN or (alert.kind is AlertKind.FINDING and alert.status is Status.UNVERIFIED):
        return Colour.WHITE
    return Colour.RED if alert.severity.rank >= Severity.HIGH.rank else Colour.ORANGE


def _headline(notification: Notification) -> str:
    alert = notification.alert
    match notification.action:
        case Action.FIRE:
            return f"Flapping: {problem_text(alert)}" if alert.flapping else problem_text(alert)
        case Action.REMIND:
            return (
                f"{_still(alert)} after {_lasted(notification)}: {problem_text(alert).removeprefix('Cannot verify ')}"
            )
        case Action.RESOLVE:
            return _ended(notification)
        case _:
            assert_never(notification.action)


def problem_text(alert: Alert) -> str:
    """The resource, and what is wrong with it, on one line."""
    match alert.kind:
        case AlertKind.FINDING:
            summary = alert.summary or "the promise is broken"
            whole = _about(alert, f"{summary}{figures(summary, alert.observed, alert.expected)}")
            return whole if len(whole) <= HEADLINE_MAX_CHARS else _about(alert, summary)
        case AlertKind.UNSEEN:
            return f"Cannot verify {_about(alert, alert.summary)}" if alert.finding else one_line(alert.summary)
        case AlertKind.BLIND:
            return one_line(alert.summary)
        case _:
            assert_never(alert.kind)


def _about(alert: Alert, text: str) -> str:
    """The text behind the resource, and behind the subject in it unless the text names that itself."""
    name, text = thing(alert), _without_name(alert.component, text)
    if text.startswith(f"{alert.component} ") and name:
        return one_line(name + text.removeprefix(alert.component))
    subject = "" if _is_named(alert.subject, text) else f", {alert.subject}"
    return one_line(f"{name}{subject}: {text}" if name else text)


def _without_name(component: str, text: str) -> str:
    """The text without the name of the resource, which stands before it: `The cluster main is stopped` for `main`."""
    name = re.escape(component.partition("/")[2])
    shorter = text.replace(f" of {component} ", " ")
    return re.sub(rf"^(The [A-Za-z]+(?: [a-z]+)?) {name}(?= )", r"\1", shorter) if name else text


def _is_named(subject: str, text: str) -> bool:
    """Whether a text names a subject: all words of it but those that say what kind of thing it is."""
    missing = {word for word in subject.split() if word not in text}
    return missing <= _KIND_WORDS and (not missing or len(missing) < len(subject.split()))


def _still(alert: Alert) -> str:
    match alert.kind:
        case AlertKind.FINDING:
            return "Still failing"
        case AlertKind.UNSEEN:
            return "Still not verified"
        case AlertKind.BLIND:
            return "Still blind"
        case _:
            assert_never(alert.kind)


def _ended(notification: Notification) -> str:
    alert, after = notification.alert, f"after {_lasted(notification)}"
    if notification.reason == MAY_BE_OPEN:
        return f"Closed in case it was open: {_about(alert, alert.summary)}"
    if alert.kind is AlertKind.FINDING and _judged_again(notification):
        return f"Resolved {after}: {_about(alert, alert.summary)}"
    cause, _, promises = alert.summary.rpartition(": ")
    if notification.reason != SEEN_AGAIN or alert.kind is AlertKind.FINDING:
        # Nothing is known to be sound: the words must not say so.
        what = _about(alert, "") if alert.finding else one_line(cause or promises)
        return f"Closed {after}: {what.removesuffix(':')}: {notification.reason}"
    if alert.kind is AlertKind.BLIND:
        return f"Basewatch sees {cause.removeprefix('Basewatch cannot see ') or 'the place'} again {after}"
    if alert.finding:
        return f"Verified again {after}: {thing(alert)}"
    return f"Verified again {after}: {promises.removesuffix(' cannot be verified')} ({one_line(cause)})"


def _is_known_to_be_over(notification: Notification) -> bool:
    """Whether somebody looked and found it well; what is only closed is not called good."""
    return notification.reason in (SEEN_AGAIN, MAY_BE_OPEN) or (
        notification.alert.kind is AlertKind.FINDING and _judged_again(notification)
    )


def _judged_again(notification: Notification) -> bool:
    """Whether an alert ends because its promise was judged again; one that is only closed keeps its summary."""
    alert = notification.alert
    return alert.status is Status.PASS or (alert.status is Status.NOT_APPLICABLE and alert.summary != notification.was)


def _lasted(notification: Notification) -> str:
    return age_text(notification.at - notification.alert.since)


def _facts(notification: Notification) -> Iterator[tuple[str, str]]:
    alert = notification.alert
    open_ = notification.action is not Action.RESOLVE
    if len(_headline(notification)) > HEADLINE_MAX_CHARS:
        yield "What", _headline(notification)
    yield "Note", notification.note
    if open_:
        yield "Do first", alert.remedy
    else:
        yield "It was", notification.was
    # A reminder is for those who know what it is about.
    if notification.action is not Action.REMIND:
        yield "Promise", alert.title
    if open_ or _judged_again(notification):
        yield "Observed", alert.observed
        yield "Expected", alert.expected
    yield "Since", _since(notification)
    if open_:
        yield from _members(alert)
    if notification.action is Action.FIRE:
        yield "Known by", how_known(alert)
    yield "Sent because", notification.reason
    yield "Finding", " ".join(filter(None, (alert.check, alert.component, alert.subject)))
    yield from ((link.label, link.url) for link in notification.links if open_ and not link.absolute)
    if open_:
        yield "Explain", f"basewatch explain {(alert.finding or alert.key)[:_KEY_CHARS]}"


def _since(notification: Notification) -> str:
    began, noticed = notification.alert.since, notification.fired_at
    if notification.action is Action.RESOLVE:
        return f"{moment(began)} until {moment(notification.at)}"
    if began >= noticed:
        return moment(began)
    return f"{moment(began)}, {age_text(noticed - began)} before this channel was notified"


def _members(alert: Alert) -> Iterator[tuple[str, str]]:
    """The findings inside an alert: what it explains, or what could not be verified, by resource."""
    if not alert.members:
        return
    if alert.kind is AlertKind.FINDING:
        told = [_member_text(each, alert.component) for each in alert.members]
        yield "Explains", f"{len(told)} more: {_listed(told)}"
        return
    numbers = Counter(each.component for each in alert.members)
    yield "Not verified", _listed([f"{described(ref)} ({number})" for ref, number in numbers.items()])


def _listed(texts: Sequence[str]) -> str:
    left = len(texts) - _MEMBERS_SHOWN
    return "; ".join(texts[:_MEMBERS_SHOWN]) + (f"; and {left} more" if left > 0 else "")


def _member_text(member: Member, component: str) -> str:
    """A finding inside an alert; the resource of the alert itself is not named again."""
    where = "" if member.component == component else described(member.component)
    inside = "" if _is_named(member.subject, member.summary) else member.subject
    text = shortened(_without_name(member.component, member.summary), 80)
    return one_line(": ".join(filter(None, (", ".join(filter(None, (where, inside))), text))))
