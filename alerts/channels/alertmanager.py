"""The Alertmanager channel: posts alerts to the API v2 of the user's Alertmanager, which routes and groups them.

https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, ClassVar, Literal, Self, assert_never
from urllib.parse import quote

from pydantic import Field, model_validator

from alerts.channel_settings import ServerUrl, secret_word
from alerts.http_request import TIMEOUT_SECONDS, HttpPeer
from alerts.plain import cut, one_line
from alerts.story import story
from basewatch.alert import Alert, AlertKind
from basewatch.errors import DeliveryError, InvalidValueError
from basewatch.model import Severity
from basewatch.notifier import Action, Channel, Message, Notification, Receipt
from basewatch.quantities import Duration, parse_duration
from basewatch.secrets import Reference, Secret, SecretReference, SecretStore, resolve

KEY_LABEL = "basewatch_key"
_LABEL_MAX_CHARS, _ANNOTATION_MAX_CHARS = 300, 2000
# A URL of 50 keys stays below the 8 KB that proxies allow.
_KEYS_PER_QUERY = 50


class AlertmanagerChannel(Channel):
    """An Alertmanager, or all members of its cluster; one that accepts the alerts is enough.

    Alertmanager keeps alerts in memory, so the open ones are posted again by each run, and every minute by `serve`.
    """

    keyed: ClassVar[bool] = True

    kind: Literal["alertmanager"]
    urls: tuple[ServerUrl, ...] = Field(min_length=1)
    hold: Duration = Field(
        default=parse_duration("7d"), description="how long an alert lasts if it is neither repeated nor resolved"
    )
    token: SecretReference | None = Field(default=None, description="sent as `Authorization: Bearer`")
    username: str | None = None
    password: SecretReference | None = None

    @model_validator(mode="after")
    def _signs_in_one_way(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise InvalidValueError("username and password belong together", "set both, or neither")
        if self.token and self.password:
            raise InvalidValueError("token and password are two ways to sign in", "remove one of them")
        return self

    @property
    def kept_for(self) -> timedelta:
        """An alert that is not repeated ends after `hold`."""
        return self.hold

    def notifier(self, environ: Mapping[str, str], store: SecretStore | None) -> Alertmanager:
        """The Alertmanager, ready to send."""
        return Alertmanager(
            name=self.name,
            urls=self.urls,
            hold=self.hold,
            token=secret_word(self.name, self.token, environ, store) if self.token else None,
            username=self.username or "",
            password=resolve(self.password, environ, store) if self.password else None,
        )

    def alertmanager_receiver(self, secret_file: Callable[[Reference], str]) -> Mapping[str, object]:
        """Nothing to do: what Prometheus fires is in Alertmanager already."""
        del secret_file
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """An open Alertmanager; `hold` after its last post, an alert ends by itself."""

    name: str
    urls: tuple[str, ...]
    hold: timedelta
    token: Secret | None = field(default=None, repr=False)
    username: str = ""
    password: Secret | None = field(default=None, repr=False)
    timeout_seconds: float = TIMEOUT_SECONDS
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def send(self, message: Message) -> Receipt:
        """Posts the alerts of one message. Success is 200 by one member at least. Raises: DeliveryError."""
        return self._post_all(message.notifications)

    def refresh(self, open_alerts: Sequence[Notification]) -> None:
        """Posts the open alerts again: an Alertmanager that was restarted has forgotten them. Raises: DeliveryError."""
        if open_alerts:
            self._post_all(open_alerts)

    def _post_all(self, notifications: Sequence[Notification]) -> Receipt:
        errors: list[DeliveryError] = []
        for url in self.urls:
            try:
                self._post(url, notifications)
            except DeliveryError as error:
                errors.append(error)
        if len(errors) == len(self.urls):
            raise next((error for error in errors if error.retryable), errors[0])
        return Receipt(channel=self.name)

    def _post(self, url: str, notifications: Sequence[Notification]) -> None:
        peer = HttpPeer(
            who=f"Alertmanager ({self.name})", timeout_seconds=self.timeout_seconds, headers=self._authorization
        )
        now = self.clock()
        known = self._known_labels(peer, url, [each.dedup_key for each in notifications])
        body = [
            alert for each in notifications for alert in _alerts(each, known.get(each.dedup_key, ()), now, self.hold)
        ]
        if not body:
            return
        response = peer.send(f"{url}/api/v2/alerts", body)
        if response.status != HTTPStatus.OK or response.is_page:
            error = response.json()
            raise peer.refusal(response, cut(one_line(error), 200) if isinstance(error, str) else "")

    @property
    def _authorization(self) -> dict[str, str]:
        if self.token:
            return {"Authorization": f"Bearer {self.token.reveal()}"}
        if self.password:
            pair = base64.b64encode(f"{self.username}:{self.password.reveal()}".encode()).decode()
            return {"Authorization": f"Basic {pair}"}
        return {}

    def _known_labels(self, peer: HttpPeer, url: str, keys: Sequence[str]) -> dict[str, list[dict[str, str]]]:
        """The label sets under which the Alertmanager has these alerts now, by key.

        Its identity of an alert is the whole label set, and a severity or a label may have changed since the fire.
        """
        known: dict[str, list[dict[str, str]]] = {}
        for at in range(0, len(keys), _KEYS_PER_QUERY):
            matcher = f'{KEY_LABEL}=~"{"|".join(keys[at : at + _KEYS_PER_QUERY])}"'
            response = peer.send(f"{url}/api/v2/alerts?filter={quote(matcher)}", method="GET")
            found = response.json()
            if response.status != HTTPStatus.OK or not isinstance(found, list):
                raise peer.refusal(response)
            for labels in map(_labels_of, found):
                known.setdefault(labels.get(KEY_LABEL, ""), []).append(labels)
        return known


def _labels_of(alert: object) -> dict[str, str]:
    labels = alert.get("labels") if isinstance(alert, dict) else None
    return {str(name): str(text) for name, text in labels.items()} if isinstance(labels, dict) else {}


def _alerts(
    notification: Notification, known: Sequence[dict[str, str]], now: datetime, hold: timedelta
) -> Iterator[dict[str, Any]]:
    """The alert as it is now, and the end of every other form of it that the Alertmanager has."""
    labels = alert_labels(notification)
    open_ = notification.action is not Action.RESOLVE
    for former in known:
        if not open_ or former != labels:
            yield _alert(notification, former, ends=now)
    if open_:
        yield _alert(notification, labels, ends=now + hold)


def _alert(notification: Notification, labels: Mapping[str, str], ends: datetime) -> dict[str, Any]:
    told = story(notification)
    annotations = {
        "summary": told.headline,
        "description": "\n".join(f"{name}: {one_line(text)}" for name, text in told.facts),
        **{f"{name.lower().replace(' ', '_')}_url": url for name, url in told.links},
    }
    return {
        "labels": labels,
        "annotations": {name: cut(text, _ANNOTATION_MAX_CHARS) for name, text in annotations.items()},
        "startsAt": min(notification.fired_at, ends).isoformat(),
        "endsAt": ends.isoformat(),
    }


def alert_labels(notification: Notification) -> dict[str, str]:
    """The labels of an alert, with the names and severities of the generated alerting rules."""
    alert = notification.alert
    labels = {
        "alertname": _alert_name(alert),
        "severity": _severity(alert.severity),
        "check": alert.check,
        "component": alert.component,
        "subject": alert.subject,
        "platform": notification.platform,
        "environment": notification.environment,
        KEY_LABEL: notification.dedup_key,
    }
    # Alertmanager drops an empty label, and then the set that it shows is not the one that was posted.
    return {name: cut(text, _LABEL_MAX_CHARS) for name, each in labels.items() if (text := one_line(each))}


def _alert_name(alert: Alert) -> str:
    match alert.kind:
        case AlertKind.FINDING:
            return "FindingFailed"
        case AlertKind.UNSEEN:
            return "FindingUnverified"
        case AlertKind.BLIND:
            return "SourceBlind"
        case _:
            assert_never(alert.kind)


def _severity(severity: Severity) -> str:
    """Alertmanager's usual three: critical, warning, info."""
    match severity:
        case Severity.CRITICAL:
            return "critical"
        case Severity.HIGH | Severity.MEDIUM:
            return "warning"
        case Severity.LOW:
            return "info"
        case _:
            assert_never(severity)
