"""Finds the rows that cannot be read as what was written, and sets them aside, so that all others stay of use."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from pydantic import ValidationError
from sqlalchemy import (
    Connection,
    LargeBinary,
    RowMapping,
    Select,
    Table,
    cast,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from basewatch.history import tables

T = TypeVar("T")
Query: TypeAlias = "Select[*tuple[Any, ...]]"
# What reading raises when a stored value is not what was written. The driver's error is of text that is not UTF-8.
UNREADABLE = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, zlib.error)
_NOT_UTF8 = "decode to UTF-8"
_LONGEST_REASON = 200
# Rows of these belong to a sealed run; the run is not used any more, and nothing of it is changed.
_OF_A_RUN = {tables.runs: "sequence", tables.findings: "run", tables.run_evidence: "run", tables.transitions: "run"}
# Rows of these belong to no run; they are moved.
_MOVED = (
    tables.notifications,
    tables.conditions,
    tables.acknowledgements,
    tables.intervals,
    tables.counters,
    tables.restore_tests,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RottenRow:
    """A row that cannot be read: its table, its primary key, and why."""

    table: Table
    key: tuple[Any, ...]
    reason: str

    def __str__(self) -> str:
        columns = (column.name for column in self.table.primary_key)
        key = ", ".join(f"{name} {value}" for name, value in zip(columns, self.key, strict=True))
        return f"{self.table.name} ({key}): {self.reason}"


class RottenRowsError(Exception):
    """Rows that a query needs cannot be read. Set aside, they are no longer in its way."""

    def __init__(self, rows: Sequence[RottenRow]) -> None:
        self.rows = tuple(rows)
        super().__init__("; ".join(map(str, rows)))


def parsed(connection: Connection, query: Query, table: Table, parse: Callable[[RowMapping], T]) -> list[T]:
    """Every row of a query on `table`, parsed. Raises: RottenRowsError, with every row that cannot be."""
    good, rotten = _sorted_out(connection, query, table, parse)
    if rotten:
        raise RottenRowsError(rotten)
    return good


def readable(connection: Connection, query: Query, table: Table) -> list[RowMapping]:
    """Every row of a query on `table` but those that cannot be read."""
    return _sorted_out(connection, query, table, lambda row: row)[0]


def is_used() -> Any:
    """The condition that nothing of a run was set aside."""
    aside = tables.set_aside.c.run
    return tables.runs.c.sequence.not_in(select(aside).where(aside.is_not(None)))


def evidence_set_aside() -> Select[str]:
    """The digests of the evidence that was set aside, and that no run has recorded again since."""
    found = tables.set_aside.c
    return select(found.row).where(found.source == tables.evidence.name, found.repaired_by.is_(None))


def messages_set_aside() -> Select[int]:
    """The messages that were set aside since the newest decision that knew of it."""
    found = tables.set_aside.c
    return select(found.sequence).where(found.source == tables.notifications.name, found.repaired_by.is_(None))


def note_decision(connection: Connection) -> None:
    """Notes that the newest run was decided with the knowledge that messages were set aside."""
    newest = connection.execute(select(func.max(tables.runs.c.sequence))).scalar()
    aside = tables.set_aside
    same = (aside.c.source == tables.notifications.name) & aside.c.repaired_by.is_(None)
    connection.execute(update(aside).where(same).values(repaired_by=newest))


def set_aside(connection: Connection, rows: Iterable[RottenRow]) -> None:
    """Keeps the rows as they are in the table `set_aside`, and takes them out of the way."""
    for row in rows:
        same = [column == value for column, value in zip(row.table.primary_key, row.key, strict=True)]
        of_run = _OF_A_RUN.get(row.table)
        number = None if of_run is None else connection.execute(select(row.table.c[of_run]).where(*same)).scalar()
        connection.execute(
            insert(tables.set_aside).values(
                at=func.now(),
                source=row.table.name,
                row=", ".join(map(str, row.key)),
                run=number,
                reason=row.reason,
                content=_content(connection, row.table, same),
            )
        )
        if row.table in _MOVED:
            connection.execute(delete(row.table).where(*same))


def found_before(connection: Connection) -> tuple[str, ...]:
    """Every row that was set aside so far, oldest first, and when."""
    found = tables.set_aside.c
    query = select(found.source, found.row, found.reason, found.at).order_by(found.sequence)
    return tuple(
        f"{source} ({row}): {why}; found {at:%Y-%m-%d %H:%M} UTC" for source, row, why, at in connection.execute(query)
    )


def reason_of(error: Exception) -> str:
    """Why a value cannot be read, on one line."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    else:
        text = f"{type(error).__name__}: {error}"
    return " ".join(text.split())[:_LONGEST_REASON]


def _sorted_out(
    connection: Connection, query: Query, table: Table, parse: Callable[[RowMapping], T]
) -> tuple[list[T], list[RottenRow]]:
    try:
        return [parse(row) for row in connection.execute(query).mappings()], []
    except (*UNREADABLE, DBAPIError) as error:
        if isinstance(error, DBAPIError) and _NOT_UTF8 not in str(error):
            raise
    good, rotten = list[T](), list[RottenRow]()
    key_columns = tuple(table.primary_key)
    # The rows one by one: the driver gives none after the first that it cannot read.
    for key in connection.execute(query.with_only_columns(*key_columns, maintain_column_froms=True)).all():
        one = query.where(*(column == value for column, value in zip(key_columns, key, strict=True)))
        try:
            good.append(parse(connection.execute(one).mappings().one()))
        except (*UNREADABLE, DBAPIError) as error:
            rotten.append(RottenRow(table=table, key=tuple(key), reason=reason_of(error)))
    return good, rotten


def _content(connection: Connection, table: Table, same: Sequence[Any]) -> dict[str, str | None]:
    """The row as text, whatever is in it."""
    if connection.dialect.name == "sqlite":
        columns: list[Any] = [cast(column, LargeBinary).label(column.name) for column in table.columns]
    else:
        columns = [type_coerce(column, NullType).label(column.name) for column in table.columns]
    row = connection.execute(select(*columns).where(*same)).mappings().one()
    return {
        str(column.name): _text(
            row[column.name], binary=isinstance(column.type, LargeBinary) or column.name == "series"
        )
        for column in table.columns
    }


def _text(value: object, *, binary: bool) -> str | None:
    if isinstance(value, bytes | memoryview):
        content = bytes(value)
        return content.hex() if binary else content.decode(errors="backslashreplace")
    return None if value is None else str(value)
