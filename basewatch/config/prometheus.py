"""The settings that fit the generated files to the user's Prometheus, Alertmanager and Grafana."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from basewatch.component_settings import ConfigModel
from basewatch.config.templates import template_of
from basewatch.identifiers import HostPort
from basewatch.quantities import Duration, parse_duration

FINDINGS_DASHBOARD = "basewatch-findings"
"""The identifier of the dashboard of findings."""


class Email(ConfigModel):
    """Where Alertmanager sends alerts that page no one. The password of `username` is the file `smtp` in `secrets`."""

    to: str
    sender: str
    smarthost: HostPort = Field(examples=["smtp.example.com:587"])
    username: str | None = None


class Prometheus(ConfigModel):
    """The settings of the Prometheus and Alertmanager that load the generated files."""

    job: str = Field(default="basewatch", min_length=1, description="the scrape job of the exporter")
    scrape_interval: Duration = Field(
        default=parse_duration("1m"), description="the interval at which it scrapes and evaluates the rules"
    )
    runbook_url: Annotated[str, template_of("alert")] = Field(
        default="docs/alerting-rules.md#{alert}",
        description="where an alert is explained; {alert} is its name in lower case",
    )
    dashboard_url: Annotated[str, template_of("uid")] = Field(
        default="/d/{uid}", description="where a dashboard is; {uid} is its identifier"
    )
    secrets: str = Field(
        default="/etc/alertmanager/secrets", description="the folder of Alertmanager's secrets, one file per channel"
    )
    email: Email | None = None
