"""The rows that can no longer be read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds the table, empty."""
    op.create_table(
        "set_aside",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.Text, nullable=False, comment="the table of the row"),
        sa.Column("row", sa.Text, nullable=False, comment="its primary key"),
        sa.Column("run", sa.Integer, comment="the run that is no longer used because of it"),
        sa.Column("repaired_by", sa.Integer, comment="the run that made up for it"),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
