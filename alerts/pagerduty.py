"""Opens and closes PagerDuty incidents through the Events API v2."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import Any

from alerts.http_retry import connection_error, retry_after_seconds, retryable
from alerts.pagerduty_event import event
from basewatch.errors import DeliveryError
from basewatch.notifier import Notification, Receipt
from basewatch.secrets import Secret

with warnings.catch_warnings():
    # It says at import that it has a successor; docs/decisions says why it is used.
    warnings.simplefilter("ignore", UserWarning)
    import pdpyras

TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """A PagerDuty integration; `endpoint` is another place that speaks Events v2, such as the EU region's."""

    name: str
    routing_key: Secret = field(repr=False)
    endpoint: str | None = None
    timeout_seconds: int = TIMEOUT_SECONDS

    def send(self, notification: Notification) -> Receipt:
        """Sends one event. Raises: DeliveryError."""
        body = event(notification)
        action, dedup_key = body.pop("event_action"), body.pop("dedup_key")
        with self._session() as session:
            try:
                return Receipt(channel=self.name, reference=session.send_event(action, dedup_key, **body))
            except pdpyras.PDClientError as error:
                # Not chained: the client's own texts repeat a part of the key.
                raise self._refusal(error) from None

    def _session(self) -> Any:
        session = pdpyras.EventsAPISession(self.routing_key.reveal())
        session.timeout = self.timeout_seconds
        session.url = self.endpoint or session.url
        # The client waits in the call and tries again, for ever after a 429; the outbox does that, across runs.
        session.max_network_attempts = 0
        session.max_http_attempts = -1
        session.retry = {429: 1}
        return session

    def _refusal(self, error: Any) -> DeliveryError:
        response = error.response
        if response is None:
            return DeliveryError(
                f"PagerDuty ({self.name}) {connection_error(error.__cause__ or error)}", retryable=True
            )
        detail = f"PagerDuty ({self.name}) answered {response.status_code}{self._reasons(response)}"
        return DeliveryError(
            detail,
            retryable=retryable(response.status_code),
            retry_after_seconds=retry_after_seconds(response.headers),
        )

    def _reasons(self, response: Any) -> str:
        """What PagerDuty has against the event, without the key should it repeat that."""
        try:
            errors = response.json().get("errors", [])
        except (ValueError, AttributeError):
            return ""
        text = "; ".join(str(each) for each in errors)[:300] if isinstance(errors, list) else ""
        return f": {text}".replace(self.routing_key.reveal(), str(self.routing_key)) if text else ""
