"""What databases say of themselves: connections, the oldest transaction, failed logins, rows by the tier of tenants."""

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
"""How many roles and tiers have series of their own; the others are `other` together."""

CONNECTIONS = MetricFamily(
    name="basewatch_database_connections",
    type=MetricType.GAUGE,
    help="Sessions of the database, by role and state.",
)
OLDEST_TRANSACTION = MetricFamily(
    name="basewatch_database_oldest_transaction_age_seconds",
    type=MetricType.GAUGE,
    help="How long ago the oldest open or prepared transaction began, 0 when there is none.",
)
FAILED_LOGINS = MetricFamily(
    name="basewatch_database_failed_logins_total",
    type=MetricType.COUNTER,
    help="Failed logins in the audit table since the exporter began.",
)
ROWS = MetricFamily(
    name="basewatch_database_rows",
    type=MetricType.GAUGE,
    help="Rows of a table, by the tier of the tenants that they belong to.",
)
FAMILIES = (CONNECTIONS, OLDEST_TRANSACTION, FAILED_LOGINS, ROWS)

_Series = tuple[MetricFamily, tuple[tuple[str, str], ...], float]

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Part:
    """One question to one database: how often it is asked, and what it was last told."""

    ask: Callable[[DatabaseClient, datetime], Iterable[_Series]]
    every: timedelta
    asked: datetime | None = None
    answered: datetime | None = None
    blocks: tuple[Block, ...] = ()
    failed: bool = False

    @property
    def series(self) -> int:
        return sum(len(block.series) for block in self.blocks)


@dataclass(slots=True)
class _Asked:
    """A database and what is asked of it."""

    database: Database
    parts: Sequence[_Part] = field(default_factory=tuple[_Part, ...])


class DatabaseMetrics:
    """A BlockSource: asks each database in read-only transactions, each statement with a deadline.

    A database that does not answer keeps its series for `max_staleness`, and rows for two countings, and then has none:
    never zero. Failed logins are read where the audit table is said to have some, and the rest where a database
    declares `metrics`.
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
        """`connect` may raise BasewatchError; `row_count_interval` is how often rows are counted. Asks nothing yet."""
        self._connect = connect
        self._telemetry = telemetry
        self._hold = max_staleness
        asked = (_Asked(database, tuple(_parts(database, interval, row_count_interval))) for database in databases)
        self._databases = tuple(each for each in asked if each.parts)

    def refresh(self, at: datetime) -> None:
        """Asks for what is due at `at`. Raises nothing that a database does."""
        due = [(each.database, parts) for each in self._databases if (parts := _due(each.parts, at))]
        if not due:
            return
        began = monotonic()
        for database, parts in due:
            self._ask(database, parts, at)
        self._tell(at, monotonic() - began)

    def blocks(self, at: datetime) -> Iterable[Block]:
        """What was told, as long as it is held."""
        return [block for part in self._shown(at) for block in part.blocks]

    def _shown(self, at: datetime) -> Iterator[_Part]:
        return (part for each in self._databases for part in each.parts if self._holds(part, at))

    def _holds(self, part: _Part, at: datetime) -> bool:
        return part.answered is not None and at - part.answered < max(self._hold, 2 * part.every)

    def _ask(self, database: Database, parts: Sequence[_Part], at: datetime) -> None:
        for part in parts:
            part.asked, part.failed = at, True
        try:
            with self._connect(database) as client:
                for part in parts:
                    self._ask_part(client, database, part, at)
        except BasewatchError as error:
            logger.warning("%s could not be measured: %s", database.ref, error)

    def _ask_part(self, client: DatabaseClient, database: Database, part: _Part, at: datetime) -> None:
        try:
            series = tuple(part.ask(client, at))
        except BasewatchError as error:
            remedy = getattr(error, "remedy", "")
            logger.warning("%s could not be measured: %s%s", database.ref, error, f"; {remedy}" if remedy else "")
        else:
            # Sequences of its own each time: another thread may be reading those before.
            part.blocks, part.answered, part.failed = tuple(_blocks(database, series)), at, False

    def _tell(self, at: datetime, seconds: float) -> None:
        parts = [part for each in self._databases for part in each.parts]
        labels, tell = (self.name, "", ""), self._telemetry
        for part in parts:
            if not self._holds(part, at) and part.series:
                tell.dropped_series.labels(self.name, "not_got").inc(part.series)
                part.blocks = ()
        whole = not any(part.failed for part in parts)
        shown = tuple(self._shown(at))
        tell.up.labels(*labels).set(whole)
        tell.refresh_seconds.labels(*labels).set(seconds)
        tell.last_attempt.labels(*labels).set(at.timestamp())
        tell.series.labels(*labels).set(sum(part.series for part in shown))
        tell.stale_series.labels(*labels).set(sum(part.series for part in parts if part.failed))
        if whole:
            tell.last_success.labels(*labels).set(at.timestamp())


def _due(parts: Iterable[_Part], at: datetime) -> list[_Part]:
    return [part for part in parts if part.asked is None or at - part.asked >= part.every]


def _parts(database: Database, every: timedelta, slow: timedelta) -> Iterator[_Part]:
    if database.metrics is not None:
        yield _Part(lambda client, _at: _connections(client), every)
        yield _Part(lambda client, _at: [(OLDEST_TRANSACTION, (), oldest_transaction(client))], every)
        if database.metrics.tier is not None:
            yield _Part(lambda client, _at: _rows(client, database), slow)
    counter = FailedLoginCounter.for_database(database)
    if counter is not None:
        yield _Part(lambda client, at: [(FAILED_LOGINS, (), counter.read(client, at))], every)


def _connections(client: DatabaseClient) -> Iterator[_Series]:
    found = connection_counts(client)
    by_role: dict[str, int] = {}
    for each in found:
        by_role[each.role] = by_role.get(each.role, 0) + each.connections
    named = set(sorted(by_role, key=lambda role: (-by_role[role], role))[:MAX_ROLES])
    together: dict[tuple[str, str], int] = {}
    for each in found:
        key = (each.role if each.role in named else "other", each.state)
        together[key] = together.get(key, 0) + each.connections
    for (role, state), count in together.items():
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
