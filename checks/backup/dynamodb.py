"""A check of a DynamoDB table's point-in-time recovery, by the window that can be restored."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from basewatch.affected import LOST, with_affected
from basewatch.check import check
from basewatch.components import Table
from basewatch.model import Proof, Reason, Severity, Verdict, failed, passed, unverified
from basewatch.quantities import format_duration
from checks.backup.ages import age, known_age, minutes_text
from checks.backup.dynamodb_facts import PointInTimeRecovery, ReplicaRecovery, TableRecovery, table_recovery
from checks.inventory.statuses import UNKNOWN_STATUS_REMEDY, loss_of

# The window ends about five minutes ago, and starts when recovery was enabled, after the table was created.
_TOLERANCE = timedelta(hours=1)


@check(
    "backup.dynamodb.pitr",
    component=Table,
    observe=table_recovery,
    severity=Severity.HIGH,
    proof=Proof.CONFIGURATION,
    needs=("dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTable"),
    promises=("pitr",),
    explained_by=("inventory.table.active",),
)
def restorable_over_recovery_period(recovery: TableRecovery, table: Table, now: datetime) -> Iterator[Verdict]:
    """The table can be restored to any point of its promised recovery period, or since its creation if it is younger.

    Why: Disabling and enabling point-in-time recovery discards the restorable window, while the setting looks the same
    as before. Each replica of a global table has a setting of its own, and is what remains when a region is lost.
    Reads: dynamodb:DescribeContinuousBackups: the status, RecoveryPeriodInDays and the restorable window, compared with
    the clock of AWS; dynamodb:DescribeTable for the table's status, its creation time, whether it was
    restored from a backup, whether its KMS key is accessible, and its replicas, of which the same is read in their
    regions. One hour is tolerated. With `since`, a younger table counts as old.
    Unverified when: A call is denied, throttled or fails, the period or a time is missing from the response, or the
    status of the table is not known.
    Fix: aws dynamodb update-continuous-backups with PointInTimeRecoveryEnabled=true and RecoveryPeriodInDays, with
    --region for a replica. A window that was reset grows by one day per day: keep an on-demand backup until it is long
    enough. If the KMS key is inaccessible, enable it or restore its grants within seven days.
    Source: Amazon DynamoDB Developer Guide, Point-in-time backups,
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
    """
    promised = table.pitr or timedelta()
    verdict = _verdict(recovery.table, promised, now, since=table.since)
    yield with_affected(verdict, [(LOST, table.ref)]) if loss_of("table", recovery.table.status) else verdict
    for replica in recovery.replicas:
        yield _replica_verdict(replica, promised, now)


def _verdict(
    recovery: PointInTimeRecovery, promised: timedelta, now: datetime, *, subject: str = "", since: date | None = None
) -> Verdict:
    aws_now = recovery.aws_time or now
    expected, observed = _expected(promised), _observed(recovery, aws_now)
    broken = _broken(recovery, promised, aws_now, since)
    if broken:
        if broken.startswith("The table "):
            observed = f"status {recovery.status}, {observed}"
        return failed(broken, subject=subject, observed=observed, expected=expected)
    if loss_of("table", recovery.status) is None:
        return _unknown_state("table", recovery.status, subject, expected)
    if recovery.period is None or recovery.restorable_window is None or age(recovery.latest, aws_now) is None:
        summary = "AWS returned no usable restorable window"
        return unverified(Reason.NOT_ENOUGH_DATA, summary, subject=subject, observed=observed, expected=expected)
    summary = "The restorable window is as long as promised"
    return passed(summary, subject=subject, observed=observed, expected=expected)


def _broken(recovery: PointInTimeRecovery, promised: timedelta, aws_now: datetime, since: date | None) -> str:
    """How the facts that were read break the promise; empty when they do not."""
    window, period = recovery.restorable_window, recovery.period
    if recovery.key_lost:
        return "The table cannot be decrypted: its KMS key is inaccessible"
    if loss := loss_of("table", recovery.status):
        return f"The table {loss}"
    if not recovery.enabled:
        return "Point-in-time recovery is disabled"
    if period is not None and period < promised:
        return "The recovery period is shorter than promised"
    # The records of a restored table are older than the table.
    due = promised if recovery.restored else min(promised, known_age(recovery.created, since, aws_now))
    if window is not None and window + _TOLERANCE < due:
        why = f": the table was restored on {recovery.restored:%Y-%m-%d}" if recovery.restored else ""
        return f"The restorable window is shorter than promised{why}"
    return ""


def _replica_verdict(replica: ReplicaRecovery, promised: timedelta, now: datetime) -> Verdict:
    subject = f"replica in {replica.region}"
    if replica.recovery is not None:
        return _verdict(replica.recovery, promised, now, subject=subject)
    observed, loss = f"status {replica.status}", loss_of("replica", replica.status)
    if loss:
        return failed(f"The replica {loss}", subject=subject, observed=observed, expected=_expected(promised))
    if loss is None:
        return _unknown_state("replica", replica.status, subject, _expected(promised))
    summary = "The replica cannot be read yet"
    return unverified(Reason.NOT_ENOUGH_DATA, summary, subject=subject, observed=observed, expected=_expected(promised))


def _unknown_state(what: str, status: str, subject: str, expected: str) -> Verdict:
    summary = f"The {what} is in a state that Basewatch does not know: {status}"
    return unverified(
        Reason.UNSUPPORTED,
        summary,
        subject=subject,
        observed=f"status {status}",
        expected=expected,
        remedy=UNKNOWN_STATUS_REMEDY,
    )


def _expected(promised: timedelta) -> str:
    return f"any point of the last {format_duration(promised)}"


def _observed(recovery: PointInTimeRecovery, aws_now: datetime) -> str:
    if not recovery.enabled:
        return "point-in-time recovery disabled"
    setting = "no recovery period" if recovery.period is None else f"recovery period {format_duration(recovery.period)}"
    lag = age(recovery.latest, aws_now)
    if recovery.restorable_window is None or lag is None:
        return setting
    return f"{setting}, restorable window {minutes_text(recovery.restorable_window)}, ending {minutes_text(lag)} ago"
