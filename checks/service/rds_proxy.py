"""Checks of an RDS Proxy: its connection pool, and how long a connection takes."""

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
from checks.service.promises import latency_promise, ratio_promise
from checks.service.sustained import judge_gauge, no_activity_verdict

_NO_LOAN = no_activity_verdict("borrowed connection")
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowLatency:
    """How long the proxy takes to give a database connection, in seconds, and the connections in use."""

    seconds: AlignedSeries
    borrowed: AlignedSeries


def borrow_latency(metrics: MetricsClient, cluster: AuroraCluster) -> BorrowLatency:
    """The latency of the cluster's proxy. Raises: ObservationError, when it was not collected."""
    return BorrowLatency(
        seconds=read_series(metrics, cluster, "aws_rds_proxy_borrow_latency_seconds"),
        borrowed=read_series(metrics, cluster, "aws_rds_proxy_borrowed_connections"),
    )


@check(
    "service.proxy.borrow_latency",
    component=AuroraCluster,
    observe=borrow_latency,
    severity=Severity.MEDIUM,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("proxy.borrow_latency_below",),
    follows_from=(
        no_data_because_of("inventory.proxy.available"),
        no_data_because_of("inventory.aurora.*"),
        *DEPENDENCIES,
    ),
)
def borrow_latency_below(facts: BorrowLatency, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The time in which the proxy gives a database connection stays below its limit.

    Why: A function that starts cold needs a connection first; through the proxy it should not wait for a new one.
    Reads: DatabaseConnectionsBorrowLatency Average of AWS/RDS for the proxy, minute by minute. It fails when the value
    is above the limit in every minute for the promised duration. Minutes in which no connection is borrowed have no
    datapoint. It is the average of the proxy's part of a cold start, and not the start of a function.
    Unverified when: The metrics could not be collected, or minutes with borrowed connections lack a datapoint, so that
    they may hide a breach or are more than half. Without any borrowed connection it is not applicable.
    Fix: Look at the pool use and at pinned sessions; raise the minimum of capacity units, so that the cluster need not
    grow first.
    Source: https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
    """
    limit = cluster.proxy.borrow_latency_below if cluster.proxy else None
    promise = latency_promise("the time to borrow a connection", limit)
    unused = tuple(
        seconds is None and borrowed == 0
        for seconds, borrowed in zip(facts.seconds.values, facts.borrowed.values, strict=True)
    )
    yield judge_gauge(facts.seconds, promise, absent=unused, idle_verdict=_NO_LOAN)
