"""Failed logins, counted minute by minute in the audit table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from psycopg import sql

from basewatch.declared import FailedLogins
from basewatch.postgres.complete_table import require_whole
from basewatch.postgres.session import Database, Parameters, Statement

_BY_MINUTE = """
SELECT date_trunc('minute', {at}::timestamptz) AS minute,
       count(*) FILTER (WHERE {column}::text = ANY (%(values)s)) AS failed,
       count(*) AS records
FROM {table}
WHERE {at} >= %(start)s::timestamptz AND {at} < %(end)s::timestamptz
GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """How many records of a minute there are, and how many of them are failed logins."""

    minute: datetime
    failed: int
    records: int


def logins_by_minute(
    database: Database, table: tuple[str, str], which: FailedLogins, start: datetime, end: datetime
) -> tuple[Minute, ...]:
    """The minutes of [start, end) that have any record, oldest first; the table is known by schema and name.

    Raises: CouldNotLook, naming the grant that is missing, and when a policy may hide records.
    """
    remedy = require_whole(database, table, which.at, which.column)
    text = sql.SQL(_BY_MINUTE).format(
        at=sql.Identifier(which.at), column=sql.Identifier(which.column), table=sql.Identifier(*table)
    )
    parameters: Parameters = {"values": which.values, "start": start.isoformat(), "end": end.isoformat()}
    statement = Statement(name="failed_logins", text=text.as_string(None))
    return database.rows(statement, Minute, parameters, remedy=remedy)
