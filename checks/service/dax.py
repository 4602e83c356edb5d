"""A check of the hit ratio of a DAX cluster."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import CacheCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import min_ratio_promise
from checks.service.ratios import judge_ratio
from checks.service.sustained import no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHits:
    """The hits and misses of an item cache, minute by minute."""

    hits: AlignedSeries
    misses: AlignedSeries


def cache_hits(metrics: MetricsClient, cache: CacheCluster) -> CacheHits:
    """Hits and misses of the cluster's item cache. Raises: ObservationError, when they were not collected."""
    return CacheHits(
        hits=read_series(metrics, cache, "aws_dax_item_cache_hits_total"),
        misses=read_series(metrics, cache, "aws_dax_item_cache_misses_total"),
    )


@check(
    "service.cache.hits",
    component=CacheCluster,
    observe=cache_hits,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("hits_above",),
    follows_from=(no_data_because_of("inventory.cache.available"), *DEPENDENCIES),
)
def hits_above(facts: CacheHits, cache: CacheCluster, _now: datetime) -> Iterator[Verdict]:
    """The ratio of items that are found in the cache stays above its limit.

    Why: Every miss is read from the table, which is slower and costs twice.
    Reads: ItemCacheHits and ItemCacheMisses of AWS/DAX for the cluster, minute by minute. It judges every stretch of
    the promised duration, widened until it has enough lookups, and the window as a whole.
    Unverified when: The metrics could not be collected, one of the two is missing in minutes that may hide a breach or
    in more than half of those with lookups, or the window is shorter than the promised duration. Without any lookup it
    is not applicable.
    Fix: Compare the time to live of the items with the interval between reads; find a node that was replaced or is
    full.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html
    """
    promise = min_ratio_promise("the cache hit ratio", cache.hits_above)
    # Of a minute with misses and without a datapoint of hits, the number of lookups is unknown.
    lookups = facts.hits.combined(facts.misses, lambda hits, misses: None if hits is None else hits + (misses or 0))
    text, idle = "items were found in the cache", no_activity_verdict("lookup")
    yield judge_ratio(
        facts.misses, lookups, promise, summary_text=text, idle_verdict=idle, observed_template="missed {}"
    )
