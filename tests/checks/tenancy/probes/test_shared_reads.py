"""Rows of shared tables that mention a tenant are found in any column, and nothing else is."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg import sql

from basewatch.model import Reason, Severity, Status
from basewatch.postgres.mentions import ids_of, mentions_one_of
from basewatch.postgres.probe_types import ProbeOutcome
from checks.tenancy.probes.shared_reads import SharedRead, judge_shared
from demo.database import SandboxDatabase
from tests.checks.tenancy.looking import NOW, SECUREBASE
from tests.checks.tenancy.statics import with_approval

A, B = "0ca9a11e-0000-4000-8000-00000000000a", "0ca9a11e-0000-4000-8000-00000000000b"
PLAIN_B = B.replace("-", "")
NAMES = ("account_id", "tenant")
READ = SharedRead(principal="app", table="price_plans", sql_name="public.price_plans", outcome=ProbeOutcome(rows=1))


@pytest.mark.parametrize(
    ("tenants", "row", "found"),
    [
        ([[A], [B]], f"agreed with {B}", True),
        ([[A], [B]], f'{{"orgs": ["{B.upper()}"]}}', True),
        ([[A], [B]], f"https://x.example/{PLAIN_B}/logo.png", True),
        ([[A], [B]], f"{{{{1,{A}}}}}", True),
        ([[A], [B]], "0ca9a11e-0000-4000-8000-00000000000c", False),
        ([["7"], ["9002"]], '{"account_id": 9002, "price": 1}', True),
        ([["7"], ["9002"]], '{"tenantId":"9002"}', True),
        ([["7"], ["9002"]], "tenant=7", True),
        ([["7"], ["9002"]], '{"price": 9002, "account_id": 90021, "accounts": 7}', False),
        ([["canary-one"], ["canary-two"]], "for Canary-Two only", True),
        ([["canary-one"], ["canary-two"]], "for canaries", False),
        ([["eu", A], ["eu", B]], f"eu {B}", None),
        ([["north-eu", A], ["north-eu", B]], f"north-eu {B}", True),
        ([["north-eu", A], ["north-eu", B]], f"south-eu {B}", False),
        ([["short"]], "short", None),
    ],
)
def test_a_row_is_searched_for_the_ids(
    box_database: SandboxDatabase, tenants: list[list[str]], row: str, *, found: bool | None
) -> None:
    """Ids are found in texts and in JSON, but not parts of other ids; None where an id may be in any text."""
    condition = mentions_one_of(["no", "it's %"], tenants, NAMES)
    if found is None:
        assert condition is None
        return
    assert condition is not None
    query = sql.SQL('SELECT {} FROM (SELECT 1 AS no, {}::text AS "it\'s %") AS r').format(condition, sql.Literal(row))
    with psycopg.connect(box_database.url) as connection:
        assert connection.execute(query).fetchone() == (found,)


def test_the_users_of_canaries_are_searched_for() -> None:
    """The value of the context may be a user, or a token with one."""
    users = (((A,), (f'{{"sub": "{B}", "role": "web"}}',)), (("7",), ("8",)))
    assert ids_of(users, ("sub",)) == ((A,), (B,), ("7",), ("8",))


def test_a_shared_table_that_mentions_a_canary_fails() -> None:
    """It is one FAIL for all principals; none where nothing was found, and UNVERIFIED where it is not known."""
    reads = [READ, replace(READ, principal="analytics")]
    (verdict,) = judge_shared(reads, SECUREBASE.tenancy, NOW)
    assert (verdict.subject, verdict.status, verdict.severity) == ("price_plans", Status.FAIL, Severity.HIGH)
    assert "analytics, app" in verdict.observed
    locked = replace(READ, outcome=ProbeOutcome(sqlstate="55P03"))
    assert [*judge_shared([replace(READ, outcome=ProbeOutcome(rows=0))], SECUREBASE.tenancy, NOW)] == []
    (unclear,) = judge_shared([locked], SECUREBASE.tenancy, NOW)
    assert (unclear.status, unclear.reason) == (Status.UNVERIFIED, Reason.TIMEOUT)


def test_such_rows_can_be_approved() -> None:
    """The entry that the finding prints accepts them."""
    entry = READ.approvable
    approved = with_approval(entry.kind, entry.name, entry.digest)
    assert [*judge_shared([READ], approved.tenancy, NOW)] == []
