"""What each finding is about, and which other one explains it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Makes every finding recorded so far one that nothing explains."""
    op.add_column("findings", sa.Column("about", sa.Text, nullable=False, server_default="[]"))
    op.add_column(
        "findings",
        sa.Column("cause", sa.Text, nullable=False, server_default="", comment="key of the finding that explains it"),
    )
