"""The configuration: its models, and how a file becomes one of them or a list of mistakes with their places."""

from basewatch.config.model import (
    Account,
    Alerts,
    Channel,
    CheckSettings,
    Components,
    Config,
    HistorySettings,
    PagerDutyChannel,
    Platform,
    Route,
    RunPolicy,
    SlackChannel,
    CatalogWatch,
)

__all__ = [
    "Account",
    "Alerts",
    "Channel",
    "CheckSettings",
    "Components",
    "Config",
    "HistorySettings",
    "PagerDutyChannel",
    "Platform",
    "Route",
    "RunPolicy",
    "SlackChannel",
    "CatalogWatch",
]
