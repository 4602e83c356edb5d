"""Failed logins as a counter: minutes of the audit table, each added once, and again by what came late."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from basewatch.component_settings import FailedLoginFilter
from basewatch.components import Database
from basewatch.postgres import DatabaseClient
from basewatch.postgres.failed_logins import failed_logins_by_minute

_MINUTE = timedelta(minutes=1)
VISIBILITY_DELAY = timedelta(minutes=15)
"""How long a record may take to be seen: a transaction that wrote it may still be open."""

MAX_CATCH_UP = timedelta(days=1)
"""How far a database that could not be asked is read back."""


class FailedLoginCounter:
    """The failed logins of one database since the counter was born, at its first reading; that one adds nothing."""

    def __init__(self, table: tuple[str, str], condition: FailedLoginFilter) -> None:
        self._table = table
        self._which = condition
        self._until: datetime | None = None
        self._seen: dict[datetime, int] = {}
        self._total = 0

    @classmethod
    def for_database(cls, database: Database) -> Self | None:
        """The counter of a database, None where nobody said which records are failed logins."""
        which, audit = database.failed_logins, database.audit
        return cls(database.qualified_name(audit.table), which) if which and audit else None

    def read(self, client: DatabaseClient, at: datetime) -> float:
        """The count as of `at`, with the minute that is not over.

        Raises: ObservationError, and then nothing is lost.
        """
        since = max(self._until or at, at - MAX_CATCH_UP) - VISIBILITY_DELAY
        start = since.replace(second=0, microsecond=0)
        minutes = failed_logins_by_minute(client, self._table, self._which, start, at + _MINUTE)
        found = {minute.minute: minute.failed for minute in minutes}
        if self._until is not None:
            # A smaller count is of a clock that went back: what was counted stays counted.
            self._total += sum(max(0, failed - self._seen.get(minute, 0)) for minute, failed in found.items())
        self._seen = {
            minute: max(found.get(minute, 0), self._seen.get(minute, 0))
            for minute in {*found, *self._seen}
            if minute >= at - VISIBILITY_DELAY - _MINUTE
        }
        self._until = at
        return float(self._total)
