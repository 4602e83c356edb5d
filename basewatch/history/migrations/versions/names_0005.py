"""Renames columns and stored words to the field's terms; no content changes."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_RENAMED = {"seen": "symptoms", "since": "fired_at"}
_notifications = sa.table(
    "notifications", sa.column("sequence", sa.Integer), sa.column("state", sa.Text), sa.column("notification", sa.Text)
)


def upgrade() -> None:
    """Renames findings.about, counters.place, the state `owed` and two keys of every stored notification."""
    op.execute("ALTER TABLE findings RENAME COLUMN about TO affected")
    op.execute("ALTER TABLE counters RENAME COLUMN place TO location")
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.execute("COMMENT ON COLUMN notifications.state IS 'pending, delivered, failed or superseded'")
    connection.execute(sa.update(_notifications).where(_notifications.c.state == "owed").values(state="pending"))
    for sequence, text in connection.execute(sa.select(_notifications.c.sequence, _notifications.c.notification)).all():
        stored = {_RENAMED.get(name, name): value for name, value in json.loads(text).items()}
        row = sa.update(_notifications).where(_notifications.c.sequence == sequence)
        connection.execute(row.values(notification=json.dumps(stored)))
