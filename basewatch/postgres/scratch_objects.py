"""The roles and the database that a restore adds to a scratch server, and their removal, also after a crash."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import LiteralString

import psycopg
from psycopg import sql

PREFIX = "basewatch_drill_"
_LOCK = "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended(%s, 0))"
_PLAIN = """SELECT rolname FROM pg_catalog.pg_roles r
WHERE rolname = ANY(%s) AND NOT (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls)
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.member = r.oid)"""
_MARKED = """SELECT rolname FROM pg_catalog.pg_roles r
WHERE pg_catalog.shobj_description(r.oid, 'pg_authid') = %s"""


class ScratchObjects:
    """What one drill has added to a server: each role has a comment with the name of the drill's database."""

    def __init__(self, connection: psycopg.Connection, name: str) -> None:
        """The drill of the database `name`, by an autocommit session of the superuser."""
        self._connection = connection
        self._name = name

    def add_role(self, role: str, options: LiteralString, password: str = "") -> None:
        """Creates a role without any right; with a password if it logs in. Raises: psycopg.Error."""
        command = sql.SQL("CREATE ROLE {} NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION {}{}")
        secret = sql.SQL(" PASSWORD {}").format(sql.Literal(password)) if password else sql.SQL("")
        self._connection.execute(command.format(sql.Identifier(role), sql.SQL(options), secret))
        comment = sql.SQL("COMMENT ON ROLE {} IS {}")
        self._connection.execute(comment.format(sql.Identifier(role), sql.Literal(self._name)))

    def limit_temporary_files(self, role: str, kilobytes: int) -> None:
        """Bounds the disk space for the sorts of one session. Raises: psycopg.Error."""
        command = sql.SQL("ALTER ROLE {} SET temp_file_limit = {}")
        self._connection.execute(command.format(sql.Identifier(role), sql.Literal(f"{min(kilobytes, 2**31 - 1)}kB")))

    def add_database(self, *, owner: str, reader: str) -> None:
        """Creates the database, which only these two can enter. Raises: psycopg.Error."""
        name = sql.Identifier(self._name)
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'")
        self._connection.execute(create.format(name, sql.Identifier(owner)))
        self._connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
        grant = sql.SQL("GRANT CONNECT ON DATABASE {} TO {}")
        self._connection.execute(grant.format(name, sql.Identifier(reader)))

    def existing_roles(self) -> frozenset[str]:
        """The names of every role of the server."""
        return frozenset(str(row[0]) for row in self._connection.execute("SELECT rolname FROM pg_catalog.pg_roles"))

    def plain_roles(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the roles that have no right of their own, and are members of no other."""
        return frozenset(str(row[0]) for row in self._connection.execute(_PLAIN, [list(names)]))

    def remove(self) -> None:
        """Removes the database, with every session in it, and the roles."""
        with suppress(psycopg.Error):
            self._connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self._name))
            )
            for row in self._connection.execute(_MARKED, [self._name]).fetchall():
                with suppress(psycopg.Error):
                    self._connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(str(row[0]))))


def remove_abandoned(connection: psycopg.Connection) -> None:
    """Removes what drills left that were killed: the session that held the lock of their database is gone."""
    found = connection.execute(
        "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, %s)", [PREFIX]
    )
    for row in found.fetchall():
        locked = connection.execute(_LOCK, [row[0]]).fetchone()
        if locked and locked[0]:
            ScratchObjects(connection, str(row[0])).remove()
            connection.execute("SELECT pg_catalog.pg_advisory_unlock_all()")
