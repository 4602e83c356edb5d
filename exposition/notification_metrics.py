"""Metrics of what the channels still have to accept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from basewatch.family import Block, MetricFamily, MetricType
from basewatch.history import Backlog
from exposition.own_metrics import block

_PENDING = MetricFamily(
    name="basewatch_notifications_pending",
    type=MetricType.GAUGE,
    help="Number of notifications that a channel has not accepted yet.",
)
_OLDEST = MetricFamily(
    name="basewatch_notifications_oldest_pending_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the oldest notification that a channel has not accepted yet was decided on; absent without one.",
)

NOTIFICATION_FAMILIES = (_PENDING, _OLDEST)
"""All families of this module."""


def notification_blocks(backlogs: Mapping[str, Backlog], channels: Iterable[str]) -> Iterator[Block]:
    """What is pending for each channel; a channel without a backlog has 0."""
    pending = dict.fromkeys(channels, 0) | {name: each.notifications for name, each in backlogs.items()}
    yield block(_PENDING, (({"channel": name}, count) for name, count in pending.items()))
    yield block(_OLDEST, (({"channel": name}, each.oldest.timestamp()) for name, each in backlogs.items()))
