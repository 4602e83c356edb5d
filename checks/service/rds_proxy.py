"""Whether the pool of database connections has room left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.service.minute_grid import AlignedSeries, read_series
from checks.service.promises import ratio_promise
from checks.service.sustained import judge_sustained


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """How many connections a proxy has lent out, and how many it may have, minute by minute."""

    borrowed: AlignedSeries
    allowed: AlignedSeries


def pool_use(metrics: MetricsClient, cluster: AuroraCluster) -> PoolUse:
    """Borrowed and allowed connections of the cluster's proxy.

    Raises: ObservationError, when they were not collected.
    """
    return PoolUse(
        borrowed=read_series(metrics, cluster, "aws_rds_proxy_borrowed_connections"),
        allowed=read_series(metrics, cluster, "aws_rds_proxy_max_database_connections"),
    )


@check(
    "service.proxy.pool_use",
    component=AuroraCluster,
    observe=pool_use,
    severity=Severity.CRITICAL,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("proxy.pool_use_below",),
)
def pool_use_below(facts: PoolUse, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The share of the proxy's database connections that are in use stays below its limit.

    Why: When the pool is used up, requests queue for a connection and the whole platform stands still.
    Reads: DatabaseConnectionsCurrentlyBorrowed and MaxDatabaseConnectionsAllowed of AWS/RDS for the proxy, as Sum over
    exactly one minute, as the proxy's hosts report one by one. Broken when every minute of a stretch as long as the
    limit says is above the limit.
    Unverified when: The metrics could not be collected, the window is shorter than the limit's stretch, or more than
    half of its minutes have no data: a proxy that exists always reports, so its silence proves nothing.
    Fix: Find what holds connections: pinned sessions, long transactions, a burst of functions; then raise the ceiling.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
    """
    promise = ratio_promise("pool use", cluster.proxy.pool_use_below if cluster.proxy else None)
    ratio = facts.borrowed.combined(
        facts.allowed, lambda borrowed, allowed: None if borrowed is None or not allowed else borrowed / allowed
    )
    yield judge_sustained(ratio, (True,) * len(ratio.values), promise)
