"""Tells a Slack channel through an incoming webhook."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import URLError

from slack_sdk.webhook import WebhookClient, WebhookResponse

from alerts.http_retry import connection_error, retry_after_seconds, retryable
from alerts.slack_message import message
from basewatch.errors import DeliveryError
from basewatch.notifier import Notification, Receipt
from basewatch.secrets import Secret

TIMEOUT_SECONDS = 10

# https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/#handling_errors
_REVOKED = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_REMEDY = "make a new webhook for the channel and put it where the configuration refers to"

# At debug level the client would log the URL, which is the secret itself.
_SILENT = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001  # outside the tree, so nobody can turn it on


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """A Slack channel; the webhook's URL is its secret and appears in no error."""

    name: str
    webhook: Secret = field(repr=False)
    timeout_seconds: int = TIMEOUT_SECONDS

    def send(self, notification: Notification) -> Receipt:
        """Posts one message. Raises: DeliveryError."""
        post = message(notification)
        try:
            response = self._client().send(text=post.text, blocks=post.blocks, unfurl_links=False, unfurl_media=False)
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) and isinstance(error.reason, Exception) else error
            # Not chained: its text may hold the URL.
            raise DeliveryError(f"Slack ({self.name}) {connection_error(cause)}", retryable=True) from None
        if response.status_code != HTTPStatus.OK:
            raise _refusal(self.name, response)
        return Receipt(channel=self.name)

    def _client(self) -> WebhookClient:
        client = WebhookClient(self.webhook.reveal(), timeout=self.timeout_seconds, retry_handlers=[], logger=_SILENT)
        # The client would take a proxy from the environment whatever NO_PROXY says; urllib, below it, heeds both.
        client.proxy = None
        return client


def _refusal(name: str, response: WebhookResponse) -> DeliveryError:
    # Slack answers with a short code, such as `invalid_blocks`; anything else is not repeated.
    code = response.body if re.fullmatch(r"[a-z_]{1,60}", response.body) else ""
    answer = f"Slack ({name}) answered {response.status_code} {code}".rstrip()
    if response.status_code in _REVOKED:
        answer += f": its webhook is not valid any more; {_REMEDY}"
    return DeliveryError(
        answer,
        retryable=retryable(response.status_code),
        retry_after_seconds=retry_after_seconds(response.headers),
    )
