"""Whether logins fail so often that somebody is trying keys."""

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
from checks.service.minute_grid import AlignedSeries
from checks.service.promises import rate_promise
from checks.service.sustained import judge_sustained

_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginCounts:
    """How many records the audit table has of each minute, and how many of them are failed logins."""

    records: AlignedSeries
    failed_logins: AlignedSeries


def failed_logins(database: DatabaseClient, component: Database) -> LoginCounts:
    """The failed logins of the span that is judged, and of what led up to it. Raises: ObservationError."""
    which, audit, judged = component.failed_logins, component.audit, database.judged_window
    if which is None or audit is None or judged is None:
        raise ObservationError(Reason.NOT_ENOUGH_DATA, "nobody said over which span of time failed logins are counted")
    lead = -(-component.warm_up // _MINUTE)
    window = Window(start=judged.start - lead * _MINUTE, end=judged.end)
    minutes = failed_logins_by_minute(database, component.qualified_name(audit.table), which, window.start, window.end)
    found = {minute.minute.astimezone(UTC): minute for minute in minutes}
    each = [found.get(window.start + at * _MINUTE) for at in range(window.length // _MINUTE)]
    # A minute without a record is a minute without a failed login, as far as the table can tell.
    records = AlignedSeries(
        start=window.start,
        period=_MINUTE,
        values=tuple(float(minute.records) if minute else 0.0 for minute in each),
        warm_up_periods=lead,
    )
    return LoginCounts(
        records=records,
        failed_logins=records.with_values(tuple(float(minute.failed) if minute else 0.0 for minute in each)),
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

    Why: Somebody who tries keys fails often before he fails no more, and each failure is recorded.
    Reads: The audit table's records of the window, counted minute by minute in the database, and those among them that
    the configuration calls failed logins; no record is read. Broken when every minute of a stretch as long as the limit
    says is above the limit.
    Unverified when: The database cannot be asked, the columns are not granted, a policy may hide records from us, or
    the table has no record of any kind in the window: then what writes it may have stopped.
    Fix: Find in the records whose key and which address it is, block it, and revoke the key if a login succeeded.
    Source: https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html
    """
    audit = database.audit
    promise = rate_promise("the rate of failed logins", audit.failed_logins_below if audit else None)
    rate = facts.failed_logins.with_values(
        tuple((value or 0) / _MINUTE.total_seconds() for value in facts.failed_logins.values)
    )
    silent = unverified(
        Reason.NOT_ENOUGH_DATA,
        "The audit table has no record in the window, so that nobody can tell whether logins fail",
        expected=promise.expected,
        remedy="Look at what writes the audit table; a platform without any login needs no such promise.",
    )
    recording = (any(facts.records.judged),) * len(rate.values)
    yield judge_sustained(rate, recording, promise, idle_verdict=silent)
