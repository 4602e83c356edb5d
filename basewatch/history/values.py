"""What the history answers with, as frozen values that need no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.model import Status
from basewatch.notifier import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The newest recorded run of everything: the next window starts at `window_end`."""

    id: str
    window_start: datetime
    window_end: datetime
    finished: datetime
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """An alert that a channel was told of, or is owed, and that nothing has closed; `told` is the last word on it."""

    told: Notification
    delivered: bool

    @property
    def channel(self) -> str:
        """The channel that was told."""
        return self.told.channel

    @property
    def key(self) -> str:
        """The key of the finding it is about."""
        return self.told.key

    @property
    def status(self) -> Status:
        """The status the channel believes the finding to have."""
        return self.told.status

    @property
    def since(self) -> datetime:
        """When the alert first fired."""
        return self.told.since


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """A message its channel has not taken: how often it was tried, when it may be tried again, and what went wrong."""

    notification: Notification
    attempts: int
    next_attempt_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """What recomputing the seals found: how many runs match in a row, and the first that does not, if any."""

    intact: int
    broken_at: str = ""
    problem: str = ""

    @property
    def holds(self) -> bool:
        """Whether every recorded run is as it was sealed."""
        return not self.broken_at
