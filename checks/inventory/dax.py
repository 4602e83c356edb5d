"""A check that a declared DAX cluster exists and can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import CacheCluster
from basewatch.model import Proof, Severity, Status, Verdict, failed
from checks.inventory.statuses import status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheState:
    """The status of the cluster, and those of its nodes."""

    status: str
    nodes: tuple[str, ...] = ()


def cache_state(aws: AwsClient, cache: CacheCluster) -> CacheState:
    """The status of the cluster, by DescribeClusters."""
    answer = aws.call("dax", "DescribeClusters", ClusterNames=[cache.name])
    nodes = optional(answer, "Clusters", 0, "Nodes", kind=list) or []
    return CacheState(
        status=required(answer, "Clusters", 0, "Status", kind=str),
        nodes=tuple(optional(each, "NodeStatus", kind=str) or "unknown" for each in nodes),
    )


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
    Reads: dax:DescribeClusters: the status, and that of each node.
    Unverified when: The call is denied, throttled or fails, the cluster is being created, or its status is unknown.
    Fix: Create the cluster, or correct its name in the configuration.
    Source: Amazon DynamoDB Developer Guide, DAX API Reference,
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_dax_Cluster.html
    """
    what = f"The cluster {cache.name}"
    nodes = f", nodes {', '.join(facts.nodes)}" if facts.nodes else ""
    observed, expected = f"{facts.status}{nodes}", "available, with a node that is"
    verdict = status_verdict("cache", facts.status, what=what, observed=observed, expected=expected)
    if verdict.status is Status.PASS and facts.nodes and "available" not in facts.nodes:
        verdict = failed(f"{what} has no available node", observed=observed, expected=expected)
    yield verdict
