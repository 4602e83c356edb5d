"""How long AWS Backup took to restore an Aurora cluster: its restore tests, and every other restore."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import check
from basewatch.components import AuroraCluster
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, minutes_text

_TESTED_WITHIN = timedelta(days=90)
_TEST_IT = (
    "Add a restore testing plan of AWS Backup that selects the cluster, or restore a recovery point of it: "
    "aws backup start-restore-job. AWS Backup lists the jobs of the last 30 days."
)


class _JobStatus(StrEnum):
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    ABORTED = "ABORTED"
    FAILED = "FAILED"


class _Validation(StrEnum):
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"
    TIMED_OUT = "TIMED_OUT"
    VALIDATING = "VALIDATING"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreJob:
    """One restore of the cluster; `validation` is that of the restored copy, None when nobody validates it."""

    id: str
    status: str
    began: datetime
    ended: datetime | None
    validation: str | None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreJobs:
    """The restores of the cluster that AWS Backup lists, oldest first, and the time at AWS of the listing."""

    jobs: tuple[RestoreJob, ...]
    aws_time: datetime | None


def restore_jobs(aws: AwsClient, cluster: AuroraCluster) -> RestoreJobs:
    """The restores of the cluster, by the ARN that DescribeDBClusters gives it.

    Raises: ObservationError, also when AWS Backup does not know the cluster; NotFoundError, when it does not exist.
    """
    answer = aws.call("rds", "DescribeDBClusters", DBClusterIdentifier=cluster.name)
    arn = required(answer, "DBClusters", 0, "DBClusterArn", kind=str)
    found, aws_time = list[RestoreJob](), None
    try:
        for page in aws.pages("backup", "ListRestoreJobsByProtectedResource", ResourceArn=arn):
            aws_time = answered_at(page)
            found += map(_job, required(page, "RestoreJobs", kind=list))
    except NotFoundError as error:
        raise ObservationError(
            Reason.STALE, "AWS Backup does not know the cluster: no plan backs it up", remedy=_TEST_IT
        ) from error
    return RestoreJobs(jobs=tuple(sorted(found, key=lambda job: (job.began, job.id))), aws_time=aws_time)


@check(
    "backup.aurora.rto",
    component=AuroraCluster,
    observe=restore_jobs,
    severity=Severity.HIGH,
    proof=Proof.BEHAVIOUR,
    needs=("backup:ListRestoreJobsByProtectedResource", "rds:DescribeDBClusters"),
    promises=("backup.rto",),
    explained_by=("inventory.aurora.available",),
)
def restored_within_rto(facts: RestoreJobs, cluster: AuroraCluster, now: datetime) -> Iterator[Verdict]:
    """The last restore of the cluster by AWS Backup ended within the promised time, and its copy was not refused.

    Why: How long a recovery takes is known when one was made. A snapshot whose key is gone, or whose subnets are full,
    is found by nothing else.
    Reads: rds:DescribeDBClusters: the ARN; backup:ListRestoreJobsByProtectedResource: restore tests and other restores,
    from the request to the end, with their validation. That is the part of AWS in a recovery: pointing the application
    to the copy, and what people decide, is not in it. A copy that nobody validates was only started.
    Unverified when: A call is denied, throttled or fails, a status is unknown, AWS Backup does not know the cluster, or
    it lists no restore of it that has ended: AWS keeps the list for about 30 days. One by RDS itself is in no list.
    Fix: Read the StatusMessage of the job: aws backup describe-restore-job. Choose a larger capacity for the copy, or
    promise more time.
    Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/restore-testing.html
    """
    rto = cluster.backup.rto or timedelta()
    expected, at = f"restored within {format_duration(rto)}", facts.aws_time or now
    going = [job for job in facts.jobs if job.ended is None and job.status in (_JobStatus.RUNNING, _JobStatus.PENDING)]
    late = next((job for job in going if at - job.began > rto), None)
    ended = [job for job in facts.jobs if job.status in (_JobStatus.COMPLETED, _JobStatus.FAILED)]
    if late is not None:
        observed = f"{late.id}: {late.status} for {minutes_text(at - late.began)}"
        yield failed("A restore goes on for longer than promised", observed=observed, expected=expected)
    elif not ended:
        what = "none of them has ended" if facts.jobs else "AWS Backup lists none"
        yield unverified(Reason.NOT_ENOUGH_DATA, f"no restore of the cluster can be judged: {what}", remedy=_TEST_IT)
    else:
        yield _last(ended[-1], rto, at, expected)


def _last(job: RestoreJob, rto: timedelta, at: datetime, expected: str) -> Verdict:
    if job.status == _JobStatus.FAILED:
        return failed("The last restore failed", observed=f"{job.id}: {job.message or 'FAILED'}", expected=expected)
    if job.ended is None or (ago := age(job.ended, at)) is None or job.ended < job.began:
        detail = f"{job.id} is COMPLETED without a time of its end that can be"
        return unverified(Reason.NOT_ENOUGH_DATA, detail, remedy="run again, and report it if it stays")
    took = job.ended - job.began
    validated = {"": "not validated", _Validation.VALIDATING: "being validated"}.get(job.validation or "", "validated")
    observed = f"{job.id}: restored in {minutes_text(took)}, {minutes_text(ago)} ago, {validated}"
    if job.validation in (_Validation.FAILED, _Validation.TIMED_OUT):
        refused = f"{observed}: {job.validation}"
        return failed("The validation of the restored copy did not succeed", observed=refused, expected=expected)
    if took > rto:
        return failed("The last restore took longer than promised", observed=observed, expected=expected)
    if ago > _TESTED_WITHIN:
        return failed("The cluster was not restored for 90 days", observed=observed, expected=expected)
    return passed("The last restore was fast enough", observed=observed, expected=expected)


def _job(entry: Mapping[str, Any]) -> RestoreJob:
    return RestoreJob(
        id=required(entry, "RestoreJobId", kind=str),
        status=required(entry, "Status", kind=_JobStatus),
        began=required(entry, "CreationDate", kind=datetime),
        ended=optional(entry, "CompletionDate", kind=datetime),
        validation=optional(entry, "ValidationStatus", kind=_Validation),
        message=(optional(entry, "StatusMessage", kind=str) or "")[:200],
    )
