"""Watches the catalogue of a database between full passes: polls its fingerprint, and says which checks are due."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import TypeAlias

from basewatch.catalog_interval import CatalogInterval
from basewatch.clients import ClientFactory
from basewatch.components import Database
from basewatch.config import CatalogWatch
from basewatch.errors import NotFoundError, ObservationError
from basewatch.history.store import History
from basewatch.model import Proof, Run
from basewatch.postgres import DatabaseClient
from basewatch.quantities import format_duration
from checks.engine.judge import PlannedCheck
from exposition.own_metrics import WatchStatus
from workflows.fingerprint_intervals import CATALOG_CHECK_PREFIXES, fingerprint_in, has_verdict, with_run

ReadFingerprint: TypeAlias = Callable[[DatabaseClient], str]

WATCH_SAVE_EVERY = timedelta(minutes=1)
"""How often an interval that only grows is saved to the history."""
MAX_BACKOFF = timedelta(minutes=1)
"""The longest pause between two attempts to reach a database; the pause doubles with each attempt until then."""
RECONNECT_EVERY = timedelta(hours=1)
"""How long one connection is used: a new password or address takes effect, and session memory stays bounded."""
_PROBES = "tenancy."
# These write, or try every tenant. They run in full passes, and when the catalogue changed.
_HEAVY_PROBES = ("write", "sweep")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePartialRun:
    """A partial pass that is due: `scope` says why, `selects` says which checks.

    With `only_changes`, its run is recorded only if a status changed.
    """

    scope: str
    selects: Callable[[PlannedCheck], bool]
    only_changes: bool


class CatalogWatcher:
    """The watch over one database.

    `run_recorded` and `watch_status` may be used by any thread; the other methods by one thread at a time.
    """

    def __init__(
        self,
        database: Database,
        watch: CatalogWatch,
        clients: ClientFactory,
        history: History,
        *,
        read_fingerprint: ReadFingerprint,
        clock: Callable[[], datetime],
    ) -> None:
        self.database = database
        self.watch_status = WatchStatus(database=database.name)
        self._watch = watch
        self._clients = clients
        self._history = history
        self._read_fingerprint = read_fingerprint
        self._clock = clock
        self._interval: CatalogInterval | None = None
        self._saved_at: datetime | None = None
        self._judged_fingerprint: str | None = None
        self._proved_at = self._probed_at = clock()
        self._error = ""
        self._recovered = False
        self._failed_attempts = 0
        self._next_attempt: datetime | None = None
        self._next_pass_from = clock()
        self._connection = ExitStack()
        self._client: DatabaseClient | None = None
        self._connected_at: datetime | None = None
        self._lock = Lock()

    def poll(self) -> DuePartialRun | None:
        """Reads the fingerprint once, and returns the partial pass that is due now, if any.

        A database that does not answer is logged once, and polled again after a pause that grows.
        """
        at = self._clock()
        if self._next_attempt is None or not _pausing(self._next_attempt - at):
            self._read_once(at)
        return self._due(at)

    def run_recorded(self, run: Run) -> None:
        """Notes which catalogue a recorded run judged, and which of its checks gave a verdict."""
        ref = self.database.ref
        with self._lock:
            interval = self._interval
            self._judged_fingerprint = fingerprint_in(run, ref) or (interval.fingerprint if interval else "")
            self._recovered = False
            self._proved_at = run.finished if has_verdict(run, ref, static=True) else self._proved_at
            self._probed_at = run.finished if has_verdict(run, ref, static=False) else self._probed_at
            self._interval = with_run(interval, run) if interval else None
            self._saved_at = None

    def run_failed(self) -> None:
        """Notes that a pass failed: the same checks are due again after a pause."""
        self._next_pass_from = self._clock() + MAX_BACKOFF
        self._judged_fingerprint = self._judged_fingerprint or ""

    def save_interval(self) -> None:
        """Saves the current interval to the history. Raises: HistoryError."""
        with self._lock:
            interval, self._saved_at = self._interval, self._clock()
        if interval:
            self._history.save_interval(interval)

    def close(self) -> None:
        """Closes the connection and saves the interval. Raises: HistoryError."""
        self._disconnect()
        self.save_interval()

    def _read_once(self, at: datetime) -> None:
        try:
            fingerprint = self._read_fingerprint(self._connect(at))
        except (ObservationError, NotFoundError) as error:
            self._disconnect()
            self._note_failure(at, str(error))
            return
        if self._error:
            logger.warning("the catalogue of %s can be read again", self.database.ref)
        self._recovered = self._recovered or bool(self._error)
        self._error, self._failed_attempts, self._next_attempt = "", 0, None
        self._note_fingerprint(fingerprint, at)
        if self._saved_at is None or at - self._saved_at >= WATCH_SAVE_EVERY:
            self.save_interval()

    def _note_failure(self, at: datetime, error: str) -> None:
        if not self._error:
            logger.warning("the catalogue of %s cannot be read: %s", self.database.ref, error)
        self._error = error
        self._failed_attempts += 1
        self._next_attempt = at + min(self._watch.every * 2 ** min(self._failed_attempts - 1, 10), MAX_BACKOFF)
        self.watch_status = replace(self.watch_status, up=False)

    def _note_fingerprint(self, fingerprint: str, at: datetime) -> None:
        with self._lock:
            last = self._interval or self._from_history()
            ended = last if last and last.fingerprint != fingerprint else None
            self.watch_status = replace(
                self.watch_status,
                polls=self.watch_status.polls + 1,
                changes=self.watch_status.changes + bool(ended),
                last_poll=at,
                up=True,
            )
            if last is None or ended:
                self._interval = CatalogInterval(
                    component=self.database.ref,
                    fingerprint=fingerprint,
                    first_seen=at,
                    last_seen=at,
                    polls=1,
                    longest_gap=timedelta(),
                )
                self._saved_at = None
                if ended:
                    self._history.save_interval(ended)
            else:
                gap = max(last.longest_gap, at - last.last_seen)
                self._interval = replace(last, last_seen=at, polls=last.polls + 1, longest_gap=gap)

    def _from_history(self) -> CatalogInterval | None:
        """The last saved interval; it continues, with the gap in it, if the fingerprint is still the same."""
        saved = [each for each in self._history.catalog_intervals() if each.component == self.database.ref]
        return saved[-1] if saved else None

    def _due(self, at: datetime) -> DuePartialRun | None:
        watch, ref = self._watch, self.database.ref
        if self._judged_fingerprint is None or _pausing(self._next_pass_from - at):
            return None  # before the first full pass, or after a failed pass
        if self._interval and not self._error and self._interval.fingerprint != self._judged_fingerprint:
            return DuePartialRun(
                scope=f"{ref}: its catalogue changed", selects=self._depends_on_catalog, only_changes=False
            )
        if self._recovered:
            return DuePartialRun(
                scope=f"{ref}: it can be read again", selects=self._depends_on_catalog, only_changes=True
            )
        if _elapsed(at - self._proved_at, watch.prove_every):
            self._proved_at = at
            return DuePartialRun(
                scope=f"{ref}: static proof, every {format_duration(watch.prove_every)}",
                selects=self._is_static,
                only_changes=True,
            )
        if _elapsed(at - self._probed_at, watch.probe_every):
            self._probed_at = at
            return DuePartialRun(
                scope=f"{ref}: probes, every {format_duration(watch.probe_every)}",
                selects=self._is_light_probe,
                only_changes=True,
            )
        return None

    def _depends_on_catalog(self, planned: PlannedCheck) -> bool:
        return planned.component.ref == self.database.ref and planned.check.id.startswith(CATALOG_CHECK_PREFIXES)

    def _is_static(self, planned: PlannedCheck) -> bool:
        return self._depends_on_catalog(planned) and planned.check.proof is Proof.CONFIGURATION

    def _is_light_probe(self, planned: PlannedCheck) -> bool:
        light = planned.check.id.startswith(_PROBES) and not any(word in planned.check.id for word in _HEAVY_PROBES)
        return self._depends_on_catalog(planned) and light and planned.check.proof is not Proof.CONFIGURATION

    def _connect(self, at: datetime) -> DatabaseClient:
        if self._connected_at is None or at - self._connected_at >= RECONNECT_EVERY:
            self._disconnect()
        if self._client is None:
            self._client = self._connection.enter_context(self._clients.open(DatabaseClient, self.database))
            self._connected_at = at
        return self._client

    def _disconnect(self) -> None:
        self._client = self._connected_at = None
        self._connection.close()


def _elapsed(since: timedelta, every: timedelta) -> bool:
    """Whether it is time again; it is also after a moment that lies in the future, because the clock was set back."""
    return not timedelta() <= since < every


def _pausing(rest: timedelta) -> bool:
    """Whether a pause is not over yet; one that lasts too long is, because the clock was set back."""
    return timedelta() < rest <= MAX_BACKOFF
