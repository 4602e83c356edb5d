"""The catalogue watchers of a running exporter: one for each declared database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from basewatch.history.store import History
from basewatch.metrics import CollectedMetrics
from basewatch.model import Window
from isolation.inventory.fingerprint import fingerprint
from workflows.catalog_watcher import CatalogWatcher
from workflows.clients import LiveClients
from workflows.commands import PreparedPlan


def catalog_watchers(
    prepared: PreparedPlan, history: History, clock: Callable[[], datetime]
) -> Iterator[CatalogWatcher]:
    """A watcher for each database; none where the configuration turns the watch off."""
    config, nothing = prepared.plan.config, CollectedMetrics(window=Window(start=clock(), end=clock()))
    clients = LiveClients(prepared.sessions, nothing, "watch")
    if config.watch:
        for database in config.components.databases:
            yield CatalogWatcher(database, config.watch, clients, history, read_fingerprint=fingerprint, clock=clock)
