"""A check that the instances of an Aurora cluster are in several availability zones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.inventory.statuses import Standing, standing


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInstance:
    """An instance of the cluster, its zone (empty while it has none) and its status."""

    name: str
    zone: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterInstances:
    """Every instance that the cluster has now, declared or added by auto scaling."""

    instances: tuple[PlacedInstance, ...]


def cluster_instances(aws: AwsClient, cluster: AuroraCluster) -> ClusterInstances:
    """The members of the cluster by DescribeDBClusters, and zone and status of each by DescribeDBInstances."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    members = required(answer, "DBClusters", 0, "DBClusterMembers", kind=list)
    found = list[PlacedInstance]()
    for member in members:
        name = required(member, "DBInstanceIdentifier", kind=str)
        try:
            one = aws.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)
        except NotFoundError as error:
            detail = f"the cluster lists the instance {name}, which is gone: {error}"
            raise ObservationError(Reason.STALE, detail, remedy="run again") from error
        found.append(
            PlacedInstance(
                name=required(one, "DBInstances", 0, "DBInstanceIdentifier", kind=str),
                zone=optional(one, "DBInstances", 0, "AvailabilityZone", kind=str) or "",
                status=required(one, "DBInstances", 0, "DBInstanceStatus", kind=str),
            )
        )
    return ClusterInstances(instances=tuple(sorted(found, key=lambda each: each.name)))


@check(
    "availability.aurora.zones",
    component=AuroraCluster,
    observe=cluster_instances,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
    promises=("multi_az",),
)
def instances_in_several_zones(facts: ClusterInstances, _cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The cluster has instances that can serve in at least two availability zones.

    Why: With all instances in one zone, the failure of that zone stops the database until new ones are created.
    Reads: rds:DescribeDBClusters: the members. rds:DescribeDBInstances: zone and status of each.
    Unverified when: A call is denied, throttled or fails, or too few zones are certain while an instance is being
    created or changed, or has a status that is not known.
    Fix: Add an instance in another zone: aws rds create-db-instance --db-cluster-identifier ... --availability-zone ...
    Source: Amazon Aurora User Guide, High availability for Amazon Aurora,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
    """
    serving = {each.zone for each in facts.instances if standing("instance", each.status) is Standing.SERVING} - {""}
    uncertain = [
        each.name for each in facts.instances if standing("instance", each.status) in (Standing.CHANGING, None)
    ]
    listed = ", ".join(f"{each.name} {each.status} in {each.zone or 'no zone'}" for each in facts.instances)
    observed, expected = listed or "no instance", "instances that can serve in two zones"
    if len(serving) > 1:
        yield passed("The instances are in several zones", observed=observed, expected=expected)
    elif uncertain:
        summary = f"It is not certain that two zones can serve: {', '.join(uncertain)}"
        remedy = "Run the check again when the instances are available."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield failed("The failure of one zone stops the cluster", observed=observed, expected=expected)
