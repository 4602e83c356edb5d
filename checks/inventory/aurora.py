"""Checks that a declared Aurora cluster and its declared instances exist, and that they can serve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.affected import LOST, with_affected
from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import FollowsFrom, check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Status, Verdict, failed, passed, unverified
from checks.inventory.creation import Identity, created_as_declared
from checks.inventory.statuses import Standing, loss_of, standing, status_verdict
from checks.inventory.unread import Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterStatus:
    """The status of the cluster, how many instances it has, and when it was created.

    `resource_id` is its own, whatever its name; `known_id` is that of the cluster which last passed.
    """

    status: str
    instances: int
    created: datetime | None = None
    resource_id: str = ""
    known_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedInstance:
    """An instance of the cluster, its zone (empty while it has none), its status, and its class where AWS gives one."""

    name: str
    zone: str
    status: str
    instance_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterInstances:
    """Every instance that the cluster has now, declared or added by auto scaling.

    `members` are their names; `unread` is why more than that is not known.
    """

    instances: tuple[PlacedInstance, ...]
    members: tuple[str, ...] = ()
    unread: Unread | None = None


def cluster_status(aws: AwsClient, cluster: AuroraCluster) -> ClusterStatus:
    """The status of the cluster, by DescribeDBClusters."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    return ClusterStatus(
        status=required(answer, "DBClusters", 0, "Status", kind=str),
        instances=len(required(answer, "DBClusters", 0, "DBClusterMembers", kind=list)),
        created=optional(answer, "DBClusters", 0, "ClusterCreateTime", kind=datetime),
        resource_id=optional(answer, "DBClusters", 0, "DbClusterResourceId", kind=str) or "",
        known_id=aws.known_id,
    )


def cluster_instances(aws: AwsClient, cluster: AuroraCluster) -> ClusterInstances:
    """The members of the cluster by DescribeDBClusters, and zone and status of each by DescribeDBInstances."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    members = required(answer, "DBClusters", 0, "DBClusterMembers", kind=list)
    names = tuple(sorted(required(member, "DBInstanceIdentifier", kind=str) for member in members))
    try:
        return ClusterInstances(instances=tuple(_instance(aws, name) for name in names), members=names)
    except ObservationError as error:
        return ClusterInstances(instances=(), members=names, unread=Unread.because_of(error))


def _instance(aws: AwsClient, name: str) -> PlacedInstance:
    try:
        found = aws.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)
    except NotFoundError as error:
        detail = f"the cluster lists the instance {name}, which is gone: {error}"
        raise ObservationError(Reason.STALE, detail, remedy="run again") from error
    return PlacedInstance(
        name=required(found, "DBInstances", 0, "DBInstanceIdentifier", kind=str),
        zone=optional(found, "DBInstances", 0, "AvailabilityZone", kind=str) or "",
        status=required(found, "DBInstances", 0, "DBInstanceStatus", kind=str),
        instance_class=optional(found, "DBInstances", 0, "DBInstanceClass", kind=str) or "",
    )


@check(
    "inventory.aurora.available",
    component=AuroraCluster,
    observe=cluster_status,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
)
def cluster_is_available(facts: ClusterStatus, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """The declared cluster exists, has an instance, and can serve.

    Why: A cluster that is stopped, or whose key is gone, has no datapoints that break a limit; one that was created
    again under its name has no backups of the days before.
    Reads: rds:DescribeDBClusters: the status, the members, the resource id, and the time of creation, which may not be
    after `since`.
    Unverified when: The call is denied, throttled or fails, the cluster is being created, started, upgraded or failed
    over, its status is unknown, or it is another cluster than the one that passed before, and `since` does not say so.
    Fix: Do what the status names: start the cluster, enable its KMS key, free its storage; or correct its name. If the
    cluster was restored or switched on purpose, declare that day as `since`.
    Source: Amazon Aurora User Guide, Viewing DB cluster status,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html
    """
    observed = f"{facts.status}, {facts.instances} instances"
    verdict = status_verdict(
        "cluster", facts.status, what=f"The cluster {cluster.name}", observed=observed, expected="available"
    )
    if loss_of("cluster", facts.status):
        verdict = with_affected(verdict, [(LOST, cluster.ref)])
    if verdict.status is Status.PASS and not facts.instances:
        verdict = failed("The cluster has no instance", observed=observed, expected="available, with an instance")
    identity = Identity(created=facts.created, resource_id=facts.resource_id, known_id=facts.known_id)
    yield created_as_declared(verdict, f"The cluster {cluster.name}", identity, cluster.since)


@check(
    "inventory.aurora.instances",
    component=AuroraCluster,
    observe=cluster_instances,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
    promises=("instances",),
    follows_from=(FollowsFrom(check="inventory.aurora.available"),),
)
def instances_are_available(facts: ClusterInstances, cluster: AuroraCluster, _now: datetime) -> Iterator[Verdict]:
    """Every declared instance is a member of the cluster, and can serve.

    Why: An instance that does not exist has no datapoints, which looks like one without load.
    Reads: rds:DescribeDBClusters: the members. rds:DescribeDBInstances: the status of each.
    Unverified when: A call is denied, throttled or fails, an instance is being created, started or rebooted, or its
    status is unknown.
    Fix: Create the instance, do what its status names, or correct `instances` in the configuration.
    Source: Amazon Aurora User Guide, Viewing DB instance status in an Aurora cluster,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/accessing-monitoring.html
    """
    status_of = {each.name: each.status for each in facts.instances}
    missing = [name for name in cluster.instances if name not in {*status_of, *facts.members}]
    standings = {name: standing("instance", status_of[name]) for name in cluster.instances if name in status_of}
    broken = [f"{name} is {status_of[name]}" for name, each in standings.items() if each is Standing.BROKEN]
    unclear = [f"{name} is {status_of[name]}" for name, each in standings.items() if each is not Standing.SERVING]
    described = ", ".join(f"{each.name} {each.status}" for each in facts.instances)
    observed = described or ", ".join(facts.members) or "no instance"
    expected = f"{', '.join(cluster.instances)}, each available"
    if missing:
        yield failed(f"Not in the cluster: {', '.join(missing)}", observed=observed, expected=expected)
    elif facts.unread:
        yield facts.unread.verdict(observed=observed, expected=expected)
    elif broken:
        yield failed(f"Cannot serve: {', '.join(broken)}", observed=observed, expected=expected)
    elif unclear:
        remedy = "Run the check again when the instances are available."
        summary = f"Not certain to serve: {', '.join(unclear)}"
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield passed("Every declared instance can serve", observed=observed, expected=expected)
