"""A check of a DynamoDB table's point-in-time recovery, by the window that can be restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text

# The window ends about five minutes ago, and starts when recovery was enabled, after the table was created.
_TOLERANCE = timedelta(hours=1)


class _RecoveryStatus(StrEnum):
    """A table's PointInTimeRecoveryStatus."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointInTimeRecovery:
    """The times between which a table can be restored to any point; `aws_time` is the time at AWS of the response."""

    enabled: bool
    period: timedelta | None
    earliest: datetime | None
    latest: datetime | None
    created: datetime
    aws_time: datetime | None

    @property
    def restorable_window(self) -> timedelta | None:
        """The length of the restorable window; None when AWS did not return both ends."""
        return self.latest - self.earliest if self.latest and self.earliest else None


def point_in_time_recovery(aws: AwsClient, table: Table) -> PointInTimeRecovery:
    """The table's point-in-time recovery and its age, by DescribeContinuousBackups and DescribeTable."""
    answer = aws.call("dynamodb", "DescribeContinuousBackups", TableName=table.name)
    described = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    found = ("ContinuousBackupsDescription", "PointInTimeRecoveryDescription")
    days = optional(answer, *found, "RecoveryPeriodInDays", kind=int)
    return PointInTimeRecovery(
        enabled=required(answer, *found, "PointInTimeRecoveryStatus", kind=_RecoveryStatus) is _RecoveryStatus.ENABLED,
        period=None if days is None else timedelta(days=days),
        earliest=optional(answer, *found, "EarliestRestorableDateTime", kind=datetime),
        latest=optional(answer, *found, "LatestRestorableDateTime", kind=datetime),
        created=required(described, "Table", "CreationDateTime", kind=datetime),
        aws_time=answered_at(answer),
    )


@check(
    "backup.dynamodb.pitr",
    component=Table,
    observe=point_in_time_recovery,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable"),
    promises=("pitr",),
)
def restorable_over_recovery_period(recovery: PointInTimeRecovery, table: Table, now: datetime) -> Iterator[Verdict]:
    """The table can be restored to any point of its promised recovery period, or since its creation if it is younger.

    Why: Disabling and enabling point-in-time recovery discards the restorable window, while the setting looks the same
    as before.
    Reads: dynamodb:DescribeContinuousBackups: the status, RecoveryPeriodInDays and the restorable window, compared with
    the clock of AWS; dynamodb:DescribeTable for the table's creation time. One hour is tolerated.
    Unverified when: A call is denied, throttled or fails, or the period or a time is missing from the response.
    Fix: aws dynamodb update-continuous-backups with PointInTimeRecoveryEnabled=true and RecoveryPeriodInDays. A window
    that was reset grows by one day per day: keep an on-demand backup until it is long enough.
    Source: Amazon DynamoDB Developer Guide, Point-in-time backups,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
    """
    promised, aws_now = table.pitr or timedelta(), recovery.aws_time or now
    expected, observed = f"any point of the last {format_duration(promised)}", _observed(recovery, aws_now)
    required_length = min(promised, aws_now - recovery.created)
    if not recovery.enabled:
        yield failed("Point-in-time recovery is disabled", observed=observed, expected=expected)
    elif recovery.period is not None and recovery.period < promised:
        yield failed("The recovery period is shorter than promised", observed=observed, expected=expected)
    elif recovery.period is None or recovery.restorable_window is None or age(recovery.latest, aws_now) is None:
        missing = "AWS returned no usable restorable window"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, observed=observed, expected=expected)
    elif recovery.restorable_window + _TOLERANCE < required_length:
        yield failed("The restorable window is shorter than promised", observed=observed, expected=expected)
    else:
        yield passed("The restorable window is as long as promised", observed=observed, expected=expected)


def _observed(recovery: PointInTimeRecovery, aws_now: datetime) -> str:
    if not recovery.enabled:
        return "point-in-time recovery disabled"
    setting = "no recovery period" if recovery.period is None else f"recovery period {format_duration(recovery.period)}"
    lag = age(recovery.latest, aws_now)
    if recovery.restorable_window is None or lag is None:
        return setting
    return f"{setting}, restorable window {minutes_text(recovery.restorable_window)}, ending {minutes_text(lag)} ago"
