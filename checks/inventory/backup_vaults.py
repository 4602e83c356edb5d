"""A check that a declared vault of AWS Backup exists and takes backups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from basewatch.aws import AwsClient
from basewatch.aws.response import optional, required
from basewatch.check import check
from basewatch.components import BackupVault
from basewatch.errors import NotFoundError
from basewatch.model import Proof, Severity, Verdict
from checks.inventory.creation import Identity, created_as_declared
from checks.inventory.statuses import status_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultState:
    """The state of the vault; AWS gives an ordinary vault none, which is AVAILABLE.

    AWS gives a vault no id, so `resource_id` is its time of creation; `known_id` is that of the vault which last
    passed.
    """

    state: str
    created: datetime | None = None
    resource_id: str = ""
    known_id: str = ""


def vault_state(aws: AwsClient, vault: BackupVault) -> VaultState:
    """The state of the vault, by ListBackupVaults: DescribeBackupVault denies access to a vault that does not exist.

    Raises: NotFoundError, when no vault has the name.
    """
    pages = aws.pages("backup", "ListBackupVaults")
    vaults = [each for page in pages for each in required(page, "BackupVaultList", kind=list)]
    named = [each for each in vaults if each.get("BackupVaultName") == vault.name]
    if not named:
        raise NotFoundError(f"no vault is named {vault.name}")
    created = optional(named[0], "CreationDate", kind=datetime)
    return VaultState(
        state=optional(named[0], "VaultState", kind=str) or "AVAILABLE",
        created=created,
        resource_id=created.isoformat() if created else "",
        known_id=aws.known_id,
    )


@check(
    "inventory.vault.available",
    component=BackupVault,
    observe=vault_state,
    severity=Severity.CRITICAL,
    proof=Proof.CONFIGURATION,
    needs=("backup:ListBackupVaults",),
)
def vault_is_available(facts: VaultState, vault: BackupVault, _now: datetime) -> Iterator[Verdict]:
    """The declared vault exists and takes backups.

    Why: A vault that does not exist has no failed job; one that was created again has lost its recovery points.
    Reads: backup:ListBackupVaults: the state, and the time of creation, which may not be after `since`.
    Unverified when: The call is denied, throttled or fails, the vault is being created, its state is unknown, or it is
    another vault than the one that passed before, and `since` does not say so.
    Fix: Create the vault, or correct its name in the configuration. If it was created again on purpose, declare that
    day as `since`.
    Source: AWS Backup Developer Guide, Backup vaults,
    https://docs.aws.amazon.com/aws-backup/latest/devguide/vaults.html
    """
    what = f"The vault {vault.name}"
    verdict = status_verdict("vault", facts.state, what=what, observed=facts.state, expected="AVAILABLE")
    identity = Identity(created=facts.created, resource_id=facts.resource_id, known_id=facts.known_id)
    yield created_as_declared(verdict, what, identity, vault.since)
