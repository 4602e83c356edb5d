"""One finding over time: its newest form, the facts that it rests on, and every change of its status."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from basewatch.facts import from_json
from basewatch.history import tables
from basewatch.history.rotten import is_used, parsed
from basewatch.history.rows import finding_of
from basewatch.model import Evidence, Finding, Status

_CHANGES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChange:
    """A change of status; `previous` is None for the first verdict."""

    at: datetime
    previous: Status | None
    status: Status
    run: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingLog:
    """The newest finding of a key, of the run that judged it at `judged_at`, with its newest changes, oldest first.

    `evidence` is None for a finding without facts, and when they were set aside as damaged.
    """

    finding: Finding
    run: str
    judged_at: datetime
    evidence: Evidence | None
    changes: tuple[StatusChange, ...]


def read_finding_log(connection: Connection, key: str) -> FindingLog | None:
    """What is recorded of the finding with this key; None when nothing is."""
    found, runs = tables.findings.c, tables.runs.c
    query = (
        select(tables.findings, runs.id.label("run_id"), runs.finished.label("judged_at"))
        .join(tables.runs, runs.sequence == found.run)
        .where(found.key == key, is_used())
        .order_by(found.run.desc())
        .limit(1)
    )
    newest = next(iter(parsed(connection, query, tables.findings, lambda row: (row, finding_of(row)))), None)
    if newest is None:
        return None
    row, finding = newest
    return FindingLog(
        finding=finding,
        run=row["run_id"],
        judged_at=row["judged_at"],
        evidence=_evidence(connection, row),
        changes=_changes(connection, key),
    )


def _evidence(connection: Connection, finding: RowMapping) -> Evidence | None:
    by, facts = tables.run_evidence.c, tables.evidence.c
    query = (
        select(tables.run_evidence, tables.evidence)
        .join(tables.evidence, facts.digest == by.digest)
        .where(by.run == finding["run"], by.digest == finding["evidence"])
    )
    return next(iter(parsed(connection, query, tables.evidence, lambda row: from_json(Evidence, dict(row)))), None)


def _changes(connection: Connection, key: str) -> tuple[StatusChange, ...]:
    moved, found, runs = tables.transitions.c, tables.findings.c, tables.runs.c
    query = (
        select(tables.transitions, found.status, runs.id.label("run_id"))
        .join(tables.findings, (found.run == moved.run) & (found.position == moved.finding))
        .join(tables.runs, runs.sequence == moved.run)
        .where(found.key == key, is_used())
        .order_by(moved.run.desc(), moved.position.desc())
        .limit(_CHANGES)
    )
    return tuple(reversed(tuple(parsed(connection, query, tables.transitions, _change))))


def _change(row: RowMapping) -> StatusChange:
    previous = None if row["previous"] is None else Status(row["previous"])
    return StatusChange(at=row["at"], previous=previous, status=Status(row["status"]), run=row["run_id"])
