"""Partial runs, and how long each catalogue stayed as it was."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Makes every run recorded so far one of everything, and adds the intervals."""
    op.add_column(
        "runs",
        sa.Column("scope", sa.Text, nullable=False, server_default="", comment="empty for a pass over everything"),
    )
    op.add_column("runs", sa.Column("intervals", sa.Text, nullable=False, server_default="[]"))
    op.create_table(
        "intervals",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("component", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("first_seen", _INSTANT, nullable=False),
        sa.Column("last_seen", _INSTANT, nullable=False),
        sa.Column("polls", sa.Integer, nullable=False),
        sa.Column("longest_gap", sa.Float, nullable=False, comment="seconds"),
        sa.Column("proved_at", _INSTANT),
        sa.Column("searched_at", _INSTANT),
    )
    op.create_index("intervals_by_component", "intervals", ["component", "sequence"])
