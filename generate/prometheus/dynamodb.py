"""Why tables and their caches might be failing their readers."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import CacheCluster, Table
from generate.prometheus.bounds import COUNT, PERCENT, bounds, enough, rate, share
from generate.prometheus.context import Context, Template
from generate.prometheus.recording import ratio
from generate.prometheus.rule_model import Alert, Urgency

_BOARD = "basewatch-dynamodb"
THROTTLED = Template(
    name="DynamoThrottled",
    severity=Urgency.WARNING,
    fires="A table throttles more reads and writes than its limit",
    remedy="Raise the table's capacity or go on demand; look for a hot key, and at indexes of too little capacity",
    dashboard=_BOARD,
)
PROVISIONED = Template(
    name="DynamoNearProvisioned",
    severity=Urgency.WARNING,
    fires="A table uses more than 80% of the capacity it was given",
    remedy="Raise the capacity before the table throttles, or the upper limit of its scaling",
    dashboard=_BOARD,
)
MISSES = Template(
    name="DaxHitsLow",
    severity=Urgency.WARNING,
    fires="Fewer item reads are answered from the cache than its limit",
    remedy="Look at how long items live, and at readers of items that nobody reads twice",
    dashboard=_BOARD,
)
TEMPLATES = (THROTTLED, PROVISIONED, MISSES)

_HITS, _MISSES = "aws_dax_item_cache_hits_total", "aws_dax_item_cache_misses_total"
_THROTTLES = tuple(f"aws_dynamodb_{what}_throttle_events_total" for what in ("read", "write"))


def of_table(context: Context, table: Table) -> Iterator[Alert]:
    """Throttles above the promised rate, and the capacity that is left."""
    for limit in bounds(context, table, _THROTTLES[0], table.throttled_below, rate("0/s for 10m")):
        expr = f"({' + '.join(map(limit.at.rate, _THROTTLES))}) > {limit.value}"
        said = f"{COUNT} throttles a second"
        yield limit.crossed(THROTTLED, expr, said, promise="throttled_below")
    for what in ("read", "write"):
        consumed = f"aws_dynamodb_consumed_{what}_capacity_units_total"
        for limit in bounds(context, table, consumed, None, share("80% for 15m")):
            given = limit.at.highest(f"aws_dynamodb_provisioned_{what}_capacity_units", index_name="")
            expr = f"{ratio(limit.at.rate(consumed), given)}\n> {limit.value}"
            said = f"{PERCENT} of the {what} capacity is used"
            yield limit.crossed(PROVISIONED, expr, said, capacity=what)


def of_cache(context: Context, cache: CacheCluster) -> Iterator[Alert]:
    """Hits below the promised share, of enough reads."""
    for limit in bounds(context, cache, _HITS, cache.hits_above, share("80% for 15m")):
        at = limit.at
        hits = ratio(at.rate(_HITS), at.rate(_HITS), at.rate(_MISSES))
        expr = f"{hits}\n< {limit.value}\nand\n{enough(at, _HITS, _MISSES)}"
        said = f"{PERCENT} of the reads are hits"
        yield limit.crossed(MISSES, expr, said, promise="hits_above")
