"""What CloudWatch keeps of AWS Backup's jobs, by vault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import Aws
from basewatch.aws.response import required
from basewatch.collector import Collector, Described, Discovery, Measured, MetricSpec, Resource, Tier
from basewatch.components import BackupVault
from collectors.resource_listing import by_arn, entries, exactly
from collectors.specs import Space

# Published every five minutes. https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
_BACKUP = Space(name="AWS/Backup", period=timedelta(minutes=5), lookback=timedelta(minutes=15))


def _jobs(family: str, metric: str) -> MetricSpec:
    return _BACKUP.counter(family, metric, tier=Tier.SLOW)


SPECS = (
    _jobs("aws_backup_jobs_created_total", "NumberOfBackupJobsCreated"),
    _jobs("aws_backup_jobs_completed_total", "NumberOfBackupJobsCompleted"),
    _jobs("aws_backup_jobs_failed_total", "NumberOfBackupJobsFailed"),
    _jobs("aws_backup_jobs_expired_total", "NumberOfBackupJobsExpired"),
    _jobs("aws_backup_jobs_aborted_total", "NumberOfBackupJobsAborted"),
    _jobs("aws_backup_copy_jobs_completed_total", "NumberOfCopyJobsCompleted"),
    _jobs("aws_backup_copy_jobs_failed_total", "NumberOfCopyJobsFailed"),
)


def _vault(name: str, component: str = "") -> Measured:
    dimensions = (("BackupVaultName", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("backup_vault", name),)), SPECS


def _resources(vault: BackupVault) -> Iterator[Measured]:
    yield _vault(vault.name, vault.ref)


def _vaults(aws: Aws) -> Iterator[Described]:
    for vault in entries(aws, "backup", "ListBackupVaults", "BackupVaultList"):
        name, arn = required(vault, "BackupVaultName", kind=str), required(vault, "BackupVaultArn", kind=str)
        yield Described(dimensions={"BackupVaultName": name}, arn=arn)


BACKUP = Collector(
    name="backup",
    component=BackupVault,
    resources=_resources,
    specs=SPECS,
    discoveries=(
        Discovery(
            namespace=_BACKUP.name,
            alive="NumberOfBackupJobsCreated",
            dimensions=("BackupVaultName",),
            measured=exactly("BackupVaultName", of=_vault),
            resource_type="backup:backup-vault",
            of_arn=by_arn("backup-vault:(?P<BackupVaultName>[^:]+)"),
            describe=_vaults,
            needs=("backup:ListBackupVaults",),
        ),
    ),
)
