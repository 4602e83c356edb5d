"""The configuration: its models, and how files are loaded into them, with every mistake and its location."""

from basewatch.config.model import (
    Account,
    Alerts,
    CatalogWatch,
    CheckSettings,
    Config,
    HistorySettings,
    Platform,
    Route,
    RunPolicy,
    config_model,
)

__all__ = [
    "Account",
    "Alerts",
    "CatalogWatch",
    "CheckSettings",
    "Config",
    "HistorySettings",
    "Platform",
    "Route",
    "RunPolicy",
    "config_model",
]
