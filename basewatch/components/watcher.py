"""Basewatch itself, as a component: it promises to look at the platform regularly."""

from __future__ import annotations

from typing import ClassVar

from basewatch.components.component import Component
from basewatch.quantities import Duration


class Watcher(Component):
    """Basewatch. It is not declared: every recorded pass expects it, and `run.every` is its promise."""

    kind: ClassVar[str] = "watcher"
    noun: ClassVar[str] = "Basewatch"
    promises: ClassVar[tuple[str, ...]] = ("every",)
    name: str = "basewatch"
    every: Duration
