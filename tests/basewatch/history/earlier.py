"""What takes the schema of the history back to an earlier version."""

from __future__ import annotations

WITHOUT_MESSAGES = (
    "DROP INDEX notifications_by_message",
    "ALTER TABLE notifications DROP COLUMN message",
    "ALTER TABLE notifications DROP COLUMN doubtful",
    "ALTER TABLE notifications DROP COLUMN claimed_until",
)
"""From version 0010 to 0009."""
