"""Messages of several notifications. Until now, each notification was a message of its own."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Adds the columns. Every attempt so far may have arrived, and nothing is claimed."""
    comments = {
        "message": "the id of the message that it is sent in",
        "doubtful": "attempts after which the channel may have received it",
        "claimed_until": "until then, a process may be sending it",
    }
    kinds: dict[str, Any] = {
        "message": sa.Text(),
        "doubtful": sa.Integer(),
        "claimed_until": sa.DateTime(timezone=True),
    }
    defaults = {"message": "", "doubtful": "0"}
    for name, kind in kinds.items():
        default = defaults.get(name)
        column: sa.Column[Any] = sa.Column(
            name, kind, nullable=default is None, server_default=default, comment=comments[name]
        )
        op.add_column("notifications", column)
    op.execute("UPDATE notifications SET message = id, doubtful = attempts")
    op.create_index("notifications_by_message", "notifications", ["message"])
