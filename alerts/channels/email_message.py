"""The mail of one message: text and HTML, with the headers that keep the mails of one alert together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from alerts.digest import stories, title
from alerts.plain import cut, one_line
from alerts.story import Colour, Story
from basewatch.model import Severity
from basewatch.notifier import Action, Message

_SUBJECT_MAX_CHARS, _FACT_MAX_CHARS = 250, 2000
# A header of references may be long, and some servers refuse headers of many kilobytes.
_MAX_REFERENCES = 20
_COLOURS = {
    Colour.RED: "#c62828",
    Colour.ORANGE: "#ef6c00",
    Colour.GREEN: "#2e7d32",
    Colour.WHITE: "#6e7781",
}


def email_message(message: Message, sender: str, recipients: Sequence[str]) -> EmailMessage:
    """The mail to send. A repeated message has the same Message-ID, so that a mailbox shows it once.

    Every mail about an alert refers to an id that is made of the alert's key, so a program shows them as one thread.
    """
    shown = [_harmless(each) for each in stories(message.notifications)]
    domain = sender.rpartition("@")[2]
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = cut(one_line(title(message.notifications)), _SUBJECT_MAX_CHARS)
    mail["From"] = Address("Basewatch", addr_spec=sender)
    mail["To"] = [Address(addr_spec=each) for each in recipients]
    mail["Date"] = format_datetime(message.notifications[0].at)
    mail["Message-ID"] = message_id(message, sender)
    for name, value in _threading(message, domain).items():
        mail[name] = value
    # So that no mailbox answers that its owner is on holiday.
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"
    if any(each.action is Action.FIRE and each.alert.severity is Severity.CRITICAL for each in message.notifications):
        mail["Importance"] = "high"
    mail.set_content(_text(shown), cte="quoted-printable")
    page = _page().render(title=str(mail["Subject"]), shown=shown, colours=_COLOURS)
    mail.add_alternative(page, subtype="html", cte="quoted-printable")
    return mail


def message_id(message: Message, sender: str) -> str:
    """The Message-ID of the mail, which is the channel's reference to it."""
    return f"<{_atom(message.id)}@{sender.rpartition('@')[2]}>"


def _threading(message: Message, domain: str) -> dict[str, str]:
    keys = list(dict.fromkeys(_atom(each.dedup_key) for each in message.notifications))[:_MAX_REFERENCES]
    roots = [f"<{key}@{domain}>" for key in keys]
    opening = [message.opening.reference] if message.opening and message.opening.reference else []
    return {"In-Reply-To": (opening or roots)[0], "References": " ".join((*roots, *opening))}


def _atom(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9-]", "-", text)[:100]


def _harmless(told: Story) -> Story:
    facts = tuple((name, cut(one_line(text), _FACT_MAX_CHARS)) for name, text in told.facts)
    headline, context = (cut(one_line(text), _SUBJECT_MAX_CHARS) for text in (told.headline, told.context))
    return replace(told, headline=headline, context=context, facts=facts)


def _text(shown: Iterable[Story]) -> str:
    parts = ["\n".join((told.headline, told.context, *_named(told.facts), *_named(told.links))) for told in shown]
    return "\n\n\n".join(parts) + "\n"


def _named(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{name}: {text}" for name, text in pairs]


@cache
def _page() -> Template:
    environment = Environment(
        loader=PackageLoader("alerts"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("mail.html.j2")
