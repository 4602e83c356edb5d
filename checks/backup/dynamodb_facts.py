"""The facts of point-in-time recovery: of a DynamoDB table, and of each replica of a global table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.components import Table


class _RecoveryStatus(StrEnum):
    """A table's PointInTimeRecoveryStatus."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointInTimeRecovery:
    """The times between which a table can be restored to any point; `aws_time` is the time at AWS of the response.

    `status` is the table's, as AWS writes it; `key_lost` is when DynamoDB found its KMS key inaccessible, `restored`
    when the table was made from a backup.
    """

    status: str
    key_lost: datetime | None
    enabled: bool
    period: timedelta | None
    earliest: datetime | None
    latest: datetime | None
    created: datetime
    restored: datetime | None = None
    aws_time: datetime | None

    @property
    def restorable_window(self) -> timedelta | None:
        """The length of the restorable window; None when AWS did not return both ends."""
        return self.latest - self.earliest if self.latest and self.earliest else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaRecovery:
    """The recovery of the table's replica in another region; None where its status leaves nothing to read."""

    region: str
    status: str
    recovery: PointInTimeRecovery | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRecovery:
    """The recovery of the declared table, and of its replicas in other regions, which each have their own."""

    table: PointInTimeRecovery
    replicas: tuple[ReplicaRecovery, ...] = ()


# In these states a replica has a table of its own that answers.
_READABLE_REPLICA = ("ACTIVE", "UPDATING")


def table_recovery(aws: AwsClient, table: Table) -> TableRecovery:
    """The recovery of the table and its replicas, by DescribeContinuousBackups and DescribeTable in each region."""
    backups = aws.call("dynamodb", "DescribeContinuousBackups", TableName=table.name)
    described = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    replicas = optional(described, "Table", "Replicas", kind=list) or []
    own_region = aws.region
    return TableRecovery(
        table=_recovery(backups, described),
        replicas=tuple(
            _replica(aws, table.name, replica)
            for replica in replicas
            if required(replica, "RegionName", kind=str) != own_region
        ),
    )


def _replica(aws: AwsClient, name: str, replica: dict[str, Any]) -> ReplicaRecovery:
    region, status = required(replica, "RegionName", kind=str), required(replica, "ReplicaStatus", kind=str)
    if status not in _READABLE_REPLICA:
        return ReplicaRecovery(region=region, status=status, recovery=None)
    there = aws.in_region(region)
    backups = there.call("dynamodb", "DescribeContinuousBackups", TableName=name)
    described = there.call("dynamodb", "DescribeTable", TableName=name)
    return ReplicaRecovery(region=region, status=status, recovery=_recovery(backups, described))


def _recovery(backups: dict[str, Any], described: dict[str, Any]) -> PointInTimeRecovery:
    found = ("ContinuousBackupsDescription", "PointInTimeRecoveryDescription")
    days = optional(backups, *found, "RecoveryPeriodInDays", kind=int)
    return PointInTimeRecovery(
        status=required(described, "Table", "TableStatus", kind=str),
        key_lost=optional(described, "Table", "SSEDescription", "InaccessibleEncryptionDateTime", kind=datetime),
        enabled=required(backups, *found, "PointInTimeRecoveryStatus", kind=_RecoveryStatus) is _RecoveryStatus.ENABLED,
        period=None if days is None else timedelta(days=days),
        earliest=optional(backups, *found, "EarliestRestorableDateTime", kind=datetime),
        latest=optional(backups, *found, "LatestRestorableDateTime", kind=datetime),
        created=required(described, "Table", "CreationDateTime", kind=datetime),
        restored=optional(described, "Table", "RestoreSummary", "RestoreDateTime", kind=datetime),
        aws_time=answered_at(backups),
    )
