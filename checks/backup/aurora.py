"""Checks of the restore window of an Aurora cluster: how far back it reaches, and how recent its end is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from basewatch.affected import LOST, with_affected
from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, known_age, minutes_text
from checks.inventory.statuses import UNKNOWN_STATUS_REMEDY, loss_of

# Aurora moves the start of the window once a day, in its daily maintenance.
_TOLERANCE = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWindow:
    """The times between which a cluster can be restored to any point; `aws_time` is the time at AWS of the response.

    `status` is the cluster's, as AWS writes it.
    """

    status: str
    retention: timedelta
    earliest: datetime | None
    latest: datetime | None
    created: datetime | None
    aws_time: datetime | None


def restore_window(aws: AwsClient, cluster: AuroraCluster) -> RestoreWindow:
    """The restore window of the cluster, by DescribeDBClusters."""
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    found = ("DBClusters", 0)
    return RestoreWindow(
        status=required(answer, *found, "Status", kind=str),
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
    explained_by=("inventory.aurora.available",),
)
def restorable_over_retention(window: RestoreWindow, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The cluster can be restored to any point of its promised retention, or since its creation if it is younger.

    Why: Aurora's retention setting is never zero, so the setting alone proves nothing. A cluster that was restored or
    created again has the setting, but not the backups.
    Reads: rds:DescribeDBClusters: Status, BackupRetentionPeriod, EarliestRestorableTime and ClusterCreateTime, compared
    with the clock of AWS. One day is tolerated for Aurora's daily maintenance. A cluster whose KMS key is lost or
    disabled, or that is being deleted, fails whatever its window. With `since`, a younger cluster counts as old.
    Unverified when: The call is denied, throttled or fails, a time is missing from the response, or the status is not
    known.
    Fix: aws rds modify-db-cluster --backup-retention-period. A window that was shortened grows by one day per day: keep
    a manual snapshot until it is long enough. If the key is disabled, aws kms enable-key, then aws rds
    start-db-cluster within seven days.
    Source: Amazon Aurora User Guide, Backing up and restoring,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.html
    """
    promised, aws_now = cluster.backup.retention, window.aws_time or now
    expected = f"any point of the last {format_duration(promised)}"
    setting = f"retention {format_duration(window.retention)}"
    length = age(window.earliest, aws_now)
    required_length = min(promised, known_age(window.created, cluster.since, aws_now)) if window.created else promised
    observed = setting if length is None else f"{setting}, restorable back to {minutes_text(length)} ago"
    loss = loss_of("cluster", window.status)
    if loss:
        verdict = failed(f"The cluster {loss}", observed=f"status {window.status}, {observed}", expected=expected)
        yield with_affected(verdict, [(LOST, cluster.ref)])
    elif window.retention < promised:
        yield failed("The backup retention is shorter than promised", observed=observed, expected=expected)
    elif loss is None:
        yield _unknown_state(window, observed, expected)
    elif length is None:
        missing = "AWS returned no usable earliest restorable time"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, observed=observed, expected=expected)
    elif length + _TOLERANCE >= required_length:
        yield passed("The restore window is as long as promised", observed=observed, expected=expected)
    elif window.created is None:
        unknown = "The restore window is shorter than promised, and AWS returned no creation time of the cluster"
        yield unverified(Reason.NOT_ENOUGH_DATA, unknown, observed=observed, expected=expected)
    else:
        yield failed("The restore window is shorter than promised", observed=observed, expected=expected)


@check(
    "backup.aurora.rpo",
    component=AuroraCluster,
    observe=restore_window,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("rds:DescribeDBClusters",),
    promises=("backup.rpo",),
    explained_by=("inventory.aurora.available",),
)
def restorable_within_rpo(window: RestoreWindow, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The cluster can be restored to within its recovery point objective.

    Why: If the cluster is lost, everything written after the latest restorable time is lost with it.
    Reads: rds:DescribeDBClusters: Status, and LatestRestorableTime, compared with the clock of AWS. A cluster whose KMS
    key is lost or disabled, or that is being deleted, fails whatever its latest restorable time.
    Unverified when: The call is denied, throttled or fails, LatestRestorableTime is missing from the response or ahead
    of the clock of AWS, or the status is not known.
    Fix: The normal lag is about five minutes. If it is larger, check whether the cluster is stopped, then the
    events of the cluster and the AWS Health Dashboard, take a manual snapshot, and open a case with AWS.
    Source: Amazon Aurora User Guide, Restoring a DB cluster to a specified time,
    https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr.html
    """
    promised = cluster.backup.rpo
    expected = f"{format_duration(promised)} ago or later"
    lag, loss = age(window.latest, window.aws_time or now), loss_of("cluster", window.status)
    observed = f"status {window.status}" if lag is None else f"restorable to {minutes_text(lag)} ago{_idle(window)}"
    if loss:
        verdict = failed(f"The cluster {loss}", observed=f"status {window.status}", expected=expected)
        yield with_affected(verdict, [(LOST, cluster.ref)])
    elif lag is None:
        missing = "AWS returned no usable latest restorable time"
        yield unverified(Reason.NOT_ENOUGH_DATA, missing, observed=observed, expected=expected)
    elif lag > promised:
        summary = "The latest restorable time is older than promised"
        verdict = failed(f"{summary}{_idle(window)}", observed=observed, expected=expected)
        yield replace(verdict, since=window.latest + promised if window.latest else None)
    elif loss is None:
        yield _unknown_state(window, observed, expected)
    else:
        yield passed("The latest restorable time is as recent as promised", observed=observed, expected=expected)


def _idle(window: RestoreWindow) -> str:
    """That the cluster is stopped, for a verdict: then its latest restorable time stands still."""
    return f"; the cluster is {window.status}" if window.status in ("stopped", "stopping", "starting") else ""


def _unknown_state(window: RestoreWindow, observed: str, expected: str) -> Verdict:
    summary = f"The cluster is in a state that Basewatch does not know: {window.status}"
    return unverified(Reason.UNSUPPORTED, summary, observed=observed, expected=expected, remedy=UNKNOWN_STATUS_REMEDY)
