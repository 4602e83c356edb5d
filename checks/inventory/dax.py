"""A check that a declared DAX cluster exists and can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.check import check
from basewatch.components import CacheCluster
from basewatch.model import Proof, Severity, Verdict
from checks.inventory.statuses import status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """The status of the cluster."""

    status: str


def cache_state(aws: AwsClient, cache: CacheCluster) -> CacheState:
    """The status of the cluster, by DescribeClusters."""
    answer = aws.call("dax", "DescribeClusters", ClusterNames=[cache.name])
    return CacheState(status=required(answer, "Clusters", 0, "Status", kind=str))


@check(
    "inventory.cache.available",
    component=CacheCluster,
    observe=cache_state,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("dax:DescribeClusters",),
)
def cache_is_available(facts: CacheState, cache: CacheCluster, _now: datetime) -> Iterator[Verdict]:
    """The declared DAX cluster exists and can serve.

    Why: A cache that does not exist has no lookups, and so no misses.
    Reads: dax:DescribeClusters: the status.
    Unverified when: The call is denied, throttled or fails, the cluster is being created, or its status is unknown.
    Fix: Create the cluster, or correct its name in the configuration.
    Source: Amazon DynamoDB Developer Guide, DAX API Reference,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_Cluster.html
    """
    what = f"The cluster {cache.name}"
    yield status_verdict("cache", facts.status, what=what, observed=facts.status, expected="available")
