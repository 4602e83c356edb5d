"""The first schema: runs, findings, evidence, transitions, notifications."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_INSTANT = sa.DateTime(timezone=True)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False)


def _instant(name: str) -> sa.Column[object]:
    return sa.Column(name, _INSTANT, nullable=False)


def upgrade() -> None:
    """Builds every table."""
    _runs()
    _findings()
    _evidence()
    _transitions()
    _notifications()


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *(_instant(name) for name in ("started", "finished", "window_start", "window_end")),
        *(_text(name) for name in ("version", "config_digest", "commit_id", "expected", "components", "notes")),
        sa.Column("series", sa.LargeBinary, nullable=False),
        sa.Column("previous_seal", sa.Text, nullable=False, unique=True),
        sa.Column("seal", sa.Text, nullable=False, unique=True),
    )


def _findings() -> None:
    op.create_table(
        "findings",
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.sequence"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        *(
            _text(name)
            for name in ("key", "check_id", "component", "subject", "status", "severity", "proof", "summary")
        ),
        sa.Column("reason", sa.Text),
        *(_text(name) for name in ("observed", "expected", "remedy", "controls", "evidence")),
    )
    op.create_index("findings_by_key", "findings", ["key", "run"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("digest", sa.Text, primary_key=True),
        *(_text(name) for name in ("observation", "component", "facts")),
    )
    op.create_table(
        "run_evidence",
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.sequence"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.Text, sa.ForeignKey("evidence.digest"), nullable=False),
        *(_text(name) for name in ("source", "principal", "requests")),
        _instant("observed_at"),
    )


def _transitions() -> None:
    op.create_table(
        "transitions",
        sa.Column("run", sa.Integer, sa.ForeignKey("runs.sequence"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("finding", sa.Integer, nullable=False, comment="position in findings"),
        sa.Column("previous", sa.Text),
        _instant("at"),
    )


def _notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        *(_text(name) for name in ("channel", "key", "action")),
        sa.Column("state", sa.Text, nullable=False, comment="owed, delivered, failed or superseded"),
        _number("attempts"),
        _instant("next_attempt_at"),
        sa.Column("delivered_at", _INSTANT),
        *(_text(name) for name in ("reference", "error", "notification")),
    )
    op.create_index("notifications_by_alert", "notifications", ["channel", "key", "sequence"])
    op.create_index("notifications_by_state", "notifications", ["state", "sequence"])
