"""What an UNVERIFIED finding could not see."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_COLUMNS = {"source": "where an UNVERIFIED one could not look", "action": "what it asked there"}


def upgrade() -> None:
    """Leaves both unknown for every finding recorded so far."""
    for name, comment in _COLUMNS.items():
        op.add_column("findings", sa.Column(name, sa.Text, nullable=False, server_default="", comment=comment))
