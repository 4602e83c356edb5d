"""The grants of the script are sufficient, and each of them is needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from basewatch.components import Database
from basewatch.model import Finding, Reason, Status
from basewatch.postgres import connect
from basewatch.secrets import Secret
from basewatch.telemetry import ExporterMetrics
from collectors.database import FAMILIES, DatabaseMetrics
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import SECUREBASE, look
from workflows.commands import PreparedPlan
from workflows.plan import Plan
from workflows.sql_grants import sql_grants

READER = "the \"reader\" of $basewatch$ 'quotes'"


def scripted(plan: Plan, *, sweep: bool = True) -> str:
    """The script for the sandbox, with or without a sweep of every tenant."""
    (database,) = plan.config.components.databases
    tenancy = database.tenancy.model_copy(update={"sweep": sweep})
    component = database.model_copy(update={"tenancy": tenancy})
    mine = (replace(p, component=component) for p in plan.checks if isinstance(p.component, Database))
    return sql_grants(replace(plan, checks=tuple(mine)), READER)


@pytest.fixture
def reader(box_database: SandboxDatabase) -> Iterator[str]:
    """The URL of a role that does not exist yet; it is dropped at the end."""
    name = sql.Identifier(READER)
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        yield make_conninfo(box_database.superuser_url, user=READER, password="opensesame")
        connection.execute(sql.SQL("DROP OWNED BY {}").format(name))
        connection.execute(sql.SQL("DROP ROLE {}").format(name))


def granted(box_database: SandboxDatabase, script: str) -> None:
    """Runs the script as a superuser, and gives the role a password."""
    with psycopg.connect(box_database.superuser_url) as connection:
        connection.execute(script.encode())
        statement = sql.SQL("ALTER ROLE {} PASSWORD 'opensesame'").format(sql.Identifier(READER))
        connection.execute(statement)


def unverified(url: str) -> dict[str, Finding]:
    """The findings that are UNVERIFIED because a grant is missing, by check."""
    denied = (f for f in look(url, SECUREBASE) if f.status is Status.UNVERIFIED and f.reason is Reason.DENIED)
    return {finding.check: finding for finding in denied}


def test_the_script_makes_everything_verifiable(
    prepared: PreparedPlan, box_database: SandboxDatabase, reader: str
) -> None:
    """A role of the script, with any name, is denied nothing; the script can be run again."""
    for _ in range(2):
        granted(box_database, scripted(prepared.plan))
    assert unverified(reader) == {}


def test_without_a_membership_the_grant_is_named(
    prepared: PreparedPlan, box_database: SandboxDatabase, reader: str
) -> None:
    """Without a membership the probes are UNVERIFIED with the missing grant as remedy; the proof is not."""
    granted(box_database, scripted(prepared.plan))
    with psycopg.connect(box_database.superuser_url) as connection:
        connection.execute(sql.SQL("REVOKE analytics FROM {}").format(sql.Identifier(READER)))
    denied = unverified(reader)
    assert {"tenancy.probe.no_context", "tenancy.probe.cross_tenant"} <= set(denied)
    assert not any(check.startswith("tenancy.rls.") for check in denied)
    assert all("GRANT analytics TO" in finding.remedy for finding in denied.values())


def test_without_the_grant_of_the_sweep_it_is_named(
    prepared: PreparedPlan, box_database: SandboxDatabase, reader: str
) -> None:
    """A script without the sweep makes only that check UNVERIFIED, with the missing grant as remedy."""
    granted(box_database, scripted(prepared.plan, sweep=False))
    (finding,) = unverified(reader).values()
    assert finding.check == "tenancy.probe.sweep"
    assert "GRANT SELECT (id) ON public.customers TO" in finding.remedy


def test_the_reader_owns_no_privilege_on_tables(
    prepared: PreparedPlan, box_database: SandboxDatabase, reader: str
) -> None:
    """The reader cannot read tenant tables without SET ROLE to a principal."""
    granted(box_database, scripted(prepared.plan))
    with psycopg.connect(reader) as connection, pytest.raises(psycopg.errors.InsufficientPrivilege):
        connection.execute("SELECT 1 FROM public.invoices")


def test_a_sweep_reads_the_ids_of_tenants_and_nothing_else(
    prepared: PreparedPlan, box_database: SandboxDatabase, reader: str
) -> None:
    """With `sweep` the script grants the key column of the tenant root, and no other column."""
    granted(box_database, scripted(prepared.plan))
    with psycopg.connect(reader) as connection:
        connection.execute("SELECT id FROM customers LIMIT 1")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT name FROM customers LIMIT 1")


def test_the_script_allows_every_count(prepared: PreparedPlan, box_database: SandboxDatabase, reader: str) -> None:
    """With the policy in the script, the reader counts sessions, tenants by tier and failed logins."""
    script = scripted(prepared.plan)
    granted(box_database, script)
    statement = next(line for line in script.splitlines() if line.startswith("--   CREATE POLICY basewatch_counts"))
    policy = statement.removeprefix("--   ").replace("basewatch_counts", "counts_again")
    box_database.execute(policy)
    (database,) = prepared.plan.config.components.databases
    telemetry = ExporterMetrics()
    hour = timedelta(hours=1)
    source = DatabaseMetrics(
        databases=[database],
        connect=lambda _database: connect(Secret("env:URL", reader), run="test"),
        telemetry=telemetry,
        interval=hour,
        row_count_interval=hour,
        max_staleness=hour,
    )
    try:
        source.refresh(datetime.now(UTC))
    finally:
        box_database.execute("DROP POLICY counts_again ON audit_events")
    shown = {block.family.name for block in source.blocks(datetime.now(UTC))}
    assert shown == {family.name for family in FAMILIES}


def test_only_counted_columns_are_granted(prepared: PreparedPlan, box_database: SandboxDatabase, reader: str) -> None:
    """The grants for counts include no tenant name and no actor."""
    granted(box_database, scripted(prepared.plan))
    with psycopg.connect(reader, autocommit=True) as connection:
        connection.execute("SELECT tier FROM customers LIMIT 1")
        connection.execute("SELECT action, occurred_at FROM audit_events LIMIT 1")
        for forbidden in ("SELECT name FROM customers", "SELECT actor FROM audit_events"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(forbidden.encode())
