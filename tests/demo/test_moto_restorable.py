"""The corrected restorable times of moto are as on AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from demo import moto_patches
from demo.emulated_aws import EmulatedAws
from demo.moto_rds import RESTORABLE_LAG, set_restorable_lag

CLUSTER = "securebase-production"
NEAR = timedelta(seconds=30)
Described = Callable[[], dict[str, Any]]


@pytest.fixture(name="cluster")
def _cluster(box_cloud: EmulatedAws) -> Iterator[Described]:
    rds = box_cloud.client("rds")
    yield lambda: rds.describe_db_clusters(DBClusterIdentifier=CLUSTER)["DBClusters"][0]
    set_restorable_lag(CLUSTER, RESTORABLE_LAG)
    rds.modify_db_cluster(DBClusterIdentifier=CLUSTER, BackupRetentionPeriod=35)


def _ago(moment: datetime) -> timedelta:
    return datetime.now(UTC) - moment


def test_aurora_can_be_restored_to_five_minutes_ago(cluster: Described) -> None:
    """LatestRestorableTime is five minutes ago."""
    assert abs(_ago(cluster()["LatestRestorableTime"]) - timedelta(minutes=5)) < NEAR


def test_the_restorable_lag_can_be_set(cluster: Described) -> None:
    """DescribeDBClusters returns the lag that a fault sets."""
    set_restorable_lag(CLUSTER, timedelta(hours=3))
    assert abs(_ago(cluster()["LatestRestorableTime"]) - timedelta(hours=3)) < NEAR


@pytest.mark.parametrize("days", [7, 35])
def test_aurora_can_be_restored_over_its_retention(box_cloud: EmulatedAws, cluster: Described, days: int) -> None:
    """EarliestRestorableTime follows the retention period of a cluster that is older."""
    box_cloud.client("rds").modify_db_cluster(DBClusterIdentifier=CLUSTER, BackupRetentionPeriod=days)
    found = cluster()
    assert abs(_ago(found["EarliestRestorableTime"]) - timedelta(days=days)) < NEAR
    assert found["ClusterCreateTime"] < found["EarliestRestorableTime"]


def test_aurora_cannot_be_restored_to_before_its_creation(box_cloud: EmulatedAws) -> None:
    """EarliestRestorableTime of a new cluster is its creation time."""
    rds = box_cloud.client("rds")
    young = {"DBClusterIdentifier": "young", "Engine": "aurora-postgresql", "BackupRetentionPeriod": 35}
    rds.create_db_cluster(**young, MasterUsername="young", MasterUserPassword="young-and-new")
    found = rds.describe_db_clusters(DBClusterIdentifier="young")["DBClusters"][0]
    rds.delete_db_cluster(DBClusterIdentifier="young", SkipFinalSnapshot=True)
    assert found["EarliestRestorableTime"] == found["ClusterCreateTime"]


def _recovery(box_cloud: EmulatedAws, table: str) -> dict[str, Any]:
    answer = box_cloud.client("dynamodb").describe_continuous_backups(TableName=table)
    recovery: dict[str, Any] = answer["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    return recovery


def test_a_table_can_be_restored_to_five_minutes_ago_and_back_35_days(box_cloud: EmulatedAws) -> None:
    """The window of a table with old point-in-time recovery moves with the clock."""
    recovery = _recovery(box_cloud, "securebase-production-customers")
    assert abs(_ago(recovery["LatestRestorableDateTime"]) - timedelta(minutes=5)) < NEAR
    assert abs(_ago(recovery["EarliestRestorableDateTime"]) - timedelta(days=35)) < NEAR


@pytest.fixture(name="table")
def _table(box_cloud: EmulatedAws) -> Iterator[str]:
    dynamodb = box_cloud.client("dynamodb")
    dynamodb.create_table(
        TableName="fresh",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield "fresh"
    dynamodb.delete_table(TableName="fresh")


def test_disabled_recovery_has_no_window(box_cloud: EmulatedAws, table: str) -> None:
    """Disabled recovery returns only its status."""
    assert _recovery(box_cloud, table) == {"PointInTimeRecoveryStatus": "DISABLED"}


def test_enabling_recovery_again_resets_the_window(box_cloud: EmulatedAws, table: str) -> None:
    """Enabling recovery starts a window at that time, with the requested period."""
    specification = {"PointInTimeRecoveryEnabled": True, "RecoveryPeriodInDays": 14}
    box_cloud.client("dynamodb").update_continuous_backups(
        TableName=table, PointInTimeRecoverySpecification=specification
    )
    recovery = _recovery(box_cloud, table)
    assert recovery["RecoveryPeriodInDays"] == 14
    assert _ago(recovery["EarliestRestorableDateTime"]) < NEAR
    assert _ago(recovery["LatestRestorableDateTime"]) < NEAR


def test_patches_can_be_installed_again(cluster: Described) -> None:
    """A second installation changes nothing."""
    moto_patches.install()
    moto_patches.install()
    assert abs(_ago(cluster()["LatestRestorableTime"]) - timedelta(minutes=5)) < NEAR
