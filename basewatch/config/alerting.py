"""The alerts section of the configuration: the channels, and what each of them is notified of."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, InstanceOf, SerializeAsAny

from basewatch.component_settings import ConfigModel
from basewatch.model import Severity
from basewatch.notifier import Channel


class Route(ConfigModel):
    """The findings that a channel reports: those at or above `severity`."""

    channel: str
    severity: Severity = Severity.LOW
    unverified: bool = Field(default=True, description="whether UNVERIFIED findings are reported as well")


class Alerts(ConfigModel):
    """Who sends alerts on verdicts: Basewatch's own channels (`direct`), or the user's Prometheus (`prometheus`)."""

    verdicts: Literal["direct", "prometheus"] = "direct"
    # `config_model` narrows this to the kinds of channel that are installed.
    channels: tuple[SerializeAsAny[InstanceOf[Channel]], ...] = ()
    routes: tuple[Route, ...] = ()
