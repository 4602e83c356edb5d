"""Heartbeats: who is told after each good pass, so that somebody outside notices when the passes stop."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from basewatch.component_settings import ConfigModel
from basewatch.secrets import SecretReference


class HealthchecksHeartbeat(ConfigModel):
    """The ping URL of a check at Healthchecks, or at a service with the same API. A bad pass is signalled as well."""

    kind: Literal["healthchecks"]
    url: SecretReference


class UrlHeartbeat(ConfigModel):
    """Any URL that expects a request after each good pass, such as a snitch. Nothing is sent after a bad pass."""

    kind: Literal["url"]
    url: SecretReference


class AlertmanagerHeartbeat(ConfigModel):
    """An Alertmanager that gets the alert `Watchdog`, which ends by itself when the next pass does not renew it."""

    kind: Literal["alertmanager"]
    url: SecretReference


class PagerDutyHeartbeat(ConfigModel):
    """A PagerDuty integration that gets a change event for each good pass, which its incidents then show.

    PagerDuty has no alarm for the absence of an event, so this one is no dead man's switch.
    """

    kind: Literal["pagerduty"]
    routing_key: SecretReference
    endpoint: str | None = None


Heartbeat: TypeAlias = HealthchecksHeartbeat | UrlHeartbeat | AlertmanagerHeartbeat | PagerDutyHeartbeat
Heartbeats: TypeAlias = tuple[Annotated[Heartbeat, Field(discriminator="kind")], ...]
