"""The least privilege that a plan needs in its databases, as an SQL script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from basewatch.components import Database
from basewatch.postgres.activity import STATS_ROLE
from basewatch.tenancy import Tenancy
from workflows.plan import Plan

DEFAULT_READER_ROLE = "basewatch"
_MEMBERSHIP = """\
DO $basewatch$ BEGIN
  IF current_setting('server_version_num')::int >= 160000 THEN
    EXECUTE format('GRANT %I TO %I WITH INHERIT FALSE, SET TRUE', {principal}, {reader});
  ELSE  -- NOINHERIT on the role does what WITH INHERIT FALSE does from version 16 on
    EXECUTE format('GRANT %I TO %I', {principal}, {reader});
  END IF;
END $basewatch$;"""


def sql_grants(plan: Plan, reader: str = DEFAULT_READER_ROLE) -> str:
    """A script for each database that creates the reader role, with the grants of each feature. It may be run again.

    The role owns and inherits nothing. The grants of features that the configuration does not use are left out.
    """
    databases = {p.component.ref: p.component for p in plan.checks if isinstance(p.component, Database)}
    return "\n".join(line for database in databases.values() for line in _script(database, reader))


def _script(database: Database, reader: str) -> Iterator[str]:
    tenancy, role = database.tenancy, _literal(reader)
    yield f"-- {_comment(database.ref)}: run in that database, as a superuser or with ADMIN OPTION on the roles."
    yield ""
    yield "-- Static proof and fingerprint: a login that can connect. Every role can read the catalogues."
    yield "DO $basewatch$ BEGIN"
    yield f"  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {role}) THEN"
    yield f"    EXECUTE format('CREATE ROLE %I', {role});"
    yield "  END IF;"
    yield f"  EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), {role});"
    yield "END $basewatch$;"
    attributes = "LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    yield f"ALTER ROLE {quote_identifier(reader)} {attributes};"
    yield ""
    yield "-- Planner agreement and probes: the role can SET ROLE to each principal, but inherits nothing from it."
    for principal in tenancy.principals:
        yield _MEMBERSHIP.format(principal=_literal(principal), reader=role)
    yield ""
    yield from _writes(tenancy)
    yield from _sweep(tenancy, reader)
    yield from _counts(database, reader)
    yield from _sessions(database, reader)
    yield from _logins(tenancy)


def _writes(tenancy: Tenancy) -> Iterator[str]:
    if tenancy.write_probes:
        yield "-- Write probes: no further grant. They run as the principals, on canary tenants, and are rolled back."
        yield ""


def _sweep(tenancy: Tenancy, reader: str) -> Iterator[str]:
    """The id column of the tenant root, and no other column."""
    if tenancy.sweep:
        (schema, name), role = _root_table(tenancy), quote_identifier(reader)
        columns = ", ".join(map(quote_identifier, tenancy.root_key))
        yield "-- Sweep: the id of every tenant. Under row-level security, a policy must allow this:"
        yield f"--   CREATE POLICY basewatch_sweep ON {schema}.{name} FOR SELECT TO {role} USING (true);"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        yield f"GRANT SELECT ({columns}) ON {schema}.{name} TO {role};"
        yield ""


def _counts(database: Database, reader: str) -> Iterator[str]:
    """The columns that rows are counted by."""
    role = quote_identifier(reader)
    for table, columns in _counted(database):
        schema, name = map(quote_identifier, database.qualified_name(table))
        policy = f"CREATE POLICY basewatch_counts ON {schema}.{name} FOR SELECT TO {role} USING (true);"
        yield f"-- Counts in {_comment(table)}: these columns. Under row-level security, a policy must allow this:"
        yield f"--   {_comment(policy)}"
        yield f"GRANT USAGE ON SCHEMA {schema} TO {role};"
        yield f"GRANT SELECT ({', '.join(map(quote_identifier, columns))}) ON {schema}.{name} TO {role};"
        yield ""


def _counted(database: Database) -> Iterator[tuple[str, tuple[str, ...]]]:
    which, audit, metrics, tenancy = database.failed_logins, database.audit, database.metrics, database.tenancy
    if which and audit:
        yield audit.table, (which.time_column, which.column)
    if metrics and metrics.tier:
        yield tenancy.root, (metrics.tier, *(tenancy.root_key if metrics.tables else ()))
        for table in metrics.tables:
            key = tenancy.tenant_key(table)
            yield table, key if isinstance(key, tuple) else ()


def _sessions(database: Database, reader: str) -> Iterator[str]:
    if database.metrics:
        yield "-- Session metrics: the role can SET ROLE to the role that sees all sessions."
        yield _MEMBERSHIP.format(principal=_literal(STATS_ROLE), reader=_literal(reader))
        yield ""


def _logins(tenancy: Tenancy) -> Iterator[str]:
    if tenancy.logins:
        yield "-- Fresh sessions: the principals log in as the application does. Each of them needs:"
        for principal in tenancy.logins:
            yield f"--   ALTER ROLE {_comment(quote_identifier(principal))} LOGIN;"
        yield ""


def _root_table(tenancy: Tenancy) -> tuple[str, str]:
    """The schema and name of the tenant root, quoted. A root without a schema is in the first declared schema."""
    schema, _, name = tenancy.root.rpartition(".")
    return quote_identifier(schema or tenancy.schemas[0]), quote_identifier(name)


def quote_identifier(identifier: str) -> str:
    """An identifier in double quotes, with any characters."""
    return '"' + identifier.replace('"', '""') + '"'


def _literal(text: str) -> str:
    plain = text.replace("'", "''")
    # A dollar sign in the literal would end the surrounding dollar-quoted block.
    return "||".join(f"'{part}'" for part in _with_dollars(plain.split("$"))) if "$" in plain else f"'{plain}'"


def _with_dollars(parts: Iterable[str]) -> Iterator[str]:
    for index, part in enumerate(parts):
        if index:
            yield "$"
        yield part


def _comment(text: str) -> str:
    return " ".join(text.split())
