"""Facts about the operations of Aurora, RDS Proxy, DynamoDB and DAX."""

from __future__ import annotations

from basewatch.model import Status
from tests.checks.operations.operation import Listing, Operation

OPERATIONS = (
    Operation("dynamodb:ListTables", listing=Listing.UNFILTERED, empty={"*": ({"TableNames": []}, Status.FAIL)}),
    Operation(
        "dax:DescribeClusters",
        not_found="ClusterNotFoundFault",
        empty={"*": ({"Clusters": []}, Status.UNVERIFIED), "drift.inventory.declared": ({"Clusters": []}, Status.FAIL)},
    ),
    Operation(
        "dynamodb:DescribeContinuousBackups",
        not_found="TableNotFoundException",
        empty={"*": ({"ContinuousBackupsDescription": {}}, Status.UNVERIFIED)},
    ),
    Operation(
        "dynamodb:DescribeTable", not_found="ResourceNotFoundException", empty={"*": ({"Table": {}}, Status.UNVERIFIED)}
    ),
    Operation(
        "dynamodb:DescribeTimeToLive",
        not_found="ResourceNotFoundException",
        empty={"*": ({"TimeToLiveDescription": {}}, Status.UNVERIFIED)},
    ),
    Operation(
        "rds:DescribeDBClusterSnapshots",
        not_found="DBClusterNotFoundFault",
        # A cluster may have none yet, whose own key is a fact all the same.
        empty={
            "encryption.aurora.keys": ({"DBClusterSnapshots": []}, Status.PASS),
            "backup.snapshot.exposure": ({"DBClusterSnapshots": []}, Status.NOT_APPLICABLE),
        },
    ),
    Operation(
        "ec2:DescribeSecurityGroups",
        listing=Listing.UNFILTERED,
        empty={"*": ({"SecurityGroups": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "rds:DescribeDBClusterSnapshotAttributes",
        deleted_since_listed="DBClusterSnapshotNotFoundFault",
        empty={"*": ({"DBClusterSnapshotAttributesResult": {}}, Status.UNVERIFIED)},
    ),
    Operation(
        "rds:DescribeDBClusters",
        not_found="DBClusterNotFoundFault",
        empty={
            "*": ({"DBClusters": []}, Status.UNVERIFIED),
            "drift.inventory.declared": ({"DBClusters": []}, Status.FAIL),
        },
    ),
    Operation(
        "rds:DescribeDBEngineVersions",
        listing=Listing.UNFILTERED,
        empty={"*": ({"DBEngineVersions": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "rds:DescribeDBMajorEngineVersions",
        listing=Listing.UNFILTERED,
        empty={"*": ({"DBMajorEngineVersions": []}, Status.UNVERIFIED)},
    ),
    Operation(
        "rds:DescribeDBInstances",
        deleted_since_listed="DBInstanceNotFound",
        empty={
            "*": ({"DBInstances": []}, Status.UNVERIFIED),
            "drift.inventory.declared": ({"DBInstances": []}, Status.FAIL),
        },
    ),
    Operation(
        "rds:DescribeDBProxies",
        not_found="DBProxyNotFoundFault",
        empty={
            "*": ({"DBProxies": []}, Status.UNVERIFIED),
            "drift.inventory.declared": ({"DBProxies": []}, Status.FAIL),
        },
    ),
    Operation(
        "rds:DescribeDBProxyTargets",
        not_found="DBProxyTargetGroupNotFoundFault",
        empty={"*": ({"Targets": []}, Status.FAIL)},
    ),
)
