"""What goes on in a database and how much is in it: sessions, the oldest transaction, rows by the tier of tenants."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from basewatch.postgres.row_visibility import require_all_rows_visible
from basewatch.postgres.session import DatabaseClient, Statement

STATS_ROLE = "pg_read_all_stats"
"""The role of PostgreSQL's own that sees what others' sessions do; it is become for one statement."""

_CONNECTIONS = Statement(
    name="connections",
    text="""
SELECT coalesce(usename, '')::text AS role, coalesce(state, 'unknown')::text AS state, count(*) AS connections
FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
GROUP BY 1, 2 ORDER BY 1, 2
""",
)
# One that was prepared for a commit in two phases holds back as much as one that is open, and has no session.
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
    """How many sessions a role has in one state, such as `active` or `idle in transaction`."""

    role: str
    state: str
    connections: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TierCount:
    """How many rows belong to the tenants of one tier; None for those of tenants that have none."""

    tier: str | None
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Age:
    age_seconds: float


def connection_counts(database: DatabaseClient) -> tuple[ConnectionCount, ...]:
    """Every session of the database by role and state. Raises: ObservationError, naming the missing grant."""
    return database.query(_CONNECTIONS, ConnectionCount, {}, role=STATS_ROLE)


def oldest_transaction(database: DatabaseClient) -> float:
    """How long ago the oldest open or prepared transaction began, in seconds; 0 for none. Raises: ObservationError."""
    (age,) = database.query(_OLDEST, _Age, {}, role=STATS_ROLE)
    return age.age_seconds


def tenants_by_tier(database: DatabaseClient, root: tuple[str, str], tier: str) -> tuple[TierCount, ...]:
    """The rows of the tenancy's root by its column `tier`, most first.

    Raises: ObservationError, naming what to grant.
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
    """The rows of a tenant table by the tier of their tenants, most first; `key_pairs` pairs its key with the root's.

    Raises: ObservationError, naming what to grant.
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
