"""Sends the heartbeats after a pass. What counts as success is what each service documents."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import assert_never

from alerts.channels.pagerduty import PAGERDUTY_EVENTS_URL
from alerts.http_request import HttpPeer, HttpResponse
from basewatch.config.heartbeats import (
    AlertmanagerHeartbeat,
    HealthchecksHeartbeat,
    Heartbeat,
    PagerDutyHeartbeat,
    UrlHeartbeat,
)
from basewatch.errors import ConfigError, DeliveryError, Problem
from basewatch.secrets import Reference, SecretStore, resolve

ATTEMPTS = 3
DEADLINE = timedelta(seconds=30)
_RENEWED_WITHIN = 1.5
"""The watchdog alert lasts for so many intervals: a pass may come half an interval late."""
# https://healthchecks.io/docs/attaching_logs/: 100 kB. The summary of a pass is far shorter.
_MAX_TEXT_BYTES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """A pass as heartbeats report it: its summary, when it ended, and what is wrong with the watch, if anything.

    `trouble` is about Basewatch, not about the platform: a pass that finds broken promises is a good pass.
    """

    platform: str
    environment: str
    summary: str
    trouble: str
    at: datetime
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartbeatSender:
    """One heartbeat with its secrets resolved; `send` raises DeliveryError."""

    name: str
    send: Callable[[Pulse], None]


def heartbeat_senders(
    heartbeats: Iterable[Heartbeat], environ: Mapping[str, str], store: SecretStore | None = None
) -> tuple[HeartbeatSender, ...]:
    """A sender for each declared heartbeat.

    Raises: SecretNotFoundError; ConfigError, when a secret is not a URL. Both stop start-up.
    """
    return tuple(_sender(each, environ, store) for each in heartbeats)


def send_heartbeats(senders: Sequence[HeartbeatSender], pulse: Pulse) -> tuple[str, ...]:
    """Sends every heartbeat at the same time, and returns a sentence for each that was not accepted.

    Each is tried three times. None delays the others, and all end by the deadline of 30 s.
    """
    if not senders:
        return ()
    pool = ThreadPoolExecutor(len(senders), thread_name_prefix="heartbeat")
    futures = {pool.submit(_try, sender, pulse): sender for sender in senders}
    wait(futures, timeout=DEADLINE.total_seconds())
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(problem for future, sender in futures.items() if (problem := _problem(future, sender)))


def _try(sender: HeartbeatSender, pulse: Pulse) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return sender.send(pulse)
        except DeliveryError as error:
            if attempt == ATTEMPTS or not error.retryable:
                raise
    return None


def _problem(future: Future[None], sender: HeartbeatSender) -> str:
    if not future.done():
        return f"the heartbeat {sender.name} had no answer within {DEADLINE.total_seconds():g} s"
    error = future.exception()
    return f"the heartbeat was not accepted: {error}" if error else ""


def _sender(heartbeat: Heartbeat, environ: Mapping[str, str], store: SecretStore | None) -> HeartbeatSender:
    match heartbeat:
        case HealthchecksHeartbeat(url=reference):
            url = _url(reference, environ, store)
            return HeartbeatSender(name=str(reference), send=lambda pulse: _ping_healthchecks(url, reference, pulse))
        case UrlHeartbeat(url=reference):
            url = _url(reference, environ, store)
            return HeartbeatSender(name=str(reference), send=lambda pulse: _ping_url(url, reference, pulse))
        case AlertmanagerHeartbeat(url=reference):
            url = _url(reference, environ, store)
            return HeartbeatSender(name=str(reference), send=lambda pulse: _renew_watchdog(url, reference, pulse))
        case PagerDutyHeartbeat(routing_key=reference):
            key = resolve(reference, environ, store).reveal()
            endpoint = environ.get(PAGERDUTY_EVENTS_URL) or heartbeat.endpoint or "https://events.pagerduty.com"
            return HeartbeatSender(name=str(reference), send=lambda pulse: _record_change(endpoint, key, pulse))
        case _:
            assert_never(heartbeat)


def _url(reference: Reference, environ: Mapping[str, str], store: SecretStore | None) -> str:
    url = resolve(reference, environ, store).reveal()
    if not url.startswith(("https://", "http://")):
        problem = Problem(
            message=f"{reference} is not a URL", key="heartbeats", remedy="it has to start with https:// or http://"
        )
        raise ConfigError(problem)
    return url.rstrip("/")


def _ping_healthchecks(url: str, reference: Reference, pulse: Pulse) -> None:
    """Success is the body `OK`; `OK (not found)` is a check that does not exist: https://healthchecks.io/docs/http_api/."""
    peer = HttpPeer(who=f"Healthchecks ({reference})")
    text = f"{pulse.trouble}\n{pulse.summary}" if pulse.trouble else pulse.summary
    response = peer.send(f"{url}/fail" if pulse.trouble else url, text.encode()[:_MAX_TEXT_BYTES])
    if response.status != HTTPStatus.OK or response.body.strip() != b"OK":
        detail = "" if response.is_page else response.body[:60].decode(errors="replace")
        raise peer.refusal(response, detail)


def _ping_url(url: str, reference: Reference, pulse: Pulse) -> None:
    if pulse.trouble:
        return
    peer = HttpPeer(who=f"the heartbeat ({reference})")
    response = peer.send(url, pulse.summary.encode()[:_MAX_TEXT_BYTES])
    if response.status not in (HTTPStatus.OK, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT) or response.is_page:
        raise peer.refusal(response)


def _renew_watchdog(url: str, reference: Reference, pulse: Pulse) -> None:
    """Success is 200: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml."""
    if pulse.trouble:
        return
    alert = {
        "labels": {
            "alertname": "Watchdog",
            "severity": "info",
            "source": "basewatch",
            "platform": pulse.platform,
            "environment": pulse.environment,
        },
        "annotations": {"summary": "Basewatch makes its passes; the absence of this alert is the alarm"},
        "startsAt": pulse.at.isoformat(),
        "endsAt": (pulse.at + pulse.every * _RENEWED_WITHIN).isoformat(),
    }
    peer = HttpPeer(who=f"Alertmanager ({reference})")
    response = peer.send(f"{url}/api/v2/alerts", [alert])
    if response.status != HTTPStatus.OK or response.is_page:
        raise peer.refusal(response)


def _record_change(endpoint: str, key: str, pulse: Pulse) -> None:
    """Success is 202 and the status `success`: https://developer.pagerduty.com/docs/send-change-event."""
    if pulse.trouble:
        return
    peer = HttpPeer(who="PagerDuty (change event)")
    where = f"{pulse.platform} {pulse.environment}"
    payload = {
        "summary": f"Basewatch looked at {where}: {pulse.summary}"[:1024],
        "timestamp": pulse.at.isoformat(),
        "source": "basewatch",
    }
    response = peer.send(f"{endpoint.rstrip('/')}/v2/change/enqueue", {"routing_key": key, "payload": payload})
    if not _accepted(response):
        raise peer.refusal(response)


def _accepted(response: HttpResponse) -> bool:
    body = response.json()
    return response.status == HTTPStatus.ACCEPTED and isinstance(body, dict) and body.get("status") == "success"
