"""A scratch database for one restore: a name of its own, a restoring role without rights, and a role that reads it.

What a dump contains is run as the restoring role, which is a member of no role: it can start no program, read no file
and become nobody. See docs/restore-drill.md.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import conninfo, sql

from basewatch.postgres.binaries import RESTORING, Binaries, find_binaries
from basewatch.postgres.private_server import HOST, PostgresServer
from basewatch.postgres.scratch_objects import PREFIX, ScratchObjects, remove_abandoned
from basewatch.secrets import Secret

_MEMBERSHIP_OPTIONS_SINCE = 160000
# Not trusted by PostgreSQL, but nothing in them reaches a file, a program or another host.
_SAFE_EXTENSIONS = frozenset(
    {"pg_stat_statements", "pg_buffercache", "pgstattuple", "pg_freespacemap", "pg_visibility", "pgrowlocks", "bloom"}
    | {"amcheck", "postgis", "vector"}
)
_VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class ScratchRefusedError(Exception):
    """The scratch server cannot be used; `remedy` says what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchServer:
    """A PostgreSQL server for scratch databases, and the programs that restore into it.

    `superuser_url` is a URL of its superuser, `folder` where its files are, if that is this machine.
    """

    programs: Binaries
    superuser_url: Secret
    described: str
    folder: Path | None = None


@contextmanager
def private_scratch_server(folder: Path) -> Generator[ScratchServer]:
    """A server of its own below `folder`, which ends with the context. Raises: PostgresUnavailable."""
    # Nothing in a dump can name its superuser, so nothing can be given to it.
    superuser, password = f"bw_{secrets.token_hex(8)}", secrets.token_urlsafe(24)
    binaries = find_binaries(needed=RESTORING)
    server = PostgresServer.create(folder, binaries=binaries, password=password, superuser=superuser)
    try:
        yield ScratchServer(
            programs=server.binaries,
            superuser_url=Secret("the scratch server", server.url("postgres", superuser, password)),
            described=f"the server of {binaries.found_in}",
            folder=server.home,
        )
    finally:
        server.remove()


def declared_scratch_server(url: Secret, production: Collection[tuple[str, Secret]]) -> ScratchServer:
    """The server of a declared target. Raises: PostgresUnavailable; ScratchRefusedError.

    It is refused when it is the server of one of the `production` databases, given by name and URL, or when its login
    is not a superuser's.
    """
    try:
        with psycopg.connect(url.reveal(), autocommit=True, connect_timeout=10) as connection:
            if not _scalar(connection, "SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user"):
                raise ScratchRefusedError("its login is not a superuser's", "give restore_drill.target a superuser")
            known = frozenset(str(name) for name in _column(connection, "SELECT datname FROM pg_catalog.pg_database"))
            ours, described = _identity(connection), f"{connection.info.host}:{connection.info.port}"
    except psycopg.Error as error:
        raise ScratchRefusedError(f"it cannot be reached: {_line(error)}", "correct restore_drill.target") from error
    for name, live in production:
        with suppress(psycopg.ProgrammingError):
            if conninfo.conninfo_to_dict(live.reveal()).get("dbname") in known:
                raise ScratchRefusedError(
                    f"it has a database of the name of {name}", "use a server that has nothing of production"
                )
        if _identity_of(name, live) == ours:
            raise ScratchRefusedError(f"it is the server of {name}", "use a server that has nothing of production")
    return ScratchServer(programs=find_binaries(needed=RESTORING), superuser_url=url, described=described)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchDatabase:
    """An empty database in a scratch server, and the roles that a restore needs."""

    name: str
    restorer: str
    reader: str
    server: ScratchServer
    environment: Mapping[str, str] = field(repr=False)
    reader_url: Secret
    version: str
    plain_roles: frozenset[str]
    _connection: psycopg.Connection = field(repr=False)

    def size_bytes(self) -> int:
        """The size of the database on the disk of the server; 0 while it cannot be said."""
        try:
            return int(str(_scalar(self._connection, "SELECT pg_catalog.pg_database_size(%s)", self.name)))
        except psycopg.Error:
            return 0

    def add_extensions(self, names: Iterable[str]) -> None:
        """Creates those of the extensions that the restoring role may not, and that reach nothing outside."""
        with self._inside() as connection:
            for name in sorted(_SAFE_EXTENSIONS.intersection(names)):
                with suppress(psycopg.Error):
                    connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(name)))

    def settle(self, ownership: Iterable[tuple[str, str]], principals: Iterable[str]) -> None:
        """Ends the restore: gives the objects to their owners, takes the restoring role's login, and lets it be read.

        Each of `ownership` is a role and a statement that gives something to it; only plain roles get anything.
        """
        with self._inside() as connection:
            for role, statement in ownership:
                if role in self.plain_roles:
                    with suppress(psycopg.Error):
                        connection.execute(statement.encode(), [], prepare=False)
            restorer, reader = sql.Identifier(self.restorer), sql.Identifier(self.reader)
            connection.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(restorer))
            options = connection.info.server_version >= _MEMBERSHIP_OPTIONS_SINCE
            # The reader reads every row, and becomes a tenant-bound role only when it asks to.
            inherit = sql.SQL(" WITH INHERIT TRUE" if options else "")
            connection.execute(sql.SQL("GRANT pg_read_all_data, pg_read_all_stats TO {}{}").format(reader, inherit))
            become = sql.SQL(" WITH INHERIT FALSE, SET TRUE" if options else "")
            for role in self.plain_roles.intersection(principals):
                connection.execute(sql.SQL("GRANT {} TO {}{}").format(sql.Identifier(role), reader, become))

    @contextmanager
    def _inside(self) -> Iterator[psycopg.Connection]:
        url = conninfo.make_conninfo(self.server.superuser_url.reveal(), dbname=self.name)
        with psycopg.connect(url, autocommit=True, options="-c statement_timeout=60000") as connection:
            yield connection


@contextmanager
def scratch_database(server: ScratchServer, roles: Iterable[str], max_bytes: int) -> Generator[ScratchDatabase]:
    """A new database in the server, with these roles, none of which can log in; it ends with the context.

    Roles of the server keep what they are. Raises: psycopg.Error.
    """
    with ExitStack() as undo:
        connection = undo.enter_context(psycopg.connect(server.superuser_url.reveal(), autocommit=True))
        remove_abandoned(connection)
        token = secrets.token_hex(6)
        name, restorer, reader = f"{PREFIX}{token}", f"basewatch_restorer_{token}", f"basewatch_reader_{token}"
        # PostgreSQL releases the lock when this connection ends; then the name is free to be removed.
        connection.execute("SELECT pg_catalog.pg_advisory_lock(pg_catalog.hashtextextended(%s, 0))", [name])
        added = ScratchObjects(connection, name)
        undo.callback(added.remove)
        passwords = {restorer: secrets.token_urlsafe(24), reader: secrets.token_urlsafe(24)}
        added.add_role(restorer, "LOGIN", passwords[restorer])
        added.limit_temporary_files(restorer, max_bytes // 1024)
        added.add_role(reader, "LOGIN BYPASSRLS", passwords[reader])
        for role in sorted(set(roles) - added.existing_roles()):
            added.add_role(role, "NOLOGIN")
        added.add_database(owner=restorer, reader=reader)
        parsed = conninfo.conninfo_to_dict(server.superuser_url.reveal())
        address = {variable: str(parsed[key]) for key, variable in _VARIABLES.items() if parsed.get(key)}
        url = conninfo.make_conninfo(
            server.superuser_url.reveal(), dbname=name, user=reader, password=passwords[reader]
        )
        yield ScratchDatabase(
            name=name,
            restorer=restorer,
            reader=reader,
            server=server,
            environment={
                "PGHOST": HOST,
                **address,
                "PGDATABASE": name,
                "PGUSER": restorer,
                "PGPASSWORD": passwords[restorer],
            },
            reader_url=Secret("the scratch database", url),
            version=str(_scalar(connection, "SHOW server_version")),
            plain_roles=added.plain_roles(roles),
            _connection=connection,
        )


_IDENTITY = "SELECT system_identifier FROM pg_catalog.pg_control_system()"


def _identity(connection: psycopg.Connection) -> str:
    """What no two servers have in common, unless one is a copy of the other; empty when it is not said."""
    try:
        return str(_scalar(connection, _IDENTITY))
    except psycopg.Error:
        return ""


def _identity_of(name: str, url: Secret) -> str:
    try:
        with psycopg.connect(url.reveal(), autocommit=True, connect_timeout=10) as connection:
            found = _identity(connection)
    except psycopg.Error as error:
        raise ScratchRefusedError(
            f"whether it is the server of {name} cannot be said: that one cannot be reached: {_line(error)}",
            "let the drill reach the declared databases, or leave restore_drill.target out",
        ) from error
    if not found:
        raise ScratchRefusedError(
            f"whether it is the server of {name} cannot be said: that one does not tell its identity",
            "grant EXECUTE on pg_control_system() to Basewatch's role, or leave restore_drill.target out",
        )
    return found


def _scalar(connection: psycopg.Connection, query: LiteralString, *parameters: object) -> object:
    row = connection.execute(query, parameters or None).fetchone()
    return row[0] if row else None


def _column(connection: psycopg.Connection, query: LiteralString) -> list[object]:
    return [row[0] for row in connection.execute(query).fetchall()]


def _line(error: psycopg.Error) -> str:
    return str(error).partition("\n")[0][:200]
