"""The Microsoft Teams channel: posts an Adaptive Card to a webhook of Workflows, which replaced Office connectors.

https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/add-incoming-webhook
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Literal

import orjson

from alerts.channel_settings import secret_url
from alerts.digest import stories, title
from alerts.http_request import TIMEOUT_SECONDS, HttpPeer
from alerts.plain import cut, one_line
from alerts.story import Colour, Story
from basewatch.notifier import ALERTMANAGER_TITLE, Channel, Message, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

# The documented size of a message is 28 KB, and Teams counts what surrounds the card as well.
MAX_BYTES = 26_000
_HEADLINE_MAX_CHARS, _FACT_MAX_CHARS = 400, (600, 200, 80)
_STYLES = {
    Colour.RED: "attention",
    Colour.ORANGE: "warning",
    Colour.WHITE: "default",
    Colour.GREEN: "good",
}


class TeamsChannel(Channel):
    """A Teams channel or chat, by the webhook of a workflow "Send webhook alerts to a channel"."""

    # Four requests a second are documented for webhooks of Teams.
    min_interval: ClassVar[timedelta] = timedelta(milliseconds=250)

    kind: Literal["teams"]
    webhook: SecretReference

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Teams:
        """The webhook, ready to send; it has to be a URL."""
        return Teams(name=self.name, webhook=secret_url(self.name, self.webhook, environ, store))

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Posts to the same workflow; Alertmanager 0.28 or newer."""
        teams = {"webhook_url_file": secret_file(self.webhook), "send_resolved": True, "title": ALERTMANAGER_TITLE}
        return {"msteamsv2_configs": [teams]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Teams:
    """An open webhook of Teams. Its URL is a secret and is in no error."""

    name: str
    webhook: Secret = field(repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS

    def send(self, message: Message) -> Receipt:
        """Posts one card. Raises: DeliveryError.

        Success is 202: the workflow has accepted the card and posts it by itself. The retired connectors answered 200
        with an error in the body, so 200 is no success.
        """
        peer = HttpPeer(who=f"Teams ({self.name})", timeout_seconds=self.timeout_seconds)
        response = peer.send(self.webhook.reveal(), card_message(message))
        if response.status != HTTPStatus.ACCEPTED:
            gone = response.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
            remedy = "its workflow was removed, disabled or changed; copy the URL of the workflow again" if gone else ""
            raise peer.refusal(response, remedy)
        return Receipt(channel=self.name)


def card_message(message: Message) -> dict[str, Any]:
    """The request for one message, of at most 28 KB. Notifications that do not fit are counted at its end."""
    told = stories(message.notifications)
    # All of them in fewer words, before fewer of them. The headline of one always fits.
    containers = list[dict[str, Any]]()
    for most in _FACT_MAX_CHARS:
        containers = [_container(each, most) for each in told]
        if _fits(request := _request(message, told, containers)):
            return request
    for shown in range(len(containers) - 1, 0, -1):
        if _fits(request := _request(message, told, containers[:shown])):
            return request
    return _request(message, told, [_container(told[0], 0)])


def _fits(request: dict[str, Any]) -> bool:
    return len(orjson.dumps(request)) <= MAX_BYTES


def _request(message: Message, told: Sequence[Story], containers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    body = [*containers]
    if left := len(told) - len(containers):
        body.append(_text((f"and {left} more, which a card has no room for; the report has them all", False)))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _shown(title(message.notifications), _HEADLINE_MAX_CHARS),
        "msteams": {"width": "Full"},
        "body": body,
        "actions": _actions(told),
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _container(told: Story, most: int) -> dict[str, Any]:
    """One notification; `most` is how many characters a fact has."""
    items = [_text((_shown(told.headline, _HEADLINE_MAX_CHARS), True))]
    items.append(_text((_shown(told.context, most), False)))
    items += [_text((f"{name}: ", True), (_shown(text, most), False)) for name, text in told.facts if most]
    return {"type": "Container", "style": _STYLES[told.colour], "separator": True, "items": items}


def _text(*runs: tuple[str, bool]) -> dict[str, Any]:
    """A paragraph of runs, each with whether it is bold. A TextRun is no Markdown, unlike a TextBlock or a FactSet."""
    inlines = [
        {"type": "TextRun", "text": text, **({"weight": "Bolder"} if bold else {})} for text, bold in runs if text
    ]
    return {"type": "RichTextBlock", "inlines": inlines}


def _actions(told: Sequence[Story]) -> list[dict[str, str]]:
    """The links of the first story that has some; a card shows six actions at most."""
    links = next((each.links for each in told if each.links), ())[:6]
    return [{"type": "Action.OpenUrl", "title": cut(name, 60), "url": url} for name, url in links]


def _shown(text: str, limit: int) -> str:
    # A card would replace {{DATE(...)}} by a date of the reader.
    return cut(one_line(text).replace("{{", "{ {"), limit)
