"""Each heartbeat is sent after a good pass, and only what its service documents as success is success."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from alerts.heartbeat import ATTEMPTS, HeartbeatSender, Pulse, heartbeat_senders, send_heartbeats
from basewatch.config.heartbeats import (
    AlertmanagerHeartbeat,
    HealthchecksHeartbeat,
    Heartbeat,
    PagerDutyHeartbeat,
    UrlHeartbeat,
)
from basewatch.errors import ConfigError
from basewatch.secrets import Reference, SecretNotFoundError
from demo.webhook_server import WebhookRequest, WebhookResponse, WebhookServer
from generate.prometheus.self_monitoring import WATCHDOG
from tests.fakes import NOON

URL, KEY = Reference("env", "HEARTBEAT_URL"), Reference("env", "HEARTBEAT_KEY")
GOOD = Pulse(
    platform="securebase",
    environment="production",
    summary="61 passed, 2 failed",
    trouble="",
    at=NOON,
    every=timedelta(hours=6),
)
BAD = replace(GOOD, trouble="the history could not be written")
HEARTBEATS: dict[str, Heartbeat] = {
    "healthchecks": HealthchecksHeartbeat(kind="healthchecks", url=URL),
    "url": UrlHeartbeat(kind="url", url=URL),
    "alertmanager": AlertmanagerHeartbeat(kind="alertmanager", url=URL),
    "pagerduty": PagerDutyHeartbeat(kind="pagerduty", routing_key=KEY),
}
SUCCESS = {
    "healthchecks": WebhookResponse(status=200, body="OK"),
    "url": WebhookResponse(status=200, body="thanks"),
    "alertmanager": WebhookResponse(status=200, body=""),
    "pagerduty": WebhookResponse(status=202, body='{"status": "success"}', content_type="application/json"),
}


class Service:
    """A service that keeps the requests and answers all with `answer`."""

    def __init__(self, answer: WebhookResponse) -> None:
        self.answer = answer
        self.requests: list[WebhookRequest] = []
        self.server = WebhookServer(self.handle)

    def handle(self, request: WebhookRequest) -> WebhookResponse:
        """Keeps the request."""
        self.requests.append(request)
        return self.answer

    def sender(self, kind: str) -> HeartbeatSender:
        """The heartbeat of this kind, sent here."""
        environ = {
            "HEARTBEAT_URL": f"{self.server.url}/ping/uuid",
            "HEARTBEAT_KEY": "R0UTING",
            "PAGERDUTY_EVENTS_URL": self.server.url,
        }
        (sender,) = heartbeat_senders([HEARTBEATS[kind]], environ)
        return sender


@pytest.fixture
def service() -> Iterator[Callable[[WebhookResponse], Service]]:
    """Services, running until the test ends."""
    running: list[Service] = []

    def start(answer: WebhookResponse) -> Service:
        one = Service(answer)
        one.server.__enter__()
        running.append(one)
        return one

    yield start
    for one in running:
        one.server.__exit__()


Start = Callable[[WebhookResponse], Service]


@pytest.mark.parametrize("kind", HEARTBEATS)
def test_a_good_pass_is_told_once(service: Start, kind: str) -> None:
    """One request, and no complaint."""
    one = service(SUCCESS[kind])
    assert send_heartbeats([one.sender(kind)], GOOD) == ()
    assert len(one.requests) == 1


def test_only_healthchecks_hears_of_a_bad_pass(service: Start) -> None:
    """It has a signal for failure; with the others, the absence of the heartbeat is the alarm."""
    for kind in HEARTBEATS:
        one = service(SUCCESS[kind])
        assert send_heartbeats([one.sender(kind)], BAD) == ()
        assert [(each.path, each.body.decode()) for each in one.requests] == (
            [("/ping/uuid/fail", f"{BAD.trouble}\n{BAD.summary}")] if kind == "healthchecks" else []
        )


@pytest.mark.parametrize("kind", HEARTBEATS)
@pytest.mark.parametrize(
    "answer",
    [
        WebhookResponse(status=200, body="<!doctype html><title>Sign in</title>", content_type="text/html"),
        WebhookResponse(status=302, body="", headers={"Location": "/login"}),
        WebhookResponse(status=503, body="busy"),
        WebhookResponse(status=404, body="not found"),
    ],
    ids=["a captive portal", "a redirect", "busy", "unknown"],
)
def test_nothing_else_is_success(service: Start, kind: str, answer: WebhookResponse) -> None:
    """A captive portal answers 200 as well. What may succeed later is tried three times; the URL is not printed."""
    one = service(answer)
    (problem,) = send_heartbeats([one.sender(kind)], GOOD)
    assert "not accepted" in problem
    assert "uuid" not in problem
    assert "R0UTING" not in problem
    assert len(one.requests) == (1 if answer.status == 404 else ATTEMPTS)


@pytest.mark.parametrize("body", ["OK (not found)", "OK (rate limited)", "", "{}"])
def test_healthchecks_says_ok_for_what_it_does_not_know(service: Start, body: str) -> None:
    """It answers 200 to the ping of a check that does not exist, and says so in its body only."""
    one = service(WebhookResponse(status=200, body=body))
    (problem,) = send_heartbeats([one.sender("healthchecks")], GOOD)
    assert body in problem


def test_the_watchdog_ends_by_itself(service: Start) -> None:
    """Alertmanager drops it when the next pass is half an interval late; its name is that of the generated rule."""
    one = service(SUCCESS["alertmanager"])
    send_heartbeats([one.sender("alertmanager")], GOOD)
    ((alert,),) = [json.loads(each.body) for each in one.requests]
    assert one.requests[0].path == "/ping/uuid/api/v2/alerts"
    assert alert["labels"]["alertname"] == WATCHDOG.name
    assert datetime.fromisoformat(alert["endsAt"]) - datetime.fromisoformat(alert["startsAt"]) == timedelta(hours=9)


def test_a_heartbeat_that_fails_delays_no_other(service: Start) -> None:
    """All are sent, and the one that is refused is named."""
    refusing, good = service(WebhookResponse(status=403, body="")), service(SUCCESS["url"])
    problems = send_heartbeats([refusing.sender("healthchecks"), good.sender("url")], GOOD)
    assert len(problems) == 1
    assert len(good.requests) == 1


@pytest.mark.parametrize(
    ("environ", "error"), [({}, SecretNotFoundError), ({"HEARTBEAT_URL": "hc-ping.com/uuid"}, ConfigError)]
)
def test_a_heartbeat_that_cannot_work_stops_the_start(environ: dict[str, Any], error: type[Exception]) -> None:
    """A secret that is not set, or is no URL, is an error before the pass."""
    with pytest.raises(error):
        heartbeat_senders([HEARTBEATS["healthchecks"]], environ)
