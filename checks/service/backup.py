"""A check of the jobs of AWS Backup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import BackupVault
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.service.aligned_series import AlignedSeries, read_series
from checks.service.sustained import no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJobs:
    """The completed and the failed backup jobs of a vault, period by period."""

    completed: AlignedSeries
    failed: AlignedSeries


def backup_jobs(metrics: MetricsClient, vault: BackupVault) -> BackupJobs:
    """Completed and failed backup jobs of the vault. Raises: ObservationError, when they were not collected."""
    return BackupJobs(
        completed=read_series(metrics, vault, "aws_backup_jobs_completed_total"),
        failed=read_series(metrics, vault, "aws_backup_jobs_failed_total"),
    )


@check(
    "service.vault.jobs",
    component=BackupVault,
    observe=backup_jobs,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("no_failed_jobs",),
)
def jobs_succeed(facts: BackupJobs, _vault: BackupVault, _now: datetime) -> Iterator[Verdict]:
    """No backup job into the vault fails.

    Why: A failed job means that a recovery point is missing.
    Reads: NumberOfBackupJobsCompleted and NumberOfBackupJobsFailed of AWS/Backup for the vault. AWS Backup publishes
    them when jobs end, so a window in which no job ended has neither.
    Unverified when: The metrics could not be collected. If no job ended it is not applicable; the checks of the family
    `backup` judge whether backups are recent enough.
    Fix: Read the status message of the job, repair the cause, and start the job again.
    Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
    """
    completed_jobs = sum(value or 0 for value in facts.completed.judged)
    failed_jobs = sum(value or 0 for value in facts.failed.judged)
    observed, expected = f"{completed_jobs:g} completed, {failed_jobs:g} failed", "no failed job"
    if failed_jobs:
        summary = f"{failed_jobs:g} of {completed_jobs + failed_jobs:g} backup jobs failed"
        yield failed(summary, observed=observed, expected=expected)
    elif completed_jobs:
        yield passed("Every backup job succeeded", observed=observed, expected=expected)
    else:
        yield no_activity_verdict("backup job")
