"""A check that the lock of a backup vault can no longer be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from basewatch.aws import AwsClient
from basewatch.aws.response import answered_at, optional, required
from basewatch.check import FollowsFrom, check
from basewatch.component_settings import VaultLock
from basewatch.components import BackupVault
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Severity, Verdict, failed, passed
from basewatch.quantities import format_duration


class _VaultType(StrEnum):
    """Of a vault; those that are logically air-gapped are locked in compliance mode from the start."""

    BACKUP_VAULT = "BACKUP_VAULT"
    AIR_GAPPED = "LOGICALLY_AIR_GAPPED_BACKUP_VAULT"
    RESTORE_ACCESS = "RESTORE_ACCESS_BACKUP_VAULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultLockState:
    """The lock of a vault: from `fixed_from` on nobody can remove it, which is None in governance mode.

    `air_gapped` vaults are locked in compliance mode without a date. `shortest` is the shortest time for which a
    recovery point can be kept; None means that the lock enforces none.
    """

    locked: bool
    fixed_from: datetime | None
    air_gapped: bool
    shortest: timedelta | None
    aws_time: datetime | None


def vault_lock(aws: AwsClient, vault: BackupVault) -> VaultLockState:
    """The lock of the vault, by ListBackupVaults. Raises: NotFoundError, when no vault has the name."""
    vaults, aws_time = [], None
    for page in aws.pages("backup", "ListBackupVaults"):
        aws_time = answered_at(page)
        vaults += required(page, "BackupVaultList", kind=list)
    found = next((each for each in vaults if each.get("BackupVaultName") == vault.name), None)
    if found is None:
        raise NotFoundError(f"no vault is named {vault.name}")
    days = optional(found, "MinRetentionDays", kind=int)
    return VaultLockState(
        locked=required(found, "Locked", kind=bool),
        fixed_from=optional(found, "LockDate", kind=datetime),
        air_gapped=optional(found, "VaultType", kind=_VaultType) is _VaultType.AIR_GAPPED,
        shortest=timedelta(days=days) if days else None,
        aws_time=aws_time,
    )


@check(
    "backup.vault.lock",
    component=BackupVault,
    observe=vault_lock,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("backup:ListBackupVaults",),
    promises=("lock",),
    follows_from=(FollowsFrom(check="inventory.vault.available"),),
)
def vault_is_locked(facts: VaultLockState, vault: BackupVault, now: datetime) -> Iterator[Verdict]:
    """The vault's lock is in force in the promised mode, and keeps every recovery point for the promised time.

    Why: Whoever takes over the account deletes the backups first. A lock without a lock date, or before it, is removed
    by one call, and AWS reports the vault as locked all the same. An access policy that denies deletion is no lock:
    whoever may write the policy removes it.
    Reads: backup:ListBackupVaults: Locked, LockDate, MinRetentionDays and the type of the vault. COMPLIANCE means that
    LockDate is past, or that the vault is logically air-gapped. MinRetentionDays holds for recovery points that were
    made after it was set.
    Unverified when: The call is denied, throttled or fails, or the type of the vault is unknown.
    Fix: aws backup put-backup-vault-lock-configuration --backup-vault-name ... --min-retention-days ...
    --changeable-for-days 3. After these days the lock can never be removed, and the recovery points in it can neither:
    try it on another vault first.
    Source: AWS Backup Developer Guide, AWS Backup Vault Lock,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
    """
    promised = vault.lock or VaultLock(retention=timedelta())
    expected = f"{promised.mode}, at least {format_duration(promised.retention)}"
    if not facts.locked:
        yield failed("The vault has no lock", observed="no lock", expected=expected)
        return
    kept = f"at least {format_duration(facts.shortest)}" if facts.shortest else "no minimum retention"
    compliant = facts.air_gapped or (facts.fixed_from is not None and facts.fixed_from <= (facts.aws_time or now))
    if compliant:
        mode = "COMPLIANCE"
    elif facts.fixed_from is not None:
        mode = f"removable until {facts.fixed_from:%Y-%m-%d %H:%M} UTC"
    else:
        mode = "GOVERNANCE"
    observed = f"{mode}, {kept}"
    if promised.mode == "COMPLIANCE" and not compliant:
        summary = "The lock can still be removed: it has no lock date"
        if facts.fixed_from is not None:
            summary = f"The lock can still be removed, until {facts.fixed_from:%Y-%m-%d}"
        yield failed(summary, observed=observed, expected=expected)
    elif facts.shortest is None or facts.shortest < promised.retention:
        yield failed("The lock keeps recovery points for a shorter time", observed=observed, expected=expected)
    else:
        yield passed("The vault is locked as promised", observed=observed, expected=expected)
