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
    """An alert that a channel was told of, or is owed, and that nothing has closed; `last_notification` is the last word on it."""

    last_notification: Notification
    delivered: bool

    @property
    def channel(self) -> str:
        """The channel that was told."""
        return self.last_notification.channel

    @property
    def key(self) -> str:
        """The key of the finding it is about."""
        return self.last_notification.key

    @property
    def status(self) -> Status:
        """The status the channel believes the finding to have."""
        return self.last_notification.status

    @property
    def fired_at(self) -> datetime:
        """When the alert first fired."""
        return self.last_notification.fired_at


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingNotification:
    """A message its channel has not taken: how often it was tried, when it may be tried again, and what went wrong."""

    notification: Notification
    attempts: int
    next_attempt_at: datetime
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerification:
    """What recomputing the seals found: how many runs match in a row, and the first that does not, if any."""

    verified_runs: int
    first_invalid_run: str = ""
    problem: str = ""

    @property
    def valid(self) -> bool:
        """Whether every recorded run is as it was sealed."""
        return not self.first_invalid_run
