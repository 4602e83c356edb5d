"""The configuration: its models, and how files are loaded into them, with every mistake and its location."""

from basewatch.config.alerting import Alerts, Route
from basewatch.config.model import (
    Account,
    CatalogWatch,
    CheckSettings,
    Config,
    HistorySettings,
    Platform,
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
