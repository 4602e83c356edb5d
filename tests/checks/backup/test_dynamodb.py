"""Point-in-time recovery is judged by the window that can be restored, not by the setting alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from basewatch.components import Table
from basewatch.errors import NotFoundError, ObservationError
from basewatch.model import Reason, Status
from checks.backup.dynamodb import restorable_over_recovery_period
from checks.backup.dynamodb_facts import PointInTimeRecovery, ReplicaRecovery, TableRecovery, table_recovery
from tests.checks.verdicts import NOW, badness, verdict
from tests.wire import REGION, Wire, answered, looking, refusal

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
TABLE = Table.model_validate({"name": "customers", "pitr": "35d"})
GOOD = PointInTimeRecovery(
    status="ACTIVE",
    key_lost=None,
    enabled=True,
    period=35 * DAY,
    earliest=NOW - 35 * DAY,
    latest=NOW - 5 * MINUTE,
    created=NOW - 400 * DAY,
    aws_time=NOW,
)


def of(**changes: Any) -> TableRecovery:
    """The good recovery of a table in one region, with these changes."""
    return TableRecovery(table=replace(GOOD, **changes))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, Status.PASS),
        ({"status": "INACCESSIBLE_ENCRYPTION_CREDENTIALS"}, Status.FAIL),
        ({"status": "ARCHIVED"}, Status.FAIL),
        ({"status": "ARCHIVING"}, Status.FAIL),
        ({"status": "DELETING"}, Status.FAIL),
        ({"key_lost": NOW - DAY}, Status.FAIL),
        ({"status": "QUARANTINED"}, Status.UNVERIFIED),
        ({"status": "QUARANTINED", "period": 7 * DAY}, Status.FAIL),
        ({"status": "UPDATING"}, Status.PASS),
        ({"enabled": False, "period": None, "earliest": None, "latest": None}, Status.FAIL),
        ({"period": 7 * DAY}, Status.FAIL),
        ({"earliest": NOW - 3 * DAY}, Status.FAIL),
        ({"earliest": NOW - 3 * DAY, "created": NOW - 3 * DAY}, Status.PASS),
        ({"latest": NOW - 55 * MINUTE}, Status.PASS),
        ({"latest": NOW - 65 * MINUTE}, Status.FAIL),
        ({"latest": NOW + 6 * MINUTE}, Status.UNVERIFIED),
        ({"period": None}, Status.UNVERIFIED),
        ({"earliest": None}, Status.UNVERIFIED),
        ({"latest": None}, Status.UNVERIFIED),
    ],
)
def test_the_restorable_window_must_be_as_long_as_promised(changes: dict[str, Any], status: Status) -> None:
    """Recovery that is disabled, short, reset or stuck fails; a value missing from the response is UNVERIFIED."""
    assert verdict(restorable_over_recovery_period, of(**changes), TABLE).status is status


def test_a_verdict_states_the_restorable_window() -> None:
    """The length of a window that was reset is visible."""
    found = verdict(restorable_over_recovery_period, of(earliest=NOW - 3 * DAY), TABLE)
    assert found.observed == "recovery period 35d, restorable window 2d23h55m, ending 5m ago"
    assert found.expected == "any point of the last 35d"


def test_a_table_that_promises_no_recovery_is_not_checked() -> None:
    """The check applies only to tables with the promise `pitr`."""
    assert restorable_over_recovery_period.applies_to(TABLE)
    assert not restorable_over_recovery_period.applies_to(Table(name="cache"))


minutes = st.integers(0, 60 * 24 * 50).map(lambda count: count * MINUTE)
moments = st.none() | minutes.map(lambda ago: NOW - ago)
recoveries = st.builds(
    PointInTimeRecovery,
    status=st.sampled_from(["ACTIVE", "ARCHIVED", "QUARANTINED"]),
    key_lost=st.none() | st.just(NOW),
    enabled=st.booleans(),
    period=st.none() | st.integers(1, 35).map(lambda days: days * DAY),
    earliest=moments,
    latest=moments,
    created=minutes.map(lambda ago: NOW - ago),
    aws_time=st.just(NOW),
)


@given(recoveries, minutes)
def test_a_worse_recovery_never_improves_the_status(recovery: PointInTimeRecovery, worse: timedelta) -> None:
    """Disabling, shortening or moving the window, or an older table, never improves the status."""
    was = badness(restorable_over_recovery_period, TableRecovery(table=recovery), TABLE)
    worsened = [replace(recovery, enabled=False), replace(recovery, created=recovery.created - worse)]
    if recovery.period:
        worsened.append(replace(recovery, period=min(recovery.period, worse)))
    if recovery.earliest:
        worsened.append(replace(recovery, earliest=recovery.earliest + worse))
    if recovery.latest:
        worsened.append(replace(recovery, latest=recovery.latest - worse))
    assert all(badness(restorable_over_recovery_period, TableRecovery(table=facts), TABLE) >= was for facts in worsened)


ACTIVE = {"TableStatus": "ACTIVE", "CreationDateTime": GOOD.created}


def facts_of(backups: dict[str, Any], table: dict[str, Any] | None = None) -> TableRecovery:
    """The facts that the observation reads from these responses."""
    wire = Wire()
    wire.answer("dynamodb:DescribeContinuousBackups", backups)
    wire.answer("dynamodb:DescribeTable", table or answered(Table=ACTIVE))
    return table_recovery(looking(wire), TABLE)


def described(**recovery: object) -> dict[str, Any]:
    """A response of AWS with this point-in-time recovery."""
    return answered(ContinuousBackupsDescription={"PointInTimeRecoveryDescription": recovery})


def test_recovery_is_read_from_the_table() -> None:
    """The status, the period and both ends of the window come from the response."""
    found = facts_of(
        described(
            PointInTimeRecoveryStatus="ENABLED",
            RecoveryPeriodInDays=35,
            EarliestRestorableDateTime=GOOD.earliest,
            LatestRestorableDateTime=GOOD.latest,
        )
    )
    assert found == of(aws_time=None)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (answered(), Reason.NOT_ENOUGH_DATA),
        (described(), Reason.NOT_ENOUGH_DATA),
        (described(PointInTimeRecoveryStatus="ENABLING"), Reason.UNSUPPORTED),
        (described(PointInTimeRecoveryStatus="ENABLED", RecoveryPeriodInDays="35"), Reason.UNSUPPORTED),
    ],
)
def test_a_response_that_is_not_understood_is_no_fact(answer: dict[str, Any], reason: Reason) -> None:
    """An empty response does not mean disabled, and an unknown status does not mean enabled."""
    with pytest.raises(ObservationError) as caught:
        facts_of(answer)
    assert caught.value.reason is reason


@pytest.mark.parametrize("code", ["TableNotFoundException", "ResourceNotFoundException"])
def test_a_table_that_does_not_exist_is_absent(code: str) -> None:
    """A declared table that does not exist raises NotFoundError."""
    with pytest.raises(NotFoundError):
        facts_of(refusal(code))


RECOVERY = {
    "PointInTimeRecoveryStatus": "ENABLED",
    "RecoveryPeriodInDays": 35,
    "EarliestRestorableDateTime": GOOD.earliest,
    "LatestRestorableDateTime": GOOD.latest,
}


def global_table(*replicas: dict[str, Any]) -> dict[str, Any]:
    """A response of AWS for a table with these replicas, of which the first is the table itself."""
    return answered(Table={**ACTIVE, "Replicas": [{"RegionName": REGION, "ReplicaStatus": "ACTIVE"}, *replicas]})


def test_the_recovery_of_a_replica_is_read_in_its_region() -> None:
    """Each replica has a setting of its own, which the table's region does not show."""
    wire = Wire()
    off = {"PointInTimeRecoveryStatus": "DISABLED"}
    wire.answer("dynamodb:DescribeContinuousBackups", described(**RECOVERY), described(**off))
    wire.answer("dynamodb:DescribeTable", global_table({"RegionName": "eu-west-1", "ReplicaStatus": "ACTIVE"}))
    found = table_recovery(looking(wire), TABLE)
    asked = [parameters["url"] for operation, parameters in wire.asked if operation.startswith("dynamodb:")]
    assert [f".{region}." in url for url, region in zip(asked, [REGION] * 2 + ["eu-west-1"] * 2, strict=True)] == [
        True
    ] * 4
    verdicts = list(restorable_over_recovery_period.judge(found, TABLE, NOW))
    assert [(each.subject, each.status) for each in verdicts] == [
        ("", Status.PASS),
        ("replica in eu-west-1", Status.FAIL),
    ]


@pytest.mark.parametrize(
    ("status", "recovery", "expected"),
    [
        ("ACTIVE", GOOD, Status.PASS),
        ("ACTIVE", replace(GOOD, enabled=False), Status.FAIL),
        ("INACCESSIBLE_ENCRYPTION_CREDENTIALS", None, Status.FAIL),
        ("REGION_DISABLED", None, Status.FAIL),
        ("CREATING", None, Status.UNVERIFIED),
        ("QUARANTINED", None, Status.UNVERIFIED),
    ],
)
def test_a_replica_is_judged_like_its_table(
    status: str, recovery: PointInTimeRecovery | None, expected: Status
) -> None:
    """A replica without recovery fails, and one that cannot be read is UNVERIFIED, beside the table's own verdict."""
    replica = ReplicaRecovery(region="eu-west-1", status=status, recovery=recovery)
    of_table, of_replica = restorable_over_recovery_period.judge(
        TableRecovery(table=GOOD, replicas=(replica,)), TABLE, NOW
    )
    assert (of_table.status, of_replica.status) == (Status.PASS, expected)
