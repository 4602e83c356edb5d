"""Who has acknowledged an incident is read from PagerDuty's REST API."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from alerts.channels.pagerduty import PagerDutyChannel
from alerts.channels.pagerduty_incidents import Incidents
from basewatch.errors import DeliveryError
from basewatch.secrets import Reference, Secret
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer

KEY, TOKEN = "v1-0123", "u+hunter2hunter2hunt"
ANN = {"at": "2026-03-02T12:05:00Z", "acknowledger": {"id": "P1", "type": "user_reference", "summary": "Ann Lee"}}
BEN = {"at": "2026-03-02T12:09:00Z", "acknowledger": {"id": "P2", "type": "user_reference", "summary": "Ben\n\x1b[2J"}}


def _incidents(url: str) -> Incidents:
    return Incidents(who="PagerDuty (on-call)", token=Secret("env:TOKEN", TOKEN), api=url, timeout_seconds=1)


def _answer(body: object, status: int = 200) -> WebhookResponse:
    return WebhookResponse(status=status, body=body if isinstance(body, str) else json.dumps(body))


def _incident(**fields: object) -> dict[str, object]:
    return {"status": "acknowledged", "incident_key": KEY, "acknowledgements": [ANN], **fields}


@pytest.mark.parametrize(
    ("incidents", "person"),
    [
        ([], ""),
        ([_incident()], "Ann Lee"),
        # An incident that has alerts has no key of its own.
        ([_incident(incident_key=None)], "Ann Lee"),
        ([_incident(acknowledgements=[ANN, BEN])], "Ben �[2J"),
        ([_incident(acknowledgements=[])], "somebody"),
        ([_incident(acknowledgements=[{"acknowledger": None}])], "somebody"),
        ([_incident(status="triggered")], ""),
        ([_incident(status="resolved"), _incident()], "Ann Lee"),
        ([_incident(incident_key="another")], ""),
        (["nonsense", None], ""),
    ],
)
def test_the_person_who_acknowledged_last_has_the_alert(incidents: list[object], person: str) -> None:
    """Only an acknowledged incident of this key counts, whatever else the API lists."""
    asked: list[WebhookRequest] = []

    def respond(request: WebhookRequest) -> WebhookResponse:
        asked.append(request)
        return _answer({"incidents": incidents, "limit": 25, "offset": 0, "more": False})

    with WebhookServer(respond) as server:
        assert _incidents(server.url).acknowledged_by(KEY).replace("  ", " ") == person
    (request,) = asked
    assert (request.method, urlsplit(request.path).path) == ("GET", "/incidents")
    assert parse_qs(urlsplit(request.path).query) == {
        "incident_key": [KEY],
        "statuses[]": ["acknowledged"],
        "date_range": ["all"],
    }
    assert request.headers["authorization"] == f"Token token={TOKEN}"
    assert request.headers["accept"] == "application/vnd.pagerduty+json;version=2"


@pytest.mark.parametrize(
    ("response", "words"),
    [
        (_answer({"error": {"message": "Unauthorized"}}, 401), "api_token is no key"),
        (_answer({}, 403), "may not read incidents"),
        (_answer({}, 429), "answered 429"),
        (_answer({}, 500), "answered 500"),
        (_answer({"incidents": [_incident()]}, 202), "answered 202"),
        (_answer("<!doctype html><html>Sign in</html>"), "HTML page"),
        (_answer("{}"), "answered 200"),
        (_answer("[]"), "answered 200"),
        (_answer('{"incidents": {}}'), "answered 200"),
        (_answer('{"incidents": [{"status": "ackno'), "answered 200"),
    ],
)
def test_whatever_is_no_list_of_incidents_is_no_acknowledgement(response: WebhookResponse, words: str) -> None:
    """The failure says what is wrong, and not the token."""
    with WebhookServer(lambda _request: response) as server, pytest.raises(DeliveryError, match=words) as caught:
        _incidents(server.url).acknowledged_by(KEY)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("endpoint", "api", "expected"),
    [
        (None, None, "https://api.pagerduty.com"),
        ("https://events.eu.pagerduty.com", None, "https://api.eu.pagerduty.com"),
        ("https://proxy.example.com", "https://proxy.example.com/api", "https://proxy.example.com/api"),
    ],
)
def test_the_api_is_that_of_the_service_region(endpoint: str | None, api: str | None, expected: str) -> None:
    """A token of the EU is not known elsewhere."""
    reference = Reference("env", "KEY")
    channel = PagerDutyChannel(
        name="on-call", kind="pagerduty", routing_key=reference, endpoint=endpoint, api=api,
        api_token=Reference("env", "TOKEN"),
    )  # fmt: skip
    opened = channel.notifier({"KEY": "a" * 32, "TOKEN": TOKEN}, None)
    assert opened.incidents is not None
    assert opened.incidents.api == expected


def test_without_a_token_nobody_is_known_to_have_an_alert() -> None:
    """No request is made."""
    channel = PagerDutyChannel(name="on-call", kind="pagerduty", routing_key=Reference("env", "KEY"))
    assert not channel.notifier({"KEY": "a" * 32}, None).taken_by(KEY)
