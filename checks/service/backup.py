"""Whether the jobs of AWS Backup succeed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.check import check
from basewatch.components import BackupVault
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Severity, Verdict, failed, passed
from checks.service.minute_grid import AlignedSeries, read_series
from checks.service.sustained import no_activity_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJobs:
    """How many jobs of a vault ended well and how many failed, period by period."""

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

    Why: A job that failed is a recovery point that is missing on the day it is needed.
    Reads: NumberOfBackupJobsCompleted and NumberOfBackupJobsFailed of AWS/Backup for the vault. AWS Backup publishes
    them when jobs end, so that a window in which none ended has neither.
    Unverified when: The metrics could not be collected. When no job ended it is not applicable: whether backups are
    made often enough is for the checks of backups to say.
    Fix: Read why in the job's status message, repair it, and start the job again.
    Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
    """
    done = sum(value or 0 for value in facts.completed.judged)
    broken = sum(value or 0 for value in facts.failed.judged)
    observed, expected = f"{done:g} completed, {broken:g} failed", "no job that failed"
    if broken:
        yield failed(f"{broken:g} of {done + broken:g} backup jobs failed", observed=observed, expected=expected)
    elif done:
        yield passed("Every backup job succeeded", observed=observed, expected=expected)
    else:
        yield no_activity_verdict("backup job")
