"""How long each database's catalogue stayed as it was, by fingerprint, as polls saw it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from basewatch.catalog_interval import CatalogInterval
from basewatch.history import tables

_table = tables.intervals


def read(connection: Connection, since: datetime | None) -> tuple[CatalogInterval, ...]:
    """Every interval, oldest first; those that ended before `since` are left out."""
    query = select(_table).order_by(_table.c.sequence)
    query = query if since is None else query.where(_table.c.last_seen >= since)
    return tuple(
        CatalogInterval(
            **{name: value for name, value in row.items() if name not in {"sequence", "longest_gap"}},
            longest_gap=timedelta(seconds=row["longest_gap"]),
        )
        for row in connection.execute(query).mappings()
    )


def write(connection: Connection, interval: CatalogInterval) -> None:
    """Writes an interval over the one of that database that began then, or adds it."""
    columns = {
        "component": interval.component,
        "fingerprint": interval.fingerprint,
        "first_seen": interval.first_seen,
        "last_seen": interval.last_seen,
        "polls": interval.polls,
        "longest_gap": interval.longest_gap.total_seconds(),
        "proved_at": interval.proved_at,
        "searched_at": interval.searched_at,
    }
    same = (_table.c.component == interval.component) & (_table.c.first_seen == interval.first_seen)
    if not connection.execute(update(_table).where(same).values(columns)).rowcount:
        connection.execute(insert(_table).values(columns))
