"""Metrics read from the databases: connections, the oldest transaction, failed logins, and rows by tenant tier."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from basewatch.components import Database
from basewatch.errors import BasewatchError
from basewatch.family import Block, MetricFamily, MetricType, series_text
from basewatch.postgres import DatabaseClient
from basewatch.postgres.activity import TierCount, connection_counts, oldest_transaction, rows_by_tier, tenants_by_tier
from basewatch.telemetry import ExporterMetrics
from collectors.failed_logins import FailedLoginCounter

MAX_ROLES, MAX_TIERS = 20, 20
"""The number of roles and of tiers that have series of their own; the rest are summed as `other`."""

CONNECTIONS = MetricFamily(
    name="basewatch_database_connections",
    type=MetricType.GAUGE,
    help="Sessions of the database, by role and state.",
)
OLDEST_TRANSACTION = MetricFamily(
    name="basewatch_database_oldest_transaction_age_seconds",
    type=MetricType.GAUGE,
    help="Age of the oldest open or prepared transaction; 0 when there is none.",
)
FAILED_LOGINS = MetricFamily(
    name="basewatch_database_failed_logins_total",
    type=MetricType.COUNTER,
    help="Failed logins recorded in the audit table since the exporter started.",
)
ROWS = MetricFamily(
    name="basewatch_database_rows",
    type=MetricType.GAUGE,
    help="Rows of a table, by the tier of the tenants that own them.",
)
FAMILIES = (CONNECTIONS, OLDEST_TRANSACTION, FAILED_LOGINS, ROWS)

_Series = tuple[MetricFamily, tuple[tuple[str, str], ...], float]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _ScheduledQuery:
    """One query to one database: its interval and its latest result."""

    read: Callable[[DatabaseClient, datetime], Iterable[_Series]]
    interval: timedelta
    requested_at: datetime | None = None
    answered_at: datetime | None = None
    blocks: tuple[Block, ...] = ()
    failed: bool = False

    @property
    def series(self) -> int:
        return sum(len(block.series) for block in self.blocks)


@dataclass(slots=True)
class _MeasuredDatabase:
    """A database and the measurements taken of it."""

    database: Database
    queries: Sequence[_ScheduledQuery] = field(default_factory=tuple[_ScheduledQuery, ...])


class DatabaseMetrics:
    """A BlockSource of database metrics: read-only transactions, with a timeout on every statement.

    When a database does not answer, its series are kept for `max_staleness`, and at least for two intervals, and then
    removed; they never become zero. Failed logins need `audit.failed_logins`, all other metrics need `metrics` in the
    configuration of the database.
    """

    name = "database"

    def __init__(
        self,
        *,
        databases: Iterable[Database],
        connect: Callable[[Database], AbstractContextManager[DatabaseClient]],
        telemetry: ExporterMetrics,
        interval: timedelta,
        row_count_interval: timedelta,
        max_staleness: timedelta,
    ) -> None:
        """`connect` may raise BasewatchError. Rows are counted every `row_count_interval`. No query is sent yet."""
        self._connect = connect
        self._telemetry = telemetry
        self._max_staleness = max_staleness
        measured = (
            _MeasuredDatabase(database, tuple(_scheduled_queries(database, interval, row_count_interval)))
            for database in databases
        )
        self._databases = tuple(each for each in measured if each.queries)

    def refresh(self, at: datetime) -> None:
        """Runs the queries that are due at `at`. Database errors are logged and do not raise."""
        due = [(each.database, queries) for each in self._databases if (queries := _due(each.queries, at))]
        if not due:
            return
        started = monotonic()
        for database, queries in due:
            self._measure(database, queries, at)
        self._record(at, monotonic() - started)

    def blocks(self, at: datetime) -> Iterable[Block]:
        """The latest results that are not older than the maximum staleness."""
        return [block for query in self._shown(at) for block in query.blocks]

    def _shown(self, at: datetime) -> Iterator[_ScheduledQuery]:
        return (query for each in self._databases for query in each.queries if self._is_fresh(query, at))

    def _is_fresh(self, query: _ScheduledQuery, at: datetime) -> bool:
        return query.answered_at is not None and at - query.answered_at < max(self._max_staleness, 2 * query.interval)

    def _measure(self, database: Database, queries: Sequence[_ScheduledQuery], at: datetime) -> None:
        for query in queries:
            query.requested_at, query.failed = at, True
        try:
            with self._connect(database) as client:
                for query in queries:
                    self._read(client, database, query, at)
        except BasewatchError as error:
            logger.warning("%s could not be measured: %s", database.ref, error)

    def _read(self, client: DatabaseClient, database: Database, query: _ScheduledQuery, at: datetime) -> None:
        try:
            series = tuple(query.read(client, at))
        except BasewatchError as error:
            remedy = getattr(error, "remedy", "")
            logger.warning("%s could not be measured: %s%s", database.ref, error, f"; {remedy}" if remedy else "")
        else:
            # New tuples each time: another thread may be reading the previous ones.
            query.blocks, query.answered_at, query.failed = (
                tuple(_blocks(database, series)),
                at,
                False,
            )

    def _record(self, at: datetime, seconds: float) -> None:
        queries = [query for each in self._databases for query in each.queries]
        labels, metrics = (self.name, "", ""), self._telemetry
        for query in queries:
            if not self._is_fresh(query, at) and query.series:
                metrics.dropped_series.labels(self.name, "expired").inc(query.series)
                query.blocks = ()
        complete = not any(query.failed for query in queries)
        shown = tuple(self._shown(at))
        metrics.up.labels(*labels).set(complete)
        metrics.refresh_seconds.labels(*labels).set(seconds)
        metrics.last_attempt.labels(*labels).set(at.timestamp())
        metrics.interval_seconds.labels(*labels).set(min(query.interval for query in queries).total_seconds())
        metrics.series.labels(*labels).set(sum(query.series for query in shown))
        metrics.stale_series.labels(*labels).set(sum(query.series for query in queries if query.failed))
        if complete:
            metrics.last_success.labels(*labels).set(at.timestamp())


def _due(queries: Iterable[_ScheduledQuery], at: datetime) -> list[_ScheduledQuery]:
    return [query for query in queries if query.requested_at is None or at - query.requested_at >= query.interval]


def _scheduled_queries(
    database: Database, interval: timedelta, row_count_interval: timedelta
) -> Iterator[_ScheduledQuery]:
    if database.metrics is not None:
        yield _ScheduledQuery(lambda client, _at: _connections(client), interval)
        yield _ScheduledQuery(lambda client, _at: [(OLDEST_TRANSACTION, (), oldest_transaction(client))], interval)
        if database.metrics.tier is not None:
            yield _ScheduledQuery(lambda client, _at: _rows(client, database), row_count_interval)
    counter = FailedLoginCounter.for_database(database)
    if counter is not None:
        yield _ScheduledQuery(lambda client, at: [(FAILED_LOGINS, (), counter.read(client, at))], interval)


def _connections(client: DatabaseClient) -> Iterator[_Series]:
    found = connection_counts(client)
    by_role: dict[str, int] = {}
    for each in found:
        by_role[each.role] = by_role.get(each.role, 0) + each.connections
    named = set(sorted(by_role, key=lambda role: (-by_role[role], role))[:MAX_ROLES])
    totals: dict[tuple[str, str], int] = {}
    for each in found:
        key = (each.role if each.role in named else "other", each.state)
        totals[key] = totals.get(key, 0) + each.connections
    for (role, state), count in totals.items():
        yield CONNECTIONS, (("role", role), ("state", state)), float(count)


def _rows(client: DatabaseClient, database: Database) -> Iterator[_Series]:
    tenancy, metrics = database.tenancy, database.metrics
    if metrics is None or metrics.tier is None:
        return
    root = database.qualified_name(tenancy.root)
    yield from _tiers(tenancy.root, tenants_by_tier(client, root, metrics.tier))
    for table in metrics.tables:
        key = tenancy.tenant_key(table)
        same = tuple(zip(key if isinstance(key, tuple) else (), tenancy.root_key, strict=True))
        yield from _tiers(table, rows_by_tier(client, database.qualified_name(table), root, metrics.tier, same))


def _tiers(table: str, tiers: Sequence[TierCount]) -> Iterator[_Series]:
    for each in tiers[:MAX_TIERS]:
        yield ROWS, (("table", table), ("tier", each.tier or "none")), float(each.rows)
    if others := tiers[MAX_TIERS:]:
        yield ROWS, (("table", table), ("tier", "other")), float(sum(each.rows for each in others))


def _blocks(database: Database, series: Iterable[_Series]) -> Iterator[Block]:
    by_family: dict[str, list[_Series]] = {}
    for each in series:
        by_family.setdefault(each[0].name, []).append(each)
    for same in by_family.values():
        family = same[0][0]
        names = [series_text(family.name, (("database", database.name), *labels)) for _, labels, _ in same]
        yield Block(family=family, series=names, values=[value for _, _, value in same])
