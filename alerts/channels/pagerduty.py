"""The PagerDuty channel: its settings, its events, and their delivery through the Events API v2."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from http.client import HTTPException
from typing import Any, ClassVar, Literal, assert_never

from pydantic import Field

from alerts.channel_settings import ServerUrl, secret_word
from alerts.channels.pagerduty_incidents import Incidents, api_beside
from alerts.http_retry import (
    connection_error,
    may_have_arrived,
    may_have_been_sent,
    retry_after_seconds,
    retryable,
)
from alerts.plain import cut, one_line
from alerts.story import Story, story
from basewatch.alert import Alert, AlertKind
from basewatch.errors import DeliveryError
from basewatch.model import Severity, Status
from basewatch.notifier import Action, Channel, Message, Notification, Receipt
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore

# Overrides the endpoint of the configuration: the demo and a proxy set it.
PAGERDUTY_EVENTS_URL = "PAGERDUTY_EVENTS_URL"
TIMEOUT_SECONDS = 10


class PagerDutyChannel(Channel):
    """A PagerDuty Events v2 integration; `endpoint` is for its EU region."""

    pages: ClassVar[bool] = True
    groups: ClassVar[bool] = False
    keyed: ClassVar[bool] = True
    # 120 events a minute: https://community.pagerduty.com/forum/t/monitoring-api-rate-limiting/3318.
    min_interval: ClassVar[timedelta] = timedelta(seconds=0.5)
    burst: ClassVar[int] = 100

    kind: Literal["pagerduty"]
    routing_key: SecretReference
    endpoint: ServerUrl | None = None
    api_token: SecretReference | None = Field(
        default=None, description="a read-only key of the REST API, by which acknowledgements are read"
    )
    api: ServerUrl | None = Field(default=None, description="the REST API, unless it is that of PagerDuty's region")

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> PagerDuty:
        """The integration, ready to send; its key has 32 letters and digits."""
        endpoint = environ.get(PAGERDUTY_EVENTS_URL) or self.endpoint
        remedy = "it is the Integration Key of an Events API v2 integration, of 32 letters and digits"
        key = secret_word(self.name, self.routing_key, environ, store, form="[A-Za-z0-9]{32}", remedy=remedy)
        return PagerDuty(name=self.name, routing_key=key, endpoint=endpoint, incidents=self._incidents(environ, store))

    def _incidents(self, environ: Mapping[str, str], store: SecretStore | None) -> Incidents | None:
        if self.api_token is None:
            return None
        remedy = "it is a key of the REST API: Integrations, API Access Keys"
        token = secret_word(self.name, self.api_token, environ, store, form="[!-~]{10,}", remedy=remedy)
        return Incidents(who=f"PagerDuty ({self.name})", token=token, api=self.api or api_beside(self.endpoint))

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Opens an incident at the severity of the alerts."""
        endpoint = {"url": f"{self.endpoint.rstrip('/')}/v2/enqueue"} if self.endpoint else {}
        pagerduty = {
            "routing_key_file": secret_file(self.routing_key),
            **endpoint,
            "severity": "{{ .CommonLabels.severity }}",
            "description": "{{ .CommonLabels.alertname }}: {{ (index .Alerts 0).Annotations.summary }}",
        }
        return {"pagerduty_configs": [pagerduty]}


@cache
def _pdpyras() -> Any:
    """PagerDuty's client library, loaded only where the channel is used."""
    with warnings.catch_warnings():
        # It warns at import that it has a successor; docs/decisions says why it is used.
        warnings.simplefilter("ignore", UserWarning)
        import pdpyras  # noqa: PLC0415  # see above
    return pdpyras


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """A PagerDuty integration; `endpoint` is another URL of the Events API v2, such as the EU region's."""

    name: str
    routing_key: Secret = field(repr=False)
    endpoint: str | None = None
    timeout_seconds: int = TIMEOUT_SECONDS
    incidents: Incidents | None = None

    def __post_init__(self) -> None:
        # Here and not in the first send, which runs in a thread: silencing a warning is not thread-safe.
        _pdpyras()

    def send(self, message: Message) -> Receipt:
        """Sends one event. Raises: DeliveryError."""
        (notification,) = message.notifications
        body = event(notification)
        action, dedup_key = body.pop("event_action"), body.pop("dedup_key")
        with self._session() as session:
            try:
                accepted = session.send_event(action, dedup_key, **body)
            except _pdpyras().PDClientError as error:
                # Not chained: the client's own texts repeat a part of the key.
                raise self._refusal(error) from None
            except (OSError, ValueError, HTTPException) as error:
                # A body that is cut off or cannot be decoded: the event may be accepted.
                detail = f"PagerDuty ({self.name}) gave an answer that cannot be read ({type(error).__name__})"
                raise DeliveryError(detail, retryable=True) from None
        # https://developer.pagerduty.com/docs/send-alert-event: 202, and the key under which the event was accepted.
        if accepted != dedup_key:
            raise DeliveryError(f"PagerDuty ({self.name}) accepted the event under another key", retryable=True)
        return Receipt(channel=self.name, reference=accepted)

    def taken_by(self, reference: str) -> str:
        """Who has acknowledged the incident with this key; empty without a token. Raises: DeliveryError."""
        return self.incidents.acknowledged_by(reference) if self.incidents else ""

    def _session(self) -> Any:
        session = _pdpyras().EventsAPISession(self.routing_key.reveal())
        session.timeout = self.timeout_seconds
        session.url = self.endpoint or session.url
        # The client would retry within the call, after a 429 without end. The outbox retries, across runs.
        session.max_network_attempts = 0
        # A redirected POST would become a GET, whose answer means nothing.
        session.max_redirects = 0
        session.max_http_attempts = -1
        session.retry = {429: 1}
        return session

    def _refusal(self, error: Any) -> DeliveryError:
        response = error.response
        if response is None:
            return DeliveryError(
                f"PagerDuty ({self.name}) {connection_error(error.__cause__ or error)}",
                retryable=True,
                arrived=may_have_been_sent(error),
            )
        detail = f"PagerDuty ({self.name}) answered {response.status_code}{self._reasons(response)}"
        return DeliveryError(
            detail,
            retryable=retryable(response.status_code),
            retry_after_seconds=retry_after_seconds(response.headers),
            arrived=may_have_arrived(response.status_code),
        )

    def _reasons(self, response: Any) -> str:
        """PagerDuty's reasons for the refusal; a key that they repeat is replaced by its reference."""
        try:
            errors = response.json().get("errors", [])
        except (ValueError, AttributeError):
            return ""
        text = "; ".join(str(each) for each in errors)[:300] if isinstance(errors, list) else ""
        return f": {text}".replace(self.routing_key.reveal(), str(self.routing_key)) if text else ""


# https://developer.pagerduty.com/docs/send-alert-event: a summary has 1024 characters at most. An event has 512 KB at
# most: https://developer.pagerduty.com/docs/events-api-v2-overview.
SUMMARY_MAX_CHARS = 1024
DETAIL_MAX_CHARS, NAME_MAX_CHARS = 4096, 500

# UNVERIFIED is not an outage: the cause of the missing observation has to be found. A blind place may hide one.
_UNVERIFIED = "warning"


def event(notification: Notification) -> dict[str, Any]:
    """The event for one notification, without the routing key. The finding's key pairs fire and resolve."""
    match notification.action:
        case Action.FIRE | Action.REMIND:
            return _trigger(notification)
        case Action.RESOLVE:
            return {"event_action": "resolve", "dedup_key": notification.dedup_key}
        case _:
            assert_never(notification.action)


def _trigger(notification: Notification) -> dict[str, Any]:
    told = story(notification)
    return {
        "event_action": "trigger",
        "dedup_key": notification.dedup_key,
        "payload": _payload(notification, told),
        "client": "Basewatch",
        **({"client_url": told.links[0][1]} if told.links else {}),
        "links": [{"href": url, "text": name} for name, url in told.links],
    }


def _payload(notification: Notification, told: Story) -> dict[str, Any]:
    alert, where = notification.alert, _name(f"{notification.platform} {notification.environment}")
    return {
        "summary": cut(one_line(told.title), SUMMARY_MAX_CHARS),
        "source": _name(alert.component) or _name(alert.source) or where or "basewatch",
        "severity": _severity(alert),
        "timestamp": alert.since.isoformat(),
        "component": _name(alert.component),
        "group": where,
        "class": _name(alert.check),
        "custom_details": {
            "Severity": cut(one_line(told.context), DETAIL_MAX_CHARS),
            **{name: cut(one_line(text), DETAIL_MAX_CHARS) for name, text in told.facts},
            "Status": alert.status.value,
            "Run": notification.run,
        },
    }


def _name(text: str) -> str:
    return cut(one_line(text), NAME_MAX_CHARS)


def _severity(alert: Alert) -> str:
    """PagerDuty's severity: critical, error, warning or info."""
    if alert.status is Status.UNVERIFIED and alert.kind is not AlertKind.BLIND:
        return _UNVERIFIED
    match alert.severity:
        case Severity.CRITICAL:
            return "critical"
        case Severity.HIGH:
            return "error"
        case Severity.MEDIUM:
            return "warning"
        case Severity.LOW:
            return "info"
        case _:
            assert_never(alert.severity)
