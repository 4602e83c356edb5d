"""The history: every run and every notification, in SQLite or PostgreSQL, sealed so that changes are detected."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, Engine, func, select

from basewatch.catalog_interval import CatalogInterval
from basewatch.errors import HistoryError
from basewatch.history import exporter_state, outbox, rows, seal
from basewatch.history.engine import open_engine, read_transaction, redacted_url, write_transaction
from basewatch.history.schema import migrate
from basewatch.history.tables import findings, runs
from basewatch.history.values import ChainVerification, LastRun, OpenAlert, PendingNotification
from basewatch.model import ExpectedCheck, Finding, Run
from basewatch.notifier import Notification, Receipt

LATEST = "latest"


class History:
    """An open history. Every method may raise HistoryError; in that case it has written nothing."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(cls, url: str) -> Self:
        """The history at `url`, created if it does not exist and migrated to the current schema."""
        engine = open_engine(url)
        try:
            migrate(engine)
        except HistoryError:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Closes every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def record(self, run: Run, notifications: Sequence[Notification]) -> Run:
        """Seals the run after the newest one and records it with its notifications, in one transaction.

        The run is read back and its seal recomputed before the commit, so that every recorded run can be verified.
        """
        with write_transaction(self._engine) as connection:
            newest = connection.execute(select(runs.c.seal).order_by(runs.c.sequence.desc()).limit(1)).scalar()
            sealed = seal.seal(run, newest or "")
            number = rows.write_run(connection, sealed)
            if problem := _problem(connection, number, sealed.previous_seal):
                raise HistoryError(f"run {run.id} was not recorded, because it would not read back the same: {problem}")
            outbox.enqueue(connection, notifications)
        return sealed

    def last_run(self) -> LastRun | None:
        """The newest full run in short, None when there is none. A partial run does not move the window."""
        with read_transaction(self._engine) as connection:
            return _last(connection)

    def run(self, id: str = LATEST) -> Run:  # noqa: A002  # a run is identified by its id
        """The run with this id, or the newest full run. Raises: HistoryError, when there is none."""
        wanted = runs.c.scope == "" if id == LATEST else runs.c.id == id
        query = select(runs).where(wanted).order_by(runs.c.sequence.desc()).limit(1)
        with read_transaction(self._engine) as connection:
            row = connection.execute(query).mappings().one_or_none()
            if row is None:
                raise HistoryError(
                    f"the history {redacted_url(self._engine)} holds no run {id}; `basewatch run` records one"
                )
            return rows.read_run(connection, row)

    def partial_runs(self, since: datetime) -> tuple[Run, ...]:
        """Every partial run that started at `since` or later, oldest first."""
        query = select(runs).where(runs.c.scope != "", runs.c.started >= since).order_by(runs.c.sequence)
        with read_transaction(self._engine) as connection:
            return tuple(rows.read_run(connection, row) for row in connection.execute(query).mappings().all())

    def current_findings(self) -> tuple[Finding, ...]:
        """The findings of the newest full run, updated by the partial runs since."""
        with read_transaction(self._engine) as connection:
            return rows.read_current_findings(connection)

    def catalog_intervals(self, since: datetime | None = None) -> tuple[CatalogInterval, ...]:
        """The intervals of every database, oldest first, without those that ended before `since`."""
        with read_transaction(self._engine) as connection:
            return exporter_state.read_intervals(connection, since)

    def save_interval(self, interval: CatalogInterval) -> None:
        """Replaces the interval that began at the same time, or adds it."""
        with write_transaction(self._engine) as connection:
            exporter_state.write_interval(connection, interval)

    def load_counters(self, location: str) -> bytes | None:
        """The saved counters of one account and region; None when none were saved."""
        with read_transaction(self._engine) as connection:
            return exporter_state.read_counters(connection, location)

    def save_counters(self, location: str, state: bytes, at: datetime) -> None:
        """Replaces the saved counters of one account and region."""
        with write_transaction(self._engine) as connection:
            exporter_state.write_counters(connection, location, state, at)

    def latest_findings(self) -> Mapping[str, Finding]:
        """The newest finding of every key that was ever recorded."""
        newest = select(findings.c.key, func.max(findings.c.run).label("run")).group_by(findings.c.key).subquery()
        query = select(findings).join(newest, (findings.c.key == newest.c.key) & (findings.c.run == newest.c.run))
        with read_transaction(self._engine) as connection:
            return {row["key"]: rows.finding_of(row) for row in connection.execute(query).mappings()}

    def known_ids(self, pairs: Sequence[ExpectedCheck]) -> Mapping[str, str]:
        """The `resource_id` of each component (its ref) in the newest facts on which its check passed."""
        with read_transaction(self._engine) as connection:
            return rows.read_known_ids(connection, pairs)

    def open_alerts(self) -> tuple[OpenAlert, ...]:
        """Every alert that a channel was notified of, or will be, and that no resolve has closed."""
        with read_transaction(self._engine) as connection:
            return outbox.open_alerts(connection)

    def pending_notifications(self) -> tuple[PendingNotification, ...]:
        """Every message that its channel has not accepted yet, oldest first."""
        with read_transaction(self._engine) as connection:
            return outbox.pending(connection)

    def claim(self, id: str, now: datetime, until: datetime) -> bool:  # noqa: A002  # see run
        """Whether the caller may send the message now; no other process may before `until`, even if it dies."""
        with write_transaction(self._engine) as connection:
            return outbox.claim(connection, id, now, until)

    def mark_delivered(self, id: str, receipt: Receipt, at: datetime) -> None:  # noqa: A002  # see run
        """Records that the channel accepted the message."""
        with write_transaction(self._engine) as connection:
            outbox.mark_delivered(connection, id, receipt, at)

    def mark_failed(self, id: str, error: str, next_attempt_at: datetime | None) -> None:  # noqa: A002  # see run
        """Records why the channel did not accept the message, and when it is tried again; None means never."""
        with write_transaction(self._engine) as connection:
            outbox.mark_failed(connection, id, error, next_attempt_at)

    def verify(self) -> ChainVerification:
        """Recomputes every seal, oldest first, and stops at the first run that does not match."""
        previous, verified = "", 0
        with read_transaction(self._engine) as connection:
            for sequence, name, sealed in connection.execute(
                select(runs.c.sequence, runs.c.id, runs.c.seal).order_by(runs.c.sequence)
            ):
                problem = _problem(connection, sequence, previous)
                if problem:
                    return ChainVerification(verified_runs=verified, first_invalid_run=name, problem=problem)
                previous, verified = sealed, verified + 1
        return ChainVerification(verified_runs=verified)


def _problem(connection: Connection, sequence: int, previous_seal: str) -> str:
    try:
        row = connection.execute(select(runs).where(runs.c.sequence == sequence)).mappings().one()
        return seal.problem(rows.read_run(connection, row), previous_seal)
    except (ValueError, LookupError, zlib.error) as error:
        return f"it can no longer be read: {error}"


def _last(connection: Connection) -> LastRun | None:
    columns = (runs.c.id, runs.c.window_start, runs.c.window_end, runs.c.finished, runs.c.seal)
    query = select(*columns).where(runs.c.scope == "").order_by(runs.c.sequence.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return LastRun(**row) if row else None
