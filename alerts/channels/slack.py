"""The Slack channel: its settings, its messages in Block Kit, and their delivery through an incoming webhook."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.error import URLError

from alerts.channel_settings import secret_url
from alerts.digest import stories, title
from alerts.http_retry import (
    connection_error,
    may_have_arrived,
    may_have_been_sent,
    retry_after_seconds,
    retryable,
)
from alerts.plain import cut, one_line
from alerts.story import Colour, Story
from basewatch.errors import DeliveryError
from basewatch.notifier import ALERTMANAGER_TITLE, Channel, Message, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

if TYPE_CHECKING:
    from slack_sdk.webhook import WebhookClient, WebhookResponse

TIMEOUT_SECONDS = 10

# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors
# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/: a message was posted if the body is this.
_SUCCESS: Final = "ok"
_REVOKED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_REMEDY = "create a new webhook for the channel and store it where the configuration refers to"

# At debug level the client would log the URL, which is the secret itself.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001  # outside the tree, so nothing can enable it

# Names of resources and subjects are untrusted text, and Slack reads &, < and > as commands.
_SAFE: Final = 'reReplaceAll ">" "&gt;" | reReplaceAll "<" "&lt;"'
_ESCAPED: Final = f'reReplaceAll "&" "&amp;" | {_SAFE}'
_LINKS: Final = (("dashboard_url", "Dashboard"), ("runbook_url", "What to do"))
_ALERTMANAGER_TEXT: Final = (
    '{{ range $at, $alert := .Alerts }}{{ if lt $at 20 }}{{ if eq .Status "resolved" }}Resolved: {{ end }}'
    f"{{{{ .Annotations.summary | {_ESCAPED} }}}}"
    # Slack makes no link of a path without a host.
    + "".join(
        f'{{{{ if match "^https?://" .Annotations.{url} }}}} <{{{{ .Annotations.{url} }}}}|{label}>{{{{ end }}}}'
        for url, label in _LINKS
    )
    + "\n{{ end }}{{ end }}{{ if gt (len .Alerts) 20 }}and {{ len (slice .Alerts 20) }} more{{ end }}"
)


class SlackChannel(Channel):
    """A Slack incoming webhook."""

    min_interval: ClassVar[timedelta] = timedelta(seconds=1)

    kind: Literal["slack"]
    webhook: SecretReference

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Slack:
        """The webhook, ready to send; it has to be a URL."""
        return Slack(name=self.name, webhook=secret_url(self.name, self.webhook, environ, store))

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Posts to the Slack channel of the same name."""
        slack = {
            "api_url_file": secret_file(self.webhook),
            "channel": f"#{self.name}",
            "send_resolved": True,
            "title": ALERTMANAGER_TITLE,
            "text": _ALERTMANAGER_TEXT,
        }
        return {"slack_configs": [slack]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """An open Slack webhook. Its URL is a secret and appears in no error."""

    name: str
    webhook: Secret = field(repr=False)
    timeout_seconds: int = TIMEOUT_SECONDS

    def send(self, message: Message) -> Receipt:
        """Posts one message. Raises: DeliveryError."""
        post = slack_message(message)
        try:
            response = self._client().send(text=post.text, blocks=post.blocks, unfurl_links=False, unfurl_media=False)
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
            # Not chained: its text may contain the URL.
            raise DeliveryError(
                f"Slack ({self.name}) {connection_error(cause)}", retryable=True, arrived=may_have_been_sent(error)
            ) from None
        if response.status_code != HTTPStatus.OK or response.body != _SUCCESS:
            raise _refusal(self.name, response)
        return Receipt(channel=self.name)

    def _client(self) -> WebhookClient:
        from slack_sdk.webhook import WebhookClient  # noqa: PLC0415  # a vendor's client is loaded only where it sends

        client = WebhookClient(self.webhook.reveal(), timeout=self.timeout_seconds, retry_handlers=[], logger=_SILENT)
        # The client would use a proxy from the environment even against NO_PROXY; urllib, below it, respects both.
        client.proxy = None
        return client


def _refusal(name: str, response: WebhookResponse) -> DeliveryError:
    # Slack answers with a short code, such as `invalid_blocks`; anything else is not repeated.
    code = response.body if re.fullmatch(r"[a-z_]{1,60}", response.body) else ""
    answer = f"Slack ({name}) answered {response.status_code} {code}".rstrip()
    if response.status_code < HTTPStatus.BAD_REQUEST:
        answer += f", but not {_SUCCESS!r}: a proxy or a login form may answer in its place"
    if response.status_code in _REVOKED:
        answer += f": its webhook is not valid any more; {_REMEDY}"
    return DeliveryError(
        answer,
        retryable=retryable(response.status_code),
        retry_after_seconds=retry_after_seconds(response.headers),
        arrived=may_have_arrived(response.status_code),
    )


# https://docs.slack.dev/reference/block-kit/blocks/section-block: 3000 characters of text. Escaping makes five of one.
SECTION_MAX_CHARS = 3000
# https://docs.slack.dev/reference/block-kit/blocks: 50 blocks in a message.
MAX_BLOCKS = 50
# Slack refuses messages of more than about 13,000 characters: https://github.com/slackapi/bolt-js/issues/2509.
MAX_CHARS = 12_000
TITLE_MAX_CHARS, LINE_MAX_CHARS, URL_MAX_CHARS = 250, 500, 500

_ICONS: Final[Mapping[Colour, str]] = {
    Colour.RED: ":red_circle:",
    Colour.ORANGE: ":large_orange_circle:",
    Colour.WHITE: ":white_circle:",
    Colour.GREEN: ":large_green_circle:",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackMessage:
    """What the webhook accepts: `text` is shown in notifications on phones, `blocks` in the channel."""

    text: str
    blocks: list[dict[str, Any]]


def slack_message(message: Message) -> SlackMessage:
    """The Slack form of a message. Text that a tenant may have written is escaped."""
    blocks, room = list[dict[str, Any]](), MAX_CHARS
    for told in stories(message.notifications):
        added = list(_blocks(told, room))
        room -= sum(map(_size, added))
        blocks += added
    return SlackMessage(
        text=_shown(title(message.notifications), TITLE_MAX_CHARS),
        blocks=blocks[:MAX_BLOCKS],
    )


def _blocks(told: Story, room: int) -> Iterator[dict[str, Any]]:
    """The blocks of one story; `room` is how many characters it may have. What there is no room for is counted."""
    headline, context = _shown(told.headline, TITLE_MAX_CHARS), _shown(told.context, TITLE_MAX_CHARS)
    yield _section(f"{_ICONS[told.colour]} *{headline}*\n{context}")
    facts, room = list[str](), room - len(headline) - len(context)
    for number, (name, text) in enumerate(told.facts):
        fact = f"*{name}:* {_shown(text, LINE_MAX_CHARS)}"
        room -= len(fact)
        if room < 0:
            facts.append(f"_{len(told.facts) - number} more lines are in the report_")
            break
        facts.append(fact)
    yield from map(_section, _packed(facts))
    if links := " · ".join(_link(name, url) for name, url in told.links if len(url) <= URL_MAX_CHARS):
        yield {"type": "context", "elements": [_mrkdwn(links)]}


def _packed(lines: Sequence[str]) -> list[str]:
    """The lines in as few texts as the limit of a section allows."""
    texts: list[str] = []
    for line in lines:
        if texts and len(texts[-1]) + 1 + len(line) <= SECTION_MAX_CHARS:
            texts[-1] += f"\n{line}"
        else:
            texts.append(line)
    return texts


def _link(name: str, url: str) -> str:
    # The bar would end the URL.
    return f"<{_shown(url, URL_MAX_CHARS).replace('|', '%7C')}|{name}>"


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> dict[str, Any]:
    # Verbatim: a URL or the name of a channel within the text becomes no link.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _size(block: Mapping[str, Any]) -> int:
    return sum(len(each["text"]) for each in (block.get("text", {"text": ""}), *block.get("elements", ())))


def _shown(text: str, limit: int) -> str:
    """Text on one line, cut to `limit` characters, then escaped: https://docs.slack.dev/messaging/formatting-message-text."""
    return cut(one_line(text), limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
