"""Why tables and their caches might be failing their readers."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import CacheCluster, Table
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import COUNT, PERCENT, enough_events, event_rate_limit, ratio_limit, thresholds

_BOARD = "basewatch-dynamodb"
THROTTLED = AlertTemplate(
    name="DynamoThrottled",
    severity=AlertSeverity.WARNING,
    fires_when="A table throttles more reads and writes than its limit",
    remedy="Raise the table's capacity or go on demand; look for a hot key, and at indexes of too little capacity",
    dashboard=_BOARD,
)
PROVISIONED = AlertTemplate(
    name="DynamoNearProvisioned",
    severity=AlertSeverity.WARNING,
    fires_when="A table uses more than 80% of the capacity it was given",
    remedy="Raise the capacity before the table throttles, or the upper limit of its scaling",
    dashboard=_BOARD,
)
MISSES = AlertTemplate(
    name="DaxHitsLow",
    severity=AlertSeverity.WARNING,
    fires_when="Fewer item reads are answered from the cache than its limit",
    remedy="Look at how long items live, and at readers of items that nobody reads twice",
    dashboard=_BOARD,
)
TEMPLATES = (THROTTLED, PROVISIONED, MISSES)

_HITS, _MISSES = "aws_dax_item_cache_hits_total", "aws_dax_item_cache_misses_total"
_THROTTLES = tuple(f"aws_dynamodb_{what}_throttle_events_total" for what in ("read", "write"))


def table_alerts(context: RuleContext, table: Table) -> Iterator[AlertRule]:
    """Throttles above the promised rate, and the capacity that is left."""
    for limit in thresholds(context, table, _THROTTLES[0], table.throttled_below, event_rate_limit("0/s for 10m")):
        expr = f"({' + '.join(map(limit.series_source.rate, _THROTTLES))}) > {limit.value}"
        said = f"{COUNT} throttles a second"
        yield limit.alert_rule(THROTTLED, expr, said, promise="throttled_below")
    for what in ("read", "write"):
        consumed = f"aws_dynamodb_consumed_{what}_capacity_units_total"
        for limit in thresholds(context, table, consumed, None, ratio_limit("80% for 15m")):
            given = limit.series_source.gauge_max(f"aws_dynamodb_provisioned_{what}_capacity_units", index_name="")
            expr = f"{ratio(limit.series_source.rate(consumed), given)}\n> {limit.value}"
            said = f"{PERCENT} of the {what} capacity is used"
            yield limit.alert_rule(PROVISIONED, expr, said, capacity=what)


def cache_alerts(context: RuleContext, cache: CacheCluster) -> Iterator[AlertRule]:
    """Hits below the promised share, of enough reads."""
    for limit in thresholds(context, cache, _HITS, cache.hits_above, ratio_limit("80% for 15m")):
        at = limit.series_source
        hits = ratio(at.rate(_HITS), at.rate(_HITS), at.rate(_MISSES))
        expr = f"{hits}\n< {limit.value}\nand\n{enough_events(at, _HITS, _MISSES)}"
        said = f"{PERCENT} of the reads are hits"
        yield limit.alert_rule(MISSES, expr, said, promise="hits_above")
