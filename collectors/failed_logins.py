"""A counter of failed logins, built from the audit table minute by minute and corrected by late records."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Self

from basewatch.component_settings import FailedLoginFilter
from basewatch.components import Database
from basewatch.postgres import DatabaseClient
from basewatch.postgres.failed_logins import failed_logins_by_minute

_MINUTE = timedelta(minutes=1)
VISIBILITY_DELAY = timedelta(minutes=15)
"""The longest time until a record becomes visible: the transaction that wrote it may still be open."""

MAX_CATCH_UP = timedelta(days=1)
"""The longest time that is read again after a database was unreachable."""


class FailedLoginCounter:
    """Failed logins of one database since the first read, which sets the counter to zero."""

    def __init__(self, table: tuple[str, str], condition: FailedLoginFilter) -> None:
        self._table = table
        self._condition = condition
        self._read_until: datetime | None = None
        self._seen: dict[datetime, int] = {}
        self._total = 0

    @classmethod
    def for_database(cls, database: Database) -> Self | None:
        """The counter of a database; None when the configuration does not define failed logins."""
        condition, audit = database.failed_logins, database.audit
        return cls(database.qualified_name(audit.table), condition) if condition and audit else None

    def read(self, client: DatabaseClient, at: datetime) -> float:
        """The count as of `at`, including the current minute.

        Raises: ObservationError; the next read then covers the same minutes again.
        """
        since = max(self._read_until or at, at - MAX_CATCH_UP) - VISIBILITY_DELAY
        start = since.replace(second=0, microsecond=0)
        minutes = failed_logins_by_minute(client, self._table, self._condition, start, at + _MINUTE)
        found = {minute.minute: minute.failed for minute in minutes}
        if self._read_until is not None:
            # A smaller count means that a clock was set back: a counter never decreases.
            self._total += sum(max(0, failed - self._seen.get(minute, 0)) for minute, failed in found.items())
        self._seen = {
            minute: max(found.get(minute, 0), self._seen.get(minute, 0))
            for minute in {*found, *self._seen}
            if minute >= at - VISIBILITY_DELAY - _MINUTE
        }
        self._read_until = at
        return float(self._total)
