"""A database in memory takes the place of the history while that cannot be used, and is adopted when it can."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from threading import RLock
from typing import TypeVar

from sqlalchemy import Connection

from basewatch.errors import BasewatchError, HistoryError
from basewatch.history import carry_over
from basewatch.history.carry_over import Carried
from basewatch.history.transactions import DatabaseTransactions
from basewatch.history.values import HistoryStatus

T = TypeVar("T")
RETRY_SECONDS = 30.0
"""How long the history is left alone after a failure. A failed attempt may take LOCK_TIMEOUT_SECONDS."""


class FallbackTransactions:
    """The transactions of the history at `url`, or of a database in memory while it cannot be used.

    The database in memory begins with what the history last held, as far as that can be read, so that no alert is
    sent again only because the history is down. `read` and `write` raise HistoryError only for what no database takes.
    """

    def __init__(
        self,
        url: Callable[[], str],
        clock: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._configured_url, self._clock, self._monotonic = url, clock, monotonic
        # One at a time changes from the history to memory or back. It is not held while the history is used.
        self._lock = RLock()
        self._address = ""
        self._durable: DatabaseTransactions | None = None
        self._carried: Carried | None = None
        self._problem = self._unrecorded = self._overcome = ""
        self._set_aside: tuple[str, ...] = ()
        self._last_success: datetime | None = None
        self._retry_at = monotonic()
        self._usable()

    @property
    def url(self) -> str:
        """The URL of the history without its password, if it was ever opened."""
        return self._durable.url if self._durable else "of the configuration"

    @property
    def status(self) -> HistoryStatus:
        """Whether the history is used. It never waits, also while the history does not answer."""
        durable, carried = self._durable, self._carried
        in_use = (durable, carried and carried.memory)
        found = (each for transactions in in_use if transactions for each in transactions.status.set_aside)
        return HistoryStatus(
            problem=self._problem or self._unrecorded,
            overcome=self._overcome,
            last_success=self._last_success,
            set_aside=tuple(dict.fromkeys((*self._set_aside, *found))),
        )

    def note_run(self, problem: str) -> None:
        """Notes why the newest run can be recorded nowhere, not even in memory; nothing if it is recorded."""
        self._unrecorded = problem

    def read(self, query: Callable[[Connection], T]) -> T:
        """The result of `query` on the history, or else on the database in memory."""
        return self._run(lambda transactions: transactions.read(query))

    def write(self, change: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """The result of `change` on the history, or else on the database in memory."""
        return self._run(lambda transactions: transactions.write(change, lasting=lasting))

    def close(self) -> None:
        """Tries once more to carry over what is only in memory, and closes every connection."""
        with self._lock:
            self._retry_at = self._monotonic()
            self._usable()
            if self._durable:
                self._durable.close()
            if self._carried:
                self._carried.memory.close()

    def _run(self, work: Callable[[DatabaseTransactions], T]) -> T:
        durable = self._usable()
        if durable is not None:
            try:
                result = work(durable)
            except HistoryError as error:
                self._go_down(error)
            else:
                self._last_success = self._clock()
                return result
        with self._lock:
            # Another thread may have carried it over meanwhile.
            self._carried = self._carried or carry_over.begin(self._durable, self._address)
            try:
                return work(self._carried.memory)
            except HistoryError:
                # What was copied of the history is of no use; nothing known is better than nothing told.
                self._carried.memory.close()
                self._carried = Carried.empty()
                return work(self._carried.memory)

    def _usable(self) -> DatabaseTransactions | None:
        """The history, if it can be used; what is only in memory is carried over to it first."""
        if not self._problem and self._durable:
            return self._durable
        with self._lock:
            if self._problem and self._monotonic() < self._retry_at:
                return None
            try:
                durable = self._durable = self._opened_again()
                if self._carried:
                    refused = carry_over.adopt(self._carried, durable, self._problem)
                    self._unrecorded = refused or self._unrecorded
                    self._set_aside = self.status.set_aside
                    self._carried.memory.close()
                    self._carried = None
                    self._overcome = self._problem
            except BasewatchError as error:
                self._go_down(error)
                return None
            self._problem = ""
            self._last_success = self._clock()
            return durable

    def _opened_again(self) -> DatabaseTransactions:
        """Opens the history anew: its password, its file or its schema may be others by now."""
        self._set_aside = self.status.set_aside
        if self._durable:
            self._durable.close()
        self._address = self._configured_url()
        return DatabaseTransactions.open(self._address)

    def _go_down(self, error: BasewatchError) -> None:
        with self._lock:
            self._problem = str(error)
            self._retry_at = self._monotonic() + RETRY_SECONDS
            self._carried = self._carried or carry_over.begin(self._durable, self._address)
