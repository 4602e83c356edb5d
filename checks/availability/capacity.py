"""A check that an Aurora Serverless v2 cluster scales in the declared range."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.availability.cluster_configuration import AcuRange, ClusterConfiguration, cluster_configuration


@check(
    "availability.aurora.capacity",
    component=AuroraCluster,
    observe=cluster_configuration,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
    promises=("capacity",),
)
def capacity_is_as_promised(facts: ClusterConfiguration, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The cluster scales between the promised minimum and maximum of Aurora capacity units.

    Why: A lower maximum throttles every tenant at peak load; a higher one has no limit on the bill.
    Reads: rds:DescribeDBClusters: ServerlessV2ScalingConfiguration.
    Unverified when: The call is denied, throttled or fails, or the response lacks a limit.
    Fix: aws rds modify-db-cluster --serverless-v2-scaling-configuration MinCapacity=...,MaxCapacity=..., or correct
    `capacity` in the configuration.
    Source: Amazon Aurora User Guide, Using Aurora Serverless v2,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    """
    promised = cluster.capacity
    expected = _text(AcuRange(min_acu=promised.min_acu, max_acu=promised.max_acu)) if promised else ""
    if facts.capacity is None:
        yield failed("The cluster is not serverless", observed="no capacity range", expected=expected)
    elif promised and (facts.capacity.min_acu, facts.capacity.max_acu) == (promised.min_acu, promised.max_acu):
        yield passed("The cluster scales as promised", observed=_text(facts.capacity), expected=expected)
    else:
        yield failed("The cluster scales in another range", observed=_text(facts.capacity), expected=expected)


def _text(capacity: AcuRange) -> str:
    return f"{capacity.min_acu:g} to {capacity.max_acu:g} ACU"
