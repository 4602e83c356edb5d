"""Every channel that uses HTTP takes only its documented success for one, and says of all else whether to retry."""

from __future__ import annotations

import logging

import pytest

from alerts.http_request import HttpPeer
from basewatch.errors import DeliveryError
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer
from tests.alerts.http_channels import HTTP_CHANNELS, SECRET
from tests.alerts.samples import EXAMPLES
from tests.alerts.test_slack import free_port
from tests.fakes import message_of

FAILS = message_of(EXAMPLES["fails"])
PORTAL = "<!DOCTYPE html><html><body>Please log in</body></html>"
# What a server may answer instead of its success, and whether the message may be accepted later.
REFUSALS = {
    "captive portal": (WebhookResponse(status=200, body=PORTAL, content_type="text/html"), True),
    "captive portal without a type": (WebhookResponse(status=200, body=PORTAL), True),
    "found": (WebhookResponse(status=302, body="", headers={"Location": "/login"}), True),
    "moved for good": (WebhookResponse(status=301, body="", headers={"Location": "/login"}), False),
    "bad request": (WebhookResponse(status=400, body="no"), False),
    "gone": (WebhookResponse(status=410, body=""), False),
    "too large": (WebhookResponse(status=413, body=""), False),
    "too many": (WebhookResponse(status=429, body="", headers={"Retry-After": "30"}), True),
    "absurd delay": (WebhookResponse(status=429, body="", headers={"Retry-After": "9" * 30}), True),
    "broken": (WebhookResponse(status=500, body=PORTAL, content_type="text/html"), True),
    "unavailable": (WebhookResponse(status=503, body=""), True),
}
each_channel = pytest.mark.parametrize("kind", HTTP_CHANNELS)


@each_channel
@pytest.mark.parametrize("answer", REFUSALS)
def test_only_the_documented_success_is_one(kind: str, answer: str) -> None:
    """Whatever else a server answers is an error that names the channel, and says whether to retry."""
    response, again = REFUSALS[answer]
    with WebhookServer(lambda _request: response) as server, pytest.raises(DeliveryError, match="answered") as caught:
        HTTP_CHANNELS[kind].open(server.url).send(FAILS)
    assert caught.value.retryable is again


@each_channel
@pytest.mark.parametrize("example", EXAMPLES)
def test_every_message_is_accepted(kind: str, example: str) -> None:
    """The documented success is one, for every sort of notification."""
    with WebhookServer(HTTP_CHANNELS[kind].accept) as server:
        receipt = HTTP_CHANNELS[kind].open(server.url).send(message_of(EXAMPLES[example]))
    assert receipt.channel == kind


@each_channel
@pytest.mark.parametrize("trouble", ["hang", "dead", "404", "accepts"])
def test_no_secret_is_told(
    kind: str, trouble: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    """No error, log at any level, output or representation shows a secret, and a server that is away may come back."""
    caplog.set_level(logging.DEBUG)
    with WebhookServer(HTTP_CHANNELS[kind].accept) as server:
        url = f"http://127.0.0.1:{free_port()}" if trouble == "dead" else server.url
        if trouble == "hang":
            server.hang()
        elif trouble == "404":
            server.fail_next(404)
        channel = HTTP_CHANNELS[kind].open(url)
        said = repr(channel)
        if trouble == "accepts":
            channel.send(FAILS)
        else:
            with pytest.raises(DeliveryError) as caught:
                channel.send(FAILS)
            assert caught.value.__cause__ is None
            assert caught.value.__suppress_context__ or caught.value.__context__ is None
            assert caught.value.retryable is (trouble != "404")
            said += f"{caught.value} {caught.value!r}"
    said += caplog.text + "".join(capfd.readouterr())
    assert SECRET not in said
    assert SECRET[::-1] not in said


def test_a_body_without_end_is_cut() -> None:
    """A server that sends more than any answer has is an error, and fills no memory."""
    huge = WebhookResponse(status=200, body="x" * (5 << 20))
    with WebhookServer(lambda _request: huge) as server, pytest.raises(DeliveryError, match="more than") as caught:
        HttpPeer(who="it").send(server.url, {})
    assert caught.value.retryable


def test_a_body_that_is_cut_off_is_no_answer() -> None:
    """A connection that ends within the body is an error that may be retried."""

    def short(_request: WebhookRequest) -> WebhookResponse:
        return WebhookResponse(status=200, body="{}", headers={"Content-Length": "50"})

    with WebhookServer(short) as server, pytest.raises(DeliveryError) as caught:
        HttpPeer(who="it", timeout_seconds=0.5).send(server.url, {})
    assert caught.value.retryable


def test_a_redirect_is_not_followed() -> None:
    """A redirected POST would become a GET of another page, whose 200 means nothing."""
    seen: list[str] = []

    def redirect(request: WebhookRequest) -> WebhookResponse:
        seen.append(f"{request.method} {request.path}")
        return WebhookResponse(status=302, body="", headers={"Location": "/login"})

    with WebhookServer(redirect) as server:
        assert HttpPeer(who="it").send(server.url, {}).status == 302
    assert seen == ["POST /"]
