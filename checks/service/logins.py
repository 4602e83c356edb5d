"""A check of the rate of failed logins, which shows an attacker who tries credentials."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from basewatch.check import check
from basewatch.components import Database
from basewatch.errors import ObservationError
from basewatch.model import Proof, Reason, Severity, Verdict, Window, unverified
from basewatch.postgres import DatabaseClient
from basewatch.postgres.failed_logins import failed_logins_by_minute
from checks.service.aligned_series import AlignedSeries
from checks.service.promises import rate_promise
from checks.service.sustained import judge_gauge

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCounts:
    """The records of the audit table and the failed logins among them, minute by minute."""

    records: AlignedSeries
    failed_logins: AlignedSeries


def failed_logins(database: DatabaseClient, component: Database) -> LoginCounts:
    """The failed logins of the judged window and of the warm-up before it. Raises: ObservationError."""
    rule, audit, judged = component.failed_logins, component.audit, database.judged_window
    if rule is None or audit is None or judged is None:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "there is no window in which to count failed logins")
    warm_up_periods = -(-component.warm_up // _MINUTE)
    window = Window(start=judged.start - warm_up_periods * _MINUTE, end=judged.end)
    rows = failed_logins_by_minute(database, component.qualified_name(audit.table), rule, window.start, window.end)
    by_minute = {row.minute.astimezone(UTC): row for row in rows}
    minutes = [by_minute.get(window.start + position * _MINUTE) for position in range(window.length // _MINUTE)]
    # A minute without a record counts as a minute without a failed login.
    records = AlignedSeries(
        start=window.start,
        period=_MINUTE,
        values=tuple(float(minute.records) if minute else 0.0 for minute in minutes),
        warm_up_periods=warm_up_periods,
    )
    return LoginCounts(
        records=records,
        failed_logins=records.with_values(tuple(float(minute.failed) if minute else 0.0 for minute in minutes)),
    )


@check(
    "service.database.failed_logins",
    component=Database,
    observe=failed_logins,
    severity=Severity.HIGH,
    proof=Proof.POPULATION,
    needs=("sql:CONNECT", "sql:SELECT of the audit table's time and kind"),
    promises=("audit.failed_logins_below",),
)
def failed_logins_below(facts: LoginCounts, database: Database, _now: datetime) -> Iterator[Verdict]:
    """The rate of failed logins stays below its limit.

    Why: An attacker who tries credentials fails often before a login succeeds, and the audit table records each
    failure.
    Reads: Two counts for each minute of the window: all records of the audit table, and those that the configuration
    defines as failed logins. The database counts them; no record is read. It fails when the rate is above the limit in
    every minute for the promised duration.
    Unverified when: The database cannot be queried, the columns are not granted, a policy may hide records, or the
    table has no record at all in the window: its writer may have stopped.
    Fix: Find the key and the address in the records, block them, and revoke the key if a login succeeded.
    Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
    """
    audit = database.audit
    promise = rate_promise("the rate of failed logins", audit.failed_logins_below if audit else None)
    rate = facts.failed_logins.with_values(
        tuple((value or 0) / _MINUTE.total_seconds() for value in facts.failed_logins.values)
    )
    no_records = unverified(
        Reason.NOT_ENOUGH_DATA,
        "The audit table has no record in the window, so failed logins cannot be counted",
        expected=promise.expected,
        remedy="Check the writer of the audit table; without any logins, remove the promise failed_logins_below.",
    )
    silent = (not any(facts.records.judged),) * len(rate.values)
    yield judge_gauge(rate, promise, absent=silent, idle_verdict=no_records)
