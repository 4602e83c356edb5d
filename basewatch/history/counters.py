"""Where the exporter's counters stand, by account and region: one row each, which only its writer can read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from basewatch.history import tables

_table = tables.counters


def read_counters(connection: Connection, location: str) -> bytes | None:
    """What was last written of a place; None when nothing was."""
    state = connection.execute(select(_table.c.state).where(_table.c.place == location)).scalar()
    return None if state is None else bytes(state)


def write_counters(connection: Connection, location: str, state: bytes, at: datetime) -> None:
    """Writes what is to be kept of a place over what was, or adds it."""
    values = {"state": state, "written_at": at}
    if not connection.execute(update(_table).where(_table.c.place == location).values(values)).rowcount:
        connection.execute(insert(_table).values(place=location, **values))
