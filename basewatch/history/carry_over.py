"""Copies what a pass needs from the history into memory, and what happened in memory back into the history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, func, insert, select, update

from basewatch.errors import HistoryError
from basewatch.history import rows, tables
from basewatch.history.engine import open_engine, open_snapshot_engine, sqlite_file_missing
from basewatch.history.recording import add_run
from basewatch.history.rotten import is_used, readable
from basewatch.history.transactions import DatabaseTransactions
from basewatch.model import Run

Row: TypeAlias = RowMapping | dict[str, Any]
# A table, a row with the identity of the row that changes, and that row as it is now; None when it is gone.
_Changes: TypeAlias = list[tuple[Table, Row, Row | None]]
# What belongs to no run, and the columns by which the same row is known in both databases.
STATE_TABLES: Mapping[Table, tuple[str, ...]] = {
    tables.notifications: ("id",),
    tables.conditions: ("key", "status"),
    tables.acknowledgements: ("key",),
    tables.intervals: ("component", "first_seen"),
    tables.counters: ("location",),
    tables.restore_tests: ("id",),
}
MAX_STATE_ROWS = 20_000
"""How many rows of a table, the newest, are copied into memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """The database in memory, the number of its last copied run, and the copied rows of each table of STATE_TABLES."""

    memory: DatabaseTransactions
    last_run: int = 0
    state: Mapping[str, Mapping[tuple[Any, ...], Row]] = field(default_factory=dict[str, Any])

    @classmethod
    def empty(cls) -> Carried:
        """A database in memory that knows nothing of the history."""
        return cls(memory=DatabaseTransactions.in_memory())


def begin(durable: DatabaseTransactions | None, url: str) -> Carried:
    """A database in memory with what a pass needs of the history, as far as it can be read.

    `durable` is the open history; None if it could not be opened. `url` is empty if it is not known.
    """
    for source in _sources(durable, url):
        memory = DatabaseTransactions.in_memory()
        try:
            last_run, state = source.read(partial(_copy, memory=memory))
        except HistoryError:
            memory.close()
        else:
            return Carried(memory=memory, last_run=last_run, state=state)
    return Carried.empty()


def adopt(carried: Carried, durable: DatabaseTransactions, problem: str) -> str:
    """Adds the runs and the changed state of the database in memory to the history, in one transaction.

    Messages that were delivered count as delivered, so their resolves follow. Returns why the history does not take
    the runs, if it takes the state alone. Raises: HistoryError, when it takes neither.
    """
    note = f"Recorded later, because the history could not be used: {problem}"
    if durable.read(lambda connection: connection.execute(select(tables.runs.c.sequence).limit(1)).first()) is None:
        # It is new: it begins with everything that was last known.
        carried = replace(carried, last_run=0, state={})
    runs, changes = carried.memory.read(partial(_made_in_memory, carried=carried))
    runs = [replace(run, notes=(*run.notes, note)) for run in runs]
    try:
        durable.write(partial(_carry_back, runs=runs, changes=changes))
    except HistoryError as error:
        # A run that the history does not take must not keep the messages from it.
        durable.write(partial(_carry_back, runs=(), changes=changes))
        return str(error)
    return ""


def _sources(durable: DatabaseTransactions | None, url: str) -> Iterator[DatabaseTransactions]:
    """The ways in which the history may still be read."""
    if durable is not None:
        # Without its test of the file: an open connection still reads one that was removed.
        yield DatabaseTransactions(durable.engine)
    if not url or sqlite_file_missing(url):
        return
    for open_ in (open_engine, open_snapshot_engine):
        try:
            engine = open_(url)
        except HistoryError:
            continue
        if engine is not None:
            yield DatabaseTransactions(engine)
            engine.dispose()


def _copy(connection: Connection, memory: DatabaseTransactions) -> tuple[int, dict[str, Any]]:
    runs, findings, evidence = tables.runs, tables.findings, tables.evidence
    newest = connection.execute(select(func.max(runs.c.sequence)).where(runs.c.scope == "", is_used())).scalar() or 0
    copied = {
        runs: select(runs).where(runs.c.sequence >= newest, is_used()),
        evidence: select(evidence).where(
            evidence.c.digest.in_(select(findings.c.evidence).where(findings.c.run >= newest))
        ),
        findings: select(findings).where(findings.c.run >= newest),
    }
    for table in STATE_TABLES:
        copied[table] = select(table).order_by(*(each.desc() for each in table.primary_key)).limit(MAX_STATE_ROWS)
    content = {table: readable(connection, query, table) for table, query in copied.items()}

    def fill(target: Connection) -> None:
        for table, found in content.items():
            if found:
                target.execute(insert(table), [dict(row) for row in found])

    memory.write(fill)
    state = {table.name: {_identity(table, row): dict(row) for row in content[table]} for table in STATE_TABLES}
    return max((row["sequence"] for row in content[runs]), default=0), state


def _made_in_memory(connection: Connection, carried: Carried) -> tuple[list[Run], _Changes]:
    """The runs that only memory has, oldest first, and what differs in STATE_TABLES from what was copied."""
    query = select(tables.runs).where(tables.runs.c.sequence > carried.last_run).order_by(tables.runs.c.sequence)
    runs = [rows.read_run(connection, row) for row in connection.execute(query).mappings().all()]
    changes: _Changes = []
    for table in STATE_TABLES:
        copied = carried.state.get(table.name, {})
        found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
        now = {_identity(table, row): dict(row) for row in found}
        changes += [(table, copied[gone], None) for gone in copied.keys() - now.keys()]
        changes += [(table, row, row) for identity, row in now.items() if copied.get(identity) != row]
    return runs, changes


def _carry_back(connection: Connection, runs: Iterable[Run], changes: _Changes) -> None:
    for run in runs:
        add_run(connection, run)
    for table, of, row in changes:
        same = [table.c[name] == of[name] for name in STATE_TABLES[table]]
        if row is None:
            connection.execute(delete(table).where(*same))
        else:
            _put(connection, table, same, row)


def _put(connection: Connection, table: Table, same: Sequence[ColumnElement[bool]], row: Row) -> None:
    """Replaces the row with the same identity, or adds it."""
    columns = {name: value for name, value in row.items() if name != "sequence"}
    if not connection.execute(update(table).where(*same).values(columns)).rowcount:
        connection.execute(insert(table).values(columns))


def _identity(table: Table, row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in STATE_TABLES[table])
