"""Whether what is counted in a table is all of it: row-level security leaves rows out, and says nothing."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.session import DatabaseClient, Statement

# Only a policy that lets everything through is sure to, and only a reader that no policy binds needs none.
_WHOLE = Statement(
    name="whole_table",
    text="""
WITH counted AS (
    SELECT c.oid FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relname = %(name)s
), applied AS (
    SELECT p.polpermissive AS permissive, coalesce(pg_get_expr(p.polqual, p.polrelid) = 'true', false) AS always
    FROM pg_policy AS p JOIN counted ON counted.oid = p.polrelid
    WHERE p.polcmd IN ('r', '*')
      AND EXISTS (SELECT FROM unnest(p.polroles) AS role (oid) WHERE role.oid = 0 OR pg_has_role(role.oid, 'USAGE'))
)
SELECT NOT row_security_active(counted.oid)
    OR (EXISTS (SELECT FROM applied WHERE permissive AND always)
        AND NOT EXISTS (SELECT FROM applied WHERE NOT permissive AND NOT always)) AS whole,
    current_user::text AS reader
FROM counted
""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    whole: bool
    reader: str


def require_all_rows_visible(database: DatabaseClient, table: tuple[str, str], *columns: str) -> str:
    """What to grant, should the columns of the table be refused; it is known by schema and name.

    Raises: ObservationError, when there is no such table, or a policy may hide rows of it.
    """
    name = sql.Identifier(*table).as_string(None)
    found = database.query(_WHOLE, _Answer, {"schema": table[0], "name": table[1]})
    if not found:
        remedy = "Correct its name in the configuration, or create it."
        raise ObservationError(Reason.STALE, f"there is no table {name} to count in", remedy=remedy)
    reader = sql.Identifier(found[0].reader).as_string(None)
    if not found[0].whole:
        raise ObservationError(
            Reason.DENIED,
            f"policies of {name} may hide rows of it from {reader}, so that a count would be too low",
            remedy=f"CREATE POLICY basewatch_counts ON {name} FOR SELECT TO {reader} USING (true);",
        )
    granted = ", ".join(sql.Identifier(column).as_string(None) for column in columns)
    schema = sql.Identifier(table[0]).as_string(None)
    return f"GRANT USAGE ON SCHEMA {schema} TO {reader}; GRANT SELECT ({granted}) ON {name} TO {reader};"
