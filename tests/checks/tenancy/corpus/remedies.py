"""The SQL that findings print, and what the application can do before and after it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from typing import Final

import psycopg
from psycopg import sql

from basewatch.components import Database
from basewatch.model import Finding
from tests.checks.tenancy.corpus.cases import _expanded
from tests.checks.tenancy.corpus.declared import SCHEMAS
from tests.checks.tenancy.corpus.server import CorpusServer

# What follows one of these is another way, or what is left to do by hand.
_PRIMARY: Final = re.compile(r"\bOr\b|\bThen\b|\bOnly if\b")
_STATEMENT: Final = re.compile(
    r"(?<!\w)(?:ALTER|DROP|REVOKE|GRANT|CREATE|UPDATE \S+ SET|SELECT pg_)(?!\w)(?:\$\$.*?\$\$|'[^']*'|[^;'$])*;",
    re.DOTALL,
)
_TABLES: Final = """
SELECT c.oid::regclass::text, quote_ident(a.attname)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relrowsecurity AND c.relkind IN ('r', 'p')
  AND a.attnum = (SELECT min(b.attnum) FROM pg_attribute b
                  WHERE b.attrelid = c.oid AND b.attnum > 0 AND NOT b.attisdropped AND b.attgenerated = '')
"""


# Before and after, the same error comes of a copy of a row: a role without the right to insert gets another one.
_COPY: Final = "INSERT INTO {0} SELECT * FROM {0} LIMIT 1"
_GUARD: Final = re.compile(r"audit\.triggers: (\w+): (sha256:\w{64})")


def run_printed(server: CorpusServer, schema: str, findings: Iterable[Finding]) -> None:
    """Runs what findings print, with a tenant in the blanks; what an earlier statement has dropped needs no repair."""
    tenancy, dropped = SCHEMAS[schema].tenancy, False
    for statement in statements(findings):
        try:
            server.run(schema, statement.replace("<their tenant>", f"'{tenancy.canaries.a[0]}'"))
        except psycopg.errors.UndefinedObject:
            if not dropped:
                raise
        dropped |= statement.startswith("DROP")


def with_printed_digests(database: Database, findings: Iterable[Finding]) -> Database:
    """The database with the guards of its audit table as the findings print them."""
    printed = dict(pair for finding in findings for pair in _GUARD.findall(finding.remedy))
    if database.audit is None or not printed:
        return database
    triggers = {**database.audit.triggers, **printed}
    return database.model_copy(update={"audit": database.audit.model_copy(update={"triggers": triggers})})


def statements(findings: Iterable[Finding]) -> list[str]:
    """The statements of the first way that each finding names, in order, each once."""
    texts = (_PRIMARY.split(finding.remedy)[0] for finding in findings)
    return list(dict.fromkeys(found for text in texts for found in _STATEMENT.findall(text)))


def application(server: CorpusServer, schema: str) -> Mapping[tuple[str, str], int | str]:
    """The rows that each principal reads, inserts, updates and deletes for canary A, or the error; rolled back."""
    tenancy = SCHEMAS[schema].tenancy
    (_, context), _ = tenancy.canary_contexts
    found = dict[tuple[str, str], int | str]()
    with psycopg.connect(server.box.superuser_url, dbname=schema) as connection:
        tables = connection.execute(_TABLES).fetchall()
        for principal in tenancy.principals:
            for table, column in tables:
                for pattern in ("SELECT FROM {0}", "UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", _COPY):
                    command = pattern.format(table, column)
                    with connection.transaction(force_rollback=True):
                        for name, value in zip(tenancy.context, context, strict=True):
                            connection.execute("SELECT set_config(%s, %s, true)", (name, value))
                        role = sql.Identifier(principal)
                        connection.execute(sql.SQL("SET LOCAL SESSION AUTHORIZATION {}").format(role))
                        found[principal, command] = _rows(connection, command)
    return found


def _rows(connection: psycopg.Connection, command: str) -> int | str:
    try:
        return connection.execute(command.encode()).rowcount
    except psycopg.Error as error:
        return type(error).__name__


def undo(server: CorpusServer, schema: str, repair: str) -> None:
    """Runs each statement of a repair, as far as there is something to repair."""
    for statement in re.findall(r"(?:\$\$.*?\$\$|[^;$])+", repair, re.DOTALL):
        with contextlib.suppress(psycopg.Error):
            server.run(schema, statement)


def keep_copies(server: CorpusServer) -> None:
    """Copies every schema, so that one can be made again after statements that no repair undoes."""
    for schema in SCHEMAS:
        _administer(server, f"CREATE DATABASE {schema}_copy TEMPLATE {schema}")


def make_again(server: CorpusServer, schema: str) -> None:
    """The schema as it was copied; its roles get their attributes and memberships back from the schema's words."""
    principals = sql.SQL(", ").join(sql.Identifier(role) for role in (*SCHEMAS[schema].tenancy.principals, "basewatch"))
    grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(sql.Identifier(schema), principals)
    _administer(
        server,
        f"DROP DATABASE {schema} WITH (FORCE)",
        f"CREATE DATABASE {schema} TEMPLATE {schema}_copy",
        f"REVOKE ALL ON DATABASE {schema} FROM PUBLIC",
        grant.as_string(None),
    )
    server.run(schema, _expanded(schema, "@restore@;"))


def _administer(server: CorpusServer, *commands: str) -> None:
    with psycopg.connect(server.box.superuser_url, dbname="postgres", autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())
