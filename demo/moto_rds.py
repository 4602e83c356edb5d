"""What moto gets wrong about Aurora, put right: how far back and how near to now a cluster can be restored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow

from demo.moto_backends import backend, patch
from demo.moto_lean import import_rds_models

_DBCluster = import_rds_models().DBCluster

# "The latest restorable time for a DB cluster is the most recent point to which you can restore it, typically within
# 5 minutes of the current time."
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
RESTORABLE_LAG = timedelta(minutes=5)


def patch_latest_restorable_time() -> None:
    """LatestRestorableTime trails the clock by about five minutes, where moto gives the clock (aurora-pitr.html)."""
    patch(_DBCluster, "latest_restorable_time", property(_latest))


def patch_earliest_restorable_time() -> None:
    """EarliestRestorableTime moves with the retention period, where moto keeps the time of creation.

    A cluster can be restored to any point of the last BackupRetentionPeriod days, never before it was created:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    patch(_DBCluster, "earliest_restorable_time", property(_earliest, lambda _cluster, _value: None))


def set_restorable_lag(cluster: str, lag: timedelta) -> None:
    """Let the cluster's latest restorable time trail the clock by `lag`."""
    backend("rds").clusters[cluster].restorable_lag = lag


def install() -> None:
    """Put all of it right; again and again makes no difference."""
    patch_latest_restorable_time()
    patch_earliest_restorable_time()


def _latest(cluster: Any) -> datetime:
    lag: timedelta = getattr(cluster, "restorable_lag", RESTORABLE_LAG)
    return utcnow() - lag


def _earliest(cluster: Any) -> datetime:
    window = timedelta(days=int(cluster.backup_retention_period))
    created: datetime = cluster.cluster_create_time
    return max(created, utcnow() - window)
