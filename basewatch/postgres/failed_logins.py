"""Failed logins in the audit table, counted by minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from basewatch.component_settings import FailedLoginFilter
from basewatch.postgres.row_visibility import require_all_rows_visible
from basewatch.postgres.session import DatabaseClient, Parameters, Statement

_BY_MINUTE = """
SELECT date_trunc('minute', {at}::timestamptz) AS minute,
       count(*) FILTER (WHERE {column}::text = ANY (%(values)s)) AS failed,
       count(*) AS records
FROM {table}
WHERE {at} >= %(start)s::timestamptz AND {at} < %(end)s::timestamptz
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLoginMinute:
    """The number of records in one minute, and how many of them are failed logins."""

    minute: datetime
    failed: int
    records: int


def failed_logins_by_minute(
    database: DatabaseClient, table: tuple[str, str], login_filter: FailedLoginFilter, start: datetime, end: datetime
) -> tuple[FailedLoginMinute, ...]:
    """The minutes in [start, end) with a record, oldest first; `table` is a pair of schema and name.

    Raises: ObservationError, naming the missing grant, or if a policy may hide records.
    """
    remedy = require_all_rows_visible(database, table, login_filter.time_column, login_filter.column)
    text = sql.SQL(_BY_MINUTE).format(
        at=sql.Identifier(login_filter.time_column),
        column=sql.Identifier(login_filter.column),
        table=sql.Identifier(*table),
    )
    parameters: Parameters = {"values": login_filter.values, "start": start.isoformat(), "end": end.isoformat()}
    statement = Statement(name="failed_logins", text=text.as_string(None))
    return database.query(statement, FailedLoginMinute, parameters, remedy=remedy)
