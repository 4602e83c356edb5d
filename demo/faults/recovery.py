"""Faults of AWS Backup and of the tables that expire: backups can be deleted, are missing, or data stays for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from basewatch.model import Status
from demo.account import ACCOUNT, PREFIX, REGION, backend
from demo.faults.fault import ExpectedFinding, Fault
from demo.faults.restore_jobs import RESTORE_JOB_FAULTS

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

_CLUSTER_ARN = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{PREFIX}"
_LIST_POINTS, _LIST_COPIES = "backup:ListRecoveryPointsByResource", "backup:ListCopyJobs"
_SESSIONS = f"{PREFIX}-sessions"


def _failing(check: str, component: str) -> tuple[ExpectedFinding, ...]:
    return (ExpectedFinding(check=check, component=component, status=Status.FAIL),)


def _expiry(*, on: bool) -> Callable[[Sandbox], None]:
    def put(sandbox: Sandbox) -> None:
        sandbox.aws.client("dynamodb").update_time_to_live(
            TableName=_SESSIONS, TimeToLiveSpecification={"Enabled": on, "AttributeName": "expires_at"}
        )

    return put


def _without_lock_date(_sandbox: Sandbox) -> None:
    # No API of AWS does this once the date is past; it represents a lock that was set without one.
    vault = backend("backup").vaults[PREFIX]
    vault.fixed_from, vault.lock_date = vault.lock_date, None


def _with_lock_date(_sandbox: Sandbox) -> None:
    vault = backend("backup").vaults[PREFIX]
    vault.lock_date = vault.fixed_from


def _points(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Callable[[Sandbox], None]:
    """Changes the recovery points of the cluster, which are listed from the newest on, one a day for 35 days."""

    def put(sandbox: Sandbox) -> None:
        backups = sandbox.aws.client("backup")
        changed = change(backups.list_recovery_points_by_resource(ResourceArn=_CLUSTER_ARN)["RecoveryPoints"])
        sandbox.aws.answers.answer(_LIST_POINTS, lambda _asked: {"RecoveryPoints": changed})

    return put


def _stop_copies(sandbox: Sandbox) -> None:
    jobs = sandbox.aws.client("backup").list_copy_jobs(ByResourceArn=_CLUSTER_ARN)["CopyJobs"]
    sandbox.aws.answers.answer(_LIST_COPIES, lambda _asked: {"CopyJobs": jobs[4:]})


RECOVERY_FAULTS = (
    Fault(
        name="recovery-point-partial",
        title="The newest recovery point of Aurora is incomplete",
        apply=_points(lambda points: [{**points[0], "Status": "PARTIAL"}, *points[1:]]),
        repair=lambda sandbox: sandbox.aws.answers.restore(_LIST_POINTS),
        expected_findings=_failing("backup.points.health", f"aurora_cluster/{PREFIX}"),
    ),
    Fault(
        name="recovery-points-pruned",
        title="Someone deletes the recovery points of four months",
        apply=_points(lambda points: [*points[:36], *points[40:]]),
        repair=lambda sandbox: sandbox.aws.answers.restore(_LIST_POINTS),
        expected_findings=_failing("backup.points.kept", f"aurora_cluster/{PREFIX}"),
    ),
    Fault(
        name="copies-stopped",
        title="No recovery point has been copied to the other region for four days",
        apply=_stop_copies,
        repair=lambda sandbox: sandbox.aws.answers.restore(_LIST_COPIES),
        expected_findings=_failing("backup.copy.isolation", f"aurora_cluster/{PREFIX}"),
    ),
    Fault(
        name="expiry-off",
        title="Someone disables the expiry of sessions",
        apply=_expiry(on=False),
        repair=_expiry(on=True),
        expected_findings=_failing("retention.dynamodb.ttl", f"table/{_SESSIONS}"),
    ),
    Fault(
        name="vault-lock-governance",
        title="The lock of the backup vault can be removed",
        apply=_without_lock_date,
        repair=_with_lock_date,
        expected_findings=_failing("backup.vault.lock", f"backup_vault/{PREFIX}"),
    ),
    *RESTORE_JOB_FAULTS,
)
