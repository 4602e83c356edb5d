"""When a finding that fails began to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Leaves it unknown for every finding recorded so far."""
    comment = "when a FAIL began, where its facts tell"
    op.add_column("findings", sa.Column("since", sa.DateTime(timezone=True), comment=comment))
