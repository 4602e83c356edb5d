"""A webhook is signed so that a receiver of ten lines can verify it, and its body keeps to a published schema."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace

import jsonschema
import pytest

from alerts.channels.webhook import Webhook, WebhookChannel, payload, schema, signature
from basewatch.errors import ConfigError
from basewatch.secrets import Reference, Secret
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer
from tests.alerts.samples import EXAMPLES
from tests.fakes import NOON, message_of
from tests.repository import ROOT

FAILS = EXAMPLES["fails"]
KEY = "whsec_" + base64.b64encode(b"k" * 32).decode()


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks is signed as its own libraries sign it."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", b'{"test": 2432232314}'

    signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_receiver_of_the_page_accepts_it_and_nothing_else() -> None:
    """The code that docs/channels.md prints accepts a message, and refuses a changed, an old and an unsigned one."""
    page = (ROOT / "docs" / "channels.md").read_text(encoding="utf-8")
    receiver: dict[str, object] = {}
    exec(page.partition("```python\n")[2].partition("```")[0], receiver)  # noqa: S102  # the page's own lines
    verified = receiver["verified"]
    assert callable(verified)
    posted: list[WebhookRequest] = []

    def accept(request: WebhookRequest) -> WebhookResponse:
        posted.append(request)
        return WebhookResponse(status=200, body="ok")

    with WebhookServer(accept) as server:
        Webhook(name="hook", url=server.url, secret=Secret("env:S", KEY), clock=lambda: NOON).send(message_of(FAILS))
    (request,) = posted
    now = NOON.timestamp()

    assert verified(request.headers, request.body, KEY, now)
    assert not verified(request.headers, request.body + b" ", KEY, now)
    assert not verified(request.headers, request.body, KEY[:-4] + "AAA=", now)
    assert not verified(request.headers, request.body, KEY, now + 301)
    assert not verified({**request.headers, "webhook-signature": ""}, request.body, KEY, now)


@pytest.mark.parametrize("example", EXAMPLES)
def test_a_body_keeps_to_the_schema(example: str) -> None:
    """Every sort of notification is as the published schema says, with its version."""
    body = json.loads(payload(message_of(EXAMPLES[example])))

    jsonschema.validate(body, schema())
    assert body["version"] == 1
    assert body["notifications"][0]["alert"]["key"] == EXAMPLES[example].key


def test_text_without_bytes_is_sent_all_the_same() -> None:
    """A lone surrogate in a name does not stop the message."""
    assert b"a?b" in payload(message_of(replace(FAILS, alert=replace(FAILS.alert, subject="a\ud800b"))))


@pytest.mark.parametrize("secret", ["short", "whsec_c2hvcnQ=", "a b" * 20])
def test_a_weak_secret_stops_the_start(secret: str) -> None:
    """A secret that can be guessed, or that is no word, is an error which does not repeat it."""
    channel = WebhookChannel(name="hook", kind="webhook", url="https://example.com", secret=Reference("env", "SIGN"))
    with pytest.raises(ConfigError, match=r"alerts\.channels\.hook: .*env:SIGN") as caught:
        channel.notifier({"SIGN": secret}, None)
    assert secret not in str(caught.value).replace("shorter", "")


def test_the_key_of_a_plain_secret_is_its_text() -> None:
    """A secret without the prefix of the specification signs as it is."""
    expected = base64.b64encode(hmac.new(b"x" * 30, b"m.1.{}", hashlib.sha256).digest()).decode()
    assert signature("x" * 30, "m", "1", b"{}") == f"v1,{expected}"
