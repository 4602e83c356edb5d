"""Every notification that was decided, and what became of it."""

from __future__ import annotations

from sqlalchemy import Connection, RowMapping, or_, select

from basewatch.facts import from_json
from basewatch.history.rotten import parsed
from basewatch.history.tables import notifications as table
from basewatch.history.values import LoggedNotification
from basewatch.notifier import Notification


def read_log(connection: Connection, key: str, limit: int) -> tuple[LoggedNotification, ...]:
    """The newest notifications, oldest first; only those whose key begins with `key`, with or without its version."""
    begins = or_(table.c.key.startswith(key, autoescape=True), table.c.key.contains(f"-{key}", autoescape=True))
    query = select(table).where(begins) if key else select(table)
    newest = query.order_by(table.c.sequence.desc()).limit(limit)
    return tuple(reversed(tuple(parsed(connection, newest, table, _logged))))


def _logged(row: RowMapping) -> LoggedNotification:
    return LoggedNotification(
        notification=from_json(Notification, row["notification"]),
        state=str(row["state"]),
        attempts=row["attempts"],
        delivered_at=row["delivered_at"],
        error=row["error"],
    )
