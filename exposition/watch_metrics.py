"""What Prometheus is told of the watch over each database's catalogue."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.family import Block, MetricFamily, MetricType
from exposition.text_format import block

_POLLS = MetricFamily(
    name="basewatch_tenancy_fingerprint_polls_total",
    type=MetricType.COUNTER,
    help="How often the fingerprint of a database's catalogue was read.",
)
_CHANGES = MetricFamily(
    name="basewatch_tenancy_fingerprint_changes_total",
    type=MetricType.COUNTER,
    help="How often a poll found another fingerprint than the one before it.",
)
_LAST = MetricFamily(
    name="basewatch_tenancy_last_poll_timestamp_seconds",
    type=MetricType.GAUGE,
    help="When the fingerprint of a database's catalogue was last read.",
)
_UP = MetricFamily(
    name="basewatch_tenancy_watch_up",
    type=MetricType.GAUGE,
    help="1 when the last poll of a database's catalogue got an answer, else 0.",
)
FAMILIES = (_POLLS, _CHANGES, _LAST, _UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchStatus:
    """What the watch over one database came to since the exporter started; `last_poll` is None before an answer."""

    database: str
    polls: int = 0
    changes: int = 0
    last_poll: datetime | None = None
    up: bool = False


def watch_blocks(watched: Iterable[WatchStatus]) -> Iterator[Block]:
    """How the watch over every database went."""
    known = [({"database": each.database}, each) for each in watched]
    yield block(_POLLS, ((labels, each.polls) for labels, each in known))
    yield block(_CHANGES, ((labels, each.changes) for labels, each in known))
    yield block(_LAST, ((labels, each.last_poll.timestamp()) for labels, each in known if each.last_poll))
    yield block(_UP, ((labels, each.up) for labels, each in known))
