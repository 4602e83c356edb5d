"""Watches a database's catalogue between passes: what its tenants' isolation rests on is asked every few seconds."""

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
"""How often an interval that only grows is written to the history."""
MAX_BACKOFF = timedelta(minutes=1)
"""How long a database that does not answer is left alone at most; the pause doubles with each attempt until then."""
RECONNECT_EVERY = timedelta(hours=1)
"""How long one connection is used: a changed password or address is noticed, and nothing it gathers grows for ever."""
_PROBES = "tenancy."
# These write or try every tenant: they are made by passes over everything, and when the catalogue changed.
_HEAVY = ("write", "sweep")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class DuePartialRun:
    """A partial pass that is due: what of the plan is wanted, and why.

    A `only_changes` one is only news if it finds any.
    """

    scope: str
    selects: Callable[[PlannedCheck], bool]
    only_changes: bool


class CatalogWatcher:
    """The watch over one database.

    Every method but `run_recorded` and `watch_status` is called by one thread at a time.
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
        self._read = read_fingerprint
        self._clock = clock
        self._interval: CatalogInterval | None = None
        self._kept: datetime | None = None
        self._judged: str | None = None
        self._proved = self._probed = clock()
        self._trouble = ""
        self._recovered = False
        self._attempts = 0
        self._next_attempt: datetime | None = None
        self._not_before = clock()
        self._open = ExitStack()
        self._client: DatabaseClient | None = None
        self._opened: datetime | None = None
        self._lock = Lock()

    def poll(self) -> DuePartialRun | None:
        """Asks for the fingerprint once, and says what has to be looked at now, if anything.

        A database that does not answer is told of once, in the log, and asked again after a pause that grows.
        """
        at = self._clock()
        if self._next_attempt is None or at >= self._next_attempt:
            self._ask(at)
        return self._due(at)

    def run_recorded(self, run: Run) -> None:
        """Takes note of a run that looked at this database: what catalogue it judged, and how."""
        ref = self.database.ref
        with self._lock:
            interval = self._interval
            self._judged = fingerprint_in(run, ref) or (interval.fingerprint if interval else "")
            self._recovered = False
            self._proved = run.finished if has_verdict(run, ref, static=True) else self._proved
            self._probed = run.finished if has_verdict(run, ref, static=False) else self._probed
            self._interval = with_run(interval, run) if interval else None
            self._kept = None

    def run_failed(self) -> None:
        """Takes note of a pass that did not come to its end: what was due is due again, after a pause."""
        self._not_before = self._clock() + MAX_BACKOFF
        self._judged = self._judged or ""

    def save_interval(self) -> None:
        """Writes to the history how far the interval reaches. Raises: HistoryError."""
        with self._lock:
            interval, self._kept = self._interval, self._clock()
        if interval:
            self._history.save_interval(interval)

    def close(self) -> None:
        """Ends the watch: gives the connection back, and writes the interval down. Raises: HistoryError."""
        self._leave()
        self.save_interval()

    def _ask(self, at: datetime) -> None:
        try:
            fingerprint = self._read(self._connected(at))
        except (ObservationError, NotFoundError) as error:
            self._leave()
            self._missed(at, str(error))
            return
        if self._trouble:
            logger.warning("the catalogue of %s answers again", self.database.ref)
        self._recovered = self._recovered or bool(self._trouble)
        self._trouble, self._attempts, self._next_attempt = "", 0, None
        self._note(fingerprint, at)
        if self._kept is None or at - self._kept >= WATCH_SAVE_EVERY:
            self.save_interval()

    def _missed(self, at: datetime, trouble: str) -> None:
        if not self._trouble:
            logger.warning("the catalogue of %s cannot be watched: %s", self.database.ref, trouble)
        self._trouble = trouble
        self._attempts += 1
        self._next_attempt = at + min(self._watch.every * 2 ** min(self._attempts - 1, 10), MAX_BACKOFF)
        self.watch_status = replace(self.watch_status, up=False)

    def _note(self, fingerprint: str, at: datetime) -> None:
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
                self._kept = None
                if ended:
                    self._history.save_interval(ended)
            else:
                gap = max(last.longest_gap, at - last.last_seen)
                self._interval = replace(last, last_seen=at, polls=last.polls + 1, longest_gap=gap)

    def _from_history(self) -> CatalogInterval | None:
        """The interval that an earlier watch left: it goes on if the catalogue is the same, with the gap in it."""
        mine = [each for each in self._history.catalog_intervals() if each.component == self.database.ref]
        return mine[-1] if mine else None

    def _due(self, at: datetime) -> DuePartialRun | None:
        watch, ref = self._watch, self.database.ref
        if self._judged is None or at < self._not_before:
            return None  # the first pass over everything is still to come, or the last one failed
        if self._interval and not self._trouble and self._interval.fingerprint != self._judged:
            return DuePartialRun(scope=f"{ref}: its catalogue changed", selects=self._concerned, only_changes=False)
        if self._recovered:
            return DuePartialRun(scope=f"{ref}: it answers again", selects=self._concerned, only_changes=True)
        if at - self._proved >= watch.prove:
            self._proved = at
            return DuePartialRun(
                scope=f"{ref}: proved anew, as every {format_duration(watch.prove)}",
                selects=self._static,
                only_changes=True,
            )
        if at - self._probed >= watch.probe:
            self._probed = at
            return DuePartialRun(
                scope=f"{ref}: probed anew, as every {format_duration(watch.probe)}",
                selects=self._probing,
                only_changes=True,
            )
        return None

    def _concerned(self, planned: PlannedCheck) -> bool:
        return planned.component.ref == self.database.ref and planned.check.id.startswith(CATALOG_CHECK_PREFIXES)

    def _static(self, planned: PlannedCheck) -> bool:
        return self._concerned(planned) and planned.check.proof is Proof.CONFIGURATION

    def _probing(self, planned: PlannedCheck) -> bool:
        light = planned.check.id.startswith(_PROBES) and not any(word in planned.check.id for word in _HEAVY)
        return self._concerned(planned) and light and planned.check.proof is not Proof.CONFIGURATION

    def _connected(self, at: datetime) -> DatabaseClient:
        if self._opened is None or at - self._opened >= RECONNECT_EVERY:
            self._leave()
        if self._client is None:
            self._client = self._open.enter_context(self._clients.open(DatabaseClient, self.database))
            self._opened = at
        return self._client

    def _leave(self) -> None:
        self._client = self._opened = None
        self._open.close()
