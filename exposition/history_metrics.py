"""Metrics of the history: whether it is used, and what was set aside in it."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.family import Block, MetricFamily, MetricType
from basewatch.history import HistoryStatus
from exposition.own_metrics import block

_UP = MetricFamily(
    name="basewatch_history_up",
    type=MetricType.GAUGE,
    help="1 while runs and notifications are recorded in the history, 0 while they are kept in memory only.",
)
_LAST_SUCCESS = MetricFamily(
    name="basewatch_history_last_success_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the history was last read or written.",
)
_SET_ASIDE = MetricFamily(
    name="basewatch_history_rows_set_aside_total",
    type=MetricType.COUNTER,
    help="Number of rows of the history that could not be read and were set aside since the start.",
)

HISTORY_FAMILIES = (_UP, _LAST_SUCCESS, _SET_ASIDE)
"""All families of this module."""


def history_blocks(status: HistoryStatus) -> Iterator[Block]:
    """The state of the history."""
    yield block(_UP, [({}, status.up)])
    if status.last_success:
        yield block(_LAST_SUCCESS, [({}, status.last_success.timestamp())])
    yield block(_SET_ASIDE, [({}, len(status.set_aside))])
