"""The frozen values that the history returns; they need no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from basewatch.condition import Condition
from basewatch.model import Status
from basewatch.notifier import Notification


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryStatus:
    """Whether the configured history is used. `problem` says why not, and what to do; it is empty when it is used.

    `overcome` is the last problem after which it could be used again, with everything that happened meanwhile.
    `last_success` is when it last was used; None means never, or not known. `set_aside` names every row that could not
    be read since it was opened.
    """

    problem: str = ""
    overcome: str = ""
    last_success: datetime | None = None
    set_aside: tuple[str, ...] = ()

    @property
    def up(self) -> bool:
        """Whether the configured history is used."""
        return not self.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """The newest full run: the next window starts at `window_end`."""

    id: str
    window_start: datetime
    window_end: datetime
    finished: datetime
    seal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What a channel has not accepted yet: how many notifications, and when the oldest was decided on."""

    notifications: int
    oldest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAlert:
    """An alert that a channel was notified of, or will be, and that no resolve has closed."""

    last_notification: Notification
    delivered: bool

    @property
    def channel(self) -> str:
        """The channel that is notified."""
        return self.last_notification.channel

    @property
    def key(self) -> str:
        """The key of its finding."""
        return self.last_notification.key

    @property
    def status(self) -> Status:
        """The status of the finding in the last notification."""
        return self.last_notification.alert.status

    @property
    def fired_at(self) -> datetime:
        """When the alert first fired."""
        return self.last_notification.fired_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgement:
    """A person has taken on the alert `key`. It counts for the alerts that were open at that time, until they end.

    One that was read in a channel counts until the channel says that nobody has the alert any more; `at` is when the
    channel was last asked.
    """

    key: str
    person: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedNotification:
    """A notification as the history has it: its state, its attempts and the last error."""

    notification: Notification
    state: str
    attempts: int
    delivered_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertState:
    """What a decision on alerts rests on besides the findings.

    `acknowledged` are the keys of the alerts that a person has taken on. `continuous` is false while it is not known
    what channels were notified of before: nothing is recorded yet, or a message could not be read.
    """

    open_alerts: tuple[OpenAlert, ...] = ()
    conditions: tuple[Condition, ...] = ()
    acknowledged: frozenset[str] = frozenset()
    continuous: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerification:
    """The result of recomputing the seals: how many runs match in a row, and the first that does not, if any.

    `set_aside` names every row that was found changed before, also one that was recorded right again since.
    """

    verified_runs: int
    first_invalid_run: str = ""
    problem: str = ""
    set_aside: tuple[str, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether every recorded run matches its seal, and no row was ever found changed."""
        return not self.first_invalid_run and not self.set_aside
