"""CloudWatch metrics of AWS Backup jobs, by vault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from basewatch.aws import AwsClient
from basewatch.aws.response import required
from basewatch.collector import (
    Collector,
    DescribedResource,
    DiscoverySpec,
    MeasuredResource,
    MetricSpec,
    RefreshTier,
    Resource,
)
from basewatch.components import BackupVault
from collectors.cloudwatch.discovery.describe import arn_pattern, for_dimensions, list_entries
from collectors.specs import Namespace

# Published every five minutes. https://docs.aws.amazon.com/aws-backup/latest/devguide/cloudwatch.html
_BACKUP = Namespace(name="AWS/Backup", period=timedelta(minutes=5), allowed_lateness=timedelta(minutes=15))


def _jobs(family: str, metric: str) -> MetricSpec:
    return _BACKUP.counter(family, metric, tier=RefreshTier.SLOW)


SPECS = (
    _jobs("aws_backup_jobs_created_total", "NumberOfBackupJobsCreated"),
    _jobs("aws_backup_jobs_completed_total", "NumberOfBackupJobsCompleted"),
    _jobs("aws_backup_jobs_failed_total", "NumberOfBackupJobsFailed"),
    _jobs("aws_backup_jobs_expired_total", "NumberOfBackupJobsExpired"),
    _jobs("aws_backup_jobs_aborted_total", "NumberOfBackupJobsAborted"),
    _jobs("aws_backup_copy_jobs_completed_total", "NumberOfCopyJobsCompleted"),
    _jobs("aws_backup_copy_jobs_failed_total", "NumberOfCopyJobsFailed"),
    _jobs("aws_backup_recovery_points_partial_total", "NumberOfRecoveryPointsPartial"),
)


def _vault(name: str, component: str = "") -> MeasuredResource:
    dimensions = (("BackupVaultName", name),)
    return Resource(component=component, dimensions=dimensions, labels=(("backup_vault", name),)), SPECS


def _resources(vault: BackupVault) -> Iterator[MeasuredResource]:
    yield _vault(vault.name, vault.ref)


def _vaults(aws: AwsClient) -> Iterator[DescribedResource]:
    for vault in list_entries(aws, "backup", "ListBackupVaults", "BackupVaultList"):
        name, arn = required(vault, "BackupVaultName", kind=str), required(vault, "BackupVaultArn", kind=str)
        yield DescribedResource(dimensions={"BackupVaultName": name}, arn=arn)


BACKUP = Collector(
    name="backup",
    component_type=BackupVault,
    resources=_resources,
    specs=SPECS,
    discovery_specs=(
        DiscoverySpec(
            namespace=_BACKUP.name,
            activity_metric="NumberOfBackupJobsCreated",
            dimensions=("BackupVaultName",),
            from_dimensions=for_dimensions("BackupVaultName", build=_vault),
            resource_type="backup:backup-vault",
            dimensions_of_arn=arn_pattern("backup-vault:(?P<BackupVaultName>[^:]+)"),
            describe=_vaults,
            needs=("backup:ListBackupVaults",),
        ),
    ),
)
