"""Storage: buckets, audit buckets under Object Lock, dumps, and the vaults of AWS Backup."""

from __future__ import annotations

from typing import ClassVar, Self

from pydantic import Field, model_validator

from basewatch.component_settings import DumpFormat, ObjectLock, RetentionTiers, VaultLock
from basewatch.components.component import AlarmedComponent, PrivateComponent
from basewatch.components.keys import EncryptedComponent
from basewatch.errors import InvalidValueError
from basewatch.identifiers import CalendarDate
from basewatch.quantities import Duration, format_duration
from basewatch.restore_settings import RestoreDrill


class BackupVault(AlarmedComponent, EncryptedComponent):
    """An AWS Backup vault.

    `since` is the day by which it was created: a younger one has lost its recovery points.
    """

    kind: ClassVar[str] = "backup_vault"
    noun: ClassVar[str] = "backup vault"
    dimension: ClassVar[str] = "BackupVaultName"
    promises: ClassVar[tuple[str, ...]] = ("keys", "alarms_quiet", "no_failed_jobs", "lock")
    since: CalendarDate | None = None
    no_failed_jobs: bool = False
    lock: VaultLock | None = None


class BucketComponent(PrivateComponent):
    """A component that lies in an S3 bucket; `tls_only` promises that it refuses every request without TLS."""

    promises: ClassVar[tuple[str, ...]] = ("private", "tls_only")
    tls_only: bool = False

    @property
    def bucket_name(self) -> str:
        """The name of the bucket."""
        return self.name


class Bucket(BucketComponent):
    """An S3 bucket, such as that of exports.

    `expires_after` is the age at which S3 deletes the objects under `prefix`, with every version of them.
    """

    kind: ClassVar[str] = "bucket"
    noun: ClassVar[str] = "S3 bucket"
    promises: ClassVar[tuple[str, ...]] = ("private", "tls_only", "versioned", "expires_after")
    prefix: str = ""
    versioned: bool = False
    expires_after: Duration | None = None


class AuditBucket(BucketComponent, EncryptedComponent):
    """An S3 bucket that keeps audit records under Object Lock.

    `archive_after` is the age at which S3 has moved every record to Glacier.
    Only its `guardians` may unlock, hide or expire records: patterns of users and roles, such as `role/break-glass`.
    """

    kind: ClassVar[str] = "audit_bucket"
    noun: ClassVar[str] = "S3 bucket"
    promises: ClassVar[tuple[str, ...]] = ("keys", "tls_only", "object_lock", "archive_after", "private", "guardians")
    object_lock: ObjectLock
    archive_after: Duration | None = None
    guardians: tuple[str, ...] = ()


class DumpBackups(BucketComponent, EncryptedComponent):
    """The dumps of one database, in a bucket under a prefix.

    `pattern` selects the dumps among the objects under the prefix, such as `securebase-*.dump`; `*` matches slashes
    too.
    `format` states the layers of a dump, from the inside out, such as `[custom, zstd, age]`. `sizes_since` is the day
    since which the sizes of dumps can be compared, after one on which the database shrank on purpose. `since` is the
    day of the first dump: `keep` promises none from before.
    """

    kind: ClassVar[str] = "dump_backups"
    noun: ClassVar[str] = "database dumps"
    promises: ClassVar[tuple[str, ...]] = ("keys", "tls_only", "stale_after", "keep", "restore_drill", "private")
    bucket: str
    prefix: str = ""
    database: str
    pattern: str | None = Field(default=None, min_length=1)
    format: DumpFormat = ()
    sizes_since: CalendarDate | None = None
    every: Duration
    stale_after: Duration
    since: CalendarDate | None = None
    keep: RetentionTiers = RetentionTiers()
    restore_drill: RestoreDrill | None = None

    @property
    def bucket_name(self) -> str:
        """The name of the bucket."""
        return self.bucket

    @model_validator(mode="after")
    def _goes_stale_after_the_next_is_due(self) -> Self:
        if self.stale_after < self.every:
            raise InvalidValueError(
                f"stale_after {format_duration(self.stale_after)} is shorter than every {format_duration(self.every)}, "
                "so a backup on time would be stale",
                "make stale_after longer, by the time one backup takes",
            )
        return self
