"""Judges point-in-time recovery of a DynamoDB table by what can be restored."""

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

# The window ends about five minutes ago, and begins when recovery was enabled, some time after the table was made.
_TRAILING = timedelta(hours=1)


class _Switch(StrEnum):
    """PointInTimeRecoveryStatus."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointInTimeRecovery:
    """The span of time to any point of which a table can be restored; `aws_time` is AWS' own when it was asked."""

    enabled: bool
    period: timedelta | None
    earliest: datetime | None
    latest: datetime | None
    created: datetime
    aws_time: datetime | None

    @property
    def restorable_window(self) -> timedelta | None:
        """How much time can be restored to; None when AWS does not give both ends."""
        return self.latest - self.earliest if self.latest and self.earliest else None


def point_in_time_recovery(aws: AwsClient, table: Table) -> PointInTimeRecovery:
    """The table's point-in-time recovery and its age, by DescribeContinuousBackups and DescribeTable."""
    answer = aws.call("dynamodb", "DescribeContinuousBackups", TableName=table.name)
    described = aws.call("dynamodb", "DescribeTable", TableName=table.name)
    found = ("ContinuousBackupsDescription", "PointInTimeRecoveryDescription")
    days = optional(answer, *found, "RecoveryPeriodInDays", kind=int)
    return PointInTimeRecovery(
        enabled=required(answer, *found, "PointInTimeRecoveryStatus", kind=_Switch) is _Switch.ENABLED,
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
    """The table can be restored to any point of its promised recovery period, as far back as it has existed.

    Why: Switching point-in-time recovery off and on again throws away what could be restored, and the setting looks
    the same as before.
    Reads: dynamodb:DescribeContinuousBackups: the status, RecoveryPeriodInDays and the restorable window, against
    AWS' own clock, and dynamodb:DescribeTable for the table's age. An hour is allowed.
    Unverified when: A call is denied, throttled or fails, or the period or a time is missing from the answer.
    Fix: aws dynamodb update-continuous-backups with PointInTimeRecoveryEnabled=true and RecoveryPeriodInDays. A window
    that was reset grows again by a day a day: keep an on-demand backup until it has.
    Source: Amazon DynamoDB Developer Guide, Point-in-time backups,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
    """
    promised, clock = table.pitr or timedelta(), recovery.aws_time or now
    expected, observed = f"any point of the last {format_duration(promised)}", _said(recovery, clock)
    due = min(promised, clock - recovery.created)
    if not recovery.enabled:
        yield failed("Point-in-time recovery is off", observed=observed, expected=expected)
    elif recovery.period is not None and recovery.period < promised:
        yield failed("The recovery period is shorter than promised", observed=observed, expected=expected)
    elif recovery.period is None or recovery.restorable_window is None or age(recovery.latest, clock) is None:
        missing = "AWS does not give a restorable window that can be judged"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, observed=observed, expected=expected)
    elif recovery.restorable_window + _TRAILING < due:
        yield failed("What can be restored is less than promised", observed=observed, expected=expected)
    else:
        yield passed("The table can be restored as far back as promised", observed=observed, expected=expected)


def _said(recovery: PointInTimeRecovery, clock: datetime) -> str:
    if not recovery.enabled:
        return "point-in-time recovery disabled"
    setting = "no period" if recovery.period is None else f"kept for {format_duration(recovery.period)}"
    lag = age(recovery.latest, clock)
    if recovery.restorable_window is None or lag is None:
        return setting
    return f"{setting}, restorable over {minutes_text(recovery.restorable_window)} up to {minutes_text(lag)} ago"
