"""Backup vaults and tables that expire: whether the lock can be removed, and whether items are deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from basewatch.components import BackupVault, Table
from basewatch.model import Status
from checks.backup.vault_lock import vault_is_locked
from checks.retention.table_expiry import items_expire
from tests.checks.situations.aws_answers import NOW, answer, judging
from tests.checks.situations.situation import Situation, each
from tests.wire import refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
DAY = timedelta(days=1)
VAULT = BackupVault.model_validate({"name": "v", "lock": {"retention": "35d"}})
LENIENT = BackupVault.model_validate({"name": "v", "lock": {"mode": "GOVERNANCE", "retention": "35d"}})
TABLE = Table.model_validate({"name": "t", "ttl": {"attribute": "expires_at"}})
GOOD: dict[str, Any] = {"Locked": True, "LockDate": NOW - DAY, "MinRetentionDays": 35, "MaxRetentionDays": 400}


def vault(
    number: str, what: str, right: Status, why: str, *, says: str = "", declared: BackupVault = VAULT, **fields: Any
) -> Situation:
    """A vault with a good lock but for these fields, after another one; a field of None is left out."""
    found = {name: value for name, value in {**GOOD, **fields}.items() if value is not None}
    listed = [{"BackupVaultName": "other", "Locked": False}, {"BackupVaultName": "v", **found}]
    answers = {"backup:ListBackupVaults": answer("backup:ListBackupVaults", BackupVaultList=listed)}
    judged = judging(vault_is_locked, declared, answers)
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


def expiry(number: str, what: str, right: Status, why: str, *, says: str = "", **description: Any) -> Situation:
    """A table with this description of its time to live."""
    given = answer("dynamodb:DescribeTimeToLive", TimeToLiveDescription=description)
    judged = judging(items_expire, TABLE, {"dynamodb:DescribeTimeToLive": given})
    return Situation(number=number, what=what, right=(right,), why=why, judged=judged, says=says)


GONE = judging(items_expire, TABLE, {"dynamodb:DescribeTimeToLive": refusal("ResourceNotFoundException")})
SITUATIONS = (
    vault("VL1", "locked for good, 35 days at least", PASS, "nobody can delete a recovery point"),
    vault("VL2", "not locked", FAIL, "one call deletes the backups", says="no lock", Locked=False, LockDate=None),
    vault("VL3", "Locked, without a lock date", FAIL, "governance: the lock can be removed", LockDate=None),
    vault(
        "VL4",
        "in its cooling-off days",
        FAIL,
        "it can be removed until then",
        says="until 2026-12-01",
        LockDate=NOW + DAY,
    ),
    vault("VL5", "the lock came into force this second", PASS, "it is in force", LockDate=NOW),
    vault(
        "VL6", "keeps for 7 days", FAIL, "a point can be deleted after a week", says="at least 7d", MinRetentionDays=7
    ),
    vault("VL7", "no minimum", FAIL, "a point can have any lifecycle", says="no minimum", MinRetentionDays=None),
    vault("VL8", "keeps for longer than promised", PASS, "35 days are within", MinRetentionDays=90),
    vault(
        "VL9",
        "logically air-gapped, without a lock date",
        PASS,
        "such vaults are locked in compliance mode from the start",
        VaultType="LOGICALLY_AIR_GAPPED_BACKUP_VAULT",
        LockDate=None,
    ),
    vault("VL10", "a type that nobody knows", UNVERIFIED, "its lock may mean something else", VaultType="NEW"),
    vault("VL11", "the answer does not say whether it is locked", UNVERIFIED, "absence is no fact", Locked=None),
    vault("VL12", "governance, and no more is promised", PASS, "as declared", declared=LENIENT, LockDate=None),
    vault("VL13", "compliance, and governance is promised", PASS, "it is stronger", declared=LENIENT),
    vault("VL14", "not locked, and governance is promised", FAIL, "no lock", declared=LENIENT, Locked=False),
    expiry("TL1", "enabled", PASS, "items expire", TimeToLiveStatus="ENABLED", AttributeName="expires_at"),
    expiry("TL2", "disabled", FAIL, "items stay for ever", TimeToLiveStatus="DISABLED"),
    expiry("TL3", "being disabled", FAIL, "someone turned it off", TimeToLiveStatus="DISABLING"),
    expiry(
        "TL4",
        "being enabled",
        UNVERIFIED,
        "that takes an hour",
        TimeToLiveStatus="ENABLING",
        AttributeName="expires_at",
    ),
    expiry(
        "TL5",
        "by an attribute that nobody writes",
        FAIL,
        "no item has it",
        says="another attribute: ttl",
        TimeToLiveStatus="ENABLED",
        AttributeName="ttl",
    ),
    expiry(
        "TL6",
        "being enabled on another attribute",
        FAIL,
        "that stays",
        TimeToLiveStatus="ENABLING",
        AttributeName="ttl",
    ),
    expiry("TL7", "enabled by nothing", UNVERIFIED, "the attribute is not known", TimeToLiveStatus="ENABLED"),
    expiry("TL8", "a status that nobody knows", UNVERIFIED, "it is not known", TimeToLiveStatus="PAUSED"),
    Situation(number="TL9", what="the table is gone", right=(FAIL,), why="it is declared", judged=GONE),
)


@each(SITUATIONS)
def test_vaults_and_expiry_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
