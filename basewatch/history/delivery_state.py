"""The state of a notification in one channel, and its row read back."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import RowMapping

from basewatch.facts import from_json
from basewatch.notifier import Notification


class DeliveryState(StrEnum):
    """FAILED is final: the channel refused it. SUPERSEDED is not sent, because a later notification replaced it."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPERSEDED = "superseded"


# A channel knows of these, or will; it never accepted one that failed.
NOTIFIED = (DeliveryState.PENDING, DeliveryState.DELIVERED)


def notification_of(row: RowMapping) -> Notification:
    """The notification of a row. Raises: ValueError, when its columns say another thing than its content."""
    read = from_json(Notification, row["notification"])
    if any(getattr(read, name) != row[name] for name in ("id", "channel", "key", "action")):
        raise ValueError("its columns contradict its content")
    return read
