"""Every shape gets its answer, from the trees of five major versions as they were recorded and from a live server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.proof._policy_clauses import unsupported_reason
from tests.isolation.proof.recording import COMPONENT, answers, build, look, recorded
from tests.isolation.proof.shapes import EXPECTED

GOLDEN = Path(__file__).parent / "golden"
MAJORS = ("14", "15", "16", "17", "18")


def said(found: Inventory) -> dict[str, dict[str, str]]:
    """What is said of each shape, by table and expression."""
    by_name = answers(found)
    return {
        table: {shape: str(by_name[table][f"p{number:03}"].status) for number, shape in enumerate(shapes)}
        for table, shapes in EXPECTED.items()
    }


@pytest.mark.parametrize("major", MAJORS)
def test_every_version_gets_the_same_answers(major: str) -> None:
    """The trees of each major version are understood alike: what holds is proven, and what is open is found."""
    assert said(recorded(GOLDEN / major / "inventory.json")) == EXPECTED


def test_a_live_server_gets_the_same_answers(box_database: SandboxDatabase) -> None:
    """What is read now is understood as what was recorded."""
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shapes")
    url = make_conninfo(box_database.superuser_url, dbname="shapes")
    try:
        build(url)
        assert said(look(url)) == EXPECTED
    finally:
        with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE shapes WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS shaped_tenant")


def test_what_is_open_says_what_gets_through_by_what() -> None:
    """A person reads which rows pass and by which part of the policy, without any constant of it."""
    reasons = {found.reason for found in answers(recorded(GOLDEN / "15" / "inventory.json"))["invoices"].values()}
    assert "another tenant's rows, by: paid" in reasons
    assert "another tenant's rows, by: paid AND status = a constant" in reasons


@pytest.mark.parametrize(("version", "refused"), [(130000, True), (140000, False), (180004, False), (190000, True)])
def test_a_version_that_is_not_known_is_refused(version: int, *, refused: bool) -> None:
    """Trees of a version that nobody has looked at prove nothing."""
    found = recorded(GOLDEN / "15" / "inventory.json")
    found = replace(found, server=replace(found.server, version_num=version))
    assert bool(unsupported_reason(effective_access(found, COMPONENT.tenancy))) is refused


def test_a_built_in_that_is_something_else_proves_nothing() -> None:
    """Where the catalogue says something else of an operator that the proof rests on, or nothing, all is refused."""
    found = recorded(GOLDEN / "15" / "inventory.json")
    changed = tuple(
        replace(one, code="1") if (one.kind, one.oid) == ("operator", 2972) else one for one in found.builtins
    )
    assert "operator 2972" in unsupported_reason(effective_access(replace(found, builtins=changed), COMPONENT.tenancy))
    assert unsupported_reason(effective_access(replace(found, builtins=()), COMPONENT.tenancy))
