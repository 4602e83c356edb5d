"""Who has taken on which alert."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from basewatch.history.rotten import parsed
from basewatch.history.tables import acknowledgements as table
from basewatch.history.values import Acknowledgement, OpenAlert


def write(connection: Connection, acknowledgement: Acknowledgement) -> None:
    """Replaces the acknowledgement of the same alert, or adds it."""
    columns = asdict(acknowledgement)
    same = table.c.key == acknowledgement.key
    if not connection.execute(update(table).where(same).values(columns)).rowcount:
        connection.execute(insert(table).values(columns))


def remove(connection: Connection, key: str) -> None:
    """Removes the acknowledgement of this alert, if there is one."""
    connection.execute(delete(table).where(table.c.key == key))


def read(connection: Connection) -> tuple[Acknowledgement, ...]:
    """Every acknowledgement, oldest first."""
    return tuple(parsed(connection, select(table).order_by(table.c.at, table.c.key), table, _acknowledgement_of))


def acknowledged_keys(connection: Connection, open_alerts: Iterable[OpenAlert]) -> frozenset[str]:
    """The keys of the alerts that were acknowledged since they opened."""
    at = {each.key: each.at for each in read(connection)}
    return frozenset(alert.key for alert in open_alerts if alert.key in at and at[alert.key] >= alert.fired_at)


def _acknowledgement_of(row: RowMapping) -> Acknowledgement:
    return Acknowledgement(**row)
