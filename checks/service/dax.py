"""Whether caches answer what they are there to answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import CacheCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.service.minute_grid import AlignedSeries, read_series
from checks.service.promises import min_ratio_promise
from checks.service.ratios import judge_ratio
from checks.service.sustained import no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheHits:
    """How often an item was found in a cache and how often it was not, minute by minute."""

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
)
def hits_above(facts: CacheHits, cache: CacheCluster, _now: datetime) -> Iterator[Verdict]:
    """The share of items that are found in the cache stays above its limit.

    Why: What the cache does not answer, the tables have to, which is slower and paid for twice.
    Reads: ItemCacheHits and ItemCacheMisses of AWS/DAX for the cluster, minute by minute. Judged is every stretch as
    long as the limit says that holds at least 20 lookups, and the window as a whole.
    Unverified when: The metrics could not be collected, one of the two is missing in more than half of the minutes with
    lookups, or the window is shorter than the limit's stretch. Without any lookup it is not applicable.
    Fix: Compare the items' time to live with how often they are read; look for a node that was replaced or is full.
    Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/dax-metrics-dimensions-dax.html
    """
    promise = min_ratio_promise("the share of items found in the cache", cache.hits_above)
    lookups = facts.hits.plus(facts.misses)
    said, idle = "items were found in the cache", no_activity_verdict("lookup")
    yield judge_ratio(
        facts.misses, lookups, promise, summary_text=said, idle_verdict=idle, observed_template="missed {}"
    )
