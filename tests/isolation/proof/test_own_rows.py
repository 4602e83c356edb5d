"""Rows of the user whom the context names, beside rows of the tenants that the user may access."""
# ruff: noqa: S608  # all SQL is written here

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from basewatch.tenancy import TenantMembership
from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.proof import ProofStatus, proof_obligations
from tests.isolation.scratch_database import ScratchDatabase, declared, scratch_database

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PROVEN, OPEN, UNPROVEN = ProofStatus.PROVEN, ProofStatus.REFUTED, ProofStatus.UNPROVEN
ME = "nullif(current_setting('app.tenant', true), '')::uuid"
SCHEMA = f"""
    CREATE ROLE inv_app LOGIN;
    GRANT USAGE ON SCHEMA public TO inv_app;
    CREATE TABLE tenants (id uuid PRIMARY KEY);
    CREATE TABLE members (tenant uuid NOT NULL REFERENCES tenants, member uuid NOT NULL, PRIMARY KEY (tenant, member));
    CREATE TABLE profiles (id uuid PRIMARY KEY, tenant_count int, public boolean);
    CREATE TABLE pages (id int PRIMARY KEY, tenant uuid NOT NULL REFERENCES tenants, author uuid);
    GRANT SELECT ON members, profiles, pages TO inv_app;
    ALTER TABLE members ENABLE ROW LEVEL SECURITY; ALTER TABLE profiles ENABLE ROW LEVEL SECURITY;
    ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
    CREATE POLICY own ON members USING (member = {ME});
"""


@pytest.fixture(scope="module")
def teams(box_database: SandboxDatabase) -> Iterator[ScratchDatabase]:
    """Pages of tenants, profiles of users, and who may access which tenant."""
    with scratch_database(box_database) as scratch:
        scratch.run(SCHEMA)
        yield scratch


@pytest.mark.parametrize(
    ("table", "condition", "expected"),
    [
        ("profiles", f"id = {ME}", PROVEN),
        ("profiles", f"id = (SELECT {ME})", PROVEN),
        ("profiles", f"id = {ME} OR public", OPEN),
        # The memberships of a user, and the tenants, are not the user.
        ("profiles", "id IN (SELECT member FROM members)", UNPROVEN),
        ("profiles", f"id IN (SELECT tenant FROM members WHERE member = {ME})", UNPROVEN),
        ("pages", f"tenant IN (SELECT tenant FROM members WHERE member = {ME})", PROVEN),
        # A user is no tenant, whoever the user is.
        ("pages", f"author = {ME}", OPEN),
        ("pages", f"tenant = {ME}", UNPROVEN),
        ("pages", "tenant IN (SELECT id FROM profiles)", UNPROVEN),
        ("pages", "author IN (SELECT id FROM profiles)", UNPROVEN),
    ],
)
def test_own_rows_belong_to_the_user_and_to_no_tenant(
    teams: ScratchDatabase, table: str, condition: str, expected: ProofStatus
) -> None:
    """A table in `own` is proven by its column of the user, and proves nothing about rows of tenants."""
    members = TenantMembership(table="members", member="member", key=("tenant",), own={"profiles": "id"})
    component = declared()
    component = component.model_copy(update={"tenancy": component.tenancy.model_copy(update={"members": members})})
    other = "" if table == "profiles" else f"CREATE POLICY own ON profiles USING (id = {ME});"
    teams.run(f"{other} CREATE POLICY tried ON {table} USING ({condition})")
    try:
        access = effective_access(teams.read(component), component.tenancy)
    finally:
        teams.run(f"DROP POLICY tried ON {table}; DROP POLICY IF EXISTS own ON profiles")
    (gate,) = (one for one in proof_obligations(access, NOW) if one.table == table)
    assert gate.status is expected
