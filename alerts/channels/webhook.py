"""The webhook channel: posts each message as JSON, signed as the Standard Webhooks specification says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import Field, TypeAdapter

from alerts.channel_settings import ServerUrl, broken, secret_word
from alerts.digest import title
from alerts.http_request import TIMEOUT_SECONDS, HttpPeer
from alerts.plain import one_line
from basewatch.facts import canonical, to_json
from basewatch.notifier import Channel, Message, Notification, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

_PREFIX = "whsec_"
# The specification asks for 24 bytes of random; less is easier to guess than a signature is to forge.
_MIN_SECRET_BYTES = 24


class WebhookChannel(Channel):
    """A URL that accepts signed JSON; `secret` signs it, and `token`, if it is set, is sent as the bearer."""

    kind: Literal["webhook"]
    url: ServerUrl
    secret: SecretReference
    token: SecretReference | None = Field(default=None, description="sent as `Authorization: Bearer`")

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Webhook:
        """The URL, ready to send; the secret has at least 24 bytes."""
        secret = secret_word(self.name, self.secret, environ, store)
        if secret.reveal().startswith(_PREFIX) and not _is_base64(secret.reveal().removeprefix(_PREFIX)):
            remedy = f"make a new one, such as by: echo {_PREFIX}$(openssl rand -base64 32)"
            raise broken(self.name, f"{secret} begins with {_PREFIX} and is no base64", remedy)
        if len(signing_key(secret.reveal())) < _MIN_SECRET_BYTES:
            remedy = f"make a new one, such as by: echo {_PREFIX}$(openssl rand -base64 32)"
            raise broken(self.name, f"{secret} is shorter than {_MIN_SECRET_BYTES} bytes", remedy)
        token = secret_word(self.name, self.token, environ, store) if self.token else None
        return Webhook(name=self.name, url=self.url, secret=secret, token=token)

    def alertmanager_receiver(
        self,
        secret_file: Callable[[Reference], str],  # noqa: ARG002  # there is no receiver to name it in
    ) -> Mapping[str, object]:
        """None: Alertmanager cannot sign. Raises: ConfigError."""
        raise broken(
            self.name, "Alertmanager cannot sign webhooks", "route other channels, or add its receiver by hand"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An open webhook; its secret and its token are in no error."""

    name: str
    url: str
    secret: Secret = field(repr=False)
    token: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, message: Message) -> Receipt:
        """Posts one message. Raises: DeliveryError.

        Success is a status of 200 to 299, unless the body is an HTML page: a proxy or a login form answers so.
        """
        body = payload(message)
        timestamp = str(int(self.clock().timestamp()))
        authorization = {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else {}
        headers = {
            "webhook-id": message.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": signature(self.secret.reveal(), message.id, timestamp, body),
            **authorization,
        }
        peer = HttpPeer(who=f"the webhook {self.name}", timeout_seconds=self.timeout_seconds)
        response = peer.send(self.url, body, headers=headers)
        if not 200 <= response.status < 300 or response.is_page:  # noqa: PLR2004  # the documented successes
            raise peer.refusal(response)
        return Receipt(channel=self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPayload:
    """What is posted. Fields may be added within a `version`; none is removed, renamed or given another meaning.

    `title` is one line about the whole message. Texts may contain what a tenant wrote: escape them.
    """

    version: Literal[1]
    type: Literal["basewatch.alerts"]
    id: str
    channel: str
    title: str
    notifications: tuple[Notification, ...]


def payload(message: Message) -> bytes:
    """The body of the request, as UTF-8."""
    body = WebhookPayload(
        version=1,
        type="basewatch.alerts",
        id=message.id,
        channel=message.channel,
        title=one_line(title(message.notifications)),
        notifications=message.notifications,
    )
    return canonical(_encodable(to_json(WebhookPayload, body)))


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the body, as committed in docs/webhook.schema.json."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **TypeAdapter(WebhookPayload).json_schema(mode="serialization"),
    }


def signature(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The value of `webhook-signature`: HMAC-SHA256 over id, timestamp (seconds since 1970) and body."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(signing_key(secret), signed, hashlib.sha256).digest()).decode()


def signing_key(secret: str) -> bytes:
    """The bytes that sign: those that `whsec_` and base64 stand for, or the text itself."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def _is_base64(text: str) -> bool:
    try:
        return bool(base64.b64decode(text, validate=True))
    except binascii.Error:
        return False


def _encodable(value: Any) -> Any:
    """The JSON value without lone surrogates, which have no bytes in UTF-8."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode()
        case dict():
            return {key: _encodable(each) for key, each in value.items()}
        case list():
            return [_encodable(each) for each in value]
        case _:
            return value
