"""A check that nobody on the internet can connect to an Aurora cluster."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import listed, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed

_MAX_NAMED = 5
# A wider network than this is nobody's own, as S3 judges it; several of them are a way to write `0.0.0.0/0`.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_WIDEST_OF_ONE_OWNER = {4: 8, 6: 32}
_EVERY_PROTOCOL = "-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingress:
    """A network that a security group lets in at the port of the cluster; `through` is a prefix list, or empty."""

    group: str
    network: str
    through: str = ""

    @property
    def is_wide(self) -> bool:
        """Whether the network is wider than one that anybody owns."""
        network = ip_network(self.network, strict=False)
        return network.prefixlen < _WIDEST_OF_ONE_OWNER[network.version]

    def __str__(self) -> str:
        return f"{self.group} lets in {self.network}" + (f" by {self.through}" if self.through else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterNetwork:
    """Which instances have public addresses, and which networks the security groups let in at `port`."""

    port: int
    groups: tuple[str, ...]
    public_instances: tuple[str, ...]
    ingress: tuple[Ingress, ...]


def cluster_network(aws: AwsClient, cluster: AuroraCluster) -> ClusterNetwork:
    """The network of the cluster, by DescribeDBClusters, DescribeDBInstances and DescribeSecurityGroups.

    Raises: ObservationError, also when a security group was not described; NotFoundError.
    """
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    port = required(answer, "DBClusters", 0, "Port", kind=int)
    groups = set(_groups(required(answer, "DBClusters", 0, kind=dict)))
    public = list[str]()
    for member in required(answer, "DBClusters", 0, "DBClusterMembers", kind=list):
        name = required(member, "DBInstanceIdentifier", kind=str)
        try:
            found = aws.call("rds", "DescribeDBInstances", DBInstanceIdentifier=name)
        except NotFoundError as error:
            detail = f"the cluster lists the instance {name}, which is gone: {error}"
            raise ObservationError(Reason.STALE, detail, remedy="run again") from error
        groups.update(_groups(required(found, "DBInstances", 0, kind=dict)))
        if required(found, "DBInstances", 0, "PubliclyAccessible", kind=bool):
            public.append(name)
    if not groups:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "the answer of AWS names no security group of the cluster")
    return ClusterNetwork(
        port=port,
        groups=tuple(sorted(groups)),
        public_instances=tuple(public),
        ingress=tuple(_ingress(aws, sorted(groups), port)),
    )


def _groups(resource: Mapping[str, Any]) -> Iterator[str]:
    for each in listed(resource, "VpcSecurityGroups"):
        yield required(each, "VpcSecurityGroupId", kind=str)


def _ingress(aws: AwsClient, groups: list[str], port: int) -> Iterator[Ingress]:
    described = set[str]()
    # A filter, and not GroupIds: one group that is gone would hide the others.
    for page in aws.pages("ec2", "DescribeSecurityGroups", Filters=[{"Name": "group-id", "Values": groups}]):
        for group in listed(page, "SecurityGroups"):
            name = required(group, "GroupId", kind=str)
            described.add(name)
            for rule in listed(group, "IpPermissions"):
                if _concerns(rule, port):
                    yield from _of_rule(aws, name, rule)
    if missing := set(groups) - described:
        raise ObservationError(
            Reason.NOT_ENOUGH_DATA, f"AWS did not describe the security group {min(missing)}", remedy="run again"
        )


def _concerns(rule: Mapping[str, Any], port: int) -> bool:
    """Whether the rule is for TCP at this port."""
    protocol = required(rule, "IpProtocol", kind=str)
    if protocol == _EVERY_PROTOCOL:
        return True
    first, last = optional(rule, "FromPort", kind=int), optional(rule, "ToPort", kind=int)
    # Without ports, a rule is for all of them.
    return protocol in ("tcp", "6") and (first is None or last is None or first <= port <= last)


def _of_rule(aws: AwsClient, group: str, rule: Mapping[str, Any]) -> Iterator[Ingress]:
    for each in listed(rule, "IpRanges"):
        yield Ingress(group=group, network=required(each, "CidrIp", kind=str))
    for each in listed(rule, "Ipv6Ranges"):
        yield Ingress(group=group, network=required(each, "CidrIpv6", kind=str))
    for each in listed(rule, "PrefixListIds"):
        prefixes = required(each, "PrefixListId", kind=str)
        for page in aws.pages("ec2", "GetManagedPrefixListEntries", PrefixListId=prefixes):
            for entry in listed(page, "Entries"):
                yield Ingress(group=group, network=required(entry, "Cidr", kind=str), through=prefixes)


@check(
    "access.rds.network",
    component=AuroraCluster,
    observe=cluster_network,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=(
        "ec2:DescribeSecurityGroups",
        "ec2:GetManagedPrefixListEntries",
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
    ),
    promises=("private",),
)
def nobody_outside_connects(network: ClusterNetwork, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """No instance of the cluster has a public address, and no security group lets in the internet at its port.

    Why: A database that the internet can reach is tried with stolen and guessed passwords, and with every flaw of
    PostgreSQL, without any permission in the account.
    Reads: rds:DescribeDBInstances: PubliclyAccessible of each member. ec2:DescribeSecurityGroups of the cluster and its
    members: rules for all protocols, or for TCP with ports among which is the cluster's; those that refer to prefix
    lists by ec2:GetManagedPrefixListEntries. A network wider than /8, or /32 of IPv6, is of the internet: two /1 are as
    open as 0.0.0.0/0. What only other security groups may reach is not open. Routes and network ACLs are not read.
    Unverified when: A call is denied, throttled or fails, or a security group is not described.
    Fix: aws rds modify-db-instance --no-publicly-accessible; aws ec2 revoke-security-group-ingress for the rule, and
    allow the security groups of the functions and the proxy instead.
    Source: Amazon Aurora User Guide, Controlling access with security groups,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Overview.RDSSecurityGroups.html
    """
    expected = f"no public address, and no network of the internet at port {network.port}"
    wide = [str(each) for each in network.ingress if each.is_wide]
    public = [f"{name} has a public address" for name in network.public_instances]
    facts = [*public, *wide]
    observed = "; ".join(facts[:_MAX_NAMED]) + (f"; and {len(facts) - _MAX_NAMED} more" if facts[_MAX_NAMED:] else "")
    if public and wide:
        yield failed("The internet can connect to the cluster", observed=observed, expected=expected)
    elif wide:
        summary = f"A security group lets in the internet at port {network.port}"
        yield failed(summary, observed=observed, expected=expected, severity=Severity.HIGH)
    elif public:
        summary = f"{len(public)} instances of the cluster have a public address"
        yield failed(summary, observed=observed, expected=expected, severity=Severity.HIGH)
    else:
        observed = f"no public address; {', '.join(network.groups)} let in {len(network.ingress)} networks"
        yield passed("The internet cannot connect to the cluster", observed=observed, expected=expected)
