"""A check of the connection pool of an RDS Proxy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.promises import ratio_promise
from checks.service.sustained import judge_gauge

_CARRIED = 5
"""For how many minutes a maximum holds that was not read again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolUse:
    """The borrowed connections of a proxy and their maximum, minute by minute."""

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
    follows_from=(
        no_data_because_of("inventory.proxy.available"),
        no_data_because_of("inventory.aurora.*"),
        *DEPENDENCIES,
    ),
)
def pool_use_below(facts: PoolUse, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The ratio of the proxy's database connections in use stays below its limit.

    Why: When the pool is exhausted, requests wait for a connection and time out on the whole platform.
    Reads: DatabaseConnectionsCurrentlyBorrowed and MaxDatabaseConnectionsAllowed of AWS/RDS for the proxy, as Sum over
    exactly one minute, because each host of the proxy reports its own part. It fails when the ratio is above the limit
    in every minute for the promised duration.
    Unverified when: The metrics could not be collected, the window is shorter than the promised duration, minutes
    without data may hide a breach, or more than half have none: an existing proxy always reports.
    Fix: Find the sessions with long use of connections: pinned sessions, long transactions, a burst of functions. Then
    raise the maximum.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
    """
    promise = ratio_promise("the pool use", cluster.proxy.pool_use_below if cluster.proxy else None)
    ratio = facts.borrowed.combined(
        _carried(facts.allowed),
        lambda borrowed, allowed: None if borrowed is None or not allowed else borrowed / allowed,
    )
    yield judge_gauge(ratio, promise)


def _carried(allowed: AlignedSeries) -> AlignedSeries:
    """The maximum, which only a change of the configuration alters: a lost datapoint is one shortly before it."""
    values = allowed.values

    def before(position: int) -> float | None:
        recent = values[max(0, position - _CARRIED) : position + 1]
        return next((value for value in reversed(recent) if value is not None), None)

    return allowed.with_values(tuple(before(position) for position in range(len(values))))
