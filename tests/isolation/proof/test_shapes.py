"""Every expression gets its expected status, from recorded trees of five major versions and from a live server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from demo.database import SandboxDatabase
from isolation.access.effective_access import effective_access
from isolation.inventory import Inventory
from isolation.proof._kernel import unsupported_reason
from tests.isolation.proof.recording import COMPONENT, build, observe, recorded, results
from tests.isolation.proof.shapes import EXPECTED

GOLDEN = Path(__file__).parent / "golden"
MAJORS = ("14", "15", "16", "17", "18")


def statuses(found: Inventory) -> dict[str, dict[str, str]]:
    """The status of each expression, by table."""
    by_name = results(found)
    return {
        table: {shape: str(by_name[table][f"p{number:03}"].status) for number, shape in enumerate(shapes)}
        for table, shapes in EXPECTED.items()
    }


@pytest.mark.parametrize("major", MAJORS)
def test_every_version_gives_the_same_statuses(major: str) -> None:
    """The trees of each major version give the expected status of every expression."""
    assert statuses(recorded(GOLDEN / major / "inventory.json")) == EXPECTED


def test_a_live_server_gives_the_same_statuses(box_database: SandboxDatabase) -> None:
    """The trees of a live server give the same statuses as the recorded ones."""
    with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shapes")
    url = make_conninfo(box_database.superuser_url, dbname="shapes")
    try:
        build(url)
        assert statuses(observe(url)) == EXPECTED
    finally:
        with psycopg.connect(box_database.superuser_url, autocommit=True) as connection:
            connection.execute("DROP DATABASE shapes WITH (FORCE)")
            connection.execute("DROP ROLE IF EXISTS shaped_tenant")


def test_a_refuted_policy_names_the_rows_and_the_condition() -> None:
    """The reason names the rows that pass and the part of the policy that passes them, without constants."""
    reasons = {found.reason for found in results(recorded(GOLDEN / "15" / "inventory.json"))["invoices"].values()}
    assert "another tenant's rows, by: paid" in reasons
    assert "another tenant's rows, by: paid AND status = a constant" in reasons


@pytest.mark.parametrize(("version", "unsupported"), [(130000, True), (140000, False), (180004, False), (190000, True)])
def test_an_unknown_version_is_unsupported(version: int, *, unsupported: bool) -> None:
    """Trees of an untested version prove nothing."""
    found = recorded(GOLDEN / "15" / "inventory.json")
    found = replace(found, server=replace(found.server, version_num=version))
    assert bool(unsupported_reason(effective_access(found, COMPONENT.tenancy))) is unsupported


def test_a_changed_built_in_object_proves_nothing() -> None:
    """If a built-in operator differs or is absent in the catalogue, nothing can be proven."""
    found = recorded(GOLDEN / "15" / "inventory.json")
    changed = tuple(
        replace(one, code="1") if (one.kind, one.oid) == ("operator", 2972) else one for one in found.builtins
    )
    assert "operator 2972" in unsupported_reason(effective_access(replace(found, builtins=changed), COMPONENT.tenancy))
    assert unsupported_reason(effective_access(replace(found, builtins=()), COMPONENT.tenancy))
