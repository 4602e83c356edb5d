"""A check of the jobs of AWS Backup."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import pairwise

from basewatch.check import FollowsFrom, check
from basewatch.components import BackupVault
from basewatch.errors import ObservationError
from basewatch.metrics import MetricsClient
from basewatch.model import Proof, Reason, Severity, Verdict, failed, not_applicable, passed, unverified
from basewatch.quantities import format_duration
from checks.outages import DEPENDENCIES, no_data_because_of
from checks.service.aligned_series import AlignedSeries, read_past, read_series
from checks.service.past import BACKUP_PAST, ENDED_JOBS

_OVERDUE = 2
"""How many times longer than ever before nothing has to be heard of a vault to be overdue."""

_EXPECTED = "no failed, expired or aborted job"
_REMEDY = "Check that the backup plan and its selection of resources exist, and look at its jobs in AWS Backup."


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeCount:
    """The jobs of a vault that ended in one way, period by period; `kind` is `backup jobs failed`, for example."""

    kind: str
    counts: AlignedSeries


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupJobs:
    """The jobs of a vault that completed, and those that did not.

    `ended_before` are all jobs that ended in the weeks before, by six hours; None when they could not be read, because
    of `ended_before_unread`.
    """

    completed: tuple[OutcomeCount, ...]
    not_completed: tuple[OutcomeCount, ...]
    ended_before: AlignedSeries | None
    ended_before_unread: str


_COMPLETED = {"backup jobs completed": "jobs_completed", "copy jobs completed": "copy_jobs_completed"}
_NOT_COMPLETED = {
    "backup jobs failed": "jobs_failed",
    "backup jobs expired before they ran": "jobs_expired",
    "backup jobs were aborted": "jobs_aborted",
    "copy jobs failed": "copy_jobs_failed",
    "recovery points are partial": "recovery_points_partial",
}


def backup_jobs(metrics: MetricsClient, vault: BackupVault) -> BackupJobs:
    """The jobs of the vault by their outcome. Raises: ObservationError, when they were not collected."""

    def counts(kinds: dict[str, str]) -> tuple[OutcomeCount, ...]:
        families = {kind: f"aws_backup_{jobs}_total" for kind, jobs in kinds.items()}
        return tuple(
            OutcomeCount(kind=kind, counts=read_series(metrics, vault, family))
            for kind, family in families.items()
            if metrics.collects(vault.ref, family)
        )

    # Every vault has this one; without it nothing was collected.
    metrics.series(vault.ref, "aws_backup_jobs_completed_total")
    ended, unread = None, ""
    try:
        past = [read_past(metrics, vault, family, BACKUP_PAST) for family in sorted(ENDED_JOBS)]
        ended = reduce(AlignedSeries.plus, past)
    except ObservationError as error:
        unread = error.detail
    return BackupJobs(
        completed=counts(_COMPLETED),
        not_completed=counts(_NOT_COMPLETED),
        ended_before=ended,
        ended_before_unread=unread,
    )


@check(
    "service.vault.jobs",
    component=BackupVault,
    observe=backup_jobs,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("cloudwatch:GetMetricData",),
    promises=("no_failed_jobs",),
    follows_from=(
        no_data_because_of("inventory.vault.available"),
        FollowsFrom(check="inventory.vault.available"),
        *DEPENDENCIES,
    ),
)
def jobs_succeed(facts: BackupJobs, _vault: BackupVault, _now: datetime) -> Iterator[Verdict]:
    """No backup or copy job of the vault fails, expires or is aborted, and jobs go on.

    Why: A job without success means that a recovery point is missing, and a plan that was deleted reports no failure.
    Reads: The metrics of AWS/Backup for the vault: jobs completed, failed, expired and aborted, copy jobs completed and
    failed, and partial recovery points. AWS Backup publishes them when jobs end. When none ended in the window, the
    jobs of the 35 days before it, by six hours.
    Unverified when: The metrics could not be collected, no job ended in the window or in the 35 days before it, or none
    for more than twice as long as ever in those days. If none ended in the window and the last one is not overdue, it
    is not applicable.
    Fix: Read the status message of the job, repair the cause, and start the job again. Without jobs, restore the backup
    plan.
    Source: https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
    """
    completed, bad = _counted(facts.completed), _counted(facts.not_completed)
    observed = ", ".join(f"{count:g} {kind}" for kind, count in {**completed, **bad}.items() if count)
    if any(bad.values()):
        summary = ", ".join(f"{count:g} {kind}" for kind, count in bad.items() if count)
        yield failed(summary, observed=observed, expected=_EXPECTED)
    elif any(completed.values()):
        yield passed("Every job succeeded", observed=observed, expected=_EXPECTED)
    else:
        yield _without_jobs(facts)


def _counted(outcomes: tuple[OutcomeCount, ...]) -> dict[str, float]:
    return {outcome.kind: sum(value or 0 for value in outcome.counts.judged) for outcome in outcomes}


def _without_jobs(facts: BackupJobs) -> Verdict:
    """The verdict on a window in which no job ended, by when the last one did."""
    ended = facts.ended_before
    if ended is None:
        summary = f"No job ended in the window, and earlier jobs could not be read: {facts.ended_before_unread}"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed="no job", expected=_EXPECTED, remedy=_REMEDY)
    jobs = [position for position, value in enumerate(ended.values) if value]
    if not jobs:
        summary = f"No job has ended for {format_duration(ended.length)}: the vault has no backup plan, or it never ran"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed="no job", expected=_EXPECTED, remedy=_REMEDY)
    silence = ended.period * (len(ended.values) - 1 - jobs[-1])
    longest = max((ended.period * (later - earlier) for earlier, later in pairwise(jobs)), default=timedelta())
    observed = f"the last job ended {format_duration(silence)} ago or a little more"
    if longest and silence > _OVERDUE * longest:
        summary = f"No job has ended for {format_duration(silence)}, and before that one did every "
        summary += f"{format_duration(longest)}: the backup plan may be gone"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, observed=observed, expected=_EXPECTED, remedy=_REMEDY)
    return not_applicable("No job ended in the window, and none is overdue", observed=observed)
