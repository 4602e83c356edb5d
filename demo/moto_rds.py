"""What moto gets wrong about Aurora, put right: how far back and how near to now a cluster can be restored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow

from demo.moto_backends import backend, replace
from demo.moto_lean import rds_models

_DBCluster = rds_models().DBCluster

# "The latest restorable time for a DB cluster is the most recent point to which you can restore it, typically within
# 5 minutes of the current time."
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
USUAL_LAG = timedelta(minutes=5)


def restorable_time_lags() -> None:
    """LatestRestorableTime trails the clock by about five minutes, where moto gives the clock (aurora-pitr.html)."""
    replace(_DBCluster, "latest_restorable_time", property(_latest))


def restorable_window_moves() -> None:
    """EarliestRestorableTime moves with the retention period, where moto keeps the time of creation.

    A cluster can be restored to any point of the last BackupRetentionPeriod days, never before it was created:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    replace(_DBCluster, "earliest_restorable_time", property(_earliest, lambda _cluster, _value: None))


def set_lag(cluster: str, lag: timedelta) -> None:
    """Let the cluster's latest restorable time trail the clock by `lag`."""
    backend("rds").clusters[cluster].restorable_lag = lag


def install() -> None:
    """Put all of it right; again and again makes no difference."""
    restorable_time_lags()
    restorable_window_moves()


def _latest(cluster: Any) -> datetime:
    lag: timedelta = getattr(cluster, "restorable_lag", USUAL_LAG)
    return utcnow() - lag


def _earliest(cluster: Any) -> datetime:
    window = timedelta(days=int(cluster.backup_retention_period))
    created: datetime = cluster.cluster_create_time
    return max(created, utcnow() - window)
