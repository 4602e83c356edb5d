"""How the generated rules and routes fit the user's own Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from basewatch.component_settings import ConfigModel
from basewatch.errors import InvalidValueError, display_value
from basewatch.identifiers import HostPort
from basewatch.quantities import Duration, parse_duration


def _filled_with(*places: str) -> BeforeValidator:
    def parse(value: object) -> object:
        found = set(re.findall(r"\{(.*?)\}", value)) if isinstance(value, str) else set()
        if unknown := sorted(found - set(places)):
            known = ", ".join(f"{{{place}}}" for place in places)
            raise InvalidValueError(
                f"{display_value(value)} has a place for '{unknown[0]}'", f"what is filled in is {known}"
            )
        return value

    return BeforeValidator(parse)


class Email(ConfigModel):
    """Where Alertmanager sends what pages nobody; the password of a `username` is the file `smtp` in `secrets`."""

    to: str
    sender: str
    smarthost: HostPort = Field(examples=["smtp.example.com:587"])
    username: str | None = None


class Prometheus(ConfigModel):
    """What `generate rules` and `generate alertmanager` have to know of where their files are loaded."""

    job: str = Field(default="basewatch", min_length=1, description="the scrape job of the exporter")
    scrape: Duration = Field(default=parse_duration("1m"), description="how often it scrapes and evaluates the rules")
    runbook_url: Annotated[str, _filled_with("alert")] = Field(
        default="docs/alerting-rules.md#{alert}",
        description="where an alert is explained; {alert} is its name in lower case",
    )
    dashboard_url: Annotated[str, _filled_with("uid")] = Field(
        default="/d/{uid}", description="where a dashboard is; {uid} is its identifier"
    )
    secrets: str = Field(
        default="/etc/alertmanager/secrets", description="the folder of Alertmanager's secrets, one file per channel"
    )
    email: Email | None = None
