"""What a restore drill found: how far a dump could be restored, how long it took, and what the copy holds."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from basewatch.model import Status

RestoreOutcome: TypeAlias = Literal["restored", "failed", "untried"]
"""`failed`: the dump could not be restored. `untried`: something else was missing, which says nothing of the dump."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredTable:
    """A table of the copy and its rows; `live_rows` is the estimate of the live database, None when not known."""

    name: str
    rows: int
    live_rows: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFinding:
    """A finding of a check of tenant isolation on the copy that is not a PASS."""

    check: str
    subject: str
    status: Status
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreRecord:
    """One drill of the dumps of `component` (its ref).

    `problem` says why the dump is not restored. `dump_date` is the date of its content, `seconds` how long each phase
    took. `left_out` is what the scratch server may not or cannot have, such as an extension; `errors` are the first
    other errors of `error_count`. `differences` name what differs from the schema of the live database, whose digest
    is empty when it was not read; `live_unchanged_since` is the time since when its catalogue is known to be the same.
    `newest_row` is the newest time in the declared columns, found in `newest_in`. `isolation` is what does not pass
    of the checks on the copy, and `isolation_passed` counts the others; it is None when they were not made.
    """

    id: str
    component: str
    started: datetime
    finished: datetime
    outcome: RestoreOutcome
    problem: str = ""
    remedy: str = ""
    dump_key: str = ""
    dump_date: datetime | None = None
    dump_bytes: int = 0
    layers: tuple[str, ...] = ()
    server: str = ""
    seconds: tuple[tuple[str, float], ...] = ()
    left_out: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    error_count: int = 0
    tables: tuple[RestoredTable, ...] = ()
    newest_row: datetime | None = None
    newest_in: str = ""
    schema_digest: str = ""
    live_schema_digest: str = ""
    live_unchanged_since: datetime | None = None
    differences: tuple[str, ...] = ()
    isolation: tuple[CopyFinding, ...] = ()
    isolation_passed: int | None = None

    @property
    def duration(self) -> timedelta:
        """How long the drill took, from the listing of the dumps to the verified copy."""
        return self.finished - self.started


@dataclass(frozen=True, slots=True, kw_only=True)
class PastRestores:
    """The recorded drills of the dumps of one component, oldest first, and since when they are expected."""

    expected_since: datetime
    records: tuple[RestoreRecord, ...] = ()
