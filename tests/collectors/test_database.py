"""Metrics of a real database are exported, and removed when the database does not answer."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from basewatch.components import Database
from basewatch.postgres import DatabaseClient, connect
from basewatch.secrets import Secret
from basewatch.telemetry import ExporterMetrics
from collectors.database import FAMILIES, MAX_ROLES, MAX_TIERS, DatabaseMetrics
from collectors.failed_logins import MAX_CATCH_UP, VISIBILITY_DELAY
from demo.database import SandboxDatabase

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
EVERY, SLOW, HOLD = 5 * MINUTE, HOUR, 15 * MINUTE
REPAIR = (
    "ALTER TABLE audit_events DISABLE TRIGGER audit_events_no_change; "
    "DELETE FROM audit_events WHERE action = 'auth.failed'; "
    "ALTER TABLE audit_events ENABLE ALWAYS TRIGGER audit_events_no_change"
)
TENANCY = {
    "context": "app.current_customer_id",
    "root": "customers",
    "key": "customer_id",
    "principals": ["app", "analytics"],
    "min_tables": 7,
    "canaries": {"a": "0ca9a11e-0000-4000-8000-00000000000a", "b": "0ca9a11e-0000-4000-8000-00000000000b"},
}
LOGINS = {"table": "audit_events", "failed_logins": {"column": "action", "time_column": "occurred_at"}}


def declared(**more: object) -> Database:
    """A declared database."""
    return Database.model_validate({"name": "securebase", "url": "env:URL", "tenancy": TENANCY, **more})


MEASURED = declared(metrics={"tier": "tier"}, audit=LOGINS)


@dataclass(slots=True)
class DatabaseHarness:
    """A source over the box, its telemetry, and a clock."""

    source: DatabaseMetrics
    telemetry: ExporterMetrics
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def page(self) -> Mapping[str, float]:
        """Every exported series and its value."""
        return {
            name.decode().strip(): value
            for block in self.source.blocks(self.at)
            for name, value in zip(block.series, block.values, strict=True)
        }

    def refreshed(self, later: timedelta = timedelta()) -> Mapping[str, float]:
        """The page after a refresh, some time later."""
        self.at += later
        self.source.refresh(self.at)
        return self.page()

    def metric(self, name: str) -> float | None:
        """A self-monitoring metric."""
        labels = {"collector": "database", "aws_account_id": "", "aws_region": ""}
        return self.telemetry.registry.get_sample_value(f"basewatch_collector_{name}", labels)


def watched(box: SandboxDatabase, *databases: Database, url: str = "") -> DatabaseHarness:
    """A source of these databases, all of which are the box."""

    @contextmanager
    def opened(_database: Database) -> Generator[DatabaseClient, None, None]:
        with connect(Secret("env:URL", url or box.url), run="metrics") as client:
            yield client

    telemetry = ExporterMetrics()
    source = DatabaseMetrics(
        databases=databases,
        connect=opened,
        telemetry=telemetry,
        interval=EVERY,
        row_count_interval=SLOW,
        max_staleness=HOLD,
    )
    return DatabaseHarness(source=source, telemetry=telemetry)


def of(page: Mapping[str, float], name: str) -> dict[str, float]:
    """The series of one family."""
    return {series: value for series, value in page.items() if series.startswith(f"basewatch_database_{name}")}


def test_sessions_are_counted_by_role_and_state(box_database: SandboxDatabase) -> None:
    """An application with an open transaction is visible by its role, state and age."""
    watch = watched(box_database, MEASURED)
    quiet = 'basewatch_database_connections{database="securebase",role="app",state="idle in transaction"}'
    assert quiet not in watch.refreshed()
    with psycopg.connect(box_database.app_url) as connection:
        connection.execute("SELECT 1")
        page = watch.refreshed(EVERY)
    assert page[quiet] == 1
    (age,) = of(page, "oldest").values()
    assert 0 < age < 60
    assert page['basewatch_database_connections{database="securebase",role="basewatch",state="active"}'] >= 1


def test_the_oldest_transaction_is_never_our_own(box_database: SandboxDatabase) -> None:
    """The collector's own transaction is not counted."""
    page = watched(box_database, MEASURED).refreshed()
    assert page['basewatch_database_oldest_transaction_age_seconds{database="securebase"}'] == 0


def test_tenants_are_counted_by_tier_and_never_by_tenant(box_database: SandboxDatabase) -> None:
    """Each tier has one series, and no tenant id is on the page."""
    page = watched(box_database, MEASURED).refreshed()
    assert of(page, "rows") == {
        f'basewatch_database_rows{{database="securebase",table="customers",tier="{tier}"}}': count
        for tier, count in {"standard": 5, "fintech": 3, "healthcare": 3, "gov-federal": 3}.items()
    }


def test_rows_of_tenant_tables_are_counted_by_the_tier_of_their_tenants(box_database: SandboxDatabase) -> None:
    """A declared table is joined with the root by the tenant key, once its policies allow counting all rows."""
    box_database.execute(
        "CREATE POLICY counts ON invoices FOR SELECT TO basewatch USING (true); "
        "GRANT SELECT (customer_id) ON invoices TO basewatch"
    )
    try:
        measured = declared(metrics={"tier": "tier", "tables": ["invoices"]})
        page = watched(box_database, measured).refreshed()
    finally:
        box_database.execute("DROP POLICY counts ON invoices; REVOKE SELECT (customer_id) ON invoices FROM basewatch")
    assert page['basewatch_database_rows{database="securebase",table="invoices",tier="fintech"}'] == 36


def test_labels_are_limited(box_database: SandboxDatabase) -> None:
    """Roles and tiers beyond the limit are summed in one series."""
    box_database.execute(
        "ALTER TABLE customers DROP CONSTRAINT customers_tier_fkey; "
        "INSERT INTO customers "
        "SELECT gen_random_uuid(), 'x', 'tier ' || n, 'CIS', 'us-east-1', 'x', 'synthetic', now() "
        "FROM generate_series(1, 30) AS n"
    )
    try:
        page = watched(box_database, MEASURED).refreshed()
    finally:
        box_database.execute(
            "DELETE FROM customers WHERE tier LIKE 'tier %'; "
            "ALTER TABLE customers ADD CONSTRAINT customers_tier_fkey FOREIGN KEY (tier) REFERENCES price_plans"
        )
    rows = of(page, "rows")
    assert len(rows) == MAX_TIERS + 1
    assert rows['basewatch_database_rows{database="securebase",table="customers",tier="other"}'] == 34 - MAX_TIERS
    assert sum(rows.values()) == 14 + 30
    assert MAX_ROLES == 20


def failed(box: SandboxDatabase, at: datetime, count: int = 1) -> None:
    """Records failed logins at that time."""
    box.execute(
        "INSERT INTO audit_events (customer_id, occurred_at, actor, action, resource) "  # noqa: S608  # numbers of ours
        f"SELECT id, '{at.isoformat()}', 'service/auth', 'auth.failed', 'login' "
        f"FROM generate_series(1, {count}), (SELECT id FROM customers ORDER BY id LIMIT 1) AS customer"
    )


@pytest.fixture
def audited(box_database: SandboxDatabase) -> Generator[SandboxDatabase, None, None]:
    """The box, with its audit table restored afterwards."""
    yield box_database
    box_database.execute(REPAIR)


SERIES = 'basewatch_database_failed_logins_total{database="securebase"}'


def test_failed_logins_are_counted_once_each_from_zero_on(audited: SandboxDatabase) -> None:
    """Failed logins before the first read are not counted; later ones are counted once, even when they arrive late."""
    watch = watched(audited, MEASURED)
    failed(audited, watch.at - 2 * MINUTE, 5)
    counts = [watch.refreshed()[SERIES]]
    failed(audited, watch.at + MINUTE, 3)
    counts.append(watch.refreshed(EVERY)[SERIES])
    counts.append(watch.refreshed(EVERY)[SERIES])
    failed(audited, watch.at - VISIBILITY_DELAY + MINUTE, 2)
    failed(audited, watch.at + 2 * MINUTE)
    counts.append(watch.refreshed(EVERY)[SERIES])
    assert counts == [0, 3, 3, 6]


def test_failed_logins_of_an_outage_are_counted_after_it(audited: SandboxDatabase) -> None:
    """After an outage of hours, the failed logins of those hours are counted."""
    watch = watched(audited, MEASURED)
    watch.refreshed()
    failed(audited, watch.at + HOUR, 4)
    audited.execute("REVOKE SELECT (action) ON audit_events FROM basewatch")
    try:
        assert SERIES in watch.refreshed(EVERY)
        assert SERIES not in watch.refreshed(2 * HOUR)
    finally:
        audited.execute("GRANT SELECT (action) ON audit_events TO basewatch")
    assert watch.refreshed(EVERY)[SERIES] == 4
    assert MAX_CATCH_UP > 2 * HOUR


def test_after_a_denial_values_stay_until_they_expire(box_database: SandboxDatabase) -> None:
    """After a revoked grant the last values stay for a while and then disappear; they never become zero."""
    watch = watched(box_database, MEASURED)
    before = of(watch.refreshed(), "connections")
    assert (watch.metric("up"), watch.metric("stale_series")) == (1, 0)
    succeeded = watch.metric("last_success_timestamp_seconds")
    box_database.execute("REVOKE pg_read_all_stats FROM basewatch")
    try:
        assert of(watch.refreshed(EVERY), "connections") == before
        assert watch.metric("up") == 0
        assert watch.metric("stale_series") == len(before) + 1
        assert of(watch.refreshed(HOLD), "connections") == {}
        assert of(watch.page(), "oldest") == {}
        assert of(watch.page(), "rows") != {}
    finally:
        role = "pg_read_all_stats TO basewatch"
        options = " WITH INHERIT FALSE, SET TRUE" if version(box_database) >= 160000 else ""
        box_database.execute(f"GRANT {role}{options}")
    assert watch.metric("last_success_timestamp_seconds") == succeeded
    dropped = watch.telemetry.registry.get_sample_value(
        "basewatch_series_dropped_total", {"collector": "database", "reason": "expired"}
    )
    assert dropped == len(before) + 1
    assert of(watch.refreshed(EVERY), "connections") != {}
    assert watch.metric("up") == 1


def version(box: SandboxDatabase) -> int:
    """The server's version number."""
    with psycopg.connect(box.superuser_url) as connection:
        return connection.info.server_version


def test_an_unreachable_database_is_down_and_has_no_series(box_database: SandboxDatabase) -> None:
    """An unreachable database has no series, and telemetry reports it down."""
    watch = watched(box_database, MEASURED, url="postgresql://nobody@127.0.0.1:1/none")
    assert watch.refreshed() == {}
    assert (watch.metric("up"), watch.metric("series")) == (0, 0)
    assert watch.metric("last_success_timestamp_seconds") is None


def test_each_measurement_runs_at_its_interval(box_database: SandboxDatabase) -> None:
    """A refresh before the interval sends no query; rows are counted once an hour."""
    watch = watched(box_database, declared(metrics={"tier": "tier"}))
    before = watch.refreshed()
    box_database.execute(
        "INSERT INTO customers SELECT gen_random_uuid(), 'x', 'fintech', 'CIS', 'us-east-1', 'x', 'synthetic', now()"
    )
    try:
        with psycopg.connect(box_database.app_url):
            assert watch.refreshed(EVERY - MINUTE) == before
        assert of(watch.refreshed(2 * MINUTE), "rows") == of(before, "rows")
        assert of(watch.refreshed(SLOW), "rows") != of(before, "rows")
    finally:
        box_database.execute("DELETE FROM customers WHERE name = 'x'")


def test_only_databases_with_declared_metrics_are_queried(box_database: SandboxDatabase) -> None:
    """A database without declared metrics is not connected to."""
    nothing = watched(box_database, declared(), url="postgresql://nobody@127.0.0.1:1/none")
    assert nothing.refreshed() == {}
    assert nothing.metric("up") is None
    plain = watched(box_database, declared(metrics={})).refreshed()
    assert of(plain, "connections")
    assert not of(plain, "rows")
    assert not of(plain, "failed")


def test_every_family_has_a_help_text() -> None:
    """Counters end in `_total`, and every family has a help text."""
    for family in FAMILIES:
        assert family.help.endswith(".")
        assert family.name.endswith("_total") is (family.type == "counter")
