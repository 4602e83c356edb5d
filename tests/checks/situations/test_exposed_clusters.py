"""Clusters: what the internet can connect to, and who can restore a snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from basewatch.components import AuroraCluster
from basewatch.model import Status, Verdict
from checks.access.cluster_network import nobody_outside_connects
from checks.backup.snapshot_exposure import snapshots_are_private
from tests.checks.situations.aws_answers import answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import ACCOUNT, refusal

PASS, FAIL, UNVERIFIED, NOT_APPLICABLE = Status.PASS, Status.FAIL, Status.UNVERIFIED, Status.NOT_APPLICABLE
PARTNER = "210987654321"
SETTINGS = {"name": "main", "backup": {"retention": "35d", "rpo": "1h"}}
CLUSTER = AuroraCluster.model_validate(SETTINGS)
DESCRIBED = answer(
    "rds:DescribeDBClusters",
    DBClusters=[
        {
            "DBClusterIdentifier": "main",
            "Port": 5432,
            "VpcSecurityGroups": [{"VpcSecurityGroupId": "sg-1"}],
            "DBClusterMembers": [{"DBInstanceIdentifier": "main-1"}],
        }
    ],
)
Judged = Callable[[], Iterable[Verdict]]


def network(
    *rules: dict[str, Any], public: bool | None = False, groups: int = 1, entries: Iterable[str] = ()
) -> Judged:
    """The verdict on a cluster whose security group has these rules."""
    instance: dict[str, Any] = {"DBInstanceIdentifier": "main-1"}
    if public is not None:
        instance["PubliclyAccessible"] = public
    group = {"GroupId": "sg-1", "IpPermissions": list(rules)}
    return judging(
        nobody_outside_connects,
        CLUSTER,
        {
            "rds:DescribeDBClusters": DESCRIBED,
            "rds:DescribeDBInstances": answer("rds:DescribeDBInstances", DBInstances=[instance]),
            "ec2:DescribeSecurityGroups": answer("ec2:DescribeSecurityGroups", SecurityGroups=[group] * groups),
            "ec2:GetManagedPrefixListEntries": answer(
                "ec2:GetManagedPrefixListEntries", Entries=[{"Cidr": each} for each in entries]
            ),
        },
    )


def rule(
    *networks: str, protocol: str = "tcp", ports: tuple[int, int] | None = (5432, 5432), **more: Any
) -> dict[str, Any]:
    """A rule of a security group."""
    found: dict[str, Any] = {"IpProtocol": protocol, **more}
    if ports:
        found |= {"FromPort": ports[0], "ToPort": ports[1]}
    found["IpRanges"] = [{"CidrIp": each} for each in networks if ":" not in each]
    found["Ipv6Ranges"] = [{"CidrIpv6": each} for each in networks if ":" in each]
    return found


def snapshots(
    *names: str, shared: Iterable[str] = (), encrypted: bool = True, kind: str = "manual", **settings: Any
) -> Judged:
    """The verdict on snapshots of these names; the manual ones are shared with these accounts."""
    cluster = AuroraCluster.model_validate({**SETTINGS, **settings})
    listed = [
        {"DBClusterSnapshotIdentifier": name, "SnapshotType": kind, "StorageEncrypted": encrypted} for name in names
    ]
    attributes = [{"AttributeName": "restore", "AttributeValues": list(shared)}]
    return judging(
        snapshots_are_private,
        cluster,
        {
            "rds:DescribeDBClusters": DESCRIBED,
            "rds:DescribeDBClusterSnapshots": [
                answer("rds:DescribeDBClusterSnapshots", DBClusterSnapshots=listed),
                answer("rds:DescribeDBClusterSnapshots", DBClusterSnapshots=[]),
            ],
            "rds:DescribeDBClusterSnapshotAttributes": answer(
                "rds:DescribeDBClusterSnapshotAttributes",
                DBClusterSnapshotAttributesResult={"DBClusterSnapshotAttributes": attributes},
            ),
        },
    )


def gone() -> Judged:
    """The verdict when a listed snapshot was deleted meanwhile."""
    one = {"DBClusterSnapshotIdentifier": "s", "SnapshotType": "manual", "StorageEncrypted": True}
    return judging(
        snapshots_are_private,
        CLUSTER,
        {
            "rds:DescribeDBClusters": DESCRIBED,
            "rds:DescribeDBClusterSnapshots": answer("rds:DescribeDBClusterSnapshots", DBClusterSnapshots=[one]),
            "rds:DescribeDBClusterSnapshotAttributes": refusal("DBClusterSnapshotNotFoundFault", status=404),
        },
    )


def situation(number: str, what: str, right: Status, why: str, judged: Judged, *says: str) -> Situation:
    """One row with one right status."""
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says="".join(says))


OTHER_GROUP = rule(UserIdGroupPairs=[{"GroupId": "sg-2"}])
LIST = rule(PrefixListIds=[{"PrefixListId": "pl-1"}])
SITUATIONS = (
    situation("N1", "only another security group may connect", PASS, "the usual way", network(OTHER_GROUP)),
    situation("N1-none", "no rule at all", PASS, "nobody may connect", network()),
    situation("N1-vpc", "the VPC's network may connect", PASS, "it is private", network(rule("10.0.0.0/8"))),
    situation("N1-office", "one office may connect", PASS, "it is somebody's own", network(rule("203.0.113.0/24"))),
    situation(
        "N1-web",
        "the internet at port 443 alone",
        PASS,
        "the cluster listens elsewhere",
        network(rule("0.0.0.0/0", ports=(443, 443))),
    ),
    situation(
        "N1-udp", "the internet, by UDP", PASS, "PostgreSQL listens at TCP", network(rule("0.0.0.0/0", protocol="udp"))
    ),
    situation("N2", "the internet at the port", FAIL, "everybody may connect", network(rule("0.0.0.0/0")), "0.0.0.0/0"),
    situation("N2-six", "all of IPv6", FAIL, "it is the internet too", network(rule("::/0")), "::/0"),
    situation(
        "N2-halves",
        "both halves of the internet",
        FAIL,
        "together they are all",
        network(rule("0.0.0.0/1", "128.0.0.0/1")),
    ),
    situation(
        "N2-range",
        "a range of ports that has the cluster's",
        FAIL,
        "it is among them",
        network(rule("0.0.0.0/0", ports=(1024, 65535))),
    ),
    situation("N2-all", "all protocols", FAIL, "TCP is one", network(rule("0.0.0.0/0", protocol="-1", ports=None))),
    situation("N2-number", "TCP by its number", FAIL, "6 is TCP", network(rule("0.0.0.0/0", protocol="6"))),
    situation(
        "N2-public",
        "an instance has a public address, and no rule lets the internet in",
        FAIL,
        "one rule is between it and everybody",
        network(OTHER_GROUP, public=True),
        "public address",
    ),
    situation(
        "N2-both", "both", FAIL, "the internet can connect", network(rule("0.0.0.0/0"), public=True), "can connect"
    ),
    situation(
        "N3", "a prefix list of offices", PASS, "they are somebody's own", network(LIST, entries=["203.0.113.0/24"])
    ),
    situation(
        "N3-wide",
        "a prefix list with half of the internet",
        FAIL,
        "it is as open",
        network(LIST, entries=["128.0.0.0/1"]),
        "pl-1",
    ),
    situation(
        "N4",
        "the answer does not say whether an instance is public",
        UNVERIFIED,
        "it was not read",
        network(public=None),
    ),
    situation(
        "N4-group", "AWS does not describe the security group", UNVERIFIED, "its rules were not read", network(groups=0)
    ),
    situation("E1", "a manual snapshot, not shared", PASS, "nobody else restores it", snapshots("s")),
    situation("E1-automated", "automated ones", PASS, "they cannot be shared", snapshots("s", kind="automated")),
    situation(
        "E1-declared",
        "shared with a declared account",
        PASS,
        "on purpose",
        snapshots("s", shared=[PARTNER], shared_with=[PARTNER]),
    ),
    situation("E1-own", "shared with the account itself", PASS, "it is the owner", snapshots("s", shared=[ACCOUNT])),
    situation(
        "E2",
        "shared with everybody",
        FAIL,
        "it is public",
        snapshots("s", shared=["all"], encrypted=False),
        "Everybody",
    ),
    situation(
        "E2-other", "shared with another account", FAIL, "it is not declared", snapshots("s", shared=[PARTNER]), PARTNER
    ),
    situation("E3", "not encrypted", FAIL, "its storage can be read", snapshots("s", encrypted=False)),
    situation("E4", "no snapshot", NOT_APPLICABLE, "there is none to expose", snapshots()),
    situation("E4-gone", "one is deleted meanwhile", UNVERIFIED, "it was not read", gone()),
)


@each(SITUATIONS)
def test_a_cluster_is_judged_rightly(situation: Situation) -> None:
    """Each situation gets the verdict that is right."""
    situation.test()
