"""Puts what a notification says of its finding into its alert; no content is lost but the text of symptoms."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_IN_THE_ALERT = ("key", "check", "component", "subject", "status", "severity", "summary", "observed", "expected")
_notifications = sa.table(
    "notifications", sa.column("sequence", sa.Integer), sa.column("notification", sa.Text), sa.column("key", sa.Text)
)


def upgrade() -> None:
    """Rewrites every stored notification."""
    connection = op.get_bind()
    for sequence, text in connection.execute(sa.select(_notifications.c.sequence, _notifications.c.notification)).all():
        row = sa.update(_notifications).where(_notifications.c.sequence == sequence)
        connection.execute(row.values(notification=json.dumps(_with_alert(json.loads(text)))))


def _with_alert(stored: dict[str, Any]) -> dict[str, Any]:
    alert = {name: stored.pop(name) for name in (*_IN_THE_ALERT, "remedy")}
    stored.pop("symptoms", None)
    # Then, a finding that could not be verified was an alert of its own.
    kind = "unseen" if alert["status"] == "UNVERIFIED" else "finding"
    return {
        **stored,
        "dedup_key": alert["key"],
        "alert": {**alert, "kind": kind, "finding": alert["key"], "since": stored["fired_at"]},
    }
