"""Judges how far back and how near to now an Aurora cluster can be restored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text

# Aurora moves the window's start with its daily housekeeping, not every minute.
_DAILY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWindow:
    """The span of time to any point of which a cluster can be restored; `aws_time` is AWS' own when it was asked."""

    retention: timedelta
    earliest: datetime | None
    latest: datetime | None
    created: datetime | None
    aws_time: datetime | None


def restore_window(aws: AwsClient, cluster: AuroraCluster) -> RestoreWindow:
    """The cluster's restore window, as DescribeDBClusters gives it."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    found = ("DBClusters", 0)
    return RestoreWindow(
        retention=timedelta(days=required(answer, *found, "BackupRetentionPeriod", kind=int)),
        earliest=optional(answer, *found, "EarliestRestorableTime", kind=datetime),
        latest=optional(answer, *found, "LatestRestorableTime", kind=datetime),
        created=optional(answer, *found, "ClusterCreateTime", kind=datetime),
        aws_time=answered_at(answer),
    )


@check(
    "backup.aurora.window",
    component=AuroraCluster,
    observe=restore_window,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
    promises=("backup.retention",),
)
def restorable_over_retention(window: RestoreWindow, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The cluster can be restored to any point of its promised retention, as far back as it has existed.

    Why: The retention setting is never zero on Aurora, so that it is set proves nothing; a cluster that was restored
    or made anew has the setting and not the backups.
    Reads: rds:DescribeDBClusters: BackupRetentionPeriod, EarliestRestorableTime and ClusterCreateTime, against AWS'
    own clock. A day is allowed for Aurora's daily housekeeping.
    Unverified when: The call is denied, throttled or fails, or a time is missing from the answer.
    Fix: aws rds modify-db-cluster --backup-retention-period. A window that was cut short grows again by a day a day:
    keep a manual snapshot until it has.
    Source: Amazon Aurora User Guide, Backing up and restoring,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    promised, clock = cluster.backup.retention, window.aws_time or now
    expected = f"any point of the last {format_duration(promised)}"
    setting = f"kept for {format_duration(window.retention)}"
    reach = age(window.earliest, clock)
    due = min(promised, clock - window.created) if window.created else promised
    observed = setting if reach is None else f"{setting}, restorable {minutes_text(reach)} back"
    if window.retention < promised:
        yield failed("Backups are kept for less time than promised", observed=observed, expected=expected)
    elif reach is None:
        missing = "AWS gives no earliest restorable time that can be judged"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, observed=observed, expected=expected)
    elif reach + _DAILY >= due:
        yield passed("Backups reach back as far as promised", observed=observed, expected=expected)
    elif window.created is None:
        unknown = "The window is shorter than promised, and AWS does not say how old the cluster is"
        yield unverified(Reason.NOT_ENOUGH_DATA, unknown, observed=observed, expected=expected)
    else:
        yield failed("Backups do not reach back as far as promised", observed=observed, expected=expected)


@check(
    "backup.aurora.rpo",
    component=AuroraCluster,
    observe=restore_window,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
    promises=("backup.rpo",),
)
def restorable_within_rpo(window: RestoreWindow, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The cluster can be restored to within its recovery point objective.

    Why: Whatever was written after the latest restorable time is lost when the cluster is.
    Reads: rds:DescribeDBClusters: LatestRestorableTime, against AWS' own clock.
    Unverified when: The call is denied, throttled or fails, or the answer has no LatestRestorableTime or one that lies
    ahead of AWS' clock.
    Fix: The time trails the clock by about five minutes. When it trails by more, look at the cluster's events and at
    the AWS Health Dashboard, take a manual snapshot, and open a case with AWS.
    Source: Amazon Aurora User Guide, Restoring a DB cluster to a specified time,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
    """
    promised = cluster.backup.rpo
    expected = f"{format_duration(promised)} ago or later"
    lag = age(window.latest, window.aws_time or now)
    if lag is None:
        missing = "AWS gives no latest restorable time that can be judged"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, expected=expected)
        return
    observed = f"restorable to {minutes_text(lag)} ago"
    if lag > promised:
        yield failed("The latest restorable time is older than the promise", observed=observed, expected=expected)
    else:
        yield passed("The cluster can be restored to within its promise", observed=observed, expected=expected)
