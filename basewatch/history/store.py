"""The history: every run and every notification, in SQLite or PostgreSQL, sealed so that changes are detected."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Self

from basewatch.catalog_interval import CatalogInterval
from basewatch.condition import Condition
from basewatch.errors import HistoryError
from basewatch.history import acknowledgements, exporter_state, outbox, recording, restore_tests, rows
from basewatch.history.fallback import FallbackTransactions
from basewatch.history.finding_log import FindingLog, read_finding_log
from basewatch.history.notification_log import read_log
from basewatch.history.transactions import DatabaseTransactions, Transactions
from basewatch.history.values import (
    Acknowledgement,
    AlertState,
    Backlog,
    ChainVerification,
    HistoryStatus,
    LastRun,
    LoggedNotification,
    OpenAlert,
)
from basewatch.model import ExpectedCheck, Finding, Run
from basewatch.notifier import Message, Receipt
from basewatch.outbox import Claim, PendingMessage
from basewatch.restore_record import RestoreRecord

LATEST = "latest"


class History:
    """An open history. Every method may raise HistoryError; in that case it has written nothing.

    One that was opened with `open_or_remember` uses a database in memory instead of raising.
    """

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._noted = 0
        # Kept in case the history is gone when the decision is recorded.
        self._decided_on = AlertState()

    @classmethod
    def open(cls, url: str) -> Self:
        """The history at `url`, created if it does not exist and migrated to the current schema."""
        return cls(DatabaseTransactions.open(url))

    @classmethod
    def open_or_remember(
        cls,
        url: Callable[[], str],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> Self:
        """The history at `url`; while it cannot be used, for any reason, one in memory takes its place.

        `url` may raise BasewatchError, which is such a reason. `status` says whether the history is used.
        """
        return cls(FallbackTransactions(url, clock, monotonic))

    @classmethod
    def in_memory(cls) -> Self:
        """An empty history that lasts as long as the process."""
        return cls(DatabaseTransactions.in_memory())

    @property
    def url(self) -> str:
        """The URL without its password."""
        return self._transactions.url

    @property
    def status(self) -> HistoryStatus:
        """Whether the configured history is used."""
        return self._transactions.status

    def close(self) -> None:
        """Closes every connection."""
        self._transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def record(self, run: Run, messages: Sequence[Message], conditions: Sequence[Condition] | None = None) -> Run:
        """Seals the run after the newest one and records it with the decision on its alerts, in one transaction.

        The run is read back and its seal recomputed before the commit, so that every recorded run can be verified.
        """
        known = self._noted
        recorded, problem = self._transactions.write(
            partial(
                recording.record,
                run=run,
                messages=messages,
                conditions=conditions,
                notes=lambda: self._notes(known),
                known=self._decided_on,
            )
        )
        self._noted = len(self.status.set_aside)
        self._transactions.note_run(problem)
        if recorded.seal:
            return recorded
        return replace(recorded, notes=(*recorded.notes, f"This run was not recorded: {self.status.problem}"))

    def last_run(self) -> LastRun | None:
        """The newest full run in short, None when there is none. A partial run does not move the window."""
        return self._transactions.read(rows.read_last_run)

    def run(self, id: str = LATEST) -> Run:  # noqa: A002  # a run is identified by its id
        """The run with this id, or the newest full run. Raises: HistoryError, when there is none."""
        found = self._transactions.read(partial(rows.find_run, id=None if id == LATEST else id))
        if found is None:
            raise HistoryError(f"the history {self._transactions.url} holds no run {id}; `basewatch run` records one")
        return found

    def partial_runs(self, since: datetime) -> tuple[Run, ...]:
        """Every partial run that started at `since` or later, oldest first."""
        return self._transactions.read(partial(rows.read_partial_runs, since=since))

    def current_findings(self) -> tuple[Finding, ...]:
        """The findings of the newest full run, updated by the partial runs since."""
        return self._transactions.read(rows.read_current_findings)

    def catalog_intervals(self, since: datetime | None = None) -> tuple[CatalogInterval, ...]:
        """The intervals of every database, oldest first, without those that ended before `since`."""
        return self._transactions.read(partial(exporter_state.read_intervals, since=since))

    def save_interval(self, interval: CatalogInterval) -> None:
        """Replaces the interval that began at the same time, or adds it."""
        self._transactions.write(partial(exporter_state.write_interval, interval=interval))

    def load_counters(self, location: str) -> bytes | None:
        """The saved counters of one account and region; None when none were saved."""
        return self._transactions.read(partial(exporter_state.read_counters, location=location))

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Replaces the saved counters of one account and region."""
        self._transactions.write(partial(exporter_state.write_counters, location=location, state=state, at=at))

    def latest_findings(self) -> Mapping[str, Finding]:
        """The newest finding of every key that was ever recorded."""
        return self._transactions.read(rows.read_latest_findings)

    def known_ids(self, pairs: Sequence[ExpectedCheck]) -> Mapping[str, str]:
        """The `resource_id` of each component (its ref) in the newest facts on which its check passed."""
        return self._transactions.read(partial(rows.read_known_ids, pairs=pairs))

    def add_restore_test(self, record: RestoreRecord) -> None:
        """Adds what a restore drill found."""
        self._transactions.write(partial(restore_tests.write_restore_test, record=record))

    def restore_tests(self) -> tuple[RestoreRecord, ...]:
        """What the newest restore drills found, oldest first."""
        return self._transactions.read(restore_tests.read_restore_tests)

    def first_starts(self, keys: Iterable[str]) -> Mapping[str, datetime]:
        """When the first run with a finding of each of these keys started, by key."""
        return self._transactions.read(partial(restore_tests.read_first_starts, keys=tuple(keys)))

    def remember(self, messages: Sequence[Message], conditions: Sequence[Condition] | None = None) -> None:
        """Queues messages and records conditions that belong to no run, in one transaction."""
        self._transactions.write(partial(recording.remember, messages=messages, conditions=conditions))

    def alert_state(self) -> AlertState:
        """What the next decision on alerts rests on."""
        self._decided_on = self._transactions.read(recording.alert_state)
        return self._decided_on

    def opening_references(self, alerts: Iterable[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
        """The channel's reference of the message that opened each alert, given by channel and key, if it has one."""
        return self._transactions.read(partial(outbox.opening_references, alerts=tuple(alerts)))

    def acknowledge(self, acknowledgement: Acknowledgement) -> None:
        """Records that a person has taken on an alert; it replaces an earlier one."""
        self._transactions.write(partial(acknowledgements.write, acknowledgement=acknowledgement))

    def withdraw_acknowledgement(self, key: str) -> None:
        """Records that nobody has the alert any more."""
        self._transactions.write(partial(acknowledgements.remove, key=key))

    def acknowledgements(self) -> tuple[Acknowledgement, ...]:
        """Every acknowledgement, also of alerts that have ended, oldest first."""
        return self._transactions.read(acknowledgements.read)

    def notification_log(self, key: str = "", limit: int = 100) -> tuple[LoggedNotification, ...]:
        """The newest notifications, oldest first; only those whose key begins with `key`."""
        return self._transactions.read(partial(read_log, key=key, limit=limit))

    def finding_log(self, key: str) -> FindingLog | None:
        """What is recorded of the finding with this key; None when nothing is."""
        return self._transactions.read(partial(read_finding_log, key=key))

    def open_alerts(self) -> tuple[OpenAlert, ...]:
        """Every alert that a channel was notified of, or will be, and that no resolve has closed."""
        return self._transactions.read(outbox.open_alerts)

    def last_delivered(self, key: str) -> Mapping[str, datetime]:
        """When each channel last accepted a notification that opens the alert of this key, by channel."""
        return self._transactions.read(partial(outbox.last_delivered, key=key))

    def pending_messages(self) -> tuple[PendingMessage, ...]:
        """Every message that its channel has not accepted yet, oldest first."""
        return self._transactions.read(outbox.pending_messages)

    def backlogs(self) -> Mapping[str, Backlog]:
        """What is pending for each channel that has something pending."""
        return self._transactions.read(outbox.backlogs)

    def claim(self, id: str, now: datetime, until: datetime, *, even_early: bool) -> Claim:  # noqa: A002  # see run
        """The message as it is to be sent now, and by nobody else before `until`, even if the caller dies."""
        claim = partial(outbox.claim, id_=id, now=now, until=until, even_early=even_early)
        # A claim that is lost only means that the message may be sent again, and it costs a message half its time.
        return self._transactions.write(claim, lasting=False)

    def mark_delivered(self, id: str, receipt: Receipt, at: datetime) -> None:  # noqa: A002  # see run
        """Records that the channel accepted the message."""
        self._transactions.write(partial(outbox.mark_delivered, id_=id, receipt=receipt, at=at))

    def mark_failed(self, id: str, error: str, next_attempt_at: datetime | None, *, arrived: bool) -> None:  # noqa: A002  # see run
        """Records why the channel did not accept the message, and when it is due again; None means never."""
        self._transactions.write(
            partial(outbox.mark_failed, id_=id, error=error, next_attempt_at=next_attempt_at, arrived=arrived)
        )

    def verify(self) -> ChainVerification:
        """Recomputes every seal, oldest first, and stops at the first run that does not match."""
        return self._transactions.read(recording.verify)

    def _notes(self, known: int) -> tuple[str, ...]:
        """What readers of the next run must know: the rows that were set aside since the last one."""
        return tuple(
            f"A row of the history cannot be read and was set aside: {row}" for row in self.status.set_aside[known:]
        )
