"""A check that row-level security hides no row from a count."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from basewatch.errors import ObservationError
from basewatch.model import Reason
from basewatch.postgres.session import DatabaseClient, Statement

# All rows are visible if no policy applies to the reader, or if the applying policies are always true.
_VISIBILITY = Statement(
    name="row_visibility",
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
        AND NOT EXISTS (SELECT FROM applied WHERE NOT permissive AND NOT always)) AS all_visible,
    current_user::text AS reader
FROM counted
""",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    all_visible: bool
    reader: str


def require_all_rows_visible(database: DatabaseClient, table: tuple[str, str], *columns: str) -> str:
    """The GRANT statements to read the columns of a table, which is a pair of schema and name.

    Raises: ObservationError, if the table does not exist, or a policy may hide rows of it.
    """
    name = sql.Identifier(*table).as_string(None)
    found = database.query(_VISIBILITY, _Answer, {"schema": table[0], "name": table[1]})
    if not found:
        remedy = "Correct its name in the configuration, or create it."
        raise ObservationError(Reason.STALE, f"the table {name} does not exist", remedy=remedy)
    reader = sql.Identifier(found[0].reader).as_string(None)
    if not found[0].all_visible:
        raise ObservationError(
            Reason.DENIED,
            f"policies of {name} may hide rows from {reader}, so that a count could be too low",
            remedy=f"CREATE POLICY basewatch_counts ON {name} FOR SELECT TO {reader} USING (true);",
        )
    granted = ", ".join(sql.Identifier(column).as_string(None) for column in columns)
    schema = sql.Identifier(table[0]).as_string(None)
    return f"GRANT USAGE ON SCHEMA {schema} TO {reader}; GRANT SELECT ({granted}) ON {name} TO {reader};"
