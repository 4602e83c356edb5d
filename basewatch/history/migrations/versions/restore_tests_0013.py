"""What restore drills found."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Adds the table, empty."""
    op.create_table(
        "restore_tests",
        sa.Column("sequence", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("component", sa.Text, nullable=False),
        sa.Column("finished", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False, comment="of the record, so that a changed one is known"),
    )
    op.create_index("restore_tests_by_component", "restore_tests", ["component", "sequence"])
