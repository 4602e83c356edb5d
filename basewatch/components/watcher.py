"""Basewatch itself, as a component: it promises to look at the platform regularly."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from basewatch.component_settings import ConfigModel
from basewatch.components.component import Component
from basewatch.quantities import Duration


class DeclaredSilence(ConfigModel):
    """A silence or a maintenance window of the configuration, by a name that its dates do not change."""

    name: str
    owner: str
    reason: str
    start: datetime | None
    until: datetime


class Watcher(Component):
    """Basewatch. It is not declared: every recorded pass expects it, and `run.every` is its promise."""

    kind: ClassVar[str] = "watcher"
    noun: ClassVar[str] = "Basewatch"
    promises: ClassVar[tuple[str, ...]] = ("every", "silences")
    name: str = "basewatch"
    every: Duration
    silences: tuple[DeclaredSilence, ...] = ()
