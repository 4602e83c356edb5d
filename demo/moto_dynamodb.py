"""Corrections of moto's DynamoDB: the restorable window of point-in-time recovery, and the status of a table."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from moto.dynamodb.exceptions import ResourceNotFoundException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

from demo.account import patch

_describe_table = Table.describe
_describe_expiry = DynamoDBBackend.describe_time_to_live
_describe = DynamoDBBackend.describe_continuous_backups
_update = DynamoDBBackend.update_continuous_backups
# "LatestRestorableDateTime is typically 5 minutes before the current time."
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PointInTimeRecoveryDescription.html
RECOVERY_LAG = timedelta(minutes=5)


def patch_recovery_window() -> None:
    """The restorable window ends five minutes ago and has the length of the recovery period; moto's never moves.

    It starts no earlier than point-in-time recovery was last enabled, so enabling it again resets the window.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/PointInTimeRecovery_Howitworks.html
    """
    patch(DynamoDBBackend, "describe_continuous_backups", _described)
    patch(DynamoDBBackend, "update_continuous_backups", _updated)


def set_recovery_start(table: Any, at: datetime) -> None:
    """Set the time at which point-in-time recovery of moto's `table` was enabled."""
    table.recovery_since = at


def patch_table_status() -> None:
    """DescribeTable returns the status that was set with `set_table_status`; moto's tables are always ACTIVE."""
    patch(Table, "describe", _described_table)


def set_table_status(table: Any, status: str) -> None:
    """Set the status of moto's `table`."""
    table.status_word = status


def patch_unknown_tables() -> None:
    """DescribeTimeToLive of a table that does not exist has the error code of AWS; moto's lacks its ending."""
    patch(DynamoDBBackend, "describe_time_to_live", _described_expiry)


def install() -> None:
    """Install the patches; a second installation changes nothing."""
    patch_unknown_tables()
    patch_recovery_window()
    patch_table_status()


def _described_expiry(backend: DynamoDBBackend, table_name: str) -> dict[str, Any]:
    if table_name not in backend.tables:
        raise ResourceNotFoundException
    return _describe_expiry(backend, table_name)


def _described_table(table: Table, base_key: str = "TableDescription") -> dict[str, Any]:
    found = _describe_table(table, base_key)
    found[base_key]["TableStatus"] = getattr(table, "status_word", "ACTIVE")
    return found


def _described(backend: DynamoDBBackend, table_name: str) -> dict[str, Any]:
    stored = _describe(backend, table_name)
    status = stored["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    recovery: dict[str, Any] = {"PointInTimeRecoveryStatus": status}
    if status == "ENABLED":
        now = datetime.now(UTC)
        since: datetime = getattr(backend.get_table(table_name), "recovery_since", now)
        days = int(stored["PointInTimeRecoveryDescription"].get("RecoveryPeriodInDays", 35))
        recovery["RecoveryPeriodInDays"] = days
        recovery["LatestRestorableDateTime"] = max(since, now - RECOVERY_LAG).timestamp()
        recovery["EarliestRestorableDateTime"] = max(since, now - timedelta(days=days)).timestamp()
    return {**stored, "PointInTimeRecoveryDescription": recovery}


def _updated(backend: DynamoDBBackend, table_name: str, point_in_time_spec: dict[str, Any]) -> dict[str, Any]:
    before = _describe(backend, table_name)["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    _update(backend, table_name, point_in_time_spec)
    if before == "DISABLED":
        set_recovery_start(backend.get_table(table_name), datetime.now(UTC))
    return _described(backend, table_name)
