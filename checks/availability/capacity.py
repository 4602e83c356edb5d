"""A check that an Aurora Serverless v2 cluster scales in the declared range."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.availability.cluster_configuration import AcuRange, cluster_configuration
from checks.inventory.aurora import cluster_instances
from checks.inventory.unread import Unread

_SERVERLESS = "db.serverless"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerlessCapacity:
    """The range in which the cluster may scale, None without one, and the classes of its instances.

    `unread` is why the classes are not known.
    """

    capacity: AcuRange | None
    classes: tuple[str, ...]
    unread: Unread | None = None


def serverless_capacity(aws: AwsClient, cluster: AuroraCluster) -> ServerlessCapacity:
    """The range by DescribeDBClusters, and the classes by DescribeDBInstances: instances of a fixed size ignore it."""
    capacity = cluster_configuration(aws, cluster).capacity
    found = cluster_instances(aws, cluster)
    classes = tuple(each.instance_class for each in found.instances)
    return ServerlessCapacity(capacity=capacity, classes=classes, unread=found.unread)


@check(
    "availability.aurora.capacity",
    component=AuroraCluster,
    observe=serverless_capacity,
    severity=Severity.MEDIUM,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
    promises=("capacity",),
)
def capacity_is_as_promised(facts: ServerlessCapacity, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The cluster scales between the promised minimum and maximum of Aurora capacity units.

    Why: A lower maximum throttles every tenant at peak load; a higher one has no limit on the bill. Instances of a
    fixed size ignore the range.
    Reads: rds:DescribeDBClusters: ServerlessV2ScalingConfiguration. rds:DescribeDBInstances: the class of each
    instance, of which one at least has to be serverless.
    Unverified when: A call is denied, throttled or fails, or a response lacks a limit.
    Fix: aws rds modify-db-cluster --serverless-v2-scaling-configuration MinCapacity=...,MaxCapacity=..., or correct
    `capacity` in the configuration.
    Source: Amazon Aurora User Guide, Using Aurora Serverless v2,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.setting-capacity.html
    """
    promised = cluster.capacity
    expected = _text(AcuRange(min_acu=promised.min_acu, max_acu=promised.max_acu)) if promised else ""
    if facts.capacity is None:
        yield failed("The cluster is not serverless", observed="no capacity range", expected=expected)
        return
    observed = _text(facts.capacity)
    if promised and (facts.capacity.min_acu, facts.capacity.max_acu) != (promised.min_acu, promised.max_acu):
        yield failed("The cluster scales in another range", observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif facts.classes and all(facts.classes) and _SERVERLESS not in facts.classes:
        observed = f"{observed}, instances {', '.join(facts.classes)}"
        yield failed("No instance of the cluster scales", observed=observed, expected=expected)
    else:
        yield passed("The cluster scales as promised", observed=observed, expected=expected)


def _text(capacity: AcuRange) -> str:
    return f"{capacity.min_acu:g} to {capacity.max_acu:g} ACU"
