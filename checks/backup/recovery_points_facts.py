"""The recovery points of a resource in AWS Backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.components import BackedUpComponent
from basewatch.errors import NotFoundError

_CONTINUOUS = ":continuous:"
USABLE = frozenset({"AVAILABLE", "COMPLETED"})
"""The statuses of points that can be restored."""
STATUSES = USABLE | {"PARTIAL", "DELETING", "EXPIRED", "STOPPED", "CREATING"}
"""Every status that AWS documents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoint:
    """A recovery point; `status` is as AWS writes it, `size_bytes` is 0 where AWS states none, as for Aurora.

    A continuous one is made once and grows with the resource, so `created` does not say how old its newest state is.
    """

    arn: str
    created: datetime
    status: str
    size_bytes: int
    key: str

    @property
    def usable(self) -> bool:
        """Whether it can be restored."""
        return self.status in USABLE

    @property
    def continuous(self) -> bool:
        """Whether it can be restored to any point of time; it is STOPPED when it no longer goes on."""
        return _CONTINUOUS in self.arn


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryPoints:
    """The recovery points of the resource in the declared vault, oldest first."""

    points: tuple[RecoveryPoint, ...]
    elsewhere: tuple[str, ...]
    """The other vaults that have points of the resource."""
    aws_time: datetime | None


def recovery_points(aws: AwsClient, component: BackedUpComponent) -> RecoveryPoints:
    """The recovery points in the declared vault, by ListRecoveryPointsByResource.

    Raises: NotFoundError, when the resource has none in any vault.
    """
    arn = component.arn(account=aws.account_id, region=aws.region)
    aws_time, listed = None, list[dict[str, Any]]()
    for page in aws.pages("backup", "ListRecoveryPointsByResource", ResourceArn=arn):
        aws_time = answered_at(page)
        listed += required(page, "RecoveryPoints", kind=list)
    if not listed:
        detail = "AWS Backup lists none, so no plan backs it up, or none of its jobs has ever succeeded"
        raise NotFoundError(detail, declared=f"a recovery point of {component.ref}")
    vault = component.recovery_points.vault if component.recovery_points else ""
    of_vault = [each for each in listed if required(each, "BackupVaultName", kind=str) == vault]
    return RecoveryPoints(
        points=tuple(sorted(map(_point, of_vault), key=lambda point: (point.created, point.arn))),
        elsewhere=tuple(sorted({each["BackupVaultName"] for each in listed} - {vault})),
        aws_time=aws_time,
    )


def _point(listed: dict[str, Any]) -> RecoveryPoint:
    return RecoveryPoint(
        arn=required(listed, "RecoveryPointArn", kind=str),
        created=required(listed, "CreationDate", kind=datetime),
        status=required(listed, "Status", kind=str),
        size_bytes=optional(listed, "BackupSizeBytes", kind=int) or 0,
        key=optional(listed, "EncryptionKeyArn", kind=str) or "",
    )
