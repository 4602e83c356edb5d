"""The incidents of a PagerDuty account, as its REST API shows them: who has acknowledged which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from alerts.http_request import HttpPeer
from alerts.plain import cut, one_line
from basewatch.secrets import Secret

_API: Final = "https://api.pagerduty.com"
_NAME_MAX_CHARS: Final = 200
_EU_API: Final = "https://api.eu.pagerduty.com"
_TIMEOUT_SECONDS: Final = 5.0
_REMEDIES: Final[Mapping[int, str]] = {
    HTTPStatus.UNAUTHORIZED: "api_token is no key of the REST API in this service region",
    HTTPStatus.FORBIDDEN: "api_token may not read incidents",
}


def api_beside(events_endpoint: str | None) -> str:
    """The REST API in the service region of this endpoint of the Events API."""
    return _EU_API if events_endpoint and "//events.eu." in events_endpoint else _API


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """The incidents that a token of the REST API may read; `who` names the channel in errors."""

    who: str
    token: Secret = field(repr=False)
    api: str = _API
    timeout_seconds: float = _TIMEOUT_SECONDS

    def acknowledged_by(self, dedup_key: str) -> str:
        """Who has acknowledged the open incident with this key; empty if nobody has. Raises: DeliveryError."""
        # https://developer.pagerduty.com/api-reference/9d0b4b12e36f9-list-incidents: an incident whose alert has the
        # key is found by it. Without a range, one that is older than a month is not.
        query = urlencode({"incident_key": dedup_key, "statuses[]": "acknowledged", "date_range": "all"})
        headers = {
            "Authorization": f"Token token={self.token.reveal()}",
            "Accept": "application/vnd.pagerduty+json;version=2",
        }
        peer = HttpPeer(who=self.who, timeout_seconds=self.timeout_seconds, headers=headers)
        response = peer.send(f"{self.api}/incidents?{query}", method="GET")
        answer: Any = response.json()
        incidents: Any = answer.get("incidents") if isinstance(answer, dict) else None
        if response.status != HTTPStatus.OK or not isinstance(incidents, list):
            raise peer.refusal(response, _REMEDIES.get(response.status, ""))
        return next(filter(None, (_acknowledger(each, dedup_key) for each in incidents)), "")


def _acknowledger(incident: Any, dedup_key: str) -> str:
    """The person who acknowledged an incident last; empty if it is another one, or not acknowledged."""
    if not isinstance(incident, dict) or incident.get("status") != "acknowledged":
        return ""
    if incident.get("incident_key") not in (None, "", dedup_key):
        return ""
    match incident.get("acknowledgements"):
        case [*_, {"acknowledger": {"summary": str(name)}}] if name:
            return cut(one_line(name), _NAME_MAX_CHARS)
        case _:
            return "somebody"
