"""Cause alerts of DAX clusters."""

from __future__ import annotations

from collections.abc import Iterator

from basewatch.components import CacheCluster
from generate.prometheus.recording import ratio
from generate.prometheus.rule_context import AlertTemplate, RuleContext
from generate.prometheus.rule_model import AlertRule, AlertSeverity
from generate.prometheus.thresholds import PERCENT, enough_events, ratio_limit, thresholds

MISSES = AlertTemplate(
    name="DaxHitsLow",
    severity=AlertSeverity.WARNING,
    fires_when="The ratio of item reads that the cache answers is below its limit",
    remedy="Check the TTL of items, and look for clients that read items only once",
    dashboard="basewatch-dynamodb",
)
TEMPLATES = (MISSES,)

_HITS, _MISSES = "aws_dax_item_cache_hits_total", "aws_dax_item_cache_misses_total"


def cache_alerts(context: RuleContext, cache: CacheCluster) -> Iterator[AlertRule]:
    """A hit ratio below its limit, if there are enough reads."""
    for limit in thresholds(context, cache, _HITS, cache.hits_above, ratio_limit("80% for 15m")):
        at = limit.series_source
        hits = ratio(at.rate(_HITS), at.rate(_HITS), at.rate(_MISSES))
        expr = f"{hits}\n< {limit.value}\nand\n{enough_events(at, _HITS, _MISSES)}"
        yield limit.alert_rule(MISSES, expr, f"{PERCENT} of the reads are hits", promise="hits_above")
