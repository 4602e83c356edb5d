"""Database activity and size: sessions by state, the oldest transaction, and rows by tenant tier."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from basewatch.postgres.row_visibility import require_all_rows_visible
from basewatch.postgres.session import DatabaseClient, Statement

STATS_ROLE = "pg_read_all_stats"
"""The predefined role that can read the activity of all sessions; set for one statement at a time."""

_CONNECTIONS = Statement(
    name="connections",
    text="""
SELECT coalesce(usename, '')::text AS role, coalesce(state, 'unknown')::text AS state, count(*) AS connections
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
GROUP BY 1, 2 ORDER BY 1, 2
""",
)
# A transaction prepared for two-phase commit holds back vacuum like an open one, but has no session.
_OLDEST = Statement(
    name="oldest_transaction",
    text="""
SELECT coalesce(max(extract(epoch FROM clock_timestamp() - began)), 0)::float8 AS age_seconds
FROM (
    SELECT xact_start FROM pg_stat_activity
    WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    UNION ALL
    SELECT prepared FROM pg_prepared_xacts WHERE database = current_database()
) AS transactions (began)
""",
)
_ROOT = "SELECT {tier}::text AS tier, count(*) AS rows FROM {root} GROUP BY 1 ORDER BY 2 DESC, 1"
_TABLE = """
SELECT r.{tier}::text AS tier, count(*) AS rows
FROM {table} AS t JOIN {root} AS r ON {same}
GROUP BY 1 ORDER BY 2 DESC, 1
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCount:
    """The number of sessions of a role in one state, such as `active` or `idle in transaction`."""

    role: str
    state: str
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCount:
    """The number of rows of the tenants of one tier; `tier` is None for tenants without one."""

    tier: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Age:
    age_seconds: float


def connection_counts(database: DatabaseClient) -> tuple[ConnectionCount, ...]:
    """The sessions of the database by role and state. Raises: ObservationError, naming the missing grant."""
    return database.query(_CONNECTIONS, ConnectionCount, {}, role=STATS_ROLE)


def oldest_transaction(database: DatabaseClient) -> float:
    """The age of the oldest open or prepared transaction in seconds; 0 without any. Raises: ObservationError."""
    (age,) = database.query(_OLDEST, _Age, {}, role=STATS_ROLE)
    return age.age_seconds


def tenants_by_tier(database: DatabaseClient, root: tuple[str, str], tier: str) -> tuple[TierCount, ...]:
    """The rows of the tenant root by its column `tier`, in descending order of their number.

    Raises: ObservationError, naming the missing grant.
    """
    remedy = require_all_rows_visible(database, root, tier)
    text = sql.SQL(_ROOT).format(tier=sql.Identifier(tier), root=sql.Identifier(*root))
    return database.query(Statement(name="tenants_by_tier", text=text.as_string(None)), TierCount, {}, remedy=remedy)


def rows_by_tier(
    database: DatabaseClient,
    table: tuple[str, str],
    root: tuple[str, str],
    tier: str,
    key_pairs: tuple[tuple[str, str], ...],
) -> tuple[TierCount, ...]:
    """The rows of a tenant table by tenant tier, in descending order; `key_pairs` joins its key with that of the root.

    Raises: ObservationError, naming the missing grant.
    """
    granted = (
        require_all_rows_visible(database, table, *(own for own, _ in key_pairs)),
        require_all_rows_visible(database, root, tier, *(theirs for _, theirs in key_pairs)),
    )
    pairs = (sql.SQL("t.{} = r.{}").format(sql.Identifier(own), sql.Identifier(theirs)) for own, theirs in key_pairs)
    text = sql.SQL(_TABLE).format(
        tier=sql.Identifier(tier),
        table=sql.Identifier(*table),
        root=sql.Identifier(*root),
        same=sql.SQL(" AND ").join(pairs),
    )
    statement = Statement(name="rows_by_tier", text=text.as_string(None))
    return database.query(statement, TierCount, {}, remedy=" ".join(granted))
