"""AWS Backup: the locked vault, the recovery points of the cluster in it, and their copies in another region."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from demo.account import ACCOUNT, PREFIX, REGION, BuildContext, backend

_ELSEWHERE = "us-west-2"
_CLUSTER = f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:{PREFIX}"
_DAY = timedelta(days=1)
# One a day for 35 days, and one a month for 13 months.
_AGES = (*range(35), *range(60, 395, 30))
# AWS Backup lists jobs of 30 days.
_COPIED = 30


def create(context: BuildContext, *, key: str) -> None:
    """Create the vault with its lock, and answer for the recovery points in it."""
    context.client("backup").create_backup_vault(BackupVaultName=PREFIX, EncryptionKeyArn=key)
    vault = backend("backup").vaults[PREFIX]
    # moto accepts no lock date in the past.
    vault.locked, vault.min_retention_days, vault.lock_date = True, 35, context.built_at.timestamp()
    points = [
        {
            "RecoveryPointArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster-snapshot:awsbackup:job-{days}",
            "CreationDate": context.now - days * _DAY - timedelta(hours=1),
            "Status": "COMPLETED",
            "EncryptionKeyArn": key,
            # AWS Backup states no size of Aurora's.
            "BackupSizeBytes": 0,
            "BackupVaultName": PREFIX,
        }
        for days in _AGES
    ]
    jobs = [_copy_job(point) for point in points[:_COPIED]]
    copies = [
        {"RecoveryPointArn": job["DestinationRecoveryPointArn"], "ResourceArn": _CLUSTER, "Status": "COMPLETED"}
        for job in jobs
    ]
    context.answer(
        "backup:ListRecoveryPointsByResource", lambda asked: {"RecoveryPoints": _of(asked["ResourceArn"], points)}
    )
    context.answer("backup:ListCopyJobs", lambda asked: {"CopyJobs": _of(asked["ByResourceArn"], jobs)})
    context.answer(
        "backup:ListRecoveryPointsByBackupVault", lambda asked: {"RecoveryPoints": _of(asked["ByResourceArn"], copies)}
    )


def _of(resource: str, listed: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return listed if resource == _CLUSTER else ()


def _copy_job(point: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "AccountId": ACCOUNT,
        "CopyJobId": str(point["RecoveryPointArn"]).rpartition(":")[2],
        "SourceRecoveryPointArn": point["RecoveryPointArn"],
        "DestinationBackupVaultArn": f"arn:aws:backup:{_ELSEWHERE}:{ACCOUNT}:backup-vault:{PREFIX}",
        "DestinationRecoveryPointArn": str(point["RecoveryPointArn"]).replace(REGION, _ELSEWHERE),
        "DestinationEncryptionKeyArn": f"arn:aws:kms:{_ELSEWHERE}:{ACCOUNT}:key/copies",
        "ResourceArn": _CLUSTER,
        "State": "COMPLETED",
        "CreationDate": point["CreationDate"],
        "CompletionDate": point["CreationDate"] + timedelta(minutes=30),
    }
