"""Reads what a database holds: its objects with a digest of each, the rows of its tables, and the newest of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from basewatch.components import Database
from basewatch.errors import NotFoundError, ObservationError
from basewatch.facts import digest
from basewatch.postgres import DatabaseClient, Statement
from basewatch.restore_record import RestoredTable
from isolation.sql import load_statement
from workflows.sql_grants import quote_identifier

_MAX_DIFFERENCES = 20
_MAJOR = 10000


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaObject:
    """An object and the digest of its definition; `exact` ones are written differently by other major versions."""

    kind: str
    name: str
    exact: bool
    digest: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    schema: str
    name: str
    estimate: float
    empty: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Count:
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Name:
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Newest:
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Version:
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """Every object of a database outside of extensions, and the major version of its server."""

    objects: tuple[SchemaObject, ...]
    major: int

    @property
    def digest(self) -> str:
        """The digest of all objects."""
        return digest([[each.kind, each.name, each.digest] for each in self.objects])


def read_schema(database: DatabaseClient) -> Schema:
    """The objects of a database, from its catalogues. Raises: ObservationError."""
    version = Statement(name="version", text="SELECT current_setting('server_version_num')::int AS number")
    (found,) = database.query(version, _Version, {})
    return Schema(
        objects=database.query(load_statement("copy_objects"), SchemaObject, {}), major=found.number // _MAJOR
    )


def differences(copy: Schema, live: Schema) -> tuple[str, ...]:
    """What the copy lacks, has besides, or has in another form; definitions are compared between equal versions."""
    ours, theirs = _by_name(copy.objects), _by_name(live.objects)
    same = copy.major == live.major
    found = [f"the copy lacks the {kind} {name}" for kind, name in theirs if (kind, name) not in ours]
    found += [f"only the copy has the {kind} {name}" for kind, name in ours if (kind, name) not in theirs]
    found += [
        f"the {kind} {name} differs"
        for (kind, name), each in theirs.items()
        if (kind, name) in ours and ours[kind, name].digest != each.digest and (same or not each.exact)
    ]
    more = len(found) - _MAX_DIFFERENCES
    return (*found[:_MAX_DIFFERENCES], *([f"and {more} more"] if more > 0 else ()))


def count_rows(copy: DatabaseClient) -> tuple[RestoredTable, ...]:
    """The rows of every table of the copy. Raises: ObservationError."""
    return tuple(
        RestoredTable(name=f"{each.schema}.{each.name}", rows=_rows(copy, each))
        for each in copy.query(load_statement("copy_tables"), _Table, {})
    )


def live_estimates(live: DatabaseClient) -> Mapping[str, int]:
    """How many rows each table of the live database has, by its statistics; without those that have none."""
    return {
        f"{each.schema}.{each.name}": 0 if each.empty else round(each.estimate)
        for each in live.query(load_statement("copy_tables"), _Table, {})
        if each.empty or each.estimate > 0
    }


def time_columns(database: Database | None, declared: Mapping[str, str]) -> Mapping[str, str]:
    """The columns with the time of each row, by table: the declared ones, or that of the audit table."""
    if declared or database is None or database.audit is None:
        return declared
    failed = database.failed_logins
    return {database.audit.table: failed.time_column if failed else "created_at"}


def newest_row(copy: DatabaseClient, columns: Mapping[str, str], schemas: Sequence[str]) -> tuple[datetime | None, str]:
    """The newest time in these columns, and in which of them; a column that is no time counts for nothing."""
    newest, found_in = None, ""
    for table, column in columns.items():
        schema, _, name = table.rpartition(".")
        schema = schema or schemas[0]
        parameters = {"schema": schema, "table": name, "column": column}
        if not copy.query(load_statement("copy_time_column"), _Name, parameters):
            continue
        of = f"{quote_identifier(schema)}.{quote_identifier(name)}"
        text = f"SELECT max({quote_identifier(column)})::timestamptz AS newest FROM ONLY {of}"  # noqa: S608  # quoted
        try:
            (row,) = copy.query(Statement(name="newest row of a copy", text=text.replace("%", "%%")), _Newest, {})
        except (ObservationError, NotFoundError):
            continue
        if row.newest and (newest is None or row.newest > newest):
            newest, found_in = row.newest, f"{name}.{column}"
    return newest, found_in


def _rows(copy: DatabaseClient, table: _Table) -> int:
    of = f"{quote_identifier(table.schema)}.{quote_identifier(table.name)}"
    text = f"SELECT count(*) AS rows FROM ONLY {of}"  # noqa: S608  # quoted
    (found,) = copy.query(Statement(name="rows of a copy", text=text.replace("%", "%%")), _Count, {})
    return found.rows


def _by_name(objects: Iterable[SchemaObject]) -> dict[tuple[str, str], SchemaObject]:
    return {(each.kind, each.name): each for each in objects}
