"""Corrections of moto's RDS: its memory use at import, and the restore window of an Aurora cluster."""

from __future__ import annotations

import importlib
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.utilities import utils

from demo.account import backend, patch

_load_resource = utils.load_resource


def _import_rds_models() -> Any:
    """Moto's RDS models without the 80 MB of instance types that its EC2 reads at import.

    The sandbox starts no EC2 instance, so EC2 needs no instance types.
    """
    utils.load_resource = _load_no_instance_types
    try:
        return importlib.import_module("moto.rds.models")
    finally:
        utils.load_resource = _load_resource


def _load_no_instance_types(resource: str) -> Any:
    return {} if resource.startswith("ec2/resources/instance_type") else _load_resource(resource)


_DBCluster = _import_rds_models().DBCluster

# "The latest restorable time for a DB cluster is the most recent point to which you can restore it, typically within
# 5 minutes of the current time."
# https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
RESTORABLE_LAG = timedelta(minutes=5)


def patch_latest_restorable_time() -> None:
    """LatestRestorableTime is about five minutes ago; moto returns the current time (aurora-pitr.html)."""
    patch(_DBCluster, "latest_restorable_time", property(_latest))


def patch_earliest_restorable_time() -> None:
    """EarliestRestorableTime follows the retention period; moto returns the creation time.

    A cluster can be restored to any point of the last BackupRetentionPeriod days, never before it was created:
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    patch(_DBCluster, "earliest_restorable_time", property(_earliest, lambda _cluster, _value: None))


def set_restorable_lag(cluster: str, lag: timedelta) -> None:
    """Set the cluster's latest restorable time to `lag` ago."""
    backend("rds").clusters[cluster].restorable_lag = lag


def install() -> None:
    """Install every patch of this module; a second installation changes nothing."""
    patch_latest_restorable_time()
    patch_earliest_restorable_time()


def _latest(cluster: Any) -> datetime:
    lag: timedelta = getattr(cluster, "restorable_lag", RESTORABLE_LAG)
    return utcnow() - lag


def _earliest(cluster: Any) -> datetime:
    window = timedelta(days=int(cluster.backup_retention_period))
    created: datetime = cluster.cluster_create_time
    return max(created, utcnow() - window)
