"""Faults of AWS Backup and of the tables that expire: backups can be deleted, are missing, or data stays for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from basewatch.model import Status
from demo.account import PREFIX, backend
from demo.faults.fault import ExpectedFinding, Fault

if TYPE_CHECKING:
    from demo.sandbox import Sandbox

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


RECOVERY_FAULTS = (
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
)
