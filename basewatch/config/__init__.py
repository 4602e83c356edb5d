"""The configuration: its models, and how a file becomes one of them or a list of mistakes with their places."""

from basewatch.config.model import (
    Account,
    Alerts,
    CatalogWatch,
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
)

__all__ = [
    "Account",
    "Alerts",
    "CatalogWatch",
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
]
