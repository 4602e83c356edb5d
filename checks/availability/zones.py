"""A check that the instances of an Aurora cluster are in several availability zones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from basewatch.check import FollowsFrom, check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from checks.inventory.aurora import ClusterInstances, cluster_instances
from checks.inventory.statuses import Standing, standing


@check(
    "availability.aurora.zones",
    component=AuroraCluster,
    observe=cluster_instances,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("rds:DescribeDBClusters", "rds:DescribeDBInstances"),
    promises=("multi_az",),
    follows_from=(FollowsFrom(check="inventory.aurora.*"),),
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
    if facts.unread:
        yield facts.unread.verdict(observed=", ".join(facts.members) or "no instance", expected=expected)
    elif len(serving) > 1:
        yield passed("The instances are in several zones", observed=observed, expected=expected)
    elif uncertain:
        summary = f"It is not certain that two zones can serve: {', '.join(uncertain)}"
        remedy = "Run the check again when the instances are available."
        yield unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=expected, remedy=remedy)
    else:
        yield failed("The failure of one zone stops the cluster", observed=observed, expected=expected)
