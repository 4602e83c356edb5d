"""Logs when a running exporter can no longer use its history, and when it can again."""

from __future__ import annotations

import logging

from basewatch.history import HistoryStatus

logger = logging.getLogger(__name__)


class HistoryLog:
    """Writes one line for each change."""

    def __init__(self) -> None:
        self._problem = ""
        self._set_aside = 0

    def note(self, status: HistoryStatus) -> str:
        """Logs what has changed since the last call. Returns what the health pages add, without details."""
        before, self._problem = self._problem, status.problem
        if status.problem and status.problem != before:
            logger.error("%s. Until then, findings are shown and notified, but not recorded", status.problem)
        elif before and not status.problem:
            logger.warning("the history can be used again, and holds what happened meanwhile")
        for row in status.set_aside[self._set_aside :]:
            logger.error("a row of the history cannot be read and was set aside: %s", row)
        self._set_aside = len(status.set_aside)
        return "" if status.up else "its history is down: findings are notified, but not recorded\n"
