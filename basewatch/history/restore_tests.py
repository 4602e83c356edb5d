"""What restore drills found: each drill is a row that says its own digest, and a changed row is set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, func, insert, select

from basewatch.facts import digest, from_json, to_json
from basewatch.history.rotten import is_used, parsed
from basewatch.history.tables import findings, runs
from basewatch.history.tables import restore_tests as table
from basewatch.restore_record import RestoreRecord

_NEWEST = 500


def write_restore_test(connection: Connection, record: RestoreRecord) -> None:
    """Adds what one drill found."""
    content = to_json(RestoreRecord, record)
    connection.execute(
        insert(table).values(
            id=record.id, component=record.component, finished=record.finished, record=content, digest=digest(content)
        )
    )


def read_restore_tests(connection: Connection) -> tuple[RestoreRecord, ...]:
    """What the newest drills found, oldest first."""
    query = select(table).order_by(table.c.sequence.desc()).limit(_NEWEST)
    return tuple(sorted(parsed(connection, query, table, _record_of), key=lambda each: each.finished))


def read_first_starts(connection: Connection, keys: Iterable[str]) -> Mapping[str, datetime]:
    """When the first run with a finding of each of these keys started, by key."""
    query = (
        select(findings.c.key, func.min(runs.c.sequence).label("first"))
        .join(runs, runs.c.sequence == findings.c.run)
        .where(findings.c.key.in_(tuple(keys)), is_used())
        .group_by(findings.c.key)
        .subquery()
    )
    found = select(query.c.key, runs.c.started, runs.c.sequence).join(runs, runs.c.sequence == query.c.first)
    return {row["key"]: row["started"] for row in connection.execute(found).mappings()}


def _record_of(row: RowMapping) -> RestoreRecord:
    if digest(row["record"]) != row["digest"]:
        raise ValueError("the record is not the one that was written")
    return from_json(RestoreRecord, row["record"])
