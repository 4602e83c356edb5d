"""Clusters and tables: whether they can be restored, by their state and by the window that AWS states."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from basewatch.components import AuroraCluster, Table
from basewatch.errors import ObservationError
from basewatch.model import Status, Verdict, unverified
from checks.backup.aurora import restorable_over_retention, restorable_within_rpo, restore_window
from checks.backup.dynamodb import restorable_over_recovery_period
from checks.backup.dynamodb_facts import table_recovery
from tests.checks.situations.situation import Situation, each
from tests.checks.verdicts import NOW
from tests.wire import Wire, answered, looking_signed_in, refusal

PASS, FAIL, UNVERIFIED = Status.PASS, Status.FAIL, Status.UNVERIFIED
NOT_GREEN = (FAIL, UNVERIFIED)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
CLUSTER = AuroraCluster.model_validate({"name": "c", "backup": {"retention": "35d", "rpo": "1h"}})
TABLE = Table.model_validate({"name": "t", "pitr": "35d"})


def _judged(wire: Wire, observe: Any, check: Any, component: Any) -> Iterable[Verdict]:
    try:
        return tuple(check.judge(observe(looking_signed_in(wire), component), component, NOW))
    except ObservationError as error:
        return (unverified(error.reason, error.detail),)


def aurora(
    check: Any, status: str = "available", component: Any = CLUSTER, **fields: Any
) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a cluster in this state, sound but for the fields."""
    cluster: dict[str, Any] = {
        "DBClusterIdentifier": "c",
        "Status": status,
        "BackupRetentionPeriod": 35,
        "EarliestRestorableTime": NOW - 35 * DAY,
        "LatestRestorableTime": NOW - 5 * MINUTE,
        "ClusterCreateTime": NOW - 400 * DAY,
        **fields,
    }
    wire = Wire()
    wire.answer("rds:DescribeDBClusters", answered(DBClusters=[cluster]))
    return lambda: _judged(wire, restore_window, check, component)


def table(
    replica: Any = None, *, recovery: dict[str, Any] | None = None, **fields: Any
) -> Callable[[], Iterable[Verdict]]:
    """The verdict on a table with these fields, and on its replica, if `replica` is what its region answers."""
    good = {
        "PointInTimeRecoveryStatus": "ENABLED",
        "RecoveryPeriodInDays": 35,
        "EarliestRestorableDateTime": NOW - 35 * DAY,
        "LatestRestorableDateTime": NOW - 5 * MINUTE,
        **(recovery or {}),
    }
    wire = Wire()
    answers = [_backups(good), *([] if replica is None else [replica])]
    wire.answer("dynamodb:DescribeContinuousBackups", *answers)
    described = {"TableStatus": "ACTIVE", "CreationDateTime": NOW - 400 * DAY, **fields}
    if replica is not None:
        described["Replicas"] = [{"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}]
    wire.answer("dynamodb:DescribeTable", answered(Table=described))
    return lambda: _judged(wire, table_recovery, restorable_over_recovery_period, TABLE)


def _backups(recovery: dict[str, Any]) -> dict[str, Any]:
    return answered(ContinuousBackupsDescription={"PointInTimeRecoveryDescription": recovery})


def state(
    number: str, status: str, right: tuple[Status, ...], why: str, check: Any = restorable_over_retention
) -> Situation:
    """A cluster in a state, with a sound window."""
    return Situation(number=number, what=f"status {status}", right=right, why=why, judged=aurora(check, status))


RPO = restorable_within_rpo
SINCE = CLUSTER.model_copy(update={"since": date(2025, 1, 1)})
YOUNG: dict[str, Any] = {"ClusterCreateTime": NOW - 2 * DAY, "EarliestRestorableTime": NOW - 2 * DAY}
SITUATIONS = (
    state("A4", "inaccessible-encryption-credentials", (FAIL,), "the key is lost"),
    state("A4-recoverable", "inaccessible-encryption-credentials-recoverable", (FAIL,), "the key is disabled"),
    state("A11", "storage-full", (PASS,), "its backups are there"),
    state("A12", "deleting", (FAIL,), "its backups go with it"),
    state("A13", "quarantined", (UNVERIFIED,), "the word is not known"),
    state("A14", "modifying", (PASS,), "it is in use"),
    state("A15", "stopped", (PASS,), "its backups are kept"),
    state("P8", "inaccessible-encryption-credentials", (FAIL,), "the key is lost", RPO),
    state("P9", "deleting", (FAIL,), "its backups go with it", RPO),
    state("P10", "quarantined", (UNVERIFIED,), "the word is not known", RPO),
    Situation(
        number="A1",
        what="two days old",
        right=(PASS,),
        why="it has no older records",
        judged=aurora(restorable_over_retention, **YOUNG),
    ),
    Situation(
        number="A3",
        what="restored two days ago under the same name, and declared since 2025",
        right=NOT_GREEN,
        why="the backups of the cluster before are not its own",
        judged=aurora(restorable_over_retention, component=SINCE, **YOUNG),
    ),
    Situation(
        number="A5",
        what="creating, without times",
        right=(UNVERIFIED,),
        why="there is no window yet",
        judged=aurora(restorable_over_retention, "creating", EarliestRestorableTime=None, LatestRestorableTime=None),
    ),
    Situation(
        number="P2",
        what="stopped three hours ago",
        right=(FAIL,),
        why="the latest restorable time is older than promised",
        judged=aurora(RPO, "stopped", LatestRestorableTime=NOW - 3 * HOUR),
        says="the cluster is stopped",
    ),
    Situation(
        number="D6",
        what="the key is inaccessible",
        right=(FAIL,),
        why="nothing can be restored",
        judged=table(TableStatus="INACCESSIBLE_ENCRYPTION_CREDENTIALS"),
    ),
    Situation(
        number="D7", what="archived", right=(FAIL,), why="the table is gone", judged=table(TableStatus="ARCHIVED")
    ),
    Situation(
        number="D13",
        what="active, and DynamoDB has noticed that the key is inaccessible",
        right=(FAIL,),
        why="the state follows hours later",
        judged=table(SSEDescription={"Status": "ENABLED", "InaccessibleEncryptionDateTime": NOW - HOUR}),
    ),
    Situation(
        number="D4",
        what="restored under the same name yesterday",
        right=(FAIL,),
        why="its records are older than the table",
        judged=table(
            recovery={"EarliestRestorableDateTime": NOW - DAY},
            CreationDateTime=NOW - DAY,
            RestoreSummary={"RestoreDateTime": NOW - DAY, "RestoreInProgress": False},
        ),
        says="was restored on",
    ),
    Situation(
        number="D4-old",
        what="restored a year ago",
        right=(PASS,),
        why="the window has grown since",
        judged=table(RestoreSummary={"RestoreDateTime": NOW - 365 * DAY, "RestoreInProgress": False}),
    ),
    Situation(
        number="D3",
        what="made two days ago, with recovery from the start",
        right=(PASS,),
        why="it has no older records",
        judged=table(recovery={"EarliestRestorableDateTime": NOW - 2 * DAY}, CreationDateTime=NOW - 2 * DAY),
    ),
    Situation(
        number="D14",
        what="an unknown state",
        right=(UNVERIFIED,),
        why="it is not known",
        judged=table(TableStatus="FROZEN"),
    ),
    Situation(
        number="D15",
        what="a replica without recovery",
        right=(FAIL,),
        why="it is what remains when the region is lost",
        judged=table(_backups({"PointInTimeRecoveryStatus": "DISABLED"})),
        says="disabled",
    ),
    Situation(
        number="D16",
        what="a replica whose region denies the call",
        right=(UNVERIFIED,),
        why="it was not looked at",
        judged=table(refusal("AccessDeniedException")),
    ),
)


@each(SITUATIONS)
def test_restore_windows_are_judged_rightly(situation: Situation) -> None:
    """Each situation gives the verdict that is right."""
    situation.test()
