"""State that a running exporter keeps between its starts: catalogue intervals and counters. It belongs to no run."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, insert, select, update

from basewatch.catalog_interval import CatalogInterval
from basewatch.history.tables import counters, intervals


def read_intervals(connection: Connection, since: datetime | None) -> tuple[CatalogInterval, ...]:
    """Every interval, oldest first, without those that ended before `since`."""
    query = select(intervals).order_by(intervals.c.sequence)
    query = query if since is None else query.where(intervals.c.last_seen >= since)
    return tuple(
        CatalogInterval(
            **{name: value for name, value in row.items() if name not in {"sequence", "longest_gap"}},
            longest_gap=timedelta(seconds=row["longest_gap"]),
        )
        for row in connection.execute(query).mappings()
    )


def write_interval(connection: Connection, interval: CatalogInterval) -> None:
    """Replaces the interval of this database that began at the same time, or adds it."""
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
    same = (intervals.c.component == interval.component) & (intervals.c.first_seen == interval.first_seen)
    if not connection.execute(update(intervals).where(same).values(columns)).rowcount:
        connection.execute(insert(intervals).values(columns))


def read_counters(connection: Connection, location: str) -> bytes | None:
    """The encoded counters of one account and region, None if none were written. Only their writer can decode them."""
    state = connection.execute(select(counters.c.state).where(counters.c.location == location)).scalar()
    return None if state is None else bytes(state)


def write_counters(connection: Connection, location: str, state: bytes, at: datetime) -> None:
    """Replaces the encoded counters of one account and region, or adds them."""
    values = {"state": state, "written_at": at}
    if not connection.execute(update(counters).where(counters.c.location == location).values(values)).rowcount:
        connection.execute(insert(counters).values(location=location, **values))
